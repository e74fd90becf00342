"""The states of a delivery: the table, the back-off, and what one receipt makes of a try."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.message import Outcome, Reason, Receipt
from warning.dispatch import delivery
from warning.dispatch.delivery import ENDED, MOVES, NEXT_STEP, REACHED, RetryPolicy, State, after_receipt

NOW = datetime(2024, 9, 19, 12, 0, tzinfo=UTC)
POLICY = RetryPolicy()


def receipt(outcome: Outcome, reason: Reason | None = None) -> Receipt:
    return Receipt(key="k", outcome=outcome, at=NOW, reason=reason, evidence="seen", external_id="7")


def test_the_table_in_the_docstring_is_the_table_in_the_code() -> None:
    rows = [line.split()[:2] for line in (delivery.__doc__ or "").splitlines() if line.startswith("    ") and "---" not in line]
    pairs = {(a, b) for a, b in rows if a not in ("from", "(new)")}
    assert pairs == {(before.value, after.value) for before, afters in MOVES.items() for after in afters}


def test_nothing_is_owed_in_an_ended_state() -> None:
    assert {State.ACCEPTED, State.DELIVERED, State.FAILED, State.EXPIRED, State.MUTED, State.SUPERSEDED} == ENDED
    assert REACHED <= ENDED


def test_every_reason_has_a_next_step_for_the_operator() -> None:
    assert set(NEXT_STEP) == set(Reason)


def test_waits_double_from_two_seconds_and_stop_at_a_minute() -> None:
    assert [POLICY.wait(n).total_seconds() for n in range(1, 9)] == [2, 4, 8, 16, 32, 60, 60, 60]


def test_a_try_that_was_not_counted_waits_as_the_first() -> None:
    assert POLICY.wait(0) == POLICY.wait(-3) == timedelta(seconds=2)


@given(st.integers(min_value=1, max_value=100_000))
def test_the_wait_never_falls_and_never_overflows(attempts: int) -> None:
    assert POLICY.wait(attempts) <= POLICY.wait(attempts + 1) <= POLICY.max_wait


@pytest.mark.parametrize(("outcome", "reason", "attempts", "left_s", "state", "wait_s"), [
    (Outcome.ACCEPTED, None, 1, 60, State.ACCEPTED, None),
    (Outcome.ACCEPTED, None, 8, -60, State.ACCEPTED, None),
    (Outcome.DELIVERED, None, 1, 60, State.DELIVERED, None),
    (Outcome.REJECTED, Reason.BAD_ADDRESS, 1, 60, State.FAILED, None),
    (Outcome.REJECTED, Reason.EXPIRED, 1, -1, State.EXPIRED, None),
    (Outcome.RETRY, Reason.UNREACHABLE, 1, 60, State.QUEUED, 2),
    (Outcome.RETRY, Reason.UNREACHABLE, 7, 60, State.QUEUED, 60),
    (Outcome.RETRY, Reason.UNREACHABLE, 8, 60, State.FAILED, None),
    (Outcome.RETRY, Reason.UNREACHABLE, 9, 60, State.FAILED, None),
    (Outcome.RETRY, Reason.RATE_LIMITED, 1, 0, State.EXPIRED, None),
    (Outcome.RETRY, Reason.RATE_LIMITED, 8, -1, State.EXPIRED, None),
    (Outcome.UNKNOWN, Reason.TIMEOUT, 1, 60, State.UNKNOWN, 20),
    (Outcome.UNKNOWN, Reason.TIMEOUT, 8, 60, State.FAILED, None),
])
def test_what_a_receipt_makes_of_a_try(
    outcome: Outcome, reason: Reason | None, attempts: int, left_s: float, state: State, wait_s: float | None
) -> None:
    step = after_receipt(
        receipt(outcome, reason), attempts=attempts, now=NOW, expires=NOW + timedelta(seconds=left_s), policy=POLICY)
    assert step.state is state
    assert step.wait == (None if wait_s is None else timedelta(seconds=wait_s))
    assert (step.reason, step.evidence, step.external_id) == (reason.value if reason else "", "seen", "7")


@given(st.sampled_from(Outcome), st.sampled_from([None, *Reason]), st.integers(1, 20), st.integers(-100, 100))
def test_a_receipt_makes_only_moves_of_the_table_and_waits_only_for_another_try(
    outcome: Outcome, reason: Reason | None, attempts: int, left_s: int
) -> None:
    step = after_receipt(
        receipt(outcome, reason), attempts=attempts, now=NOW, expires=NOW + timedelta(seconds=left_s), policy=POLICY)
    assert step.state in MOVES[State.CLAIMED]
    assert (step.wait is not None) == (step.state in (State.QUEUED, State.UNKNOWN))


@pytest.mark.parametrize(("asked_s", "waits_s"), [(None, 2), (1, 2), (30, 30), (3600, 60)])
def test_a_peer_that_asks_for_a_pause_gets_it_between_our_shortest_and_our_longest(asked_s: int | None, waits_s: int) -> None:
    asked = None if asked_s is None else timedelta(seconds=asked_s)
    receipt = Receipt(key="k.1", outcome=Outcome.RETRY, at=NOW, reason=Reason.RATE_LIMITED, retry_after=asked)
    policy = RetryPolicy(first_wait=timedelta(seconds=2), max_wait=timedelta(seconds=60))
    step = after_receipt(receipt, attempts=1, now=NOW, expires=NOW + timedelta(hours=1), policy=policy)
    assert step.wait == timedelta(seconds=waits_s)


@pytest.mark.parametrize(("said", "state"), [
    ((Outcome.RETRY, Reason.UNREACHABLE), State.QUEUED), ((Outcome.RETRY, Reason.REFUSED), State.FAILED),
    ((Outcome.UNKNOWN, Reason.TIMEOUT), State.FAILED),
])
def test_only_what_could_not_leave_at_all_is_waited_for_beyond_the_tries(said: tuple[Outcome, Reason], state: State) -> None:
    policy = RetryPolicy(max_attempts=3, patient=True)
    step = after_receipt(receipt(*said), attempts=9, now=NOW, expires=NOW + timedelta(hours=1), policy=policy)
    assert (step.state, step.counts) == (state, state is not State.QUEUED), "and gives its try back"
    assert after_receipt(receipt(*said), attempts=9, now=NOW, expires=NOW, policy=policy).state is not State.QUEUED
    impatient = RetryPolicy(max_attempts=3)
    assert after_receipt(receipt(*said), attempts=9, now=NOW, expires=NOW + timedelta(hours=1), policy=impatient).state is State.FAILED
    assert after_receipt(receipt(*said), attempts=1, now=NOW, expires=NOW + timedelta(hours=1), policy=impatient).counts
