"""Post: a duty at a place, the people who hold it in their order, and the ways to reach each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from warning.roster.area import nearest


class Kind(StrEnum):
    """What a post is for; the names that files and pages use stand beside it."""

    RESPONSIBLE = "responsible"
    LIAISON = "liaison"
    INFORMATION_OFFICER = "information_officer"
    KEY_UNIT = "key_unit"
    TERMINAL = "terminal"
    SUBSCRIBER = "subscriber"

    @property
    def zh(self) -> str:
        return _NAMES[self][0]

    @property
    def en(self) -> str:
        return _NAMES[self][1]


_NAMES = {
    Kind.RESPONSIBLE: ("责任人", "responsible person"), Kind.LIAISON: ("联络员", "liaison officer"),
    Kind.INFORMATION_OFFICER: ("灾害信息员", "disaster information officer"), Kind.KEY_UNIT: ("重点单位", "key unit"),
    Kind.TERMINAL: ("社区终端", "community terminal"), Kind.SUBSCRIBER: ("直通用户", "direct subscriber"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One way to one person. ``id`` and ``subscription_id`` are 0 before it is stored; ``address`` is in no log.

    ``proved_at``: when somebody last answered by it; ``expires``: the last day on which it may be relied on.
    """

    id: int = 0
    subscription_id: int = 0
    channel: str
    address: str
    proved_at: datetime | None = None
    expires: date | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The same name with the same first address is the same person, at however many posts. ``webhook`` of a system is a person, too."""

    id: int = 0
    name: str
    title: str = ""
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """``person`` holds the post from ``start`` to before ``end``; with ``instead_of`` as the substitute of somebody who is away."""

    person: str
    start: datetime
    end: datetime
    instead_of: str = ""

    def covers(self, at: datetime) -> bool:
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """``people`` in the order in which they are called. ``above`` names the post that is called when all of them are silent ("" = by zone)."""

    id: int = 0
    zone: str
    place: str
    name: str
    kind: Kind
    hazards: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()
    shifts: tuple[Shift, ...] = ()
    above: str = ""

    @property
    def title(self) -> str:
        """What a post is called on a board: the place says which of many equal names."""
        return self.name if self.name.startswith(self.place) else f"{self.place}{self.name}"


def chain(post: Post, at: datetime) -> tuple[Person, ...]:
    """Whom to call, in order: whoever is away is replaced by the substitute, whoever has the shift comes first, the others after.

    Somebody who is not on shift is called late rather than never.
    """
    by_name = {person.name: person for person in post.people}
    people = list(post.people)
    for shift in post.shifts:
        if shift.covers(at) and shift.instead_of in by_name and shift.person in by_name:
            people = [one for one in people if one.name != shift.person]
            people = [by_name[shift.person] if one.name == shift.instead_of else one for one in people]
    return tuple(sorted(people, key=lambda one: one.name not in on_shift(post, at)))


def on_shift(post: Post, at: datetime) -> frozenset[str]:
    """The names that hold the post at this moment; of a post without any shifts everybody does."""
    if not post.shifts:
        return frozenset(person.name for person in post.people)
    return frozenset(shift.person for shift in post.shifts if shift.covers(at))


def above(post: Post, posts: Sequence[Post]) -> Post | None:
    """The post that is called when this one is silent: the one it names, else the responsible person of the nearest zone around it."""
    if post.above:
        named = [one for one in posts if one.id != post.id and post.above in (one.name, one.title)]
        zone = nearest(post.zone, [one.zone for one in named])
        return next((one for one in named if one.zone == zone), named[0] if named else None)
    zone = nearest(post.zone, [one.zone for one in posts if one.kind is Kind.RESPONSIBLE])
    return next((one for one in posts if one.zone == zone and one.kind is Kind.RESPONSIBLE), None)
