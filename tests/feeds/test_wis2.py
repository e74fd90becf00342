"""WIS2 by a real broker: fetched or taken from the message, verified, each once, withdrawn when its publisher says so."""

import asyncio
import base64
import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from feeds.errors import FeedError, SourceUnavailable, Truncated
from feeds.payload import Arrears, Payload
from feeds.wis2 import Options, Source
from feeds.wis2_message import parse
from tests.feeds.brokered import brokered
from tests.feeds.served import Served, serving

NOON = datetime(2024, 9, 19, 12, tzinfo=UTC)
SAMPLES = Path(__file__).parents[2] / "../shared/data/wis2"
REPORT = (Path(__file__).parent / "recordings/bufr/two_stations_plain.bufr").read_bytes()
END = b"the end"


def told(data: bytes = REPORT, *, href: str = "http://example.test/a.bufr", rel: str = "canonical", method: str = "sha512", digest: str | None = None,
         inline: str = "", pubtime: str = "2024-09-19T12:00:00Z", data_id: str = "cn-cma/a", wrong: Any = None) -> bytes:  # fmt: skip
    properties: dict[str, Any] = {"data_id": data_id, "pubtime": pubtime}
    if method:
        own = base64.b64encode(getattr(hashlib, method.replace("-", "_"))(data).digest()).decode()
        properties["integrity"] = {"method": method, "value": own if digest is None else digest}
    if inline:
        properties["content"] = {"encoding": inline, "value": base64.b64encode(data).decode() if inline == "base64" else data.decode(), "size": len(data)}
    message = {"id": "31e9d66a-cd83-4174-9429-b932f1abe1be", "type": "Feature", "geometry": None, "properties": properties,
               "links": [{"rel": rel, "href": href, "type": "application/bufr"}]}
    return json.dumps(wrong(message) if wrong else message).encode()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "a.bufr").write_bytes(REPORT)
    with serving(tmp_path / "web") as served:
        yield served


@asynccontextmanager
async def announced(tmp_path: Path, *messages: bytes, **options: Any) -> AsyncIterator[Source]:
    """A source of the messages. They are retained, so none is lost before it listens; the last one brings its data along."""
    async with brokered() as port:
        async with aiomqtt.Client("127.0.0.1", port) as publisher:
            for number, message in enumerate((*messages, told(END, inline="base64", data_id="zz/end"))):
                await publisher.publish(f"cache/a/wis2/{number:02d}", message, qos=1, retain=True)
        given = {"host": "127.0.0.1", "port": port, "tls": False, "topics": ["cache/a/wis2/#"], "folder": tmp_path / "incoming",
                 "allow_private": True, **options}
        yield Source(Options.model_validate(given), name="wis2", now=lambda: NOON)


async def first(one: Source, count: int) -> list[bytes]:
    """So many payloads, and no longer."""
    got: list[bytes] = []
    async with asyncio.timeout(60), aclosing(one.payloads()) as payloads:
        async for payload in payloads:
            got.append(payload.path.read_bytes())
            if len(got) == count:
                break
    return got


async def heard(tmp_path: Path, *messages: bytes, **options: Any) -> list[Payload]:
    """What the source makes of the messages before the last."""
    async with announced(tmp_path, *messages, **options) as one:
        got = []
        async with asyncio.timeout(60), aclosing(one.payloads()) as payloads:
            async for payload in payloads:
                if payload.path.read_bytes() == END:
                    break
                got.append(payload)
        return got


async def test_announced_data_are_fetched_verified_and_dated(tmp_path: Path, web: Served) -> None:
    (payload,) = await heard(tmp_path, told(href=f"{web.url}/a.bufr"))
    assert payload.path.read_bytes() == REPORT
    assert (payload.path.name, payload.source, payload.fetched_at) == ("a.bufr", "wis2", NOON)
    assert payload.checksum == hashlib.sha256(REPORT).hexdigest()
    assert payload.run_time == datetime(2024, 9, 19, 18, tzinfo=UTC)  # of the report


async def test_data_that_come_along_are_not_fetched(tmp_path: Path, web: Served) -> None:
    (payload,) = await heard(tmp_path, told(href=f"{web.url}/a.bufr", inline="base64"))
    assert payload.path.read_bytes() == REPORT
    assert web.asked == []


