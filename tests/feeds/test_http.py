"""A polled address and a listing: each version once, lines that break are gone on from, redirects and secrets stay where they may."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feeds.errors import FeedError, SourceUnavailable
from feeds.fetch import Fetch, FetchOptions
from feeds.http import Options, Source, names_in
from feeds.payload import Payload
from tests.feeds.served import Served, serving

NOON = datetime(2024, 9, 19, 12, tzinfo=UTC)


class Hand:
    """Moves the clock at each sleep and does the next act; after the last the source is stopped."""

    def __init__(self, *acts: Callable[[], object]) -> None:
        self.at, self.acts, self.slept = NOON, list(acts), list[float]()

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.slept.append(seconds)
        if not self.acts:
            raise asyncio.CancelledError
        self.acts.pop(0)()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "web").mkdir()
    with serving(tmp_path / "web") as served:
        yield served


def source(web: Served, hand: Hand, path: str = "/latest.csv", **options: Any) -> Source:
    given = {"url": web.url + path, "folder": web.folder.parent / "incoming", **options}
    return Source(Options.model_validate(given), name="gauges", now=hand.now, sleep=hand.sleep)


async def taken(one: Source) -> list[Payload]:
    """Until it is stopped or fails."""
    got = []
    async with aclosing(one.payloads()) as payloads:
        try:
            async for payload in payloads:
                got.append(payload)
        except asyncio.CancelledError:
            pass
    return got


def nothing() -> None:
    pass


@pytest.mark.parametrize("etags", [True, False])
async def test_each_version_comes_once_and_keeps_its_own_place(web: Served, etags: bool) -> None:
    web.etags = etags
    file = web.folder / "latest.csv"
    file.write_bytes(b"first")

    def newer() -> None:
        file.write_bytes(b"second")
        os.utime(file, (file.stat().st_mtime + 10,) * 2)

    got = await taken(source(web, Hand(nothing, newer, nothing)))
    assert [payload.path.read_bytes() for payload in got] == [b"first", b"second"]
    assert [payload.path.name for payload in got] == ["latest.csv"] * 2
    assert [status for _, _, status in web.asked] == [200, 304, 200, 304]


async def test_a_line_that_breaks_is_gone_on_from_where_it_broke(web: Served) -> None:
    (web.folder / "latest.csv").write_bytes(b"0123456789")
    web.break_at["latest.csv"] = 4
    one = source(web, Hand())
    with pytest.raises(SourceUnavailable, match=r"source 'gauges': .*/latest\.csv cannot be had .*it is tried again"):
        await taken(one)
    hand = Hand(nothing)
    one._sleep, one._now = hand.sleep, hand.now
    (payload,) = await taken(one)
    assert payload.path.read_bytes() == b"0123456789"
    assert web.asked[-1] == ("latest.csv", "bytes=4-", 206)
    assert hand.slept[0] == 5.0  # and not at once


async def test_a_file_that_changed_meanwhile_is_not_pieced_together(web: Served) -> None:
    (web.folder / "latest.csv").write_bytes(b"0123456789")
    web.break_at["latest.csv"] = 4
    one = source(web, Hand(nothing))
    with pytest.raises(SourceUnavailable):
        await taken(one)
    (web.folder / "latest.csv").write_bytes(b"abcdefghij")
    (payload,) = await taken(one)
    assert payload.path.read_bytes() == b"abcdefghij"
    assert web.asked[-1] == ("latest.csv", "bytes=4-", 200)


async def test_the_pause_doubles_with_each_failure_up_to_the_longest(web: Served) -> None:
    web.status = 503
    hand = Hand(*[nothing] * 9)
    one = source(web, hand, longest_wait_s=15)
    for _ in range(4):
        with pytest.raises(SourceUnavailable, match="answers 503; it is tried again"):
            await taken(one)
    assert hand.slept == [5.0, 10.0, 15.0]


async def test_a_look_that_went_well_makes_the_next_pause_short_again(web: Served) -> None:
    (web.folder / "latest.csv").write_bytes(b"x")
    web.fails["latest.csv"] = [503, 503]
    hand = Hand(nothing, nothing, lambda: web.fails.update({"latest.csv": [503]}), nothing)
    one = source(web, hand)
    for _ in range(3):
        with pytest.raises(SourceUnavailable):
            await taken(one)
    await taken(one)
    assert hand.slept == [5.0, 10.0, 60.0, 5.0, 60.0]  # two failures, a look that went well, one failure


async def test_a_listing_gives_what_fits_the_pattern_and_later_what_is_new(web: Served) -> None:
    for name in ("rain_01.nc", "rain_02.nc", "rain_03.nc", "notes.txt"):
        (web.folder / name).write_bytes(name.encode())
    more = Hand(*(lambda name=name: (web.folder / name).write_bytes(b"4") for name in ("rain_04.nc", "extra.nc")), nothing)  # whatever its name
    got = await taken(source(web, more, "", listing=True, pattern="*.nc", newest=2))
    assert [payload.path.name for payload in got] == ["rain_02.nc", "rain_03.nc", "rain_04.nc", "extra.nc"]
    assert web.paths().count("rain_03.nc") == 1


async def test_a_listing_can_be_asked_for_newer_versions(web: Served) -> None:
    (web.folder / "a.nc").write_bytes(b"1")
    got = await taken(source(web, Hand(lambda: (web.folder / "a.nc").write_bytes(b"2"), nothing), "", listing=True, again=True))
    assert [payload.path.read_bytes() for payload in got] == [b"1", b"2"]


def test_names_of_other_folders_and_servers_are_not_in_a_listing() -> None:
    page = '<a href="a%20b.nc">x</a><a href="../secret">x</a><a href="/data/c.nc">x</a><a href="http://evil.test/data/d.nc">x</a><a href="e/f.nc">x</a>'
    assert names_in(page, "http://host.test/data/") == {"a%20b.nc", "c.nc"}
    assert names_in("a.nc\nb.nc\n", "http://host.test/data/") == {"a.nc", "b.nc"}


async def test_a_name_of_a_server_never_leaves_its_folder(web: Served) -> None:
    (web.folder / "..%2f..%2fpasswd").write_bytes(b"x")
    (payload,) = await taken(source(web, Hand(), "/..%2f..%2fpasswd"))
    assert payload.path.name == "passwd"
    assert payload.path.is_relative_to(web.folder.parent / "incoming" / "gauges")


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/a", "gopher://127.0.0.1/a"])
async def test_a_redirect_to_another_scheme_is_refused(web: Served, target: str) -> None:
    web.sends_on["latest.csv"] = target
    with pytest.raises(FeedError, match=f"sends us on to {target.partition(':')[0]}:, which is refused; name the real address in `url`"):
        await taken(source(web, Hand()))


async def test_a_redirect_is_followed_and_a_circle_is_not(web: Served) -> None:
    (web.folder / "real.csv").write_bytes(b"x")
    web.sends_on["latest.csv"] = "/real.csv"
    (payload,) = await taken(source(web, Hand()))
    assert payload.path.read_bytes() == b"x"
    web.sends_on["real.csv"] = "/latest.csv"
    with pytest.raises(FeedError, match="sends us on more than 5 times"):
        await taken(source(web, Hand()))


async def test_secrets_go_to_the_configured_server_only(web: Served, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "latest.csv").write_bytes(b"x")
    with serving(tmp_path / "other") as other:
        web.sends_on["latest.csv"] = f"{other.url}/latest.csv"
        await taken(source(web, Hand(), user="xxs", password="swordfish", headers={"X-Key": "k-7"}))
        assert web.secrets[0].startswith("Basic ")
        assert web.secrets[0].endswith("k-7")
        assert other.secrets == [""]


async def test_a_file_beyond_the_limit_is_refused(web: Served) -> None:
    (web.folder / "latest.csv").write_bytes(b"x" * 2000)
    with pytest.raises(FeedError, match=r"is larger than 0\.001 MB; raise max_mb"):
        await taken(source(web, Hand(), max_mb=0.001))


@pytest.mark.parametrize(("status", "sentence"), [(401, "answers 401: mend user, password or headers"), (404, "answers 404; it is tried again")])
async def test_what_the_server_refuses_says_what_to_mend(web: Served, status: int, sentence: str) -> None:
    web.status = status
    with pytest.raises(FeedError, match=sentence) as caught:
        await taken(source(web, Hand(), "/latest.csv?key=swordfish"))
    assert "swordfish" not in str(caught.value)


async def test_what_is_older_than_kept_goes(web: Served) -> None:
    file = web.folder / "latest.csv"
    file.write_bytes(b"first")
    hand = Hand(lambda: file.write_bytes(b"second"))
    got = await taken(source(web, hand, keep_h=98, poll_s=99 * 3600))
    assert [payload.path.exists() for payload in got] == [False, True]


@pytest.mark.parametrize("second", ["127.0.0.1", "10.0.0.7"])
async def test_a_strangers_link_is_called_at_the_address_that_was_judged_though_its_name_leads_elsewhere_by_then(
    second: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, answers, called = asyncio.get_running_loop(), ["8.8.8.8"], []

    async def lookup(_host: Any, port: Any, **_: Any) -> Any:  # the system's form
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop() if answers else second, port))]

    async def connect(_protocol: Any, host: Any, *_: Any, **__: Any) -> Any:  # nothing leaves this machine
        called.append(host)
        raise ConnectionRefusedError

    monkeypatch.setattr(loop, "getaddrinfo", lookup)
    monkeypatch.setattr(loop, "create_connection", connect)
    async with Fetch(FetchOptions(folder=tmp_path), name="w", outside=True) as fetch:
        with pytest.raises(SourceUnavailable, match="cannot be had"):
            await fetch.text("http://rebind.example.org/a")
        assert called == ["8.8.8.8"]
        with pytest.raises(FeedError, match="private address"):
            await fetch.text("http://rebind.example.org/a")
        answers.append("64:ff9b::7f00:1")  # 127.0.0.1 behind NAT64
        with pytest.raises(FeedError, match="private address"):
            await fetch.text("http://rebind.example.org/a")
    assert called == ["8.8.8.8"]
