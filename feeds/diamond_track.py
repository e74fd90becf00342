"""Diamond 7: the tracks of tropical cyclones, observed and forecast, one block a cyclone and centre."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from feeds.diamond import Diamond, known, optional
from feeds.errors import BadField, Truncated
from geo.field import Provenance
from geo.track import Track, TrackPoint

_HEAD, _ROW = 4, 13


def tracks(diamond: Diamond, provenance: Provenance) -> Iterator[Track]:
    """``name number centre n``, then n rows ``Y M D H lead lon lat vmax pmin r7 r10 direction speed``, and so on to the end."""
    at, index = 0, 0
    while at < len(diamond.words):
        index += 1
        if at + _HEAD > len(diamond.words):
            raise Truncated(f"{diamond.file}: ends within the head of cyclone {index}; fetch it again")
        name, number, centre = diamond.words[at : at + 3]
        count, at = diamond.whole(at + 3), at + _HEAD
        if count < 1:
            raise BadField(f"{diamond.file}: cyclone {name} has {count} positions; ask the centre for the whole file")
        if at + count * _ROW > len(diamond.words):
            raise Truncated(f"{diamond.file}: {name} ({centre}) should have {count} positions, "
                            f"{(len(diamond.words) - at) // _ROW} are whole; fetch it again")
        points = [_point(diamond, at + row * _ROW) for row in range(count)]
        swapped = any(wrong for _, wrong in points)
        corrections = ("hour and lead had changed places in some rows",) if swapped else ()
        yield Track(name=name, number=number, centre=centre, points=tuple(point for point, _ in points),
                    provenance=replace(provenance, index=index, corrections=corrections))
        at += count * _ROW


def _point(diamond: Diamond, at: int) -> tuple[TrackPoint, bool]:
    """One row, and whether hour and lead had to change places (an hour of 24 or more is none)."""
    hour, lead = diamond.whole(at + 3), diamond.whole(at + 4)
    swapped = hour >= 24
    if swapped:
        hour, lead = lead, hour
    run = diamond.time(at, hour=hour)
    lon, lat, vmax, pmin, r7, r10, heading, speed = (known(diamond.number(at + offset)) for offset in range(5, _ROW))
    if math.isnan(lon) or math.isnan(lat) or abs(lat) > 90 or not -180 <= lon <= 360:
        raise BadField(f"{diamond.file}: a position {lon:g}, {lat:g} is not on Earth; the rows have another layout")
    return TrackPoint(
        run_time=run, valid_time=run + timedelta(hours=lead), lon=lon - 360 if lon > 180 else lon, lat=lat, vmax_ms=optional(vmax),
        pmin_hpa=optional(pmin), r7_km=optional(r7), r10_km=optional(r10), heading_deg=optional(heading), speed_kmh=optional(speed),
    ), swapped
