"""Trouble: what a channel knows to be wrong with its gateway is told to the operators, and taken back when it is over.

A gateway that accepts everything and delivers nothing looks healthy in every figure but one: no handset reports. Its adapter counts that
(channels/port.Health); routes rank such a gateway behind the others by themselves, but only people can call its operator.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from channels.port import ChannelSender, Examined
from warning.clock import Clock

log = structlog.get_logger()

NEXT_STEP: Final = "use another route or channel meanwhile (console: Routes), and ask the gateway's operator with the time and these numbers"


STRAYS: Final = "late receipts"
_MANY_STRAYS: Final = 100
_HOUR_S: Final = 3600.0
_STRAYS_NEXT: Final = ("nothing is lost by it; if it goes on, another system sends by the same account, or the database was restored from an older copy: "
                       "compare with the gateway's operator who uses the account")


class TroubleLedger(Protocol):
    async def raised(self, target: str, *, note: str, next_step: str, at: datetime) -> None: ...

    async def over(self, target: str, *, at: datetime) -> None: ...


class TroubleKeeper:
    """``senders`` by channel, and by ``meter.of_route`` where a channel has several routes. Each worker tells what it sees itself."""

    def __init__(
        self, ledger: TroubleLedger, senders: Mapping[str, ChannelSender], *, clock: Clock, strays: Callable[[], int] = lambda: 0,
        time_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """``strays``: how many late receipts have fitted no delivery so far."""
        self._ledger = ledger
        self._examined = {name: sender for name, sender in senders.items() if isinstance(sender, Examined)}
        self._clock = clock
        self._told: dict[str, str] = {}
        self._strays = strays
        self._time = time_s
        self._hours: deque[tuple[float, int]] = deque()

    async def look(self) -> None:
        """Raise a notice of each gateway in trouble; take back what this worker has raised, and once after a start what was left standing."""
        for name, sender in self._examined.items():
            health = sender.health()
            await self._say(name, health.note or ("" if health.up else "nothing can leave"), NEXT_STEP)
        await self._say(STRAYS, self._stray_note(), _STRAYS_NEXT)

    async def _say(self, target: str, note: str, next_step: str) -> None:
        if self._told.get(target) == note:
            return
        if note:
            await self._ledger.raised(target, note=note, next_step=next_step, at=self._clock.now())
        else:
            await self._ledger.over(target, at=self._clock.now())
        self._told[target] = note

    def _stray_note(self) -> str:
        """Canaries' reports that reach another worker are a few an hour; many mean that somebody else's reach us."""
        now_s, so_far = self._time(), self._strays()
        self._hours.append((now_s, so_far))
        while now_s - self._hours[0][0] > _HOUR_S:
            self._hours.popleft()
        lately = so_far - self._hours[0][1]
        return f"more than {_MANY_STRAYS} in an hour are of messages that the ledger does not know, or has settled" if lately > _MANY_STRAYS else ""

    async def keep_looking(self, *, every_s: float = 5.0) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.look()
            except SQLAlchemyError as error:
                log.warning("a gateway's trouble waits for the database", error=type(error).__name__)
