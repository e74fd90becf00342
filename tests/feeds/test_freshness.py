"""A run is fresh, stale or from the future; the sentence tells the operator what to do."""

from datetime import UTC, datetime, timedelta

import pytest

from feeds.freshness import State, check_run

NOON = datetime(2024, 9, 19, 12, tzinfo=UTC)
MAX_AGE = timedelta(hours=1)


@pytest.mark.parametrize(("age", "state"), [
    (timedelta(0), State.FRESH), (timedelta(hours=1), State.FRESH), (timedelta(hours=1, seconds=1), State.STALE),
    (timedelta(minutes=-5), State.FRESH), (timedelta(minutes=-5, seconds=-1), State.FUTURE),
])  # fmt: skip
def test_both_limits_belong_to_what_is_fresh(age: timedelta, state: State) -> None:
    checked = check_run(NOON - age, NOON, max_age=MAX_AGE)
    assert (checked.state, checked.age, checked.usable) == (state, age, state is State.FRESH)


def test_a_stale_run_is_told_with_age_and_mend() -> None:
    sentence = check_run(NOON - timedelta(hours=7, minutes=5), NOON, max_age=MAX_AGE).sentence
    assert sentence == ("run 2024-09-19 04:55 UTC is 7 h 5 min old, 1 h 0 min is allowed: "
                        "ask the issuer for the newer run and look at the transfer")  # fmt: skip


@pytest.mark.parametrize(("ahead_min", "beijing"), [(419, False), (420, True), (480, True), (540, True), (541, False)])
def test_a_run_some_eight_hours_ahead_is_beijing_time_taken_for_utc(ahead_min: int, beijing: bool) -> None:
    """Eight, and an hour either way: the run may be older, the clock may be off."""
    sentence = check_run(NOON + timedelta(minutes=ahead_min), NOON, max_age=MAX_AGE).sentence
    assert ("Beijing time taken for UTC" in sentence) is beijing


@pytest.mark.parametrize(("max_age", "tolerance", "fine"), [(0, 0, True), (-1, 0, False), (0, -1, False)])
def test_a_limit_below_zero_is_refused(max_age: int, tolerance: int, fine: bool) -> None:
    limits = {"max_age": timedelta(seconds=max_age), "tolerance": timedelta(seconds=tolerance)}
    if fine:
        assert check_run(NOON, NOON, **limits).usable
    else:
        with pytest.raises(ValueError, match="cannot be negative"):
            check_run(NOON, NOON, **limits)


def test_a_run_twenty_minutes_ahead_is_a_wrong_clock() -> None:
    assert "20 min ahead of the clock: most likely a wrong clock" in check_run(NOON + timedelta(minutes=20), NOON, max_age=MAX_AGE).sentence


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="need a time zone"):
        check_run(NOON.replace(tzinfo=None), NOON, max_age=MAX_AGE)
