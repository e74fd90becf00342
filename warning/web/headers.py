"""Security headers on every answer, and places and tokens kept out of the access log."""

import logging

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PUBLIC_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# NiceGUI compiles its Vue components in the browser, which needs inline scripts and eval; everything stays on this host.
_CONSOLE_CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)

# An office draws its area with a script of ours; nothing is loaded from anywhere else.
_OFFICE_CSP = _PUBLIC_CSP + "; script-src 'self'"


class SecurityHeaders:
    """Pure ASGI. ``tiles``: the one origin that the console's map may load pictures from. ``Referrer-Policy: no-referrer`` because an acknowledgement's token stands in its address."""

    def __init__(self, app: ASGIApp, *, tiles: str = "") -> None:
        self._app = app
        self._console = _CONSOLE_CSP.replace("blob:;", f"blob: {tiles};") if tiles else _CONSOLE_CSP

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        csp = self._console if path.startswith("/console") else _OFFICE_CSP if path.startswith("/office") else _PUBLIC_CSP

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "Content-Security-Policy" not in headers:  # the plug-in's frame says itself who may hold it
                    headers["Content-Security-Policy"] = csp
                    headers.setdefault("X-Frame-Options", "DENY")
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "no-referrer")
                headers.setdefault("Permissions-Policy", "geolocation=(self), camera=(), microphone=()")
            await send(message)

        await self._app(scope, receive, with_headers)


class HidePlaces(logging.Filter):
    """Cuts the position out of /api/warned and /ogc/…/position and the token out of /api/ack/… before uvicorn writes its access line."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, path, *rest = record.args
            record.args = (client, method, cleaned(str(path)), *rest)
        return True


def cleaned(path: str) -> str:
    """The address as it may stand in a log."""
    if path.startswith("/ogc/") and "/position" in path:
        return path.partition("?")[0]
    if path.startswith("/api/warned"):
        return "/api/warned"
    for secret in ("/api/ack/", "/api/test-ack/", "/api/duty/"):
        if path.startswith(secret):
            return f"{secret}…"
    if path.startswith("/login/"):
        return path.partition("?")[0]
    return path
