"""Gap: what would go wrong when the roster is needed, found before it is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from warning.account import stem
from warning.dispatch.kind import kind_of
from warning.roster.post import Contact, Kind, Person, Post, above


class GapKind(StrEnum):
    """In the order of how much it matters."""

    NO_CONTACT = "no_contact"
    NO_WAY = "no_way"
    NO_SHIFT = "no_shift"
    NO_ABOVE = "no_above"
    EXPIRED = "expired"
    UNPROVED = "unproved"
    EXPIRING = "expiring"
    AGEING = "ageing"

    def words(self, *, chinese: bool) -> str:
        return _WORDS[self][0 if chinese else 1]

    def mend(self, *, chinese: bool) -> str:
        return _MENDS[self][0 if chinese else 1]


_WORDS = {
    GapKind.NO_CONTACT: ("整个岗位没有联系方式", "nobody at the post can be reached"),
    GapKind.NO_WAY: ("此人没有叫应可用的联系方式", "this person has no way that a call plan uses"),
    GapKind.NO_SHIFT: ("班次有空档", "nobody is on shift"),
    GapKind.NO_ABOVE: ("没有上级岗位可叫", "there is no post above to call"),
    GapKind.EXPIRED: ("联系方式已过有效期", "the contact has expired"),
    GapKind.UNPROVED: ("长期未经应答验证", "not proved by an answer for too long"),
    GapKind.EXPIRING: ("联系方式即将到期", "the contact expires soon"),
    GapKind.AGEING: ("应答验证即将过期", "its proof is soon too old"),
}
_MENDS = {
    GapKind.NO_CONTACT: ("补充联系方式后重新导入", "add contacts and import again"),
    GapKind.NO_WAY: ("补充手机号；在此之前直接叫下一人", "add a telephone; until then the next person is called at once"),
    GapKind.NO_SHIFT: ("补排班次；在此之前按名录顺序叫", "fill the shift; until then everybody is called in order"),
    GapKind.NO_ABOVE: ("指定上级岗位，或建立上一级责任人", "name the post above, or put a responsible person there"),
    GapKind.EXPIRED: ("核实后更新有效期", "check it and renew the date"),
    GapKind.UNPROVED: ("发测试消息；无人应答则打电话核实并登记", "send a test message; if nobody answers, call and enter it"),
    GapKind.EXPIRING: ("核实后更新有效期", "check it and renew the date"),
    GapKind.AGEING: ("发测试消息，收到应答即更新", "send a test message: its answer renews the proof"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """When a way to a person is called stale, and how far ahead gaps are looked for."""

    proved_within: timedelta = timedelta(days=90)
    warn_before: timedelta = timedelta(days=14)
    shifts_ahead: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """``detail``: the channel, the day, or the moment from which on; never an address."""

    kind: GapKind
    post: Post = field(compare=False)
    person: str = ""
    detail: str = ""
    contact_id: int = 0


def gaps(posts: Sequence[Post], *, ways: Collection[str], channels: Mapping[str, str], freshness: Freshness, at: datetime) -> list[Gap]:
    """The worst first. ``ways``: kinds of channels that some call plan tries; ``channels``: the deployment's, by name."""
    found: list[Gap] = []
    for post in posts:
        found += _post(post, posts, ways, channels, freshness, at)
    order = list(GapKind)
    return sorted(found, key=lambda gap: (order.index(gap.kind), gap.post.zone, gap.post.name, gap.person))


def _post(post: Post, posts: Sequence[Post], ways: Collection[str], channels: Mapping[str, str], freshness: Freshness, at: datetime) -> list[Gap]:
    called = post.kind is not Kind.TERMINAL
    reachable = [person for person in post.people if _usable(person, ways if called else None, channels)]
    found: list[Gap] = []
    if not reachable:
        found.append(Gap(kind=GapKind.NO_CONTACT, post=post))
    elif called:
        found += [Gap(kind=GapKind.NO_WAY, post=post, person=person.name) for person in post.people if person not in reachable]
    if called and above(post, posts) is None and any(other.kind is Kind.RESPONSIBLE and len(stem(other.zone)) < len(stem(post.zone)) for other in posts):
        found.append(Gap(kind=GapKind.NO_ABOVE, post=post))
    hole = first_hole(post, at, at + freshness.shifts_ahead)
    if hole is not None:
        found.append(Gap(kind=GapKind.NO_SHIFT, post=post, detail=hole.isoformat()))
    for person in post.people:
        for contact in person.contacts:
            found += _contact(post, person, contact, called, ways, channels, freshness, at)
    return found


def _contact(
    post: Post, person: Person, contact: Contact, called: bool, ways: Collection[str], channels: Mapping[str, str], freshness: Freshness, at: datetime
) -> list[Gap]:
    if contact.expires is not None and contact.expires < at.date():
        return [Gap(kind=GapKind.EXPIRED, post=post, person=person.name, detail=f"{contact.channel} {contact.expires}", contact_id=contact.id)]
    found = []
    if contact.expires is not None and contact.expires <= (at + freshness.warn_before).date():
        found.append(Gap(kind=GapKind.EXPIRING, post=post, person=person.name, detail=f"{contact.channel} {contact.expires}", contact_id=contact.id))
    answers = called and contact.active and kind_of(contact.channel, channels) in ways
    if answers and (contact.proved_at is None or contact.proved_at < at - freshness.proved_within):
        found.append(Gap(kind=GapKind.UNPROVED, post=post, person=person.name, contact_id=contact.id,
                         detail=contact.channel if contact.proved_at is None else f"{contact.channel} {contact.proved_at.date()}"))
    elif answers and contact.proved_at is not None and contact.proved_at < at - freshness.proved_within + freshness.warn_before:
        found.append(Gap(kind=GapKind.AGEING, post=post, person=person.name, contact_id=contact.id,
                         detail=f"{contact.channel} {(contact.proved_at + freshness.proved_within).date()}"))
    return found


def _usable(person: Person, ways: Collection[str] | None, channels: Mapping[str, str]) -> bool:
    return any(one.active and one.channel in channels and (ways is None or kind_of(one.channel, channels) in ways) for one in person.contacts)


def first_hole(post: Post, start: datetime, end: datetime) -> datetime | None:
    """The first moment in [start, end) at which a post with shifts has nobody; None = always somebody, or no shifts are kept."""
    if not post.shifts:
        return None
    at = start
    for shift in sorted(post.shifts, key=lambda one: one.start):
        if shift.start > at:
            break
        at = max(at, shift.end)
    return at if at < end else None
