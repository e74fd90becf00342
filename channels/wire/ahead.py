"""Ahead: what costs arithmetic is made in threads a little before its turn comes, in portions; the loop goes on with the wires meanwhile.

It pays where the arithmetic lets other threads run: the Diffie-Hellman exchange of ``cryptography`` does, and is half the price of a push.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final, Generic, TypeVar

_PORTION: Final = 32
_PORTIONS_AHEAD: Final = 4

Made = TypeVar("Made")


class Ahead(Generic[Made]):
    """``make(index)`` for each of ``count``, called in a thread; ask in the order of indices. It must not raise and touches nothing of the loop's."""

    def __init__(self, executor: Executor, make: Callable[[int], Made], count: int) -> None:
        self._executor = executor
        self._make = make
        self._count = count
        self._portions: list[asyncio.Future[Sequence[Made]]] = []

    async def get(self, index: int) -> Made:
        portion, place = divmod(index, _PORTION)
        while len(self._portions) <= portion + _PORTIONS_AHEAD and len(self._portions) * _PORTION < self._count:
            first = len(self._portions) * _PORTION
            self._portions.append(asyncio.get_running_loop().run_in_executor(self._executor, self._some, first))
        made = self._portions[portion]
        return (made.result() if made.done() else await made)[place]

    def _some(self, first: int) -> Sequence[Made]:
        return [self._make(index) for index in range(first, min(first + _PORTION, self._count))]
