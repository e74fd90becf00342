"""Two parts a message, their reports joined and written into the residents' batches of a real PostgreSQL."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import httpx
import numpy as np
from pydantic import SecretStr
from sqlalchemy import text

from channels.crowd import Crowd
from channels.message import Message, Outcome, Receipt, Reply, Reports
from channels.port import Doors
from channels.sms import Options, Sender
from tests.bench.sms_text import NOW, SOURCE, TEXT, number_of
from warning.clock import SystemClock
from warning.dispatch.delivery import RetryPolicy, State
from warning.dispatch.mass.desk import MassDesk
from warning.dispatch.mass.sheet import blank, put
from warning.dispatch.mass.work import Place
from warning.dispatch.work import StoredAlert
from warning.store.crowd import NewCrowd, add
from warning.store.database import Database
from warning.store.jobs import Jobs
from warning.store.mass import MassStore
from warning.store.migrate import migrate
from warning.store.server import EmbeddedServer
from warning.trust.address import Addresses

_BATCH = 1000
_FLUSH_S = 0.25  # as the dispatch desk does


def stored_rate(port: int, count: int, *, window: int) -> float:
    """Messages per second until the last receipt of ``count`` is in the database."""
    with TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder) / "postgres")
        url = server.open()
        try:
            migrate(url)
            return asyncio.run(_rate(url, port, count, window))
        finally:
            server.close()


async def _rate(url: str, port: int, count: int, window: int) -> float:
    database = Database(url, pool_size=2)
    policy = RetryPolicy(max_attempts=8, first_wait=timedelta(seconds=2), max_wait=timedelta(seconds=60), lease=timedelta(seconds=60),
                         unknown_grace=timedelta(seconds=20))
    ledger = MassStore(database, Jobs(url), Addresses("bench"))
    desk = MassDesk(ledger, _NoMuster(), {}, alerts=_no_alert, clock=SystemClock(), policy=policy, sizes={}, kinds={}, fall_back_s={})
    late: list[Receipt] = []

    async def on_bulk(reports: Sequence[Reports]) -> None:
        for group in reports:
            late.extend(group.singly())

    ids = await _batches(database, count)
    crowds = [
        Crowd(message=_message(f"bench.c{crowd_id}"), addresses=[number_of(_BATCH * n + place) for place in range(_BATCH)], numbers=range(_BATCH))
        for n, crowd_id in enumerate(ids)]
    async with httpx.AsyncClient() as http:
        channel = Sender(Options(host="127.0.0.1", port=port, system_id="bench", password=SecretStr("bench"), source=SOURCE, window=window,
                                 lane="exercise"),
                         Doors(now=lambda: NOW, http=http, on_receipt=_heard, on_reply=_heard, on_bulk=on_bulk))
        await channel.open()
        try:
            started = time.perf_counter()
            writing = asyncio.create_task(_write(desk, late, len(ids) * _BATCH))
            for crowd in crowds:
                said = await channel.send_crowd(crowd)
                if said.outcomes.count(Outcome.ACCEPTED) < _BATCH:
                    raise AssertionError("a message was not accepted by the centre; its time is not that of a submit")
            async with asyncio.timeout(120):
                await writing
            seconds = time.perf_counter() - started
        finally:
            await channel.close()
    async with database.begin() as connection:
        delivered = (await connection.execute(text("SELECT sum(tally[4]) FROM crowd"))).scalar_one()
    await database.close()
    if delivered != len(ids) * _BATCH:
        raise AssertionError(f"{delivered} of {len(ids) * _BATCH} messages are written down as delivered")
    return len(ids) * _BATCH / seconds


async def _write(desk: MassDesk, late: list[Receipt], count: int) -> None:
    written = 0
    while written < count:
        await asyncio.sleep(_FLUSH_S)
        batch, late[:] = list(late), []
        missed, others = await desk.take(batch)
        written += len(batch) - len(missed) - len(others)


async def _batches(database: Database, count: int) -> list[int]:
    """Batches of a thousand people each, all accepted; their alert is not there, and nobody asks for it."""
    batches = []
    for first in range(0, count, _BATCH):
        sheet = blank(np.arange(first, first + _BATCH, dtype=np.int64))
        put(sheet, np.ones(_BATCH, dtype=np.bool_), State.ACCEPTED, ("", "submit_sm_resp 0x00000000 ×2"))
        batches.append(NewCrowd(root=None, identifier="bench", event_id=UUID(int=1), version=1, channel="sms", language="zh-CN", district="310115",
                                role="start", priority=0, sheet=sheet))
    async with database.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        return await add(connection, batches)


class _NoMuster:
    async def page(self, alert: StoredAlert, place: Place, *, sizes: object, now: object, may_wait: bool) -> bool:  # noqa: ARG002 - not asked here
        raise AssertionError("nobody is mustered here")


async def _no_alert(identifier: str) -> StoredAlert:
    raise AssertionError(f"alert {identifier} is not asked for here")


async def _heard(what: Receipt | Reply) -> None:
    raise AssertionError(f"not in bulk: a {type(what).__name__}")


def _message(key: str) -> Message:
    return Message(key=key, address="", subject="", text=TEXT * 2, language="zh-CN", identifier="bench", event="bench", version=1, msg_type="Alert",
                   status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=1))
