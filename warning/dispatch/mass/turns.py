"""Turns: whether each person of a batch may be told now; the table of dispatch/order for a thousand at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from warning.dispatch.delivery import MAY_HAVE_LEFT, REPLACED, REPLACED_UNSURE, UNSURE, State
from warning.dispatch.mass.sheet import TWICE, Mask, Sheet, among, flag, flagged, places_of, put, reasoned
from warning.dispatch.order import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Relative:
    """Another version's batch of the same people. ``held``: a worker's lease on it is running."""

    version: int
    sheet: Sheet
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """What the claiming transaction sees, a place a person; see ``order.Standing``."""

    newer: Mask
    reached: Mask
    in_flight: Mask
    used_up: Mask


def standings(mine: Sheet, version: int, others: Sequence[Relative], *, most_tries: int, coming: bool = False) -> Standings:
    """From the other versions of the family, by person; ``coming``: a newer one is signed, and its people not worked out yet."""
    n = len(mine)
    newer, reached, in_flight = np.zeros(n, np.bool_), np.zeros(n, np.bool_), np.full(n, coming)
    for other in others:
        inside, where = places_of(other.sheet.members, mine.members)
        if not inside.any():
            continue
        if other.version > version:
            # Whose end was muted because another event goes on for him has no use for the old event's earlier versions either.
            ended = reasoned(other.sheet, "no_start") | reasoned(other.sheet, "carried_on")
            newer |= inside & (~among(other.sheet, State.MUTED) | ended)[where]
        elif other.version < version:
            claimed = among(other.sheet, State.CLAIMED)
            arrived = (
                among(other.sheet, State.ACCEPTED, State.DELIVERED, State.UNKNOWN) | flagged(other.sheet, TWICE)
                | (among(other.sheet, State.QUEUED, State.FAILED, State.SUPERSEDED) & reasoned(other.sheet, *UNSURE)))
            # An older version with a dead lease may have left before its worker died: it counts as reached.
            reached |= inside & (arrived | (claimed & (not other.held)))[where]
            in_flight |= inside & (claimed & other.held)[where]
    return Standings(newer=newer, reached=reached, in_flight=in_flight, used_up=mine.tries >= min(most_tries, 255))


def turns(seen: Standings, due: Mask, *, role: str, expired: bool) -> dict[Turn, Mask]:
    """Every person who is due under exactly one turn: ``order.turn``, first row that fits."""
    end = role == "end"
    rows = (
        (Turn.SUPERSEDED, seen.newer),
        (Turn.EXPIRED, np.full(len(due), expired and not end)),
        (Turn.USED_UP, seen.used_up),
        (Turn.WAIT, seen.in_flight),
        (Turn.NO_START, ~seen.reached if end else np.zeros(len(due), np.bool_)),
    )
    left = due.copy()
    found: dict[Turn, Mask] = {}
    for turn, fits in rows:
        found[turn] = left & fits
        left = left & ~fits
    found[Turn.SEND] = left
    return found


def settle(mine: Sheet, found: dict[Turn, Mask]) -> None:
    """Write down who will not be told, and why; who is to be sent is queued, marked where it may have left before."""
    again = found[Turn.SEND] | found[Turn.WAIT]
    may_have_left = among(mine, State.CLAIMED, State.UNKNOWN) | (among(mine, State.QUEUED) & reasoned(mine, *MAY_HAVE_LEFT))
    flag(mine, again & may_have_left, TWICE)
    put(mine, again, State.QUEUED)
    put(mine, found[Turn.SUPERSEDED] & ~may_have_left, State.SUPERSEDED, (REPLACED, ""))
    put(mine, found[Turn.SUPERSEDED] & may_have_left, State.SUPERSEDED, (REPLACED_UNSURE, ""))
    put(mine, found[Turn.NO_START], State.MUTED, ("no_start", ""))
    put(mine, found[Turn.USED_UP], State.FAILED, ("timeout", "taken up again and again without an answer"))
    put(mine, found[Turn.EXPIRED] & ~may_have_left, State.EXPIRED, ("expired", "expired before it could be sent"))
    put(mine, found[Turn.EXPIRED] & may_have_left, State.FAILED, ("timeout", "expired before an answer came"))


def supersede(mine: Sheet, never_began: Mask, earlier: Sheet) -> bool:
    """Whose start never left needs none any more; True if somebody's was still queued."""
    inside, _ = places_of(mine.members[never_began], earlier.members)
    queued = inside & among(earlier, State.QUEUED)
    put(earlier, queued, State.SUPERSEDED, (REPLACED, ""))
    return bool(queued.any())
