"""Sheets: states, words and counters of a batch as columns; and that a thousand turns at once are the turns of one by one."""

from itertools import product

import numpy as np

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


def test_what_was_on_the_wire_when_a_newer_version_came_or_its_time_was_over_is_owed_its_end() -> None:
    clearly = [(State.QUEUED, ""), (State.QUEUED, "rate_limited"), (State.QUEUED, "unreachable")]
    perhaps = [(State.CLAIMED, ""), (State.UNKNOWN, "timeout"), (State.QUEUED, "timeout"), (State.QUEUED, "broken_reply")]
    for expired, clean, unsure in (
            (False, ("superseded", "newer_version", ""), ("superseded", "newer_version_unsure", "")),
            (True, ("expired", "expired", "expired before it could be sent"), ("failed", "timeout", "expired before an answer came"))):
        start, end, again = people(*range(7)), people(*range(7)), people(*range(7))
        for place, (state, reason) in enumerate([*clearly, *perhaps]):
            for sheet in (start, again):
                put(sheet, np.array([place]), state, (reason, ""))
        later = [] if expired else [Relative(version=2, sheet=end, held=False)]
        due = np.ones(7, dtype=np.bool_)
        settle(start, turns(standings(start, 1, later, most_tries=16), due, role="start", expired=expired))
        states = [next(state.value for state in State if among(start, state)[place]) for place in range(7)]
        assert [(state, *words_of(start, place)) for place, state in enumerate(states)] == [clean] * 3 + [unsure] * 4
        found = turns(standings(end, 2, [Relative(version=1, sheet=start, held=False)], most_tries=16), among(end, State.QUEUED),
                      role="end", expired=expired)
        assert (np.flatnonzero(found[Turn.NO_START]).tolist(), np.flatnonzero(found[Turn.SEND]).tolist()) == ([0, 1, 2], [3, 4, 5, 6])
        assert not flagged(start, TWICE).any(), "once at most"
        settle(again, turns(standings(again, 1, [], most_tries=16), due, role="start", expired=False))
        assert np.flatnonzero(flagged(again, TWICE)).tolist() == [3, 4, 5, 6], "a second try is marked"


def test_a_thousand_turns_are_the_turns_of_one_by_one() -> None:
    before = list(product(State, (False, True), ("", "timeout", "broken_reply", "skipped_unsure", "newer_version_unsure", "no_start", "gone")))
    after = [*((state, "") for state in State), (State.MUTED, "no_start"), (State.MUTED, "carried_on"), (State.MUTED, "stopped")]
    pairs = list(product(before, after))
    mine, earlier, later = (people(*range(len(pairs))) for _ in range(3))
    for place, ((state, twice, reason), (newer, muted_why)) in enumerate(pairs):
        put(earlier, np.array([place]), state, (reason, ""))
        put(later, np.array([place]), newer, (muted_why, ""))
        if twice:
            flag(earlier, np.array([place]), TWICE)
    for held, expired, coming, role, tries in product((False, True), (False, True), (False, True), ("start", "change", "end"), (2, 3)):
        mine.tries[:] = tries
        seen = standings(mine, 2, [Relative(version=1, sheet=earlier, held=held), Relative(version=3, sheet=later, held=held)],
                         most_tries=3, coming=coming)
        found = turns(seen, np.ones(len(pairs), dtype=np.bool_), role=role, expired=expired)
        told = {place: what for what, mask in found.items() for place in np.flatnonzero(mask).tolist()}
        assert sum(int(mask.sum()) for mask in found.values()) == len(pairs), "each has exactly one turn"
        for place, ((state, twice, why), (newer, muted_why)) in enumerate(pairs):
            assert told[place] is turn(Standing(
                role=role, newer=newer is not State.MUTED or muted_why in ("no_start", "carried_on"), expired=expired, used_up=tries >= 3,
                reached=state in (State.ACCEPTED, State.DELIVERED, State.UNKNOWN) or twice
                or (state in (State.QUEUED, State.FAILED, State.SUPERSEDED)
                    and why in ("timeout", "broken_reply", "skipped_unsure", "newer_version_unsure"))
                or (state is State.CLAIMED and not held),
                in_flight=coming or (state is State.CLAIMED and held)))
