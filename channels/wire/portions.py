"""Portions: what costs arithmetic is made in another thread, a portion of the crowd at a time; the loop goes on with the wires meanwhile."""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final, Generic, TypeVar

PORTION: Final = 128
"""So many at first: few enough that the first leaves at once."""
LARGEST: Final = 512
"""Each portion is twice the one before it, up to here: between two of them the wires run dry, so few are better than many."""

Made = TypeVar("Made")


class Portions(Generic[Made]):
    """``make(first, last)`` for 0..``count``, called in a thread; ask in the order of indices. It must not raise and touches nothing of the loop's.

    The next portion is begun with the last message of the one before it, and not earlier: two threads that both want the interpreter cost each
    other more than they gain, and by then the couriers wait for answers.
    """

    def __init__(self, executor: Executor, make: Callable[[int, int], Sequence[Made]], count: int) -> None:
        self._executor = executor
        self._make = make
        self._count = count
        self._ends: list[int] = []
        self._portions: list[asyncio.Future[Sequence[Made]]] = []

    async def get(self, index: int) -> Made:
        if not self._ends or index >= self._ends[-1]:
            self._begin()
        portion = bisect_right(self._ends, index)
        made = self._portions[portion]
        found = made.result() if made.done() else await made
        if index == self._ends[-1] - 1 and index < self._count - 1:
            self._begin()
        return found[index - (self._ends[portion - 1] if portion else 0)]

    def _begin(self) -> None:
        first = self._ends[-1] if self._ends else 0
        last = min(first + min(PORTION << len(self._ends), LARGEST), self._count)
        self._ends.append(last)
        self._portions.append(asyncio.get_running_loop().run_in_executor(self._executor, self._make, first, last))
