"""Scripts that never change are read and compressed once; what is not whole, not versioned or not there goes straight through."""

import gzip

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from warning.web.console.packed import Packed

_SCRIPT = b"export default 1; // " + b"x" * 2000


class Files:
    """Answers as NiceGUI's application does, and counts how often it is asked for what."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        self.asked.append(scope["path"])
        found = scope["path"].endswith(("a.js", "b.woff2"))
        status = 206 if b"range" in headers else 200 if found else 404
        body = _SCRIPT[:10] if status == 206 else _SCRIPT if found else b"none"
        kind = b"font/woff2" if scope["path"].endswith("woff2") else b"text/javascript; charset=utf-8"
        await send({"type": "http.response.start", "status": status, "headers": [
            (b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", b"public, immutable")]})
        await send({"type": "http.response.body", "body": body[:7], "more_body": True})
        await send({"type": "http.response.body", "body": body[7:]})


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def http(files: Files) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=Packed(files)), base_url="http://console.test")


async def test_it_is_asked_for_once_and_given_compressed_to_whoever_can_read_that(http: httpx.AsyncClient, files: Files) -> None:
    first, second = [await http.get("/_nicegui/3/static/a.js") for _ in range(2)]
    plain = await http.get("/_nicegui/3/static/a.js", headers={"Accept-Encoding": "identity"})
    head = await http.head("/_nicegui/3/static/a.js")
    assert files.asked == ["/_nicegui/3/static/a.js"]
    for answer in (first, second):
        assert (answer.content, answer.headers["content-encoding"], answer.headers["cache-control"]) == (_SCRIPT, "gzip", "public, immutable")
        assert int(answer.headers["content-length"]) == len(gzip.compress(_SCRIPT, 9))
    assert (plain.content, "content-encoding" in plain.headers, int(plain.headers["content-length"])) == (_SCRIPT, False, len(_SCRIPT))
    assert (head.content, head.headers["content-length"]) == (b"", first.headers["content-length"])
    assert first.headers["vary"] == "Accept-Encoding", "a cache between must not give the one to who asks for the other"


async def test_a_font_is_kept_as_it_is_for_it_is_compressed_already(http: httpx.AsyncClient) -> None:
    assert "content-encoding" not in (await http.get("/_nicegui/3/static/b.woff2")).headers


@pytest.mark.parametrize(("path", "headers", "status"), [
    ("/_nicegui/3/static/none.js", {}, 404), ("/_nicegui/3/static/a.js", {"Range": "bytes=0-9"}, 206), ("/field/a.js", {}, 200),
    ("/_nicegui/3/dynamic_resources/a.js", {}, 200)])
async def test_what_may_change_or_is_not_whole_is_never_kept(
    http: httpx.AsyncClient, files: Files, path: str, headers: dict[str, str], status: int
) -> None:
    for _ in range(2):
        assert (await http.get(path, headers=headers)).status_code == status
    assert files.asked == [path, path]
