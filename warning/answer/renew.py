"""Renew: the list has changed while a call is open; a way that it has gained does not wait for the next step."""

from collections.abc import Mapping
from datetime import datetime

from warning.answer.call import Call
from warning.answer.callplan import CallPlan
from warning.answer.timetable import Try, usable
from warning.roster.post import Post


def renewed(call: Call, post: Post, plan: CallPlan, *, above: Post | None, kinds: Mapping[str, str], at: datetime) -> tuple[Try, ...]:
    """The tries that ``call`` gains by what the roster says now; people are known by their names, ways by their subscriptions.

    Somebody who is being called already is tried by it at once, somebody whose turn is to come then. Who is new at the post has his turn when
    somebody else is to be called, at once where that is overdue.
    """
    known = {one.subscription_id for one in call.attempts}
    people = [(person, False) for person in post.people] + [(person, True) for person in (above.people if plan.above and above is not None else ())]
    tries = []
    for person, is_above in people:
        mine = [one for one in call.attempts if one.name == person.name]
        if not mine and is_above:
            continue
        if any(one.state in ("called", "no_way") for one in mine):
            due = at
        else:
            due = max(at, min((one.due_at for one in mine), default=call.deadline))
        rank = mine[0].rank if mine else max((one.rank for one in call.attempts), default=0)
        for number, contact in enumerate(one for one in usable(person, plan, kinds, at) if one.subscription_id not in known):
            wait = 0 * plan.next_channel if plan.parallel else min(number * plan.next_channel, plan.next_person)
            tries.append(Try(name=person.name, rank=rank, due_at=due + wait, channel=contact.channel, person_id=person.id,
                             subscription_id=contact.subscription_id, above=is_above))
    return tuple(tries)
