"""CF time: "minutes since 1970-01-01" in numbers, and back to aware UTC."""

import re
from datetime import UTC, datetime, timedelta

from feeds.errors import BadField

CALENDARS = ("standard", "gregorian", "proleptic_gregorian")
_SINCE = re.compile(r"\s*([A-Za-z]+)\s+since\s+(-?\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T\s]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.\d*)?)?)?\s*(.*)")
_ZONE = re.compile(r"([+-])(\d{1,2}):?(\d{2})?")
_UNITS = {"s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1, "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
          "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600, "d": 86400, "day": 86400, "days": 86400}  # fmt: skip


def is_time(units: str) -> bool:
    """Whether a unit counts from a date."""
    return _SINCE.fullmatch(units) is not None


def duration(value: float, units: str) -> timedelta:
    """``value`` in seconds, minutes, hours or days; anything else (months have no length) is a BadField."""
    seconds = _UNITS.get(units.strip().lower())
    if seconds is None:
        raise BadField(f"{units!r} is no unit of time; write seconds, minutes, hours or days")
    if value != value:  # NaN
        raise BadField("a time is missing")
    # To the second: 0.1666… hours is ten minutes.
    return timedelta(seconds=round(value * seconds))


def instant(value: float, units: str, calendar: str) -> datetime:
    """The aware UTC time of ``value`` in ``units`` ("hours since 1900-01-01 00:00:00.0"); CF 1.11 §4.4.

    Raises BadField for a calendar in which the days are not ours (noleap, 360_day, julian), for a unit that is none,
    and for a standard calendar counted from before 15 October 1582, where it is not the Gregorian one.
    """
    if calendar.lower() not in CALENDARS:
        raise BadField(f"calendar {calendar!r} has other days than ours; convert the time axis to 'standard' first")
    match = _SINCE.fullmatch(units)
    if match is None:
        raise BadField(f"time unit {units!r} is not '<unit> since <date>'")
    unit, year, month, day, hour, minute, second, rest = match.groups()
    try:
        epoch = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC)
    except ValueError as fault:
        raise BadField(f"time unit {units!r} does not count from a date") from fault
    if calendar.lower() != "proleptic_gregorian" and epoch < datetime(1582, 10, 15, tzinfo=UTC):
        raise BadField(f"time unit {units!r} counts from before the Gregorian calendar; give calendar 'proleptic_gregorian' or a later date")
    try:
        return epoch - _zone(rest, units) + duration(value, unit)
    except OverflowError as fault:
        raise BadField(f"time {value:g} {units} is outside the years 1 to 9999") from fault


def _zone(text: str, units: str) -> timedelta:
    if text.strip().upper() in ("", "Z", "UTC", "GMT"):
        return timedelta(0)
    match = _ZONE.fullmatch(text.strip())
    if match is None:
        raise BadField(f"time unit {units!r} ends in {text!r}, which is no time zone")
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return offset if match[1] == "+" else -offset
