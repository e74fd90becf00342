"""Trouble: what a channel knows to be wrong with its gateway is told to the operators, and taken back when it is over.

A gateway that accepts everything and delivers nothing looks healthy in every figure but one: no handset reports. Its adapter counts that
(channels/port.Health); routes rank such a gateway behind the others by themselves, but only people can call its operator.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from channels.port import ChannelSender, Examined
from warning.clock import Clock

log = structlog.get_logger()

NEXT_STEP: Final = "use another route or channel meanwhile (console: Routes), and ask the gateway's operator with the time and these numbers"


class TroubleLedger(Protocol):
    async def raised(self, target: str, *, note: str, next_step: str, at: datetime) -> None: ...

    async def over(self, target: str, *, at: datetime) -> None: ...


class TroubleKeeper:
    """``senders`` by channel, and by ``meter.of_route`` where a channel has several routes. Each worker tells what it sees itself."""

    def __init__(self, ledger: TroubleLedger, senders: Mapping[str, ChannelSender], *, clock: Clock) -> None:
        self._ledger = ledger
        self._examined = {name: sender for name, sender in senders.items() if isinstance(sender, Examined)}
        self._clock = clock
        self._told: dict[str, str] = {}

    async def look(self) -> None:
        """Raise a notice of each gateway in trouble; take back what this worker has raised, and once after a start what was left standing."""
        for name, sender in self._examined.items():
            health = sender.health()
            note = health.note or ("" if health.up else "nothing can leave")
            if self._told.get(name) == note:
                continue
            if note:
                await self._ledger.raised(name, note=note, next_step=NEXT_STEP, at=self._clock.now())
            else:
                await self._ledger.over(name, at=self._clock.now())
            self._told[name] = note

    async def keep_looking(self, *, every_s: float = 5.0) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.look()
            except SQLAlchemyError as error:
                log.warning("a gateway's trouble waits for the database", error=type(error).__name__)
