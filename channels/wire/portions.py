"""Portions: what costs arithmetic is made in another thread, a portion of the crowd at a time; the loop goes on with the wires meanwhile."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final, Generic, TypeVar

PORTION: Final = 128
"""So many at once: few enough that the first leaves at once, and enough to be worth the way to the thread."""

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
        self._portions: list[asyncio.Future[Sequence[Made]]] = []

    async def get(self, index: int) -> Made:
        portion, place = divmod(index, PORTION)
        self._begin(portion)
        made = self._portions[portion]
        found = made.result() if made.done() else await made
        if place == PORTION - 1:
            self._begin(portion + 1)
        return found[place]

    def _begin(self, portion: int) -> None:
        first = portion * PORTION
        if portion == len(self._portions) and first < self._count:
            last = min(first + PORTION, self._count)
            self._portions.append(asyncio.get_running_loop().run_in_executor(self._executor, self._make, first, last))
