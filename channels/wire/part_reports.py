"""Join the reports of the parts of a message into one word about the message, in bounded memory."""

from typing import NamedTuple

from channels.wire.load import Load

DELIVERED = "DELIVRD"
# Not final: the network has it, or tries again (SMPP 3.4 §5.2.28; the Chinese gateways say of ACCEPTD "ignore").
ON_THE_WAY = frozenset({"ENROUTE", "ACCEPTD"})

Entry = tuple[Load, int, float]
"""A part that was sent: its load, its slot there, and when it left."""


class Joined(NamedTuple):
    """The final word on one message: the state of all its parts, or of the first that failed."""

    load: Load
    message: int
    stat: str


class PartReports:
    """Which part of which load a gateway's message id means.

    Two generations keep it bounded without a timer for each id: never more than about ``2 * max_ids`` are known, and below that number an
    id is known for at least ``keep_s``. A finished message stays known too, so that a repeated report is not taken for a stranger's.
    What is forgotten is not lost: the caller hands such a report on under its gateway id.
    """

    def __init__(self, *, keep_s: float, max_ids: int) -> None:
        self._keep_s, self._max_ids = keep_s, max_ids
        self._young: dict[str, Entry] = {}
        self._old: dict[str, Entry] = {}
        self._turned_at = 0.0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def turn(self, now_s: float) -> None:
        """Call before each load; ``now_s`` is a monotonic clock in seconds."""
        if now_s - self._turned_at >= self._keep_s or len(self._young) >= self._max_ids:
            self._old, self._young, self._turned_at = self._young, {}, now_s

    def expect(self, message_id: str, entry: Entry) -> None:
        """Remember what ``message_id`` stands for."""
        self._young[message_id] = entry

    def find(self, message_id: str) -> Entry | None:
        return self._young.get(message_id) or self._old.get(message_id)

    def report(self, entry: Entry, stat: str) -> Joined | None:
        """Take the report of one part of a message that has all its answers; the final word comes with the last part or the first that failed.

        A message that was not accepted as a whole gets none: its parts are on the air, but it is sent again, or has failed.
        """
        load, slot, _ = entry
        message = slot // load.parts
        if load.said[message] or load.stopped[message] or stat in ON_THE_WAY:
            return None
        if stat == DELIVERED:
            if load.told[slot]:
                return None
            load.told[slot] = 1
            owed = load.owed[message] = load.owed[message] - 1
            if owed:
                return None
            load.cohort.delivered += 1
        else:
            load.cohort.failed += 1
        load.said[message] = 1
        return Joined(load, message, stat)
