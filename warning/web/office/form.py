"""The form of one subscription: what stands in it, how it is read from a post, and what of it the desk is asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.types import Message

from warning.dispatch.sector import Sector
from warning.dispatch.subscribe import OfficeSubscription
from warning.errors import Invalid
from warning.office.areafile import MAX_BYTES
from warning.office.wish import Ahead
from warning.office.work import Post
from warning.web.bounded import body_of

_ROOM = 2 * 1024 * 1024
"""For what is not the file: the area as text is the largest of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """As a person sees it; ``polygon`` is GeoJSON as text, ``number`` 0 a subscription that is not stored yet."""

    number: int = 0
    name: str = ""
    channel: str = ""
    address: str = ""
    language: str = "zh-CN"
    form: str = "json"
    level: str = "blue"
    hazards: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    polygon: str = ""

    @property
    def area(self) -> dict[str, object] | None:
        """Raises Invalid."""
        if not self.polygon.strip():
            return None
        try:
            found = json.loads(self.polygon)
        except (ValueError, RecursionError) as error:
            raise Invalid("polygon: is no GeoJSON geometry: it is no JSON") from error
        if not isinstance(found, dict):
            raise Invalid("polygon: is no GeoJSON geometry: it is no object")
        return found

    def subscription(self) -> OfficeSubscription:
        """Raises Invalid with the field."""
        try:
            return OfficeSubscription.model_validate({
                "name": self.name.strip(), "channel": self.channel, "address": self.address.strip(), "language": self.language, "form": self.form,
                "min_level": self.level, "hazards": self.hazards, "sectors": self.sectors, "zones": self.zones, "polygon": self.area})
        except ValidationError as error:
            first = error.errors()[0]
            raise Invalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error

    def with_area(self, polygon: Mapping[str, object]) -> "Form":
        """What a file held takes the place of what was drawn."""
        return replace(self, polygon=json.dumps(dict(polygon), separators=(",", ":")))

    def ahead(self) -> Ahead:
        return Ahead(hazards=self.hazards, sectors=self.sectors, min_level=self.level, zones=self.zones, polygon=self.area)


def form_of(post: Post, sectors: Mapping[str, Sector]) -> Form:
    """A stored one; the address stays out, because an empty field keeps it, and so do hazards that its sectors bring anyway."""
    brought = {hazard for key in post.sectors if key in sectors for hazard in sectors[key].hazards}
    return Form(
        number=post.id, name=post.name, channel=post.channel, language=post.language, form=post.form, level=post.min_level.key,
        hazards=tuple(one for one in post.hazards if one not in brought),
        sectors=post.sectors, zones=post.zones, polygon="" if post.polygon is None else json.dumps(post.polygon, separators=(",", ":")))


def read_form(posted: FormData, *, number: int, channel: str) -> Form:
    """``channel`` of a stored one: it cannot be changed."""
    return Form(
        number=number, name=text(posted, "name", 200), channel=channel or text(posted, "channel", 100), address=text(posted, "address", 2000),
        language=text(posted, "language", 10) or "zh-CN", form=text(posted, "form", 10) or "json", level=text(posted, "level", 10) or "blue",
        hazards=several(posted, "hazards"), sectors=several(posted, "sectors"), zones=several(posted, "zones"),
        polygon=text(posted, "polygon", _ROOM))


def text(posted: FormData, field: str, most: int) -> str:
    value = posted.get(field, "")
    return value[:most].replace("\0", "") if isinstance(value, str) else ""


def several(posted: FormData, field: str) -> tuple[str, ...]:
    return tuple(value[:100].replace("\0", "") for value in posted.getlist(field) if isinstance(value, str))


async def posted_form(request: Request) -> tuple[FormData, bytes]:
    """The fields and the uploaded file's bytes; never more than was agreed is read. Raises Invalid."""
    content = await body_of(request, most=MAX_BYTES + _ROOM)
    if content is None:
        raise Invalid(f"file: is larger than {MAX_BYTES // 1024 // 1024} MB: simplify the borders, or leave out other layers")

    async def whole() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    posted = await Request(request.scope, whole).form(max_files=1, max_fields=3000, max_part_size=_ROOM)
    file = posted.get("file")
    return posted, await file.read() if isinstance(file, UploadFile) else b""


def crs_of(posted: FormData) -> Literal["wgs84", "gcj02"]:
    return "gcj02" if posted.get("crs") == "gcj02" else "wgs84"
