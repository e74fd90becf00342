"""Track: where a tropical cyclone was, and where a centre expects it."""

from dataclasses import dataclass
from datetime import datetime

from geo.field import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackPoint:
    """One position at ``valid_time``, told at ``run_time`` (the same for what was observed). WGS 84 degrees; None = not told.

    ``vmax_ms`` is the highest mean wind, ``pmin_hpa`` the lowest pressure, ``r7_km``/``r10_km`` how far mean winds of force 7 and 10
    (GB/T 28591-2012) reach, ``heading_deg`` where it moves to, ``speed_kmh`` how fast.
    """

    run_time: datetime
    valid_time: datetime
    lon: float
    lat: float
    vmax_ms: float | None = None
    pmin_hpa: float | None = None
    r7_km: float | None = None
    r10_km: float | None = None
    heading_deg: float | None = None
    speed_kmh: float | None = None

    @property
    def observed(self) -> bool:
        return self.valid_time <= self.run_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One cyclone as one centre sees it. ``points`` are in the file's order and never empty; ``number`` is the centre's own, such as 2413."""

    name: str
    number: str
    centre: str
    points: tuple[TrackPoint, ...]
    provenance: Provenance

    @property
    def run_time(self) -> datetime:
        """The newest moment at which something was told of it."""
        return max(point.run_time for point in self.points)
