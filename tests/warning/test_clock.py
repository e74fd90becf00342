"""Time comes in by one door."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from warning.clock import SystemClock, VirtualClock

AT = datetime(2024, 9, 19, 12, 0, tzinfo=UTC)


def test_the_machines_time_is_aware_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.utcoffset() == timedelta(0)
    assert before <= now <= datetime.now(UTC)
    assert SystemClock().monotonic() <= SystemClock().monotonic()


def test_a_virtual_clock_stands_still_until_it_is_moved() -> None:
    clock = VirtualClock(AT)
    assert clock.now() == AT == clock.now()
    clock.move_to(AT + timedelta(hours=1))
    assert clock.now() == AT + timedelta(hours=1)


def test_beijing_time_is_read_as_the_same_moment() -> None:
    clock = VirtualClock(AT.astimezone(timezone(timedelta(hours=8))))
    assert clock.now() == AT
    assert clock.now().utcoffset() == timedelta(0)


def test_a_clock_with_speed_runs() -> None:
    clock = VirtualClock(AT, speed=1e9)
    assert clock.now() > AT + timedelta(milliseconds=1)


def test_a_clock_never_goes_back_but_may_stay() -> None:
    clock = VirtualClock(AT)
    clock.move_to(AT)
    with pytest.raises(ValueError, match="the clock stands at 12:00:00, 11:59:59 is before it"):
        clock.move_to(AT - timedelta(seconds=1))
