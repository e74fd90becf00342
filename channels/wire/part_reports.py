"""Join the reports of the parts of a message into one word about the message, in bounded memory."""

from collections.abc import Sequence
from dataclasses import dataclass

DELIVERED = "DELIVRD"
# Not final: the network has it, or tries again (SMPP 3.4 §5.2.28; the Chinese gateways say of ACCEPTD "ignore").
ON_THE_WAY = frozenset({"ENROUTE", "ACCEPTD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The final word on one message: the state of all its parts, or of the first that failed."""

    key: str
    ids: tuple[str, ...]
    stat: str


class _Waiting:
    __slots__ = ("done", "ids", "key", "over")

    def __init__(self, key: str, ids: tuple[str, ...]) -> None:
        self.key, self.ids, self.over = key, ids, False
        self.done: set[str] = set()


class PartReports:
    """Which gateway ids belong to which message key.

    Two generations keep it bounded without a timer for each id: never more than about ``2 * max_ids`` are known, and below that number an
    id is known for at least ``keep_s``. A finished message stays known too, so that a repeated report is not taken for a stranger's.
    What is forgotten is not lost: the caller hands such a report on under its gateway id.
    """

    def __init__(self, *, keep_s: float, max_ids: int) -> None:
        self._keep_s, self._max_ids = keep_s, max_ids
        self._young: dict[str, _Waiting] = {}
        self._old: dict[str, _Waiting] = {}
        self._turned_at = 0.0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def expect(self, key: str, ids: Sequence[str], *, now_s: float) -> None:
        """Remember that ``ids`` are the parts of ``key``; ``now_s`` is a monotonic clock in seconds."""
        self._turn(now_s)
        waiting = _Waiting(key, tuple(ids))
        for one in ids:
            self._young[one] = waiting

    def knows(self, message_id: str) -> bool:
        return message_id in self._young or message_id in self._old

    def report(self, message_id: str, stat: str) -> Joined | None:
        """Take the report of one known part; the message's final word comes with its last part or with the first that failed."""
        waiting = self._young.get(message_id) or self._old.get(message_id)
        if waiting is None or waiting.over or stat in ON_THE_WAY:
            return None
        if stat == DELIVERED:
            waiting.done.add(message_id)
            if len(waiting.done) < len(set(waiting.ids)):
                return None
        waiting.over = True
        return Joined(key=waiting.key, ids=waiting.ids, stat=stat)

    def _turn(self, now_s: float) -> None:
        if now_s - self._turned_at >= self._keep_s or len(self._young) >= self._max_ids:
            self._old, self._young, self._turned_at = self._young, {}, now_s
