"""What one fetch asks and refuses: versions, ends, lengths that nobody told, pieces that are not those asked for."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from hashlib import md5
from pathlib import Path

import httpx
import pytest

from feeds.errors import FeedError, SourceUnavailable, Truncated
from feeds.fetch import Fetch, FetchOptions
from feeds.pieces import Piece, fetch_pieces
from tests.feeds.served import Served, serving

MESSAGE = b"GRIB 0123456789 7777"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "a").write_bytes(MESSAGE)
    with serving(tmp_path / "web") as served:
        yield served


@asynccontextmanager
async def answering(tmp_path: Path, answer: httpx.Response) -> AsyncIterator[Fetch]:
    """A fetch whose every request is answered so, with no network behind it."""
    async with Fetch(FetchOptions(folder=tmp_path, max_mb=0.001), name="w") as fetch:
        await fetch._client.aclose()
        fetch._client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer))
        yield fetch


async def test_a_piece_as_long_as_the_whole_is_thrown_away_and_the_file_fetched_anew(web: Served, tmp_path: Path) -> None:
    to = tmp_path / "a"
    to.write_bytes(b"x" * len(MESSAGE))  # whole and wrong, of the version that the server has
    (tmp_path / "a.version").write_text(f'"{md5(MESSAGE).hexdigest()}"')
    async with Fetch(FetchOptions(folder=tmp_path), name="w") as fetch:
        with pytest.raises(Truncated, match="is not longer than what is here; it is fetched anew"):
            await fetch.download(f"{web.url}/a", to)
        await fetch.download(f"{web.url}/a", to)
    assert to.read_bytes() == MESSAGE
    assert web.asked == [("a", f"bytes={len(MESSAGE)}-", 416), ("a", "", 200)]


@pytest.mark.parametrize(("weak", "ranges"), [(False, ["", "bytes=4-"]), (True, ["", ""])])
async def test_what_has_only_a_weak_version_is_not_pieced_together(web: Served, tmp_path: Path, weak: bool, ranges: list[str]) -> None:
    web.weak, web.break_at["a"] = weak, 4
    async with Fetch(FetchOptions(folder=tmp_path), name="w") as fetch:
        with pytest.raises(SourceUnavailable):
            await fetch.download(f"{web.url}/a", tmp_path / "a")
        await fetch.download(f"{web.url}/a", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == MESSAGE
    assert [asked for _, asked, _ in web.asked] == ranges


async def test_nobody_is_sent_from_https_down_to_http(tmp_path: Path) -> None:
    async with answering(tmp_path, httpx.Response(302, headers={"Location": "http://a.test/b"})) as fetch:
        with pytest.raises(FeedError, match="sends us on to http:, which is refused"):
            await fetch.text("https://a.test/b")


@pytest.mark.parametrize("verb", ["text", "download"])
@pytest.mark.parametrize("told", [True, False])
async def test_what_is_too_large_is_refused_by_what_is_told_and_else_when_it_has_become_so(tmp_path: Path, verb: str, told: bool) -> None:
    given = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(9):
            given += 500
            yield b"x" * 500

    async with answering(tmp_path, httpx.Response(200, content=body(), headers={"Content-Length": "4500"} if told else {})) as fetch:
        with pytest.raises(FeedError, match=r"is larger than 0\.001 MB"):
            await (fetch.text("http://a.test/b") if verb == "text" else fetch.download("http://a.test/b", tmp_path / "b"))
    assert given == (0 if told else 1500)  # 1,000 bytes are the limit: nothing of it is read, or no more than the piece that passes it


@pytest.mark.parametrize(("status", "told"), [(206, "bytes 0-9/20"), (200, "bytes 5-9/20"), (206, "")])
async def test_another_piece_than_that_asked_for_is_not_taken(tmp_path: Path, status: int, told: str) -> None:
    async with answering(tmp_path, httpx.Response(status, content=b"01234", headers={"Content-Range": told})) as fetch:
        with pytest.raises(SourceUnavailable, match="does not give the part that was asked for"):
            await fetch.piece("http://a.test/b", 5, 5)


@pytest.mark.parametrize(("start", "length", "sentence"), [
    (0, 25, "gave 20 of 25 bytes"), (0, 17, "are no whole GRIB messages"), (3, 17, "are no whole GRIB messages"), (3, None, "are no whole GRIB messages"),
])  # fmt: skip
async def test_a_piece_that_is_no_whole_message_is_not_taken(web: Served, tmp_path: Path, start: int, length: int | None, sentence: str) -> None:
    async with Fetch(FetchOptions(folder=tmp_path), name="w") as fetch:
        assert await fetch_pieces(fetch, f"{web.url}/a", [Piece(start=0, length=None)]) == MESSAGE
        with pytest.raises(Truncated, match=sentence):
            await fetch_pieces(fetch, f"{web.url}/a", [Piece(start=start, length=length)])
