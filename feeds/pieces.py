"""Pieces: the byte ranges of the fields wanted from a large GRIB file, neighbours fetched together."""

from collections.abc import Iterable
from dataclasses import dataclass

from feeds.errors import Truncated
from feeds.fetch import Fetch


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Piece:
    """``length`` bytes from ``start``; None = to the end of the file."""

    start: int
    length: int | None


def merged(pieces: Iterable[Piece], *, gap: int = 0) -> list[Piece]:
    """In order, each once; pieces that touch, overlap, or lie ``gap`` bytes or less apart become one request."""
    found: list[Piece] = []
    for piece in sorted(set(pieces), key=lambda one: one.start):
        last = found[-1] if found else None
        if last is None or (last.length is not None and piece.start > last.start + last.length + gap):
            found.append(piece)
        elif last.length is not None:
            end = None if piece.length is None else max(last.start + last.length, piece.start + piece.length)
            found[-1] = Piece(start=last.start, length=None if end is None else end - last.start)
    return found


async def fetch_pieces(fetch: Fetch, url: str, pieces: Iterable[Piece]) -> bytes:
    """The pieces' bytes in the file's order. Every piece is whole GRIB messages, or Truncated: an index that does not fit its file would
    give parts of other fields."""
    body = bytearray()
    for piece in merged(pieces):
        got = await fetch.piece(url, piece.start, piece.length)
        if not got.startswith(b"GRIB") or not got.endswith(b"7777"):
            raise Truncated(f"bytes {piece.start}+{len(got)} of {url.rsplit('/', 1)[-1]} are no whole GRIB messages; index and file do not fit, "
                            f"they are fetched again")
        body += got
    return bytes(body)
