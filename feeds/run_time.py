"""Run time: when the run of a file began, told by its name or its content."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from feeds import cma_name
from feeds.errors import FeedError
from feeds.format import reader_of
from feeds.reading import data_time
from geo.field import GridField

# 20240919160000, 202409191600, 2024091916, 20240919T1600Z, 20240919_160000
_ANY_TIME = re.compile(r"(?<!\d)(\d{8})[T_-]?(\d{6}|\d{4}|\d{2})Z?(?!\d)")
_FORMATS = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M", 10: "%Y%m%d%H", 8: "%Y%m%d"}


def _has_groups(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groups
    except re.error as fault:
        raise ValueError(f"{pattern!r} is no regular expression: {fault}") from fault
    if pattern and not groups:
        raise ValueError(f"{pattern!r} has no group; put the digits of the time in parentheses")
    return pattern


TimePattern = Annotated[str, AfterValidator(_has_groups)]
"""The option by which a source learns its run times from names."""


def from_name(name: str, *, pattern: str = "", zone: str = "UTC") -> datetime | None:
    """The time in a file name, in UTC; None when there is none.

    ``pattern`` is a regular expression whose groups, put together, are the digits of year, month, day, hour …; without
    one CMA's own names are known, and of others the first run of 10, 12 or 14 digits is taken. ``zone`` is that of the digits.
    """
    if not pattern and (told := cma_name.parse(name)) and told.data_time:
        return told.data_time
    match = re.search(pattern, name) if pattern else _ANY_TIME.search(name)
    if match is None:
        return None
    digits = re.sub(r"\D", "", "".join(group or "" for group in match.groups()))
    form = _FORMATS.get(len(digits))
    if form is None:
        return None
    try:
        return datetime.strptime(digits, form).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        return None


def from_content(path: Path) -> datetime | None:
    """The run time of the first field, or the time of the first measurement; None for a file that holds nothing we can read."""
    try:
        first = next(reader_of(path)(path, source=""), None)
    except FeedError:
        return None
    if isinstance(first, GridField):
        return cma_name.dated(first, cma_name.parse(path.name)).run_time
    return None if first is None else data_time(first)


def run_time_of(path: Path, *, pattern: str = "", zone: str = "UTC") -> datetime | None:
    """By ``pattern`` where one is set, else by content, else by the first digits of the name that are a time."""
    if pattern:
        return from_name(path.name, pattern=pattern, zone=zone)
    return from_content(path) or from_name(path.name, zone=zone)
