"""Gaps are found before they matter, and the standard is counted."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from warning.roster.gap import Freshness, GapKind, first_hole, gaps
from warning.roster.place import Place
from warning.roster.post import Contact, Kind, Person, Post, Shift, above
from warning.roster.score import by_district, scores

AT = datetime(2026, 11, 26, 0, 0, tzinfo=UTC)
CHANNELS = {"sms": "sms", "screen": "display"}
HOUR = timedelta(hours=1)


def contact(**more: object) -> Contact:
    return replace(Contact(id=7, channel="sms", address="x", proved_at=AT - timedelta(days=1)), **more)  # type: ignore[arg-type]


def post(zone: str = "310115140", *people: Person, kind: Kind = Kind.RESPONSIBLE, **more: object) -> Post:
    return replace(Post(id=int(zone[-3:]), zone=zone, place=f"街镇{zone}", name="责任人", kind=kind, people=people), **more)  # type: ignore[arg-type]


def found(*posts: Post) -> list[tuple[GapKind, str, str]]:
    return [(gap.kind, gap.person, gap.detail) for gap in gaps(posts, ways={"sms", "voice"}, channels=CHANNELS, freshness=Freshness(), at=AT)]


GOOD = post("310115140", Person(name="甲", contacts=(contact(),)))


def test_a_good_post_has_no_gap() -> None:
    assert found(GOOD) == []


def test_a_post_that_nobody_can_be_reached_at_is_the_worst_and_a_person_without_a_way_is_told() -> None:
    assert found(post("310115141", Person(name="甲"))) == [(GapKind.NO_CONTACT, "", "")]
    assert found(post("310115141")) == [(GapKind.NO_CONTACT, "", "")]
    assert found(replace(GOOD, people=(*GOOD.people, Person(name="乙", contacts=(contact(channel="screen"),))))) == [(GapKind.NO_WAY, "乙", "")]
    assert found(post("310115141", Person(name="甲", contacts=(contact(active=False),)))) == [(GapKind.NO_CONTACT, "", "")]


def test_a_terminal_needs_an_address_but_nobody_proves_it() -> None:
    terminal = post("310115142", Person(name="屏", contacts=(contact(channel="screen", proved_at=None),)), kind=Kind.TERMINAL)
    assert found(terminal) == []
    assert found(replace(terminal, people=())) == [(GapKind.NO_CONTACT, "", "")]


def test_proof_and_expiry_are_counted_to_the_day() -> None:
    def of(**more: object) -> list[tuple[GapKind, str, str]]:
        return found(replace(GOOD, people=(Person(name="甲", contacts=(contact(**more),)),)))

    assert of(proved_at=AT - timedelta(days=76)) == []
    assert of(proved_at=AT - timedelta(days=76, seconds=1)) == [(GapKind.AGEING, "甲", "sms 2026-12-09")]  # told 14 days before it is too old
    assert of(proved_at=AT - timedelta(days=90)) == [(GapKind.AGEING, "甲", "sms 2026-11-26")]
    assert of(proved_at=AT - timedelta(days=90, seconds=1)) == [(GapKind.UNPROVED, "甲", "sms 2026-08-27")]
    assert of(proved_at=None) == [(GapKind.UNPROVED, "甲", "sms")]
    assert of(expires=date(2026, 12, 11)) == []
    assert of(expires=date(2026, 12, 10)) == [(GapKind.EXPIRING, "甲", "sms 2026-12-10")]
    assert of(expires=date(2026, 11, 26)) == [(GapKind.EXPIRING, "甲", "sms 2026-11-26")]
    assert of(expires=date(2026, 11, 25)) == [(GapKind.EXPIRED, "甲", "sms 2026-11-25")]


def test_a_hole_in_the_shifts_of_the_coming_day_is_told_with_its_moment() -> None:
    def shifts(*hours: tuple[float, float]) -> Post:
        return replace(GOOD, shifts=tuple(Shift(person="甲", start=AT + a * HOUR, end=AT + b * HOUR) for a, b in hours))

    end = AT + 24 * HOUR
    assert first_hole(GOOD, AT, end) is None
    assert first_hole(shifts((-1, 12), (12, 24)), AT, end) is None
    assert first_hole(shifts((12, 30), (-1, 13)), AT, end) is None
    assert first_hole(shifts((-1, 12), (13, 24)), AT, end) == AT + 12 * HOUR
    assert first_hole(shifts((1, 24)), AT, end) == AT
    assert first_hole(shifts((-9, -1)), AT, end) == AT
    assert found(shifts((-1, 12))) == [(GapKind.NO_SHIFT, "", "2026-11-26T12:00:00+00:00")]


def test_the_post_above_is_the_responsible_one_of_the_nearest_zone_around_or_the_one_that_is_named() -> None:
    city, district, town = (replace(GOOD, id=number, zone=zone) for number, zone in ((1, "310000"), (2, "310115"), (3, "310115140")))
    liaison = replace(district, id=4, kind=Kind.LIAISON, name="联络员")
    assert above(town, [city, district, town, liaison]) == district
    assert above(district, [city, district, town, liaison]) == city
    assert above(city, [city, district, town]) is None
    assert above(replace(town, above="联络员"), [city, district, town, liaison]) == liaison
    assert above(replace(town, zone="310116140"), [district, town]) is None


def test_the_four_marks_of_a_street() -> None:
    town, village = "310115140", "310115140001"
    people = (Person(name="甲", contacts=(contact(),)),)
    terminal = post(town, Person(name="屏", contacts=(contact(channel="screen"),)), kind=Kind.TERMINAL, id=9, name="屏")
    full = scores([post(town, *people), terminal], [Place(zone=town, name="书院镇", rule="防汛预案", rule_on=date(2026, 4, 20))])
    assert [(one.name, one.points) for one in full] == [("书院镇", 4)]
    [bare] = scores([], [Place(zone=village, name="李雪村", rule="口头")])  # a rule without a date is none
    assert (bare.points, bare.duty, bare.facility, bare.rule, bare.listed) == (0, False, False, False, False)
    [unreachable] = scores([post(town, Person(name="甲"))], [])
    assert (unreachable.duty, unreachable.listed, unreachable.points) == (True, False, 1)
    assert scores([post("310115", *people)], []) == []  # a district is not counted, its streets are
    assert by_district([*full, bare], ["310115", "310116"]) == {"310115": 2.0}
