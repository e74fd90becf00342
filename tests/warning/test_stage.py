"""The stage ledger: what each hand-off took, also when stages are missing or run side by side."""

from datetime import UTC, datetime, timedelta

import pytest

from warning.stage import BUDGET_S, PROMISE_S, STAGES, StageEvent, timeline

T0 = datetime(2024, 9, 19, 12, 0, tzinfo=UTC)


def event(stage: str, at_s: float, channel: str = "", seconds: float | None = None) -> StageEvent:
    at = T0 + timedelta(seconds=at_s)
    return StageEvent(chain="c", stage=stage, at=at, real_at=at, channel=channel, seconds=seconds)


def test_no_event_makes_no_timeline() -> None:
    assert timeline([]) == []


def test_each_stage_is_measured_from_the_one_before_and_all_from_arrival() -> None:
    rows = timeline([event("submit", 40), event("arrival", 0), event("propose", 10), event("approve", 100)])
    assert [(row.stage, row.took_s, row.since_arrival_s) for row in rows] == [
        ("arrival", 0, 0), ("propose", 10, 10), ("submit", 30, 40), ("approve", 60, 100)]


def test_a_missing_stage_is_counted_into_the_next_one() -> None:
    rows = timeline([event("arrival", 0), event("issue", 7)])
    assert (rows[1].took_s, rows[1].budget_s, rows[1].late) == (7, 5, True)


def test_a_chain_without_data_starts_at_its_first_stage() -> None:
    rows = timeline([event("submit", 5), event("approve", 65)])
    assert [(row.stage, row.since_arrival_s) for row in rows] == [("submit", 0), ("approve", 60)]


def test_channels_run_side_by_side_and_all_count_from_expand() -> None:
    rows = timeline([
        event("expand", 0), event("first_accepted", 2, "sms"), event("first_accepted", 50, "email"),
        event("last_accepted", 100, "sms"), event("last_accepted", 601, "email")])
    took = {(row.stage, row.channel): (row.took_s, row.late) for row in rows}
    assert took == {
        ("expand", ""): (0, False), ("first_accepted", "sms"): (2, False), ("first_accepted", "email"): (50, False),
        ("last_accepted", "sms"): (100, False), ("last_accepted", "email"): (601, True)}


def test_monotonic_seconds_win_over_the_difference_of_clocks() -> None:
    assert timeline([event("arrival", 0), event("decode", 9, seconds=1.5)])[1].took_s == 1.5


def test_a_clock_that_went_back_gives_zero_and_not_a_negative_duration() -> None:
    assert timeline([event("arrival", 10), event("decode", 4)])[1].took_s == 0


def test_exactly_the_budget_is_not_late() -> None:
    assert [row.late for row in timeline([event("approve", 0), event("issue", 5)])] == [False, False]
    assert timeline([event("approve", 0), event("issue", 5.001)])[1].late


def test_a_stage_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        timeline([event("lunch", 0)])


def test_every_budget_is_for_a_stage_and_the_way_to_the_first_channel_keeps_the_promise() -> None:
    assert set(BUDGET_S) <= set(STAGES)
    before_channels = sum(BUDGET_S[stage] for stage in ("decode", "derive", "propose", "submit", "approve", "issue", "expand"))
    assert before_channels + BUDGET_S["first_accepted"] <= PROMISE_S
