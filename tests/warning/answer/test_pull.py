"""What of a call is due when, after a way of it has failed: derived by hand from the shipped plan (2 min to the next channel, 5 to the next person)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from warning.answer.pull import Way, pulled

OPENED = datetime(2024, 9, 20, tzinfo=UTC)


def way(number: int, *, rank: int, minute: float, state: str = "planned", failed: bool = False) -> Way:
    return Way(id=UUID(int=number), rank=rank, state=state, due_at=OPENED + timedelta(minutes=minute), failed=failed)


def minutes(ways: list[Way], *, at: float) -> dict[int, float]:
    """By the number of the way, the minute at which it is due now."""
    return {key.int: (due - OPENED) / timedelta(minutes=1) for key, due in pulled(ways, at=OPENED + timedelta(minutes=at)).items()}


APP, TEXT, VOICE = way(1, rank=0, minute=0, state="called", failed=True), way(2, rank=0, minute=2), way(3, rank=0, minute=4)
NEXT, NEXT_TEXT, ROOM = way(4, rank=1, minute=5), way(5, rank=1, minute=7), way(6, rank=2, minute=10)


def test_a_failed_app_makes_the_text_message_due_and_the_voice_call_two_minutes_later_but_leaves_the_next_person_his_time() -> None:
    assert minutes([APP, TEXT, VOICE, NEXT, NEXT_TEXT, ROOM], at=0.5) == {2: 0.5, 3: 2.5}


def test_after_the_last_way_of_a_person_has_failed_the_next_person_is_due_and_everything_after_moves_up() -> None:
    text = way(2, rank=0, minute=0.5, state="called", failed=True)
    assert minutes([APP, text, NEXT, NEXT_TEXT, ROOM], at=1) == {4: 1, 5: 3, 6: 6}


@pytest.mark.parametrize("others", [
    [way(2, rank=0, minute=0, state="called")],  # red: beside the failed app a text message is on its way
    [way(2, rank=1, minute=0, state="called")],  # somebody else is being called already
])
def test_while_a_way_to_whoever_was_called_last_is_good_he_has_his_time(others: list[Way]) -> None:
    assert minutes([APP, *others, NEXT, ROOM], at=1) == {}


def test_who_has_no_way_at_all_is_passed_over() -> None:
    assert minutes([way(1, rank=0, minute=0, state="no_way", failed=True), NEXT, ROOM], at=0) == {4: 0, 6: 5}


def test_nothing_that_is_due_already_is_put_off() -> None:
    assert minutes([APP, NEXT, ROOM], at=6) == {}


def test_after_the_last_step_nothing_is_left_to_bring_forward() -> None:
    assert minutes([APP], at=1) == {}
