"""Made: documents that hold for one version of the board, made once on a thread, and given to everybody, packed to whoever takes that."""

import asyncio
import gzip
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request, Response

CACHE = "public, max-age=15"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    version: str
    content: bytes
    packed: bytes


class Made:
    """By name the document of the newest version; ten thousand warnings take seconds to write, in which every other answer would stand still."""

    def __init__(self) -> None:
        self._held: dict[str, _Document] = {}
        self._turn: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def answer(self, request: Request, name: str, version: str, media_type: str, make: Callable[[], bytes]) -> Response:
        """The document ``name``, or that it has not changed. ``make`` may run on another thread."""
        tag = f'W/"{version}"'
        headers = {"ETag": tag, "Cache-Control": CACHE, "Vary": "Accept-Encoding"}
        if unchanged(request, tag):
            return Response(status_code=304, headers=headers)
        async with self._turn[name]:
            held = self._held.get(name)
            if held is None or held.version != version:
                held = self._held[name] = await asyncio.to_thread(_written, version, make)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(held.packed, media_type=media_type, headers=headers | {"Content-Encoding": "gzip"})
        return Response(held.content, media_type=media_type, headers=headers)


def unchanged(request: Request, tag: str) -> bool:
    """Whether the caller has this already (RFC 9110 §13.1.2: compared weakly, any of a list, ``*``)."""
    asked = request.headers.get("if-none-match", "")
    return asked.strip() == "*" or tag.removeprefix("W/") in (one.strip().removeprefix("W/") for one in asked.split(","))


def _written(version: str, make: Callable[[], bytes]) -> _Document:
    content = make()
    return _Document(version=version, content=content, packed=gzip.compress(content, 6))
