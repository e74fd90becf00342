"""Sheets: states, words and counters of a batch as columns; and that a thousand turns at once are the turns of one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from warning.dispatch.delivery import State
from warning.dispatch.mass.sheet import (
    CODE,
    FELL,
    STATES,
    TWICE,
    Sheet,
    among,
    blank,
    compact,
    faults,
    flag,
    flagged,
    owed,
    put,
    reasoned,
    tally,
    words_of,
)
from warning.dispatch.mass.turns import Relative, settle, standings, supersede, turns
from warning.dispatch.order import Standing, Turn, turn


def people(*ids: int) -> Sheet:
    return blank(np.array(ids, dtype=np.int64))


def test_every_state_has_a_code_below_the_flags() -> None:
    assert set(STATES) == set(State)
    assert max(CODE.values()) < FELL < TWICE


def test_a_state_is_written_for_some_and_flags_stay() -> None:
    sheet = people(1, 2, 3)
    flag(sheet, np.array([0, 1]), TWICE)
    put(sheet, np.array([1, 2]), State.FAILED, ("gone", "HTTP 410"))
    assert tally(sheet) == [1, 0, 0, 0, 2, 0, 0, 0, 0]
    assert flagged(sheet, TWICE).tolist() == [True, True, False]
    assert faults(sheet) == {"gone": 2}
    assert words_of(sheet, 1) == ("gone", "HTTP 410")
    assert reasoned(sheet, "gone").tolist() == [False, True, True]
    assert owed(sheet)


def test_words_are_kept_once_and_stray_bytes_do_not_undo_them() -> None:
    sheet = people(1, 2, 3)
    for place in range(3):
        put(sheet, np.array([place]), State.ACCEPTED, ("", "ok \0 \udcff"))
    assert sheet.said == [("", ""), ("", "ok  ?")]
    put(sheet, np.array([0, 1, 2]), State.DELIVERED, ("", "read"))
    compact(sheet)
    assert sheet.said == [("", ""), ("", "read")]
    assert [words_of(sheet, place) for place in range(3)] == [("", "read")] * 3


def test_an_end_goes_to_those_whose_start_arrived_and_mutes_the_start_that_had_not_left() -> None:
    start, end = people(1, 2, 3, 4), people(1, 2, 3)
    put(start, np.array([0]), State.ACCEPTED, ("", "ok"))
    put(start, np.array([2]), State.CLAIMED)
    found = turns(standings(end, 2, [Relative(version=1, sheet=start, held=True)], most_tries=16), among(end, State.QUEUED),
                  role="end", expired=False)
    assert {what: mask.nonzero()[0].tolist() for what, mask in found.items() if mask.any()} == {
        Turn.SEND: [0], Turn.NO_START: [1], Turn.WAIT: [2]}
    settle(end, found)
    assert supersede(end, found[Turn.NO_START], start)
    assert tally(start) == [1, 1, 1, 0, 0, 0, 0, 1, 0]
    assert [words_of(end, 1), words_of(start, 1)] == [("no_start", ""), ("newer_version", "")]


def test_a_start_whose_worker_died_counts_as_arrived() -> None:
    start, end = people(1), people(1)
    put(start, np.array([0]), State.CLAIMED)
    for held, what in ((True, Turn.WAIT), (False, Turn.SEND)):
        found = turns(standings(end, 2, [Relative(version=1, sheet=start, held=held)], most_tries=16), among(end, State.QUEUED),
                      role="end", expired=False)
        assert found[what].all()


person = st.tuples(st.sampled_from(State), st.booleans(), st.sampled_from(["", "timeout", "skipped_unsure", "no_start", "carried_on", "gone"]))


@given(st.lists(st.tuples(person, person), min_size=1, max_size=12), st.booleans(), st.booleans(), st.booleans(),
       st.sampled_from(["start", "change", "end"]), st.integers(0, 3))
def test_a_thousand_turns_are_the_turns_of_one_by_one(
    others: list[tuple[tuple[State, bool, str], tuple[State, bool, str]]], held: bool, expired: bool, coming: bool, role: str, tries: int
) -> None:
    mine = people(*range(len(others)))
    mine.tries[:] = tries
    earlier, later = people(*range(len(others))), people(*range(len(others)))
    for place, pair in enumerate(others):
        for sheet, (state, twice, reason) in zip((earlier, later), pair, strict=True):
            put(sheet, np.array([place]), state, (reason, ""))
            if twice:
                flag(sheet, np.array([place]), TWICE)
    seen = standings(mine, 2, [Relative(version=1, sheet=earlier, held=held), Relative(version=3, sheet=later, held=held)],
                     most_tries=3, coming=coming)
    found = turns(seen, np.ones(len(others), dtype=np.bool_), role=role, expired=expired)
    for place, ((before, twice, why), (after, _, muted_why)) in enumerate(others):
        alone = Standing(
            role=role, newer=after is not State.MUTED or muted_why in ("no_start", "carried_on"), expired=expired, used_up=tries >= 3,
            reached=before in (State.ACCEPTED, State.DELIVERED, State.UNKNOWN) or twice
            or (before is State.FAILED and why in ("timeout", "skipped_unsure")) or (before is State.CLAIMED and not held),
            in_flight=coming or (before is State.CLAIMED and held))
        assert [what for what, mask in found.items() if mask[place]] == [turn(alone)]
