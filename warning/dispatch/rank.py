"""Rank: which job runs first. Level, then errand, then the earlier deadline; one number, because the queue orders by one."""

from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final

from warning.level import Level


class Errand(IntEnum):
    """Within one level: whom to tell is worked out first, then what tells many at once, then who must act, then everybody one by one."""

    CROWD = 1
    DUTY = 2
    TO_MANY = 3
    EXPAND = 4


PROMISED: Final = timedelta(minutes=10)
_EPOCH: Final = datetime(2025, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(seconds=10)
_TICKS: Final = 60_000_000
"""Nineteen years in steps of ten seconds; with four levels of five errands it stays below 2³¹."""


def deadline_of(*, sent: datetime, expires: datetime) -> datetime:
    """When the last message should be out: ten minutes after the signature, or at the alert's end if that is sooner."""
    return min(sent + PROMISED, expires)


def rank(level: Level, errand: Errand, deadline: datetime) -> int:
    """The higher runs first; fits a 32-bit integer. The higher level always wins, whatever the deadlines."""
    ticks = min(max((deadline - _EPOCH) // _TICK, 0), _TICKS - 1)
    return (int(level) * 5 + int(errand)) * _TICKS + (_TICKS - 1 - ticks)
