"""Quiet: the hours in which a resident is not to be woken; red does not ask."""

from datetime import datetime, timedelta

from warning.errors import Invalid
from warning.identifier import BEIJING
from warning.level import Level

Quiet = tuple[int, int]
"""(first minute of the day that is quiet, first that is not), local time; the first may be the greater: over midnight."""


def quiet_of(words: str) -> Quiet | None:
    """``22:00-07:00`` as minutes; empty = none. Raises Invalid."""
    if not words:
        return None
    begins, _, ends = words.partition("-")
    found = _minute(begins), _minute(ends)
    if found[0] == found[1]:
        raise Invalid("quiet: from and until are the same; leave it out, or name hours such as 22:00-07:00")
    return found


def said(quiet: Quiet | None) -> str:
    """The words again."""
    return "" if quiet is None else "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in quiet)


def wakes(quiet: Quiet, *, level: Level, now: datetime) -> datetime | None:
    """When somebody with these hours may be told: None = now. Red is told at once, whatever the hour."""
    if level >= Level.RED:
        return None
    here = now.astimezone(BEIJING)
    minute = here.hour * 60 + here.minute
    begins, ends = quiet
    inside = begins <= minute < ends if begins < ends else minute >= begins or minute < ends
    if not inside:
        return None
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    until = midnight + timedelta(minutes=ends)
    return (until if until > here else until + timedelta(days=1)).astimezone(now.tzinfo)


def _minute(word: str) -> int:
    hours, colon, minutes = word.strip().partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2 and int(hours) < 24 and int(minutes) < 60):
        raise Invalid(f"quiet: {word.strip()!r} is no time of day; write hours such as 22:00-07:00")
    return int(hours) * 60 + int(minutes)
