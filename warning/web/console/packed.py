"""NiceGUI's own scripts and styles, compressed once for the life of the process: they never change, and reading and compressing them anew took longer than a page."""

import asyncio
import gzip
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST, MOST_BYTES = 256, 4 << 20
_SQUEEZED = ("text/", "application/json", "application/javascript", "image/svg", "image/x-icon", "image/vnd.microsoft.icon")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    headers: list[tuple[bytes, bytes]]
    plain: bytes
    packed: bytes | None


class Packed:
    """Pure ASGI, around NiceGUI's application. Only addresses that carry its version are kept, and only whole answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._held: dict[str, _Held] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or "/_nicegui/" not in path or "/dynamic_resources/" in path:
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        held = self._held.get(path)
        if held is None and scope["method"] == "GET" and "range" not in asked:
            held = await self._fetch(path, scope, send)
            if held is None:
                return
        if held is None or "range" in asked:
            await self._app(scope, receive, send)
            return
        small = held.packed is not None and "gzip" in asked.get("accept-encoding", "")
        body = held.packed if small and held.packed is not None else held.plain
        headers = [*held.headers, (b"content-length", str(len(body)).encode())] + ([(b"content-encoding", b"gzip")] if small else [])
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body if scope["method"] == "GET" else b""})

    async def _fetch(self, path: str, scope: Scope, send: Send) -> _Held | None:
        """Ask once, uncompressed and unconditionally; what is not to be kept goes straight through, and None is given back.

        That the browser has gone on to another page is kept from the application: it would stop in the middle, and everybody after would be given the half.
        """
        start: Message = {}
        parts: list[bytes] = []
        whole = False

        async def take(message: Message) -> None:
            nonlocal start, whole
            if message["type"] == "http.response.start":
                start = message
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))
                whole = not message.get("more_body", False)

        plain = [(key, value) for key, value in scope["headers"] if key not in (b"accept-encoding", b"if-none-match", b"if-modified-since")]
        await self._app({**scope, "headers": plain}, _silent(), take)
        body = b"".join(parts)
        told = Headers(raw=start["headers"]).get("content-length", str(len(body)))
        if start["status"] != 200 or not whole or told != str(len(body)) or len(body) > MOST_BYTES or len(self._held) >= MOST:
            await send(start)
            await send({"type": "http.response.body", "body": body})
            return None
        headers = [(key, value) for key, value in start["headers"] if key.lower() not in (b"content-length", b"accept-ranges", b"vary")] + [(b"vary", b"Accept-Encoding")]
        kind = Headers(raw=headers).get("content-type", "")
        packed = gzip.compress(body, 9) if kind.startswith(_SQUEEZED) and len(body) > 300 else None
        self._held[path] = _Held(headers=headers, plain=body, packed=packed)
        return self._held[path]


def _silent() -> Receive:
    """A request without a body whose sender never leaves."""
    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive
