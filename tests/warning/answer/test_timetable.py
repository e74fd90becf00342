"""The timetable of a call: who is due when, by which way, worked out by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from warning.answer.callplan import CallPlan
from warning.answer.timetable import DUTY_ROOM, timetable
from warning.level import Level
from warning.roster.post import Contact, Kind, Person, Post, Shift

AT = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
KINDS = {"app": "webpush", "hook": "webhook", "text": "cmpp", "telephone": "voice", "screen": "display"}
ORANGE = CallPlan(level=Level.ORANGE, channels=("webpush", "webhook", "sms", "voice"))
RED = replace(ORANGE, level=Level.RED, parallel=True)


def person(number: int, *channels: str, expires: date | None = None) -> Person:
    return Person(id=number, name=f"p{number}", contacts=tuple(
        Contact(subscription_id=10 * number + at, channel=channel, address="x", expires=expires) for at, channel in enumerate(channels)))


def post(*people: Person, **more: object) -> Post:
    return replace(Post(zone="310115140", place="书院镇", name="防汛责任人", kind=Kind.RESPONSIBLE, people=people), **more)  # type: ignore[arg-type]


def steps(made: Post, plan: CallPlan, above: Post | None = None) -> list[tuple[str, str, float]]:
    """(who, by which channel, minutes)."""
    return [(one.name, one.channel, (one.due_at - AT).total_seconds() / 60) for one in timetable(made, plan, above=above, kinds=KINDS, at=AT)]


def test_one_way_after_the_other_in_the_plans_order_whatever_the_order_of_the_list() -> None:
    assert steps(post(person(1, "telephone", "text", "app")), ORANGE) == [
        ("p1", "app", 0), ("p1", "text", 2), ("p1", "telephone", 4), (DUTY_ROOM, "", 5)]


def test_what_would_come_after_the_next_person_comes_with_that_person() -> None:
    assert steps(post(person(1, "app", "hook", "text", "telephone"), person(2, "text")), ORANGE) == [
        ("p1", "app", 0), ("p1", "hook", 2), ("p1", "text", 4), ("p1", "telephone", 5), ("p2", "text", 5), (DUTY_ROOM, "", 10)]


def test_red_takes_every_way_at_once_and_the_next_person_is_still_the_next() -> None:
    assert steps(post(person(1, "telephone", "app"), person(2, "text")), RED) == [
        ("p1", "app", 0), ("p1", "telephone", 0), ("p2", "text", 5), (DUTY_ROOM, "", 10)]


def test_somebody_without_a_way_costs_no_time() -> None:
    assert steps(post(person(1), person(2, "screen"), person(3, "text")), ORANGE) == [
        ("p1", "", 0), ("p2", "", 0), ("p3", "text", 0), (DUTY_ROOM, "", 5)]


def test_the_level_above_comes_last_and_nobody_comes_twice() -> None:
    above = post(person(1, "text"), person(9, "telephone"), zone="310115")
    assert steps(post(person(1, "text")), ORANGE, above) == [("p1", "text", 0), ("p9", "telephone", 5), (DUTY_ROOM, "", 10)]
    assert steps(post(person(1, "text")), replace(ORANGE, above=False), above) == [("p1", "text", 0), (DUTY_ROOM, "", 5)]


def test_a_contact_past_its_day_is_tried_after_those_that_are_good() -> None:
    old = Contact(subscription_id=1, channel="app", address="x", expires=date(2026, 11, 25))
    good = Contact(subscription_id=2, channel="telephone", address="x", expires=date(2026, 11, 26))
    assert steps(post(Person(id=1, name="p1", contacts=(old, good))), ORANGE)[:2] == [("p1", "telephone", 0), ("p1", "app", 2)]


def test_whoever_has_the_shift_comes_first_and_a_substitute_takes_the_place_of_whoever_is_away() -> None:
    made = post(person(1, "text"), person(2, "text"), person(3, "text"))
    night = replace(made, shifts=(Shift(person="p2", start=AT - timedelta(hours=8), end=AT + timedelta(hours=8)),))
    assert [who for who, _, _ in steps(night, ORANGE)] == ["p2", "p1", "p3", DUTY_ROOM]
    over = replace(made, shifts=(Shift(person="p2", start=AT - timedelta(hours=8), end=AT),))
    assert [who for who, _, _ in steps(over, ORANGE)] == ["p1", "p2", "p3", DUTY_ROOM]
    away = replace(made, shifts=(Shift(person="p3", start=AT, end=AT + timedelta(days=7), instead_of="p1"),))
    assert [who for who, _, _ in steps(away, ORANGE)] == ["p3", "p2", DUTY_ROOM]


def test_the_shipped_plan_keeps_the_figures_of_the_specification() -> None:
    """First attempt at once (≤ 30 s), next channel ≤ 2 min, next person ≤ 5 min."""
    made = post(person(1, "app", "text", "telephone"), person(2, "text"))
    for plan in (ORANGE, RED):
        due = {(who, channel): minutes for who, channel, minutes in steps(made, plan)}
        assert due["p1", "app"] == 0
        assert due["p1", "text"] <= 2
        assert due["p2", "text"] <= 5
