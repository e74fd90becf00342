"""Errand: what the people of a post are written when their duties begin, and in which order their ways are tried."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from warning import linkword
from warning.cap import Status, drill_mark
from warning.dispatch.kind import kind_of
from warning.response.plan import ResponseLevel
from warning.response.state import DutyHeld
from warning.roster.post import Post, chain

WAYS: Final = ("webhook", "sms", "voice", "email", "chat")
"""Kinds that carry a link, in the order in which they are tried."""
PURPOSE: Final = "duty"
"""Of the words of its links."""
NEXT_WAY, NEXT_PERSON = timedelta(minutes=2), timedelta(minutes=5)
_MOST = 4
"""Duties that are spelled out; the rest stands behind the link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One way to one person, due at a moment while a duty of his post waits. ``subscription_id`` 0: he has none."""

    person: str
    rank: int
    due_at: datetime
    channel: str = ""
    subscription_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A post's part in a response. ``refuges``: one line about places to go near its warned ground, (zh, en); empty = none is known."""

    post: Post
    steps: tuple[Step, ...]
    refuges: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a message and the page behind its link are made of; ``duties`` are the post's own."""

    id: UUID
    response_id: UUID
    post: str
    name: tuple[str, str]
    level: ResponseLevel
    status: Status
    identifier: str
    over: bool
    duties: tuple[DutyHeld, ...]
    refuges: tuple[str, str]


def steps(post: Post, *, kinds: Mapping[str, str], at: datetime) -> tuple[Step, ...]:
    """Whoever has the shift first, each by every way that carries a link; the next way after two minutes, the next person after five."""
    found: list[Step] = []
    due = at
    for rank, person in enumerate(chain(post, at)):
        ways = sorted((one for one in person.contacts if one.active and one.channel in kinds and kind_of(one.channel, kinds) in WAYS),
                      key=lambda one: (one.expires is not None and one.expires < at.date(), WAYS.index(kind_of(one.channel, kinds))))
        found += [Step(person=person.name, rank=rank, due_at=due + min(number * NEXT_WAY, NEXT_PERSON), channel=one.channel, subscription_id=one.subscription_id)
                  for number, one in enumerate(ways)]
        due += NEXT_PERSON if ways else timedelta()
    return tuple(found)


def gained(ways: Sequence[Step], known: Sequence[Step], *, at: datetime, told: Collection[str]) -> tuple[Step, ...]:
    """What a letter gains when the list has changed: ``ways`` that it does not have yet, ``known`` are those it keeps, ``told`` who was written to.

    Somebody who was told already hears by it at once, somebody whose turn is to come then; who is new has the turn after everybody known.
    """
    held = {step.subscription_id for step in known}
    last = max((step.due_at for step in known), default=at - NEXT_PERSON)
    found: list[Step] = []
    for person, group in groupby((step for step in ways if step.subscription_id not in held), key=lambda step: step.person):
        fresh = list(group)
        turns = [step.due_at for step in known if step.person == person]
        if person in told:
            start = at
        elif turns:
            start = max(at, min(turns))
        else:
            start = last = max(at, last + NEXT_PERSON)
        found += [replace(step, due_at=start + (step.due_at - fresh[0].due_at)) for step in fresh]
    return tuple(found)


def word_of(secret: str, letter_id: UUID) -> str:
    """The word of a letter's link: unguessable, and derived, so that every message of it carries the same."""
    return linkword.word_of(secret, purpose=PURPOSE, about=letter_id)


def hashed(word: str) -> str:
    """What the ledger keeps of it."""
    return hashlib.sha256(word.encode()).hexdigest()


def written(letter: Letter, *, language: str, link: str) -> tuple[str, str]:
    """(subject, text). A drill says that it is one before anything else."""
    zh = language.startswith("zh")
    mark = drill_mark(letter.status, language)
    open_ = [duty for duty in letter.duties if duty.state in ("waiting", "acknowledged")]
    title = f"{letter.name[0]}{letter.level.zh}" if zh else f"{letter.name[1]}, level {letter.level.name}"
    said = [f"{number}. {_duty(duty, zh)}" for number, duty in enumerate(open_[:_MOST], 1)]
    if len(open_) > _MOST:
        said.append(f"另有{len(open_) - _MOST}项，见链接" if zh else f"and {len(open_) - _MOST} more behind the link")
    head = f"{mark}{title}：{letter.post}，请履职" if zh else f"{mark}{title}: {letter.post}, your duties"
    refuges = letter.refuges[0 if zh else 1]
    lines = [f"{head}：" if zh else f"{head}:", *said, *([refuges] if refuges else []), "确认、逐项登记：" if zh else "Take charge and tick off:", link]
    return head, "\n".join(lines)


def _duty(duty: DutyHeld, zh: bool) -> str:
    take, done = (round((until - duty.opened_at) / timedelta(minutes=1)) for until in (duty.acknowledge_by, duty.done_by))
    return f"{duty.words[0]}（{take}分钟内确认，{done}分钟内完成）" if zh else f"{duty.words[1]} (take charge within {take} min, done within {done} min)"
