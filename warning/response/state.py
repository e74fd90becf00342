"""State of a response and of its duties.

    response   event                                       to
    --------   -----------------------------------------   -------
    (new)      a warning that the plan answers to          open
    open       the warning is lifted or has run out        over       (nothing is ended by itself: a person closes it)
    over       the warning is prolonged                    open
    open/over  a person closes it, with a reason           closed
    closed     the warning rises above the closed level    open

    duty           event                                   to
    ------------   -------------------------------------   ------------
    (new)          its response reaches its level          waiting
    waiting        somebody takes charge                   acknowledged
    waiting        level or area shrink past it            not_needed
    not_needed     level or area grow again                waiting
    waiting, acknowledged   done                           done
    acknowledged   level or area shrink past it            acknowledged (what was begun is brought to its end)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from warning.errors import Conflict
from warning.level import Level
from warning.response.plan import ResponseLevel

_DUTY: Mapping[tuple[str, str], str] = {
    ("waiting", "acknowledge"): "acknowledged", ("waiting", "done"): "done", ("acknowledged", "done"): "done",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyHeld:
    """A duty as the ledger keeps it: its words are those of the plan on the day it was opened. ``ticked``: who ticked which check, and when."""

    id: int
    key: str
    level: ResponseLevel
    zone: str
    post: tuple[str, str]
    words: tuple[str, str]
    checks: tuple[tuple[str, str], ...]
    ticked: Mapping[int, tuple[str, datetime]]
    state: str
    opened_at: datetime
    acknowledge_by: datetime
    done_by: datetime
    acknowledged_at: datetime | None
    acknowledged_who: str
    done_at: datetime | None
    done_who: str
    remark: str
    held_by: tuple[str, ...] = ()
    """Posts of the roster that hold it and are written to."""

    def late(self, now: datetime) -> bool:
        """Past the moment at which the next thing should have been said of it."""
        return (self.state == "waiting" and now >= self.acknowledge_by) or (self.state in ("waiting", "acknowledged") and now >= self.done_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One plan, in one event."""

    id: UUID
    plan: str
    name: tuple[str, str]
    event_id: UUID
    identifier: str
    issuer: str
    hazard: str
    warning: Level
    level: ResponseLevel
    zones: tuple[str, ...]
    status: str
    state: str
    opened_at: datetime
    changed_at: datetime
    expires: datetime
    closed_at: datetime | None
    closed_who: str
    reason: str
    duties: tuple[DutyHeld, ...]


def after(state: str, act: str) -> str:
    """The state of a duty after ``act``. Raises Conflict when there is no such step."""
    try:
        return _DUTY[state, act]
    except KeyError:
        said = {"done": "it is done already", "acknowledged": "somebody has taken charge already", "not_needed": "it is no longer needed"}
        raise Conflict(f"this duty cannot be {'taken' if act == 'acknowledge' else 'done'}: {said.get(state, state)}; reload the page") from None
