"""How CAP writes times, numbers, polygons, circles and references as text, and how foreign spellings of them are read.

A reader gives back the value (None when there is no using it) and what had to be mended, in words ("" when nothing).
"""

import math
import re
from datetime import UTC, datetime
from decimal import Decimal

from warning.cap import Circle, Reference, Ring

# Written so that no text, however long, makes the search go back and forth.
_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"


def time_text(at: datetime) -> str:
    """``2024-09-20T06:20:00+08:00``; UTC as ``-00:00``, never Z (CAP 1.2 §3.3.2)."""
    text = at.isoformat(timespec="seconds")
    return text.removesuffix("+00:00") + "-00:00" if text.endswith("+00:00") else text


def number_text(value: float) -> str:
    """Plain decimals, the shortest that read back to the same number."""
    return format(Decimal(repr(value + 0.0)), "f")


def polygon_text(ring: Ring) -> str:
    """``lat,lon lat,lon …`` (CAP 1.2 §3.2.4)."""
    return " ".join(f"{number_text(lat)},{number_text(lon)}" for lat, lon in ring)


def circle_text(circle: Circle) -> str:
    """``lat,lon radius``, the radius in kilometres."""
    return f"{number_text(circle.lat)},{number_text(circle.lon)} {number_text(circle.radius_km)}"


def reference_text(reference: Reference) -> str:
    """``sender,identifier,sent``."""
    return f"{reference.sender},{reference.identifier},{time_text(reference.sent)}"


def read_time(text: str) -> tuple[datetime | None, str]:
    """A time with its own offset, whole seconds. Z, fractions and a space for T are read; without an offset it is not guessed."""
    try:
        at = datetime.fromisoformat(text.upper())
    except ValueError:
        return None, f"{text!r} is no time, left out"
    offset = at.utcoffset()
    if offset is None:
        return None, f"{text!r} has no offset, left out"
    if offset.total_seconds() % 60:
        return None, f"{text!r} has an offset with seconds, left out"
    at = at.replace(microsecond=0, tzinfo=at.tzinfo if offset else UTC)
    return at, "" if time_text(at) == text else f"{text!r} read as {time_text(at)}"


def read_number(text: str) -> tuple[float | None, str]:
    """A decimal number."""
    value = float(text) if re.fullmatch(_NUMBER, text) else math.nan
    return (value, "") if math.isfinite(value) else (None, f"{text[:40]!r} is no number, left out")


def read_ring(text: str) -> tuple[Ring | None, str]:
    """A polygon. Stray space and commas are let pass and an open ring is closed; points are never guessed or turned round."""
    pairs = text.split()
    if not pairs:
        return None, "empty polygon left out"
    points = [_point(pair.removesuffix(",")) for pair in pairs]
    ring = tuple(point for point in points if point is not None)
    if len(ring) != len(pairs):
        return None, f"polygon {text[:40]!r} is not lat,lon pairs on the earth, left out"
    mended = ["stray space or commas"] if " ".join(pairs) != text or any(p.endswith(",") for p in pairs) else []
    if ring[0] != ring[-1]:
        mended.append("an open end, closed")
        ring = (*ring, ring[0])
    if len(ring) < 4:
        return None, f"polygon of {len(ring)} points has no area, left out"
    return ring, f"polygon had {' and '.join(mended)}" if mended else ""


def read_circle(text: str) -> tuple[Circle | None, str]:
    """A circle, radius in kilometres."""
    if not text.strip():
        return None, "empty circle left out"
    centre, _, rest = text.strip().partition(" ")
    point = _point(centre.removesuffix(","))
    radius, _problem = read_number(rest.strip())
    if point is None or radius is None or radius < 0:
        return None, f"circle {text[:40]!r} is not lat,lon radius on the earth, left out"
    return Circle(lat=point[0], lon=point[1], radius_km=radius), ""


def read_reference(text: str, *, sender: str, sent: datetime) -> tuple[Reference | None, str]:
    """``sender,identifier,sent``; a bare identifier (the national platform's way) is one of the message's own ``sender``, of an unknown time up to ``sent``."""
    parts = text.split(",")
    if len(parts) == 1 and text and sender:
        return Reference(sender=sender, identifier=text, sent=sent), f"reference {text!r} says neither sender nor time: read as one of {sender}"
    at, mended = read_time(parts[2]) if len(parts) == 3 and all(parts) else (None, "")
    if at is None:
        return None, f"reference {text!r} is not sender,identifier,sent; left out"
    return Reference(sender=parts[0], identifier=parts[1], sent=at), f"reference to {parts[1]}: sent {mended}" if mended else ""


def _point(text: str) -> tuple[float, float] | None:
    lat_text, _, lon_text = text.partition(",")
    lat, lon = read_number(lat_text)[0], read_number(lon_text)[0]
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:
        return None
    return lat, lon
