"""Route keeper: tells the ledger how this worker's routes are, and the routes what operators want."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from warning.dispatch.routes import RoutedSender, RouteState

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """``skipped``: taken out until an operator puts it in. ``tried`` grows each time an operator says: try now."""

    channel: str
    route: str
    skipped: bool
    tried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteView:
    """A route as one worker has it. ``said``: who last ordered what of it, and why."""

    channel: str
    worker: str
    state: RouteState
    said: str = ""


class RouteLedger(Protocol):
    async def report(self, worker: str, states: Mapping[str, Sequence[RouteState]]) -> None: ...

    async def orders(self) -> list[Order]: ...


class RouteKeeper:
    """``senders`` by channel."""

    def __init__(self, ledger: RouteLedger, senders: Mapping[str, RoutedSender], *, worker: str) -> None:
        self._ledger = ledger
        self._senders = dict(senders)
        self._worker = worker
        self._tried: dict[tuple[str, str], int] | None = None

    async def look(self) -> None:
        """Obey, then report. What was said before this process began is no order to it, but a route taken out stays out."""
        orders = await self._ledger.orders()
        for channel, sender in self._senders.items():
            mine = [order for order in orders if order.channel == channel]
            sender.skip(frozenset(order.route for order in mine if order.skipped))
            for order in mine:
                if self._tried is not None and order.tried > self._tried.get((channel, order.route), 0):
                    sender.try_now(order.route)
        self._tried = {(order.channel, order.route): order.tried for order in orders}
        await self._ledger.report(self._worker, {channel: sender.states() for channel, sender in self._senders.items()})

    async def keep_looking(self, *, every_s: float = 2.0) -> None:
        """Look until cancelled. Without the database the routes go on as they are."""
        while True:
            try:
                await self.look()
            except SQLAlchemyError as error:
                log.warning("the routes wait for the database", error=type(error).__name__)
            await asyncio.sleep(every_s)
