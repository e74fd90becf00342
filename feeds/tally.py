"""Tally: what a file of measurements holds, one row a kind; and a row for a cyclone's track."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from geo.observation import Observation, Quality
from geo.track import Track

_Kind = tuple[str, str, timedelta | None, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StationRow:
    """All measurements of one variable, unit, window and statistic. ``flagged_share`` is that of values with a flag or a bad verdict."""

    variable: str
    units: str
    window_h: float | None
    statistic: str
    stations: int
    values: int
    first_time: str
    last_time: str
    min: float
    max: float
    flagged_share: float
    corrections: tuple[str, ...]
    suspicions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRow:
    """One cyclone as one centre sees it; the last observed position (the first of all, where none is observed)."""

    name: str
    number: str
    centre: str
    observed: int
    forecast: int
    last_observed: str
    last_lon: float
    last_lat: float
    max_wind_ms: float | None
    min_pressure_hpa: float | None
    until: str
    corrections: tuple[str, ...]
    suspicions: tuple[str, ...]


@dataclass(slots=True)
class _Count:
    low: float
    high: float
    first: datetime
    last: datetime
    stations: set[str] = field(default_factory=set)
    values: int = 0
    flagged: int = 0
    corrections: dict[str, None] = field(default_factory=dict)
    suspicions: dict[str, None] = field(default_factory=dict)


def counted(observations: Iterable[Observation]) -> list[StationRow]:
    """In the order in which the kinds first come."""
    counts: dict[_Kind, _Count] = {}
    for one in observations:
        kind = one.variable, one.units, one.window, one.statistic
        count = counts.get(kind)
        if count is None:
            count = counts[kind] = _Count(low=one.value, high=one.value, first=one.valid_time, last=one.valid_time)
        count.low, count.high = min(count.low, one.value), max(count.high, one.value)
        count.first, count.last = min(count.first, one.valid_time), max(count.last, one.valid_time)
        count.stations.add(one.station)
        count.values += 1
        count.flagged += bool(one.flags) or one.quality in (Quality.SUSPECT, Quality.BAD)
        count.corrections.update(dict.fromkeys(one.provenance.corrections))
        count.suspicions.update(dict.fromkeys(one.provenance.suspicions))
    return [
        StationRow(
            variable=variable, units=units, window_h=None if window is None else round(window / timedelta(hours=1), 6), statistic=statistic,
            stations=len(count.stations), values=count.values, first_time=count.first.isoformat(), last_time=count.last.isoformat(),
            min=count.low, max=count.high, flagged_share=round(count.flagged / count.values, 6),
            corrections=tuple(count.corrections), suspicions=tuple(count.suspicions))
        for (variable, units, window, statistic), count in counts.items()
    ]


def track_row(track: Track) -> TrackRow:
    observed = [point for point in track.points if point.observed]
    last = max(observed, key=lambda point: point.valid_time) if observed else track.points[0]
    winds = [point.vmax_ms for point in track.points if point.vmax_ms is not None]
    pressures = [point.pmin_hpa for point in track.points if point.pmin_hpa is not None]
    return TrackRow(
        name=track.name, number=track.number, centre=track.centre, observed=len(observed), forecast=len(track.points) - len(observed),
        last_observed=last.valid_time.isoformat(), last_lon=last.lon, last_lat=last.lat, max_wind_ms=max(winds, default=None),
        min_pressure_hpa=min(pressures, default=None), until=max(point.valid_time for point in track.points).isoformat(),
        corrections=track.provenance.corrections, suspicions=track.provenance.suspicions)
