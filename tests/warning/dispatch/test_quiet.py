"""Quiet hours on the wall clock of Beijing (UTC+8)."""

from datetime import UTC, datetime

import pytest

from warning.dispatch.quiet import quiet_of, said, wakes
from warning.errors import Invalid
from warning.level import Level

NIGHT = (22 * 60, 7 * 60)


def at(hour: int, minute: int = 0, day: int = 19) -> datetime:
    """A moment in UTC."""
    return datetime(2024, 9, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(("now", "until"), [
    (at(14, 0), at(23, 0)),  # 22:00 in Beijing: the first quiet minute; wakes at 07:00, which is 23:00 UTC
    (at(16, 30), at(23, 0)),  # 00:30, after midnight: the same morning
    (at(22, 59), at(23, 0)),  # 06:59
    (at(23, 0), None),  # 07:00: awake
    (at(13, 59), None),  # 21:59
])
def test_hours_over_midnight_end_in_the_morning(now: datetime, until: datetime | None) -> None:
    assert wakes(NIGHT, level=Level.ORANGE, now=now) == until


@pytest.mark.parametrize(("now", "until"), [(at(4, 0), at(6, 0)), (at(5, 59), at(6, 0)), (at(6, 0), None), (at(3, 59), None)])
def test_hours_within_a_day_end_the_same_day(now: datetime, until: datetime | None) -> None:
    assert wakes((12 * 60, 14 * 60), level=Level.BLUE, now=now) == until


def test_red_does_not_ask() -> None:
    assert wakes(NIGHT, level=Level.RED, now=at(16, 30)) is None


def test_words_become_minutes_and_words_again() -> None:
    assert quiet_of("22:00-07:00") == NIGHT
    assert said(NIGHT) == "22:00-07:00"
    assert (quiet_of(""), said(None)) == (None, "")


@pytest.mark.parametrize("words", ["22-7", "24:00-07:00", "22:60-07:00", "22:00", "at night", "22:00-22:00", "22:0-07:00"])
def test_what_are_no_hours_is_refused(words: str) -> None:
    with pytest.raises(Invalid, match="quiet"):
        quiet_of(words)
