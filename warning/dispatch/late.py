"""Late: what handsets report after the answer, kept until it is written down, or until it is plain that it fits nothing.

A gateway gives a report to any session of the account. One that comes to another worker has no key, only the channel and the gateway's id,
and may come before that worker's partner has written the id down: it is tried again in growing steps before it counts as a stray.
"""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple, Protocol

from channels.message import Receipt, Stamp

PATIENCE_S: Final = 60.0
"""For so long a report that fits nothing is tried again."""
_FIRST_S: Final = 0.5
_MOST: Final = 100_000


class LateLedger(Protocol):
    async def late(self, receipts: Sequence[Receipt]) -> list[Receipt]:
        """Write down what fits; those that fit nothing here, neither by key nor by the gateway's id."""
        ...


class Kept(NamedTuple):
    """A receipt, and when it was first tried without success (monotonic seconds); None = never yet."""

    receipt: Receipt
    since_s: float | None = None


class Inbox:
    """What has come in and is not yet written down. In memory: who is killed has told the gateway that he heard it, and the ledger says accepted."""

    def __init__(self, *, time_s: Callable[[], float] = time.monotonic) -> None:
        self._time = time_s
        self._new: list[Kept] = []
        self._waiting: dict[Stamp, tuple[float, Kept]] = {}

    def put(self, receipts: Sequence[Receipt]) -> None:
        self._new += map(Kept, receipts)

    def take(self, *, everything: bool = False) -> list[Kept]:
        """What is new, and what is to be tried again now (``everything``: whatever waits)."""
        now_s = self._time()
        again = [stamp for stamp, (at_s, _) in self._waiting.items() if everything or at_s <= now_s]
        batch, self._new = [*(self._waiting.pop(stamp)[1] for stamp in again), *self._new], []
        return batch

    def put_back(self, batch: list[Kept]) -> None:
        """The database was away: all of it is taken again, in the same order."""
        self._new = batch + self._new

    def keep(self, batch: Sequence[Kept], missed: Collection[Receipt], *, last: bool = False) -> int:
        """After a try of ``batch``: what of ``missed`` may still fit waits for its next one; returns how many are strays for good."""
        if not missed:
            return 0
        now_s, strays = self._time(), 0
        without = {receipt.stamp for receipt in missed if not receipt.key}
        waits = {kept.receipt.stamp: kept for kept in reversed(batch) if not kept.receipt.key and kept.receipt.stamp in without}
        for stamp, kept in waits.items():
            since_s = now_s if kept.since_s is None else kept.since_s
            if last or now_s - since_s >= PATIENCE_S or len(self._waiting) >= _MOST:
                strays += 1
            else:  # as long again as it has waited already: 0.5, 0.5, 1, 2, 4 … seconds
                self._waiting.setdefault(stamp, (now_s + max(_FIRST_S, now_s - since_s), Kept(kept.receipt, since_s)))
        return strays + sum(bool(receipt.key) for receipt in missed)
