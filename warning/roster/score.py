"""Score: the standard for the spread of warnings: 有职责、有设施、有制度、有名录, for every street and village."""

from collections.abc import Sequence
from dataclasses import dataclass

from warning.roster.area import AreaLevel, level_of
from warning.roster.place import Place
from warning.roster.post import Kind, Post

MARKS = (("duty", "有职责", "duty"), ("facility", "有设施", "facility"), ("rule", "有制度", "rule"), ("listed", "有名录", "list"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """``points`` 0–4. ``lat``/``lon`` are given where the place has told them."""

    zone: str
    name: str
    level: AreaLevel
    duty: bool
    facility: bool
    rule: bool
    listed: bool
    lat: float | None = None
    lon: float | None = None

    @property
    def points(self) -> int:
        return self.duty + self.facility + self.rule + self.listed


def scores(posts: Sequence[Post], places: Sequence[Place]) -> list[Score]:
    """Of every street and village that the roster names, by code.

    Duty: a responsible person or disaster information officer is named. Facility: a community terminal with an address. Rule: a document
    with its date. List: somebody is on the list, and every person of every post there can be reached.
    """
    known = {place.zone: place for place in places}
    names = {**{post.zone: post.place for post in posts}, **{place.zone: place.name for place in places}}
    found = []
    for zone, name in sorted(names.items()):
        if level_of(zone) not in (AreaLevel.TOWN, AreaLevel.VILLAGE):
            continue
        here = [post for post in posts if post.zone == zone]
        place = known.get(zone)
        people = [person for post in here for person in post.people]
        found.append(Score(
            zone=zone, name=name, level=level_of(zone),
            duty=any(post.kind in (Kind.RESPONSIBLE, Kind.INFORMATION_OFFICER) and post.people for post in here),
            facility=any(post.kind is Kind.TERMINAL and any(one.active for person in post.people for one in person.contacts) for post in here),
            rule=place is not None and bool(place.rule) and place.rule_on is not None,
            listed=bool(people) and all(any(one.active for one in person.contacts) for person in people),
            lat=None if place is None else place.lat, lon=None if place is None else place.lon))
    return found


def by_district(found: Sequence[Score], districts: Sequence[str]) -> dict[str, float]:
    """The mean of points inside each district that has any: what its colour on the map says."""
    inside: dict[str, list[int]] = {code: [] for code in districts}
    lengths = {len(code) for code in districts}
    for one in found:
        for code in {one.zone[:length] for length in lengths} & inside.keys():
            inside[code].append(one.points)
    return {code: sum(points) / len(points) for code, points in inside.items() if points}
