"""Route keeper: tells the ledger how this worker's routes are, and the routes what operators want."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from warning.dispatch.breaker import Circuit
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

    async def views(self) -> list[RouteView]: ...

    async def recall(self, channel: str) -> int: ...


class RouteKeeper:
    """``senders`` by channel. What was put off while nothing could leave is called back as soon as something can, so that the worst goes first."""

    def __init__(self, ledger: RouteLedger, senders: Mapping[str, RoutedSender], *, worker: str) -> None:
        self._ledger = ledger
        self._senders = dict(senders)
        self._worker = worker
        self._tried: dict[tuple[str, str], int] | None = None
        self._shut: set[str] = set()

    async def look(self) -> None:
        """Obey, learn, report, call back. What was said before this process began is no order to it, but a route taken out stays out."""
        was_shut = self._shut | self._closed()
        orders = await self._ledger.orders()
        for channel, sender in self._senders.items():
            mine = [order for order in orders if order.channel == channel]
            sender.skip(frozenset(order.route for order in mine if order.skipped))
            for order in mine:
                if self._tried is not None and order.tried > self._tried.get((channel, order.route), 0):
                    sender.try_now(order.route)
        self._tried = {(order.channel, order.route): order.tried for order in orders}
        others = [view for view in await self._ledger.views() if view.worker != self._worker]
        for channel, sender in self._senders.items():
            self._learn(sender, [view for view in others if view.channel == channel])
        await self._ledger.report(self._worker, {channel: sender.states() for channel, sender in self._senders.items()})
        self._shut = self._closed()
        for channel in self._senders.keys() - self._shut:
            if channel in was_shut or any(_all_cut(views) for views in _by_worker(others, channel)):
                await self._ledger.recall(channel)

    def _closed(self) -> set[str]:
        return {channel for channel, sender in self._senders.items() if sender.closed_for()}

    def _learn(self, sender: RoutedSender, others: Sequence[RouteView]) -> None:
        """A route that answered another worker after it fell silent for this one is tried at once."""
        for mine in sender.states():
            if mine.circuit is Circuit.OPEN and any(
                    one.state.route == mine.route and one.state.circuit is Circuit.CLOSED and one.state.since > mine.since for one in others):
                sender.try_now(mine.route)

    async def keep_looking(self, *, every_s: float = 2.0) -> None:
        """Look until cancelled. Without the database the routes go on as they are."""
        while True:
            try:
                await self.look()
            except SQLAlchemyError as error:
                log.warning("the routes wait for the database", error=type(error).__name__)
            await asyncio.sleep(every_s)


def _by_worker(views: Sequence[RouteView], channel: str) -> list[list[RouteView]]:
    found: dict[str, list[RouteView]] = {}
    for view in views:
        if view.channel == channel:
            found.setdefault(view.worker, []).append(view)
    return list(found.values())


def _all_cut(views: Sequence[RouteView]) -> bool:
    """What such a worker takes up it puts off again, though another could send it."""
    return all(view.state.circuit is Circuit.OPEN or view.state.skipped for view in views)
