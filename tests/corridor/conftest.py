"""The whole corridor with real parts: PostgreSQL, procrastinate, an SMS centre, offices' web servers, a folder; and a drill clock."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest
import yaml
from sqlalchemy import text

from channels.wire.http_sink import HttpSink
from channels.wire.smsc import Smsc
from tests.corridor.rain import SHANGHAI, Box, rain_file
from tests.ports import own_port
from warning.account import Account
from warning.app import opened
from warning.dispatch.broadcast import broadcasts
from warning.dispatch.subscribe import OfficeSubscription, ResidentSubscription
from warning.issue.hand import HandMade
from warning.level import Level
from warning.parts import Parts
from warning.settings import load_settings
from warning.store.drill import DrillClock
from warning.watch.desk import WatchDesk

AT = datetime(2024, 9, 19, 16, 0, tzinfo=UTC)
FORECASTER = Account(name="fu", role="forecaster")
APPROVER = Account(name="lin", role="approver")
OFFICER = Account(name="officer", role="office")

# A point on land well inside each district: (latitude, longitude).
PLACES = {"310115": (31.15, 121.65), "310116": (30.80, 121.25), "310117": (31.02, 121.20), "310120": (30.90, 121.55), "310118": (31.12, 121.08)}


@dataclass(frozen=True, kw_only=True)
class Due:
    """A job of a worker: a batch of offices or broadcasts, or a crowd of residents."""

    kind: str
    id: int


@dataclass(kw_only=True)
class Corridor:
    """The opened parts, what stands at the other end of the wires, and the acts of people."""

    parts: Parts
    smsc: Smsc
    sink: HttpSink
    folder: Path
    settings_file: Path

    # Time

    @property
    def now(self) -> datetime:
        return self.parts.clock.now()

    async def move(self, by: timedelta) -> None:
        assert isinstance(self.parts.clock, DrillClock)
        await self.parts.clock.move_to(self.now + by)

    # People

    async def resident(
        self, number: str, zone: str = "310115", *, min_level: str = "blue", lane: Literal["exercise", "actual"] = "exercise"
    ) -> int:
        lat, lon = PLACES[zone]
        return await self.parts.subscriptions.resident(
            ResidentSubscription(channel="sms", address=number, lat=lat, lon=lon, min_level=min_level, lane=lane))

    async def office(self, name: str, path: str, *, zones: Sequence[str] = ("310115",), url: str = "") -> int:
        return await self.parts.subscriptions.office(
            OfficeSubscription(name=name, channel="webhook", address=url or self.sink.url(path), zones=tuple(zones)),
            account=OFFICER)

    async def post(self, name: str, path: str, *, after: int | None = None, stand_in: bool = True) -> int:
        """A duty post of Pudong; ``after`` is called when it does not answer."""
        return await self.parts.subscriptions.office(
            OfficeSubscription(name=name, channel="webhook", address=self.sink.url(path), zones=("310115",), escalates_to=after, standby=stand_in),
            account=OFFICER)

    async def spool(self) -> None:
        """The folder that gets every exercise."""
        for entry in broadcasts(self.parts.zones, channels={"spool": "spool"}, lane="exercise", public_url="http://drill.test"):
            await self.parts.subscribers.add(entry)

    async def warned(
        self, *, zones: Sequence[str] = ("310115",), level: Level = Level.RED, hours: float = 3.0, replaces: str | None = None,
        action: Literal["new", "update", "cancel"] = "new", issuer: str = "310000",
    ) -> str:
        """A rainstorm warning by hand, by two people; its identifier. Nothing is expanded or sent yet."""
        proposal = await self.parts.issue.compose(HandMade(
            issuer=issuer, hazard="rainstorm", event_code="11B03", level=level, zones=tuple(zones), onset=self.now,
            expires=self.now + timedelta(hours=hours), action=action, replaces=replaces,
            note="" if action == "new" else "by order of the drill"), account=FORECASTER)
        return await self.sign(proposal)

    async def sign(self, proposal: UUID) -> str:
        await self.parts.issue.submit(proposal, account=FORECASTER, revision=1, changes={})
        return await self.parts.issue.approve(proposal, account=APPROVER, revision=2)

    # Data

    async def rain(
        self, boxes: Mapping[Box, float], *, observed: Mapping[Box, float] | None = None, extent: Box = SHANGHAI,
        dry_hours: int = 0, ahead_hours: int = 2, desk: WatchDesk | None = None,
    ) -> list[UUID]:
        """A nowcast of this moment (mm in each coming 10 minutes, and in the last, by box) is taken; the new proposals."""
        payload = rain_file(self.folder, self.now, boxes, observed=observed, extent=extent, dry_hours=dry_hours, ahead_hours=ahead_hours)
        return await (desk or self.parts.watch).take(payload)

    async def next_cycle(self) -> None:
        await self.move(timedelta(minutes=10))

    async def proposals(self, zone: str) -> list[dict[str, Any]]:
        """Of rainstorms in this zone, oldest first."""
        return await self.rows(
            "SELECT * FROM proposal WHERE hazard = 'rainstorm' AND :z = ANY(zones) ORDER BY created_at, id", z=zone)

    # Work

    async def expand(self, identifier: str) -> list[Due]:
        """Expand as a worker would; what is to be sent: batches of offices and broadcasts, then those of residents, oldest first."""
        await self.parts.dispatch.expand(identifier)
        return [Due(kind=row["kind"], id=row["id"]) for row in await self.rows(
            "SELECT 'batch' AS kind, id FROM batch WHERE identifier = :i UNION ALL "
            "SELECT 'crowd', id FROM crowd WHERE identifier = :i ORDER BY 1, 2", i=identifier)]

    async def deliver(self, due: Due) -> None:
        """As a worker would that meets this job now."""
        await (self.parts.dispatch.send(due.id) if due.kind == "batch" else self.parts.mass.send(due.id))

    async def send(self, identifier: str) -> None:
        """Everything once."""
        for due in await self.expand(identifier):
            await self.deliver(due)

    def working(self, *, concurrency: int = 4) -> AbstractAsyncContextManager[None]:
        """A worker of this process."""
        return working(self.parts, concurrency=concurrency)

    async def drained(self, *, within_s: float = 120.0) -> None:
        async def nothing_owed() -> bool:
            return await self.parts.ledger.unfinished() == 0

        await until(nothing_owed, within_s=within_s)

    # What became of it

    async def rows(self, sql: str, **values: object) -> list[dict[str, Any]]:  # the columns are the query's
        async with self.parts.database.begin() as connection:
            return [dict(row._mapping) for row in await connection.execute(text(sql), values)]

    async def execute(self, sql: str, **values: object) -> None:
        async with self.parts.database.begin() as connection:
            await connection.execute(text(sql), values)

    async def deliveries(self, identifier: str) -> dict[str, dict[str, Any]]:
        """By address."""
        found = await self.rows(
            "SELECT d.id, r.*, s.address FROM recipient r JOIN subscription s ON s.id = r.subscription_id "
            "LEFT JOIN delivery d ON d.identifier = r.identifier AND d.channel = r.channel AND d.subscription_id = r.subscription_id "
            "WHERE r.identifier = :i ORDER BY s.id", i=identifier)
        return {self.parts.addresses.open(row["address"]): row for row in found}

    async def states(self, identifier: str) -> dict[str, tuple[str, str]]:
        """(state, reason) by address."""
        return {address: (row["state"], row["reason"]) for address, row in (await self.deliveries(identifier)).items()}

    def heard(self, number: str) -> list[str]:
        return self.smsc.texts(number)


@pytest.fixture
async def corridor(database_url: str, tmp_path: Path) -> AsyncIterator[Corridor]:
    async with AsyncExitStack() as stack:
        yield await opened_corridor(database_url, tmp_path, stack)


@pytest.fixture
async def hasty(database_url: str, tmp_path: Path) -> AsyncIterator[Corridor]:
    """The corridor whose SMS channel soon takes silence for silence: for gateways that do not answer."""
    async with AsyncExitStack() as stack:
        yield await opened_corridor(database_url, tmp_path, stack, answer_within_s=1.0)


async def opened_corridor(
    url: str, folder: Path, stack: AsyncExitStack, *, status: str = "Exercise", lane: str = "", channels: bool = True,
    receipt_delay_s: float = 0.05, answer_within_s: float = 30.0, lease_s: float = 120.0,
    more: Mapping[str, object] | None = None,
) -> Corridor:
    """Everything up: sinks first, then the parts with their channels (all of one lane: that of ``status``, if not told). ``more``: further settings.

    How long a channel waits for an answer, and a worker may hold a batch, is longer than a slow machine stands still.
    """
    smsc = Smsc(now=lambda: AT, receipt_delay_s=receipt_delay_s)
    sms_port = await smsc.start(port=stack.enter_context(own_port()))  # it stays the centre's, also while the centre is down
    stack.push_async_callback(smsc.stop)
    sink = HttpSink(now=lambda: AT)
    await sink.start(stack.enter_context(own_port()))
    stack.push_async_callback(sink.stop)
    way: dict[str, object] = {"lane": lane or ("actual" if status == "Actual" else "exercise")}
    settings_file = folder / "settings.yaml"
    settings_file.write_text(yaml.safe_dump({
        "database_url": url, "data": str(folder), "clock": "drill", "secret": "s" * 32, "status": status,
        "public_url": "http://drill.test", "allow_private_targets": True,
        "retry": {"max_attempts": 3, "first_wait_s": 0.2, "max_wait_s": 0.4, "lease_s": lease_s, "unknown_grace_s": 0.3},
        "channels": [
            {"name": "sms", "kind": "sms", "fall_back_after_s": 60, "options": way | {
                "host": "127.0.0.1", "port": sms_port, "system_id": "drill", "password": "drill", "source": "12379", "timeout_s": answer_within_s,
                "reconnect_max_s": 0.5}},
            {"name": "webhook", "kind": "webhook", "options": way | {"allow_private": True, "timeout_s": 30.0}},
            {"name": "email", "kind": "email", "options": way | {
                "host": "127.0.0.1", "port": 9, "security": "none", "sender": "warning@drill.example", "list_id": "warnings.drill.example"}},
            {"name": "spool", "kind": "spool", "options": way | {"folder": str(folder / "spool")}},
        ],
    } | dict(more or {})), encoding="utf-8")
    parts = await stack.enter_async_context(opened(load_settings(settings_file), channels=channels))
    assert isinstance(parts.clock, DrillClock)
    await parts.clock.move_to(AT)
    return Corridor(parts=parts, smsc=smsc, sink=sink, folder=folder, settings_file=settings_file)


@asynccontextmanager
async def working(parts: Parts, *, concurrency: int = 4) -> AsyncIterator[None]:
    """A worker on these parts."""
    task = asyncio.create_task(parts.jobs.work(concurrency=concurrency, name="here"))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], Awaitable[bool]], *, within_s: float = 120.0) -> None:
    """Look until it is true; fails after ``within_s``."""
    deadline = time.monotonic() + within_s
    while not await true():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s"
        await asyncio.sleep(0.05)
