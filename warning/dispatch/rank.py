"""Rank: which job runs first; one number, because the queue orders by one.

What is brief goes before what is long, whatever its level: whom to tell, what tells many at once, who must act, and the first hundred people of
each alert and channel. So no warning waits unheard behind another's million. Among the brief, and among the long, the higher level goes first,
then the errand, then the earlier deadline.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final

from warning.level import Level


class Errand(IntEnum):
    """In each half the larger number first. Long: everybody one by one, and whom to tell where that takes more than a page."""

    CROWD = 0
    EXPAND_ON = 1
    VANGUARD = 2
    DUTY = 3
    TO_MANY = 4
    EXPAND = 5


PROMISED: Final = timedelta(minutes=10)
_EPOCH: Final = datetime(2025, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(seconds=10)
_TICKS: Final = 60_000_000
"""Nineteen years in steps of ten seconds; with four levels of six errands it stays below 2³¹."""
_LONG: Final = (Errand.CROWD, Errand.EXPAND_ON)
_LEVELS: Final = len(Level)


def deadline_of(*, sent: datetime, expires: datetime) -> datetime:
    """When the last message should be out: ten minutes after the signature, or at the alert's end if that is sooner."""
    return min(sent + PROMISED, expires)


def rank(level: Level, errand: Errand, deadline: datetime) -> int:
    """The higher runs first; fits a 32-bit integer."""
    ticks = min(max((deadline - _EPOCH) // _TICK, 0), _TICKS - 1)
    return _slot(level, errand) * _TICKS + (_TICKS - 1 - ticks)


def higher(level: Level) -> Sequence[range]:
    """The ranks of all errands of higher levels: for them the long work of this one makes room."""
    return (range((_slot(level, Errand.EXPAND_ON) + 1) * _TICKS, _LEVELS * len(_LONG) * _TICKS),
            range((_slot(level, Errand.EXPAND) + 1) * _TICKS, _LEVELS * len(Errand) * _TICKS))


def _slot(level: Level, errand: Errand) -> int:
    above_blue = int(level) - int(min(Level))
    if errand in _LONG:
        return above_blue * len(_LONG) + int(errand)
    brief = len(Errand) - len(_LONG)
    return _LEVELS * len(_LONG) + above_blue * brief + int(errand) - len(_LONG)
