"""Call: a duty post must answer an alert by a deadline, or the next person is called, and at last the level above.

    from     event                                                           to
    -------  --------------------------------------------------------------  ---------
    (new)    an alert that has a call plan concerns the post                 waiting
    waiting  answered before anybody else had to be called                   answered
    waiting  the next person, the level above or the duty room is due        overdue
    overdue  answered late                                                   answered
    waiting  the event ended, left the place, fell below every plan,         ended
             or a higher level calls anew
    overdue  the same                                                        ended

An attempt is one way to one person with the moment at which it is due:

    planned  its moment has come, it is handed to the dispatch desk          called
    planned  its moment has come, and there is no way to this person         no_way
    planned  the call was answered or ended                                  stopped

A way that fails (see answer/pull) is kept with its reason, and what comes after it is due at once.

One answer settles every open call of the event for which its person has been called, whichever version the link is of.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from warning.level import Level
from warning.linkword import word_of

OPEN = ("waiting", "overdue")
PURPOSE = "acknowledge"
"""Of the words of answer links."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One way to one person. ``delivery``: the state of its message (see dispatch.delivery); ``twice``: it may have gone out twice.

    ``why``: the reason for which nobody can have been reached by it, so that the next step did not wait.
    """

    name: str
    rank: int
    above: bool
    channel: str
    due_at: datetime
    state: str
    called_at: datetime | None
    tried_at: datetime | None
    delivery: str
    twice: bool
    why: str = ""
    subscription_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Who must answer what by when; ``deadline`` is when somebody else is called. ``post_id`` None: an office that subscribed.

    ``zone`` "": an office that is bound to no zone; its call is about the zones that are ``warned``.
    """

    id: UUID
    identifier: str
    event_id: UUID
    hazard: str
    level: Level
    post: str
    zone: str
    warned: tuple[str, ...]
    post_id: int | None
    subscription_id: int | None
    state: str
    opened_at: datetime
    deadline: datetime
    answered_at: datetime | None
    answered_by: str
    answered_how: str
    escalated_to: str
    attempts: tuple[Attempt, ...] = ()

    @property
    def next(self) -> Attempt | None:
        """What happens next when nobody answers."""
        return next((one for one in self.attempts if one.state == "planned"), None) if self.state in OPEN else None

    @property
    def first_tried_at(self) -> datetime | None:
        return min((one.tried_at for one in self.attempts if one.tried_at is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The proof that somebody answered; ``posts`` are all those for whom this one answer stands, the one that was asked first."""

    identifier: str
    post: str
    at: datetime
    late: bool
    posts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a link asks to acknowledge: the newest headline by language; a drill's begins with its mark."""

    post: str
    identifier: str
    headlines: tuple[str, ...]


def token(secret: str, attempt_id: UUID) -> str:
    """The one-time word of an acknowledgement link: unguessable, and derived, so that a retry carries the same link."""
    return word_of(secret, purpose=PURPOSE, about=attempt_id)


def token_hash(value: str) -> str:
    """What the ledger keeps of a token."""
    return hashlib.sha256(value.encode()).hexdigest()


YES = frozenset({"1", "Y", "YES", "OK", "ACK", "收到", "已收到", "知道了", "已知晓", "知悉", "确认", "明白", "好的", "是"})
"""What a person writes back who has received it. Anything else is read by the desk: a question, or a telephone's own answer, is no answer."""


def says_yes(words: str) -> bool:
    return words.strip().strip("。.!！").upper() in YES
