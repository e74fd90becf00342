"""Muster: who of an event's people hears of a new version, and in which batches; batch by batch from the versions before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from warning.dispatch.delivery import State
from warning.dispatch.mass.sheet import Ids, Mask, Sheet, among, blank, places_of, put


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One earlier batch of a family, oldest version first."""

    role: str
    sheet: Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Heirs:
    """The people of earlier versions, by what the new one is for them."""

    start: Ids
    change: Ids
    end: Ids


def had(family: Sequence[Told]) -> tuple[Ids, Mask]:
    """(everybody in these batches, for whom the warning stands). An end that never arrived leaves it standing."""
    everybody = np.unique(np.concatenate([one.sheet.members for one in family]))
    stands = np.zeros(len(everybody), np.bool_)
    for one in family:
        told = ~among(one.sheet, State.MUTED)
        open_end = among(one.sheet, State.FAILED, State.EXPIRED)
        where = np.searchsorted(everybody, one.sheet.members)
        stands[where[told]] = open_end[told] if one.role == "end" else True
    return everybody, stands


def heirs(everybody: Ids, stands: Mask, *, cancel: bool, inside: Ids, fits: Ids) -> Heirs:
    """``inside`` stand in the new version's area, ``fits`` of them also asked for its hazard and level; both ascending."""
    if cancel:
        return Heirs(start=everybody[:0], change=everybody[:0], end=everybody[stands])
    here, _ = places_of(inside, everybody)
    asked, _ = places_of(fits, everybody)
    return Heirs(start=everybody[~stands & here & asked], change=everybody[stands & here], end=everybody[stands & ~here])


WHY_MUTED: Final = {"start": "stronger_in_force", "end": "carried_on"}
"""A person under a stronger warning of the hazard is not told of the start of a weaker; one for whom the issuer's warning goes on in
another event is not told that it ends."""


def sheets(members: Ids, *, role: str, size: int, others: Ids) -> Iterator[Sheet]:
    """``members`` (ascending) in batches; whom other warnings in force tell (``others``, ascending) is muted, the reason kept."""
    for first in range(0, len(members), size):
        sheet = blank(members[first : first + size])
        if len(others) and role in WHY_MUTED:
            muted, _ = places_of(others, sheet.members)
            put(sheet, muted, State.MUTED, (WHY_MUTED[role], ""))
        yield sheet