async def test_the_same_announcement_from_two_brokers_is_taken_once_and_an_update_is_taken(tmp_path: Path, web: Served) -> None:
    first = told(href=f"{web.url}/a.bufr")
    update = told(href=f"{web.url}/a.bufr", rel="update", pubtime="2024-09-19T12:05:00Z")
    assert len(await heard(tmp_path, first, first, update)) == 2


async def test_data_that_are_not_those_announced_are_not_used(tmp_path: Path, web: Served) -> None:
    wrong, right = told(b"other", href=f"{web.url}/a.bufr"), told(href=f"{web.url}/a.bufr")
    (payload,) = await heard(tmp_path, wrong, right)  # a cache with a spoilt copy does not shut out one with a good one
    assert payload.path.read_bytes() == REPORT


async def test_what_cannot_be_had_now_is_owed_and_what_comes_after_does_not_wait_for_it(tmp_path: Path, web: Served) -> None:
    web.fails["a.bufr"] = [503, 404]
    async with announced(tmp_path, told(href=f"{web.url}/a.bufr"), poll_s=0.05) as one:
        assert await first(one, 2) == [END, REPORT]
        assert one.arrears == Arrears()
    assert [status for _, _, status in web.asked] == [503, 404, 200]


async def test_what_comes_along_spoilt_is_fetched(tmp_path: Path, web: Served) -> None:
    message = told(href=f"{web.url}/a.bufr", inline="base64", wrong=lambda m: m | {"properties": m["properties"] | {
        "content": {"encoding": "base64", "value": "YQ==", "size": 1}}})
    async with announced(tmp_path, message, poll_s=0.05) as one:
        assert await first(one, 2) == [END, REPORT]


async def test_what_is_owed_outlives_a_restart(tmp_path: Path, web: Served) -> None:
    web.fails["a.bufr"] = [503]
    async with announced(tmp_path, *[told(href=f"{web.url}/a.bufr")] * 2, poll_s=600) as one:  # two brokers tell of it
        assert await first(one, 1) == [END]
        assert len(web.asked) == 1
        assert (one.arrears.owed, one.arrears.lost) == (1, 0)
        assert "a.bufr answers 503" in one.arrears.why
        one._now = lambda: NOON + timedelta(hours=25)  # the caches keep it for a day
        assert (one.arrears.owed, one.arrears.lost) == (0, 1)
    async with announced(tmp_path) as again:  # the broker tells nothing of it any more
        assert sorted(await first(again, 2)) == sorted([END, REPORT])
        assert again.arrears == Arrears()
    assert not any((tmp_path / "incoming/wis2/.owed").iterdir())


async def test_of_what_is_owed_another_brokers_link_is_taken(tmp_path: Path, web: Served) -> None:
    web.fails["gone.bufr"] = [503] * 9
    async with announced(tmp_path, told(href=f"{web.url}/gone.bufr"), told(href=f"{web.url}/a.bufr"), poll_s=600) as one:
        assert await first(one, 2) == [REPORT, END]
        assert one.arrears == Arrears()


async def test_a_server_that_answers_again_is_asked_at_once_for_what_it_owes(tmp_path: Path, web: Served) -> None:
    web.fails["late.bufr"] = [503]
    (web.folder / "late.bufr").write_bytes(b"late")
    late = told(b"late", href=f"{web.url}/late.bufr", data_id="cn-cma/late")
    async with announced(tmp_path, late, told(href=f"{web.url}/a.bufr"), poll_s=600) as one:
        assert await first(one, 3) == [REPORT, b"late", END]


async def test_what_is_withdrawn_is_owed_no_more(tmp_path: Path, web: Served) -> None:
    web.fails["a.bufr"] = [503]
    gone = told(rel="deletion", pubtime="2024-09-19T13:00:00Z")
    async with announced(tmp_path, told(href=f"{web.url}/a.bufr"), gone, poll_s=600) as one:
        assert await first(one, 1) == [END]
        assert one.arrears == Arrears()


async def test_what_is_withdrawn_is_taken_away(tmp_path: Path, web: Served) -> None:
    (payload,) = await heard(tmp_path, told(href=f"{web.url}/a.bufr"), told(rel="deletion", pubtime="2024-09-19T13:00:00Z"))
    assert not payload.path.exists()


