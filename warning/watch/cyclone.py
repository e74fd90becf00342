"""Cyclone: tracks tell that a wind is a tropical cyclone's. They never tell that it is none: another centre may see what this one does not."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from geo.track import Track, TrackPoint

FRESH = timedelta(hours=12)
"""An older track says nothing any more: centres speak every one to six hours."""
AHEAD = timedelta(hours=24)
"""The lead of the typhoon and gale signals in blue, the longest."""
BEHIND = timedelta(hours=6)
REACH_KM = 300.0
"""How far force 7 reaches where the centre does not tell it: the upper end for landfalls near Shanghai (Bebinca 2024: 200 to 280 km)."""

_EARTH = pyproj.Geod(ellps="WGS84")


def followed(known: Mapping[tuple[str, str], Track], tracks: Iterable[Track]) -> dict[tuple[str, str], Track]:
    """The newest track of each cyclone by each centre."""
    newest = dict(known)
    for track in tracks:
        key = (track.centre, track.number or track.name)
        if key not in newest or track.run_time >= newest[key].run_time:
            newest[key] = track
    return newest


def causes(tracks: Iterable[Track], ground: BaseGeometry, *, now: datetime) -> dict[str, bool]:
    """``{"typhoon": True}`` when the winds of a cyclone reach ``ground`` between six hours ago and 24 hours ahead; else nothing is told."""
    near = any(
        _reaches(point, ground)
        for track in tracks if now - track.run_time <= FRESH
        for point in _positions(track.points, now))
    return {"typhoon": True} if near else {}


def _positions(points: Sequence[TrackPoint], now: datetime) -> list[TrackPoint]:
    return [point for point in points if now - BEHIND <= point.valid_time <= now + AHEAD]


def _reaches(point: TrackPoint, ground: BaseGeometry) -> bool:
    """Distance on the ellipsoid from the centre to the nearest point of the ground."""
    nearest = shapely.shortest_line(shapely.Point(point.lon, point.lat), ground)
    (lon, lat), (to_lon, to_lat) = np.asarray(nearest.coords)[:2]
    metres: float = _EARTH.inv(lon, lat, to_lon, to_lat)[2]
    return metres / 1000 <= (point.r7_km if point.r7_km is not None else REACH_KM)
