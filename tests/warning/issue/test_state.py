"""The life of a stored proposal, as its table says."""

import pytest

from warning.errors import Conflict
from warning.issue import state
from warning.issue.state import LIVE, MOVES, move


def test_the_table_in_the_docstring_is_the_table_in_the_code() -> None:
    rows = [line.split()[:3] for line in (state.__doc__ or "").splitlines() if line.startswith("    ") and "---" not in line]
    assert {(a, b): c for a, b, c in rows[1:]} == MOVES


@pytest.mark.parametrize(("status", "act", "after"), [
    ("open", "submit", "submitted"), ("submitted", "return", "open"), ("submitted", "approve", "issued"),
    ("open", "dismiss", "dismissed"), ("submitted", "replace", "superseded")])
def test_what_may_be_done(status: str, act: str, after: str) -> None:
    assert move(status, act) == after


@pytest.mark.parametrize(("status", "act", "told"), [
    ("open", "approve", "a proposal that is open cannot be approved; possible now: submit, replace, dismiss, express"),
    ("submitted", "submit", "a proposal that is submitted cannot be submitted; possible now: return, approve, replace"),
    ("submitted", "dismiss", "a proposal that is submitted cannot be dismissed; possible now: return, approve, replace"),
    ("issued", "return", "a proposal that is issued cannot be returned; possible now: nothing"),
])
def test_what_may_not_be_done_is_said_in_english_with_what_may(status: str, act: str, told: str) -> None:
    with pytest.raises(Conflict) as refused:
        move(status, act)
    assert str(refused.value) == told


def test_nothing_leaves_an_ended_state() -> None:
    assert {status for status, _ in MOVES} == set(LIVE)
