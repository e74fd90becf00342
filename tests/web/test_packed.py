"""Scripts that never change are read and compressed once; what is not whole, not versioned or not there goes straight through."""

import gzip
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

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


async def test_who_goes_on_to_another_page_in_the_middle_leaves_no_half_script_to_those_who_come_after(tmp_path: Path) -> None:
    """Seen: one browser that left its page early broke every dialog of the console until the server was started again."""
    (tmp_path / "a.js").write_bytes(_SCRIPT * 100)

    async def dispatch(request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)

    # As NiceGUI's application is made: a file, behind a middleware that stops when the browser has gone.
    app = Packed(Starlette(routes=[Mount("/_nicegui", StaticFiles(directory=tmp_path))], middleware=[Middleware(BaseHTTPMiddleware, dispatch=dispatch)]))
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def gone() -> Message:
        return next(asked, {"type": "http.disconnect"})

    async def nobody(_: Message) -> None:
        return None

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": "/_nicegui/a.js", "raw_path": b"/_nicegui/a.js",
             "query_string": b"", "root_path": "", "headers": [], "client": ("127.0.0.1", 1), "server": ("console.test", 80)}
    with suppress(Exception):  # what becomes of the one who has gone is no matter
        await app(scope, gone, nobody)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://console.test") as http:
        assert len((await http.get("/_nicegui/a.js")).content) == len(_SCRIPT) * 100


async def test_what_ends_too_early_is_not_kept() -> None:
    async def torn(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/javascript"), (b"content-length", b"2000")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    packed = Packed(torn)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=packed), base_url="http://console.test") as http:
        with suppress(Exception):
            await http.get("/_nicegui/3/static/a.js")
    assert packed._held == {}
