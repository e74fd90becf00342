"""Sheet: what became of each person of a batch, as columns; a person costs a dozen bytes and no object."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from warning.dispatch.delivery import State

STATES: Final = (
    State.QUEUED, State.CLAIMED, State.ACCEPTED, State.DELIVERED, State.FAILED, State.EXPIRED, State.MUTED, State.SUPERSEDED,
    State.UNKNOWN,
)
"""The code of a state is its place here: stored, so only ever added to."""
CODE: Final = {state: number for number, state in enumerate(STATES)}
STATE_BITS: Final = 0x0F
FELL: Final = 0x40
"""Another channel was asked for this person, because this one had no receipt in time."""
TWICE: Final = 0x80
"""It may have gone out twice."""

Ids = NDArray[np.int64]
Codes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]
Said = tuple[str, str]
"""(reason, evidence)"""

NOTHING: Final[Said] = ("", "")
_MOST_WORDS: Final = 0xFFFF
_LONGEST: Final = 500


@dataclass(slots=True, kw_only=True)
class Sheet:
    """Columns of one length; place i is one person. They are written in place: a sheet lives for one transaction.

    ``members`` ascending; ``codes`` state and flags; ``tries`` how often it was handed to the channel; ``said_by`` the place in
    ``said`` of what was said last. ``said[0]`` is nothing.
    """

    members: Ids
    codes: Codes
    tries: Codes
    said: list[Said]
    said_by: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.members)


def blank(members: Ids) -> Sheet:
    """Everybody queued."""
    n = len(members)
    return Sheet(members=members, codes=np.zeros(n, np.uint8), tries=np.zeros(n, np.uint8), said=[NOTHING],
                 said_by=np.zeros(n, np.uint16))


def parted(sheet: Sheet, n: int) -> tuple[Sheet, Sheet]:
    """The first ``n`` of those who are owed something with whoever stands before them, and the rest."""
    due = np.flatnonzero(among(sheet, State.QUEUED, State.CLAIMED, State.UNKNOWN))
    at = int(due[n - 1]) + 1 if len(due) > n else len(sheet)
    first, rest = (Sheet(members=sheet.members[some], codes=sheet.codes[some].copy(), tries=sheet.tries[some].copy(), said=list(sheet.said),
                         said_by=sheet.said_by[some].copy()) for some in (slice(None, at), slice(at, None)))
    return first, rest


def states(sheet: Sheet) -> Codes:
    """The codes of the states, without flags."""
    return sheet.codes & np.uint8(STATE_BITS)


def among(sheet: Sheet, *wanted: State) -> Mask:
    """Who is in one of these states."""
    found: Mask = np.isin(states(sheet), [CODE[state] for state in wanted])
    return found


def flagged(sheet: Sheet, flag: int) -> Mask:
    found: Mask = np.not_equal(sheet.codes & np.uint8(flag), 0)
    return found


def reasoned(sheet: Sheet, *reasons: str) -> Mask:
    """Whose last reason is one of these."""
    fits: Mask = np.array([words[0] in reasons for words in sheet.said], dtype=np.bool_)[sheet.said_by]
    return fits


def put(sheet: Sheet, at: Mask | Places, state: State, said: Said | None = None) -> None:
    """These persons' state, and what was said of them; flags stay."""
    sheet.codes[at] = (sheet.codes[at] & np.uint8(0xFF ^ STATE_BITS)) | np.uint8(CODE[state])
    if said is not None:
        sheet.said_by[at] = word(sheet, said)


def flag(sheet: Sheet, at: Mask | Places, bit: int) -> None:
    sheet.codes[at] |= np.uint8(bit)


def word(sheet: Sheet, said: Said) -> int:
    """The place of these words, which are kept once however many persons they were said of."""
    kept = (said[0], storable(said[1])[:_LONGEST])
    try:
        return sheet.said.index(kept)
    except ValueError:
        if len(sheet.said) > _MOST_WORDS:
            return 0
        sheet.said.append(kept)
        return len(sheet.said) - 1


def words_of(sheet: Sheet, place: int) -> Said:
    return sheet.said[int(sheet.said_by[place])]


def tally(sheet: Sheet) -> list[int]:
    """How many are in each state, in the order of STATES."""
    return [int(n) for n in np.bincount(states(sheet), minlength=len(STATES))]


def faults(sheet: Sheet) -> dict[str, int]:
    """How many failed, by reason."""
    failed = sheet.said_by[among(sheet, State.FAILED)]
    found: dict[str, int] = {}
    for place, n in zip(*np.unique(failed, return_counts=True), strict=True):
        reason = sheet.said[int(place)][0]
        found[reason] = found.get(reason, 0) + int(n)
    return found


def owed(sheet: Sheet) -> bool:
    return bool(among(sheet, State.QUEUED, State.CLAIMED, State.UNKNOWN).any())


def places_of(sorted_ids: Ids, wanted: Ids) -> tuple[Mask, Places]:
    """(which of ``wanted`` are in ``sorted_ids``, where)."""
    where = np.searchsorted(sorted_ids, wanted)
    where[where == len(sorted_ids)] = 0
    if not len(sorted_ids):
        return np.zeros(len(wanted), np.bool_), where
    return sorted_ids[where] == wanted, where


def compact(sheet: Sheet) -> None:
    """Forget words that nobody's last ones are any more."""
    used, said_by = np.unique(np.append(sheet.said_by, np.uint16(0)), return_inverse=True)
    if len(used) < len(sheet.said):
        sheet.said = [sheet.said[int(place)] for place in used]
        sheet.said_by = said_by[:-1].astype(np.uint16)


def storable(said: str) -> str:
    """What a peer said, as PostgreSQL can keep it: a stray byte must not undo the record of a message that has left."""
    return said.encode("utf-8", "replace").decode().replace("\0", "")


def unsaid(rows: Sequence[Sequence[str]]) -> list[Said]:
    """The words as JSON keeps them."""
    return [(reason, evidence) for reason, evidence in rows]
