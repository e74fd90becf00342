"""When a way that the roster has gained is tried, derived by hand: two minutes between ways, five between people."""

from datetime import UTC, datetime, timedelta

from warning.response.errand import Step, gained

T0 = datetime(2026, 7, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def step(person: str, number: int, minutes: float) -> Step:
    return Step(person=person, rank=0, due_at=at(minutes), channel="sms", subscription_id=number)


KNOWN = (step("Wang", 1, 0), step("Li", 2, 5))


def times(ways: tuple[Step, ...], *, now: float, told: set[str], known: tuple[Step, ...] = KNOWN) -> list[tuple[int, datetime]]:
    return [(one.subscription_id, one.due_at) for one in gained(ways, known, at=at(now), told=told)]


def test_a_way_that_is_known_is_not_gained() -> None:
    assert times(KNOWN, now=3, told={"Wang"}) == []


def test_who_was_told_hears_at_once_by_a_new_way_and_two_minutes_later_by_a_second() -> None:
    assert times((step("Wang", 7, 3), step("Wang", 8, 5)), now=3, told={"Wang"}) == [(7, at(3)), (8, at(5))]


def test_whose_turn_is_to_come_hears_by_the_new_way_then_and_at_once_when_it_has_passed() -> None:
    assert times((step("Li", 7, 3),), now=3, told={"Wang"}) == [(7, at(5))]
    assert times((step("Li", 7, 6),), now=6, told={"Wang"}) == [(7, at(6))]


def test_people_who_are_new_have_their_turns_after_everybody_known_five_minutes_apart() -> None:
    assert times((step("Chen", 7, 3), step("Zhou", 8, 8)), now=3, told={"Wang"}) == [(7, at(10)), (8, at(15))]
    assert times((step("Chen", 7, 20), step("Zhou", 8, 25)), now=20, told={"Wang", "Li"}) == [(7, at(20)), (8, at(25))]


def test_where_nobody_could_be_written_to_the_first_is_told_at_once() -> None:
    assert times((step("Chen", 7, 3), step("Chen", 8, 5), step("Zhou", 9, 8)), now=3, told=set(), known=()) == [(7, at(3)), (8, at(5)), (9, at(8))]
