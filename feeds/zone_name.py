"""Zone name: an option that names a time zone, refused at start when there is none of that name."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator


def _exists(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as fault:
        raise ValueError(f"no time zone {zone!r}; write UTC or Asia/Shanghai") from fault
    return zone


ZoneName = Annotated[str, AfterValidator(_exists)]
