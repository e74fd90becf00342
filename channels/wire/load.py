"""Load: a batch on its way, part by part in flat arrays: no object, task or future for each message."""

import asyncio
from collections.abc import Callable, Sequence

from channels.wire.sms_tally import Cohort

NOT_SENT = -1
NO_ANSWER = -2
HELD_BACK = -3  # not sent, since the gateway throttles


class Load:
    """``bodies`` of ``parts`` PDUs for each message, message by message; slot ``m * parts + p`` is part p of message m.

    In the end ``statuses`` hold the gateway's status, NOT_SENT, NO_ANSWER or HELD_BACK for each slot, and ``ids`` its message ids.
    """

    __slots__ = ("bodies", "cohort", "cursor", "done", "ids", "key_of", "left", "owed", "parts", "priority", "said", "statuses", "stopped",
                 "told", "troubled", "unanswered")

    def __init__(self, key_of: Callable[[int], str], bodies: Sequence[bytes], *, parts: int, priority: int, cohort: Cohort) -> None:
        size = len(bodies)
        self.key_of, self.bodies, self.parts, self.priority, self.cohort = key_of, bodies, parts, priority, cohort
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ids = [""] * size
        self.statuses = [NOT_SENT] * size
        self.cursor = 0  # the next slot to leave
        self.left = size
        messages = size // parts
        self.unanswered = bytearray([parts]) * messages
        self.owed = bytearray([parts]) * messages  # parts without a report
        self.told = bytearray(size)  # parts with one
        self.said = bytearray(messages)  # messages whose final word is spoken
        self.stopped = bytearray(messages)  # a part failed: the parts not yet sent stay at home
        self.troubled = False  # some message is stopped

    def settle(self, slot: int, status: int) -> bool:
        """Write one answer down; true when it was the last of its message."""
        self.statuses[slot] = status
        message = slot // self.parts
        unanswered = self.unanswered[message] = self.unanswered[message] - 1
        if status:
            self.stopped[message] = 1
            self.troubled = True
        elif not unanswered and not self.stopped[message]:
            self.cohort.accepted += 1
        self.left -= 1
        if not self.left:
            self.bodies = ()
            if not self.done.done():
                self.done.set_result(None)
        return not unanswered

    def give_back(self, status: int) -> None:
        """Settle every part that has not left."""
        first, self.cursor = self.cursor, len(self.statuses)
        for slot in range(first, len(self.statuses)):
            self.settle(slot, status)

    def abandon(self) -> None:
        """Nobody waits any more: what has not left stays at home."""
        self.stopped = bytearray(b"\1" * len(self.stopped))
        self.troubled = True

    def answers(self, message: int) -> tuple[int, ...]:
        first = message * self.parts
        return tuple(self.statuses[first:first + self.parts])

    def external_id(self, message: int) -> str:
        """The gateway's ids of the message's accepted parts."""
        if self.parts == 1:
            return self.ids[message]
        first = message * self.parts
        return ",".join(filter(None, self.ids[first:first + self.parts]))