@pytest.mark.parametrize(("message", "options"), [
    ({"href": "{web}/a.bufr"}, {"allow_private": False}),  # 127.0.0.1 is not a place to which a stranger may send us
    ({"href": "file:///etc/hostname"}, {}), ({"href": "{web}/a.bufr"}, {"hosts": ["*.wmo.int"]}), ({"href": "{web}/none.bufr"}, {}),
    ({"href": "{web}/a.bufr", "method": ""}, {"unverified": False}), ({"href": "{web}/a.bufr"}, {"pattern": "zz/*"}),
])  # fmt: skip
async def test_what_may_not_or_cannot_be_fetched_is_passed_over(
    tmp_path: Path, web: Served, message: dict[str, str], options: dict[str, Any]
) -> None:
    message = message | {"href": message["href"].replace("{web}", web.url)}
    assert await heard(tmp_path, b"no message", told(**message), **options) == []  # type: ignore[arg-type]
    assert web.paths(200) == []


async def test_a_broker_that_is_away_is_told_with_its_address(tmp_path: Path) -> None:
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    given = {"host": "127.0.0.1", "port": 1, "tls": False, "topics": ["a"], "folder": tmp_path, "timeout_s": 2}
    one = Source(Options.model_validate(given), name="wis2", now=lambda: NOON, sleep=sleep)
    for _ in range(3):
        with pytest.raises(SourceUnavailable, match=r"the broker 127\.0\.0\.1:1 cannot be had .*look at host, port, tls, user and password"):
            await anext(one.payloads())
    assert slept == [5.0, 10.0]


@pytest.mark.parametrize("method", ["sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"])
def test_each_checksum_is_verified(method: str) -> None:
    announced = parse(told(method=method))
    announced.verify(REPORT)
    with pytest.raises(Truncated, match=f"{method} is not that of its notification; cut off or changed on the way, it is not used"):
        announced.verify(REPORT[:-1])


def test_content_is_unpacked_and_of_several_links_the_canonical_one_is_followed() -> None:
    packed = {"encoding": "gzip", "value": base64.b64encode(gzip.compress(REPORT)).decode(), "size": 1}
    assert parse(told(wrong=lambda m: m | {"properties": m["properties"] | {"content": packed}})).content == REPORT
    links = [{"rel": rel, "href": rel} for rel in ("item", "deletion", "update", "canonical")]
    assert [parse(told(wrong=lambda m, k=k: m | {"links": links[:k]})).href for k in (2, 3, 4)] == ["deletion", "update", "canonical"]


@pytest.mark.parametrize(("message", "sentence"), [
    (b"<html>", "a message is no WIS2 notification"), (b"[]", "a message is no WIS2 notification"),
    (told(wrong=lambda m: m | {"links": []}), "has no canonical, update or deletion link"),
    (told(wrong=lambda m: m | {"properties": {"data_id": "a"}}), "no WIS2 notification .*pubtime"),
    (told(wrong=lambda m: m | {"properties": m["properties"] | {"pubtime": "yesterday"}}), "no WIS2 notification"),
    (told(wrong=lambda m: m | {"properties": m["properties"] | {"integrity": {"method": "md5", "value": "x"}}}), "a checksum by 'md5', which is none of"),
    (told(wrong=lambda m: m | {"properties": m["properties"] | {"content": {"encoding": "base64", "value": "%%%"}}}), "is no base64"),
    (told(wrong=lambda m: m | {"properties": m["properties"] | {"content": {"encoding": "rot13", "value": "YQ=="}}}), "encoded as 'rot13', which is not known"),
])  # fmt: skip
def test_a_message_that_cannot_be_followed_says_why(message: bytes, sentence: str) -> None:
    with pytest.raises(FeedError, match=sentence):
        parse(message)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/data")
def test_the_published_examples_are_understood() -> None:
    acts = {path.name: parse(path.read_bytes()).act for path in sorted(SAMPLES.glob("*.json"))}
    assert acts == {"example1.json": "canonical", "example2.json": "canonical", "example3.json": "canonical", "example4.json": "deletion",
                    "pywis_test_invalid.json": "canonical", "pywis_test_valid.json": "canonical"}
    example = parse((SAMPLES / "example1.json").read_bytes())
    assert example.content == b"encoded bytes from the file"
    with pytest.raises(Truncated):
        example.verify(example.content)  # its checksum is shortened with dots
