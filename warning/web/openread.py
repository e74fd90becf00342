"""Open reading: what needs no key may be read from any page of the web (CORS), and anything that is only read may be asked for by HEAD."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN = ("/api/alerts", "/api/feed.atom", "/api/certificates.pem", "/api/warned", "/api/zones.geojson", "/api/rules/", "/api/events", "/api/heartbeat", "/ogc", "/openapi.json")
"""No cookie counts at these addresses, so whose page it is that reads them makes no difference."""
HEAD = "xiaoxishu.head"
"""In the scope of a request that wants no more than the headers: what would never end, such as a stream, does not begin."""
_LEAVE = ((b"access-control-allow-origin", b"*"), (b"access-control-expose-headers", b"ETag, Retry-After"))
_OWN = ("/console", "/office", "/login", "/logout", "/me")
"""Pages of one person: what opens there is opened for somebody."""


class OpenRead:
    """Pure ASGI. Stands outside of everything, so that a refusal can be read from a page as well as an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, method = scope["path"], scope["method"]
        if path.startswith(OPEN):
            if method == "OPTIONS":
                await _may(send)
                return
            if method in ("GET", "HEAD"):
                send = _opened(send)
        if method == "HEAD" and not path.startswith(_OWN):
            await _head(self._app, scope, receive, send)
            return
        await self._app(scope, receive, send)


async def _may(send: Send) -> None:
    """A browser asks first when a page sets a header such as If-None-Match by itself."""
    await send({"type": "http.response.start", "status": 204, "headers": [
        (b"access-control-allow-origin", b"*"), (b"access-control-allow-methods", b"GET, HEAD"),
        (b"access-control-allow-headers", b"If-None-Match, Last-Event-ID, Cache-Control"), (b"access-control-max-age", b"86400")]})
    await send({"type": "http.response.body", "body": b""})


def _opened(send: Send) -> Send:
    async def with_leave(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_LEAVE]
        await send(message)

    return with_leave


async def _head(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """What GET would say of itself, without what it says (RFC 9110 §9.3.2)."""
    async def without_body(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    await app({**scope, "method": "GET", HEAD: True}, receive, without_body)
