"""Observation: one measured value at one station, with how far it may be trusted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from geo.field import Provenance


class Quality(StrEnum):
    """What checks say of a value. ``UNCHECKED`` is not good: nobody has looked."""

    UNCHECKED = "unchecked"
    GOOD = "good"
    SUSPECT = "suspect"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A value of ``variable`` (the canonical names and units of ``geo.field.GridField``) at a station.

    ``lon``/``lat`` are WGS 84 degrees, ``elevation`` metres or None. ``window`` is the interval that *ends* at ``valid_time``
    over which the value was summed, averaged or was the extreme (``statistic``: instant, sum, mean, max, min); None = instantaneous.
    ``flags`` are the provider's own quality words and ours, each of which says why (``range``, ``step``, ``neighbours``,
    ``frozen``); ``quality`` is the verdict. A missing value is no Observation.
    """

    station: str
    lon: float
    lat: float
    variable: str
    units: str
    value: float
    valid_time: datetime
    window: timedelta | None = None
    statistic: str = "instant"
    elevation: float | None = None
    quality: Quality = Quality.UNCHECKED
    flags: tuple[str, ...] = ()
    provenance: Provenance
