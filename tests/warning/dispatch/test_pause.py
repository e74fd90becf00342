"""Pauses: who is told in whose stead, and who keeps counting as there."""

from datetime import UTC, datetime, timedelta

import pytest

from warning.dispatch.pause import Pause, stand_in, with_stand_ins

NOW = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
ALL = frozenset(range(1, 6))


def pause(who: int, cover: int | None, *, since_h: float = -1, until_h: float = 1) -> Pause:
    return Pause(subscription_id=who, cover_id=cover, starts_at=NOW + timedelta(hours=since_h), ends_at=NOW + timedelta(hours=until_h))


@pytest.mark.parametrize(("pauses", "told"), [
    ([], 1),
    ([pause(1, 2)], 2),
    ([pause(1, None)], None),  # its own wish: nobody
    ([pause(1, 2, since_h=1, until_h=2)], 1),  # to come
    ([pause(1, 2, since_h=-2, until_h=0)], 1),  # over: the end is no longer in it
    ([pause(1, 2, since_h=0)], 2),  # the beginning is in it
    ([pause(1, 2), pause(2, 3)], 3),
    ([pause(1, 2), pause(2, None)], 1),  # the cover left without a word: better one too many than nobody
    ([pause(1, 2), pause(2, 1)], 1),  # they cover each other
    ([pause(1, 9)], 1),  # the cover was ended
    ([pause(2, 3)], 1),
])
def test_who_is_told_in_its_stead(pauses: list[Pause], told: int | None) -> None:
    assert stand_in(1, pauses, active=ALL, now=NOW) == told


def test_who_pauses_still_counts_as_there_so_that_what_it_was_told_is_ended_for_it() -> None:
    assert with_stand_ins([1, 4], [1, 4], [pause(1, 2)], active=ALL, now=NOW) == ([1, 2, 4], [2, 4])


def test_who_has_covered_counts_as_there_after_the_pause_but_is_told_nothing_new() -> None:
    over = pause(1, 2, since_h=-5, until_h=-1)
    assert with_stand_ins([1], [1], [over], active=ALL, now=NOW) == ([1, 2], [1])


def test_a_pause_without_cover_tells_nobody_and_one_elsewhere_changes_nothing() -> None:
    assert with_stand_ins([1, 3], [1, 3], [pause(1, None), pause(5, 4)], active=ALL, now=NOW) == ([1, 3], [3])


def test_a_cover_that_is_told_anyway_is_told_once() -> None:
    assert with_stand_ins([1, 2], [1, 2], [pause(1, 2)], active=ALL, now=NOW) == ([1, 2], [2])
