"""A feed named by its kind: the adapter is found, its options are its own, and a fault names feed and key."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feeds import folder, replay
from warning.adapters import build_source
from warning.clock import VirtualClock
from warning.errors import ConfigError
from warning.settings import FeedSettings


def built(kind: str, **options: Any) -> object:
    return build_source(FeedSettings(kind=kind, source="radar", options=options), clock=VirtualClock(datetime(2024, 9, 19, tzinfo=UTC)))


def test_the_kind_is_the_adapters_file_name(tmp_path: Path) -> None:
    assert isinstance(built("folder", path=str(tmp_path)), folder.Source)
    assert isinstance(built("replay", folder=str(tmp_path)), replay.Source)


@pytest.mark.parametrize(("kind", "options", "sentence"), [
    ("ftp", {}, r"feeds: radar: no adapter of kind 'ftp' in feeds/"),
    ("grib", {}, r"feeds: radar: no adapter of kind 'grib' in feeds/: see docs/feeds\.md"),  # a reader, not a place
    ("folder", {}, "feeds: radar: path: Field required"),
    ("folder", {"path": ".", "poll_s": 0}, "feeds: radar: poll_s: Input should be greater than 0"),
    ("folder", {"path": ".", "watch": True}, "feeds: radar: watch: Extra inputs"),
])  # fmt: skip
def test_a_fault_names_the_feed_and_the_key(kind: str, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        built(kind, **options)
