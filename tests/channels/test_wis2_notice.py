"""A WIS2 notification against the rules of WMO's standard (WNM 1, /req/core): what a Global Broker looks at before it passes one on."""

import json
import uuid
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from channels.wire.wis2_notice import notification
from channels.wis2 import Options

AT = datetime(2024, 9, 19, 16, 0, tzinfo=UTC)
TOPIC = "origin/a/wis2/cn-cma-shanghai/data/core/weather/advisories-warnings"


def document(words: str) -> bytes:
    return f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><note a="1" b="2">{words}</note></alert>'.encode()


@pytest.mark.parametrize(("words", "inside"), [("雨", True), ("雨" * 1320, True), ("雨" * 1400, False)])
def test_it_has_everything_that_the_standard_asks_for_and_is_never_larger_than_it_allows(words: str, inside: bool) -> None:
    body = document(words)
    made = notification(body, data_id="cn-cma-shanghai/data/core/weather/advisories-warnings/1", href="https://w.example/1.xml", published=AT, sent=AT,
                        metadata_id="urn:wmo:md:cn-cma-shanghai:warnings")
    found = json.loads(made)
    assert {"id", "conformsTo", "type", "geometry", "properties", "links"} == set(found)
    assert str(uuid.UUID(found["id"])) == found["id"]
    assert (found["conformsTo"], found["type"], found["geometry"]) == (["http://wis.wmo.int/spec/wnm/1/conf/core"], "Feature", None)
    told = found["properties"]
    assert {"pubtime", "data_id", "metadata_id", "datetime", "integrity"} == set(told) - {"content"}
    assert (told["pubtime"], told["integrity"]["method"]) == ("2024-09-19T16:00:00Z", "sha512")
    assert [(link["rel"], link["href"], link["length"]) for link in found["links"]] == [("canonical", "https://w.example/1.xml", len(body))]
    assert ("content" in told) is inside
    if inside:
        assert (told["content"]["encoding"], told["content"]["size"], told["content"]["value"].encode()) == ("utf-8", len(body), body)
        assert len(body) <= 4096
    assert len(made) <= 8192


def test_a_channel_without_the_record_that_a_broker_asks_for_is_refused_at_the_start() -> None:
    options = {"lane": "exercise", "host": "127.0.0.1", "topic": TOPIC, "url": "https://w.example/{identifier}.xml"}
    assert Options.model_validate(options | {"metadata_id": "urn:wmo:md:cn-cma-shanghai:warnings"}).metadata_id
    for wrong in ({}, {"metadata_id": ""}, {"metadata_id": "urn:x-wmo:md:int.wmo.wis::X"}):
        with pytest.raises(ValidationError, match="metadata_id"):
            Options.model_validate(options | wrong)
