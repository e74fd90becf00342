"""A request's body, never more of it than was agreed."""

from fastapi import Request


async def body_of(request: Request, *, most: int) -> bytes | None:
    """The bytes, or None when there are more than ``most``: reading ends there, whatever Content-Length says."""
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > most:
            return None
    return bytes(found)
