"""CF times by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from feeds.cf_time import duration, instant
from feeds.errors import BadField


@pytest.mark.parametrize(("value", "units", "expected"), [
    (0, "hours since 1900-01-01 00:00:00.0", datetime(1900, 1, 1, tzinfo=UTC)),
    (1.5, "hours since 2024-09-19", datetime(2024, 9, 19, 1, 30, tzinfo=UTC)),
    (10, "minutes since 2024-09-19T12:00", datetime(2024, 9, 19, 12, 10, tzinfo=UTC)),
    (86400, "seconds since 2024-02-28 00:00:00 UTC", datetime(2024, 2, 29, tzinfo=UTC)),
    (0, "hours since 2024-09-19 08:00:00 +08:00", datetime(2024, 9, 19, tzinfo=UTC)),
    (0, "hours since 2024-09-18 19:00:00 -5", datetime(2024, 9, 19, tzinfo=UTC)),
    (1 / 6, "hours since 2024-09-19", datetime(2024, 9, 19, 0, 10, tzinfo=UTC)),
    (-1, "days since 2024-03-01", datetime(2024, 2, 29, tzinfo=UTC)),
])  # fmt: skip
def test_a_number_is_a_moment_in_utc(value: float, units: str, expected: datetime) -> None:
    assert instant(value, units, "standard") == expected


@pytest.mark.parametrize(("units", "calendar", "sentence"), [
    ("hours since 2024-09-19", "noleap", "calendar 'noleap' has other days"), ("hours since 1-1-1", "standard", "before the Gregorian calendar"),
    ("hours since 2024-13-01", "standard", "does not count from a date"), ("hours since 2024-09-19 00:00 Mars", "standard", "'Mars', which is no time zone"),
    ("years since 2024-01-01", "standard", "'years' is no unit of time"), ("hours", "standard", "is not '<unit> since <date>'"),
])  # fmt: skip
def test_what_is_no_time_of_ours_is_refused_by_name(units: str, calendar: str, sentence: str) -> None:
    with pytest.raises(BadField, match=sentence):
        instant(1, units, calendar)


def test_a_time_beyond_the_calendar_and_a_missing_one_are_refused() -> None:
    with pytest.raises(BadField, match="outside the years"):
        instant(1e7, "days since 1970-01-01", "standard")
    with pytest.raises(BadField, match="a time is missing"):
        duration(float("nan"), "hours")


def test_a_proleptic_calendar_may_count_from_year_1() -> None:
    assert instant(1, "days since 1-1-1", "proleptic_gregorian") == datetime(1, 1, 2, tzinfo=UTC)


def test_a_duration_is_whole_seconds() -> None:
    assert duration(0.1666667, "hours") == timedelta(minutes=10)
