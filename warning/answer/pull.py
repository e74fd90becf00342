"""Pull: when a way to a person fails, the next step does not wait for its time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

HELD_UP: Final = ("unreachable", "unsigned", "refused", "bad_address", "gone", "broken_reply")
"""Reasons of a message that still waits in its queue and cannot be counted on: every route is cut or refuses. It is tried on all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """An attempt as far as this hangs on it. ``failed``: nobody can have been reached by it."""

    id: UUID
    rank: int
    state: str
    due_at: datetime
    failed: bool


def pulled(ways: Sequence[Way], *, at: datetime) -> dict[UUID, datetime]:
    """What of one call is due when now; empty = nothing changes.

    While a way to whoever was called last is good, he has his time. Else the next step is due ``at`` once: another way to the same person,
    whose later ways move up with it while the next person keeps his time; or the next person, and everything after moves up.
    """
    planned = sorted((one for one in ways if one.state == "planned"), key=lambda one: (one.due_at, one.rank))
    begun = [one for one in ways if one.state != "planned"]
    last = max((one.rank for one in begun), default=-1)
    if not planned or any(one.rank == last and one.state == "called" and not one.failed for one in begun) or planned[0].due_at <= at:
        return {}
    first = planned[0]
    sooner = first.due_at - at
    return {one.id: one.due_at - sooner for one in planned if first.rank != last or one.rank == last}
