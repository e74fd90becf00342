"""HTTP door: a small server for a gateway's call-backs; one POST of JSON for each connection, signed, and nothing else.

A public web server does not belong into a worker. This one reads at most 16 kB, waits at most ten seconds, and answers 204, 400, 401, 404 or 413.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from channels.wire.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, BadSignature, verify

_MAX = 16 * 1024
_PATIENCE_S = 10.0


class HttpDoor:
    """``heard`` gets the JSON object of each genuine POST to ``path``. Signatures are those of :mod:`channels.wire.signature`."""

    def __init__(
        self, *, path: str, secret: str, now: Callable[[], datetime], heard: Callable[[Mapping[str, object]], Awaitable[None]]
    ) -> None:
        self._path = path
        self._secret = secret
        self._now = now
        self._heard = heard
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen and give back the port; raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=_MAX)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        status = 400
        try:
            async with asyncio.timeout(_PATIENCE_S):
                status = await self._one(reader)
            writer.write(f"HTTP/1.1 {status} {_WORDS[status]}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the caller is gone, slow, or speaks no HTTP
        finally:
            self._open.discard(writer)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader) -> int:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        if first.split(" ")[:2] != ["POST", self._path]:
            return 404
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = headers.get("content-length", "")
        if not length.isdigit() or len(length) > 6:
            return 400
        if int(length) > _MAX:
            return 413
        body = await reader.readexactly(int(length))
        try:
            verify(self._secret, headers.get(TIMESTAMP_HEADER.lower(), ""), body, headers.get(SIGNATURE_HEADER.lower(), ""), self._now())
            said = json.loads(body)
        except BadSignature:
            return 401
        except ValueError:
            return 400
        if not isinstance(said, dict):
            return 400
        await self._heard(said)
        return 204


_WORDS = {204: "No Content", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 413: "Content Too Large"}
