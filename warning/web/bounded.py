"""A request's body, never more of it than was agreed."""

from urllib.parse import parse_qsl

from fastapi import Request

_MOST_FIELDS = 50


async def body_of(request: Request, *, most: int) -> bytes | None:
    """The bytes, or None when there are more than ``most``: reading ends there, whatever Content-Length says."""
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > most:
            return None
    return bytes(found)


async def form_of(request: Request, *, most: int) -> dict[str, str]:
    """The fields of a form as a browser sends it (urlencoded); empty when it is too long or none."""
    try:
        return dict(parse_qsl((await body_of(request, most=most) or b"").decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}
