"""Timetable: what a call plan makes of the people of one post; every step with the moment at which it is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from warning.answer.callplan import CallPlan
from warning.dispatch.kind import kind_of
from warning.roster.post import Contact, Person, Post, chain

DUTY_ROOM = "duty room"
"""Who is left when nobody answers: a person at the desk with a telephone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One way of one person, due at a moment. ``rank`` counts people (0 = the first); ``above``: of the post above.

    ``subscription_id`` is 0 where there is nothing to send: somebody without a usable contact, and the duty room at the end.
    """

    name: str
    rank: int
    due_at: datetime
    channel: str = ""
    person_id: int = 0
    subscription_id: int = 0
    above: bool = False


def timetable(post: Post, plan: CallPlan, *, above: Post | None, kinds: Mapping[str, str], at: datetime) -> tuple[Try, ...]:
    """Everybody of the post, then of the level above, then the duty room. ``kinds``: the kind of each channel of the deployment.

    The next person is due ``next_person`` after the first try of the one before, at once after somebody who cannot be reached at all.
    A channel that would come after the next person has been called is not left out: it is tried at that moment.
    """
    people: list[tuple[Person, bool]] = [(person, False) for person in chain(post, at)]
    if plan.above and above is not None:
        called = {person.id for person, _ in people if person.id}
        people += [(person, True) for person in chain(above, at) if person.id not in called]
    tries: list[Try] = []
    due = at
    for rank, (person, is_above) in enumerate(people):
        ways = usable(person, plan, kinds, at)
        if not ways:
            tries.append(Try(name=person.name, rank=rank, due_at=due, person_id=person.id, above=is_above))
            continue
        for number, contact in enumerate(ways):
            wait = min(number * plan.next_channel, plan.next_person) if not plan.parallel else 0 * plan.next_channel
            tries.append(Try(
                name=person.name, rank=rank, due_at=due + wait, channel=contact.channel, person_id=person.id,
                subscription_id=contact.subscription_id, above=is_above))
        due += plan.next_person
    return (*tries, Try(name=DUTY_ROOM, rank=len(people), due_at=due))


def usable(person: Person, plan: CallPlan, kinds: Mapping[str, str], at: datetime) -> Sequence[Contact]:
    """The person's contacts that the plan tries, in the plan's order. One past its day is used after the others: better late than nobody."""
    order = {kind: number for number, kind in enumerate(plan.channels)}
    ways = [one for one in person.contacts if one.active and one.channel in kinds and kind_of(one.channel, kinds) in order]
    return sorted(ways, key=lambda one: (one.expires is not None and one.expires < at.date(), order[kind_of(one.channel, kinds)]))
