"""Cycle: a 10-minute file on disk is read, measured by every rule for every zone and cell, and becomes proposals in PostgreSQL."""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from uuid import UUID

from feeds.override import load
from feeds.payload import Payload
from geo.zone import ZoneSet
from tests.bench.measure import Effort, Goal, Row, Timing, rows
from tests.bench.shanghai import GRID
from tests.bench.towns import full_zones
from warning.clock import VirtualClock
from warning.configfolder import shipped_config
from warning.demo.pulasan import STEP, generate
from warning.store.database import Database
from warning.store.migrate import migrate
from warning.store.server import EmbeddedServer
from warning.store.watch import WatchStore
from warning.watch.desk import Found, StageTimes, WatchDesk
from warning.watch.issuer import load_issuers
from warning.watch.memory import Memory, Policy
from warning.watch.rulefile import load_rule_sets

# 20 September 2024, 03:00 Beijing time: the hours of the heaviest rain, in which most rules have something to say.
_LAST = datetime(2024, 9, 19, 19, 0, tzinfo=UTC)
_SOURCE = "bench"


class TimedStore(WatchStore):
    """The product's ledger on PostgreSQL; it also keeps the times of each cycle, and knows the files of the hours before."""

    def __init__(self, database: Database, earlier: Sequence[Path]) -> None:
        super().__init__(database, cap_status="Exercise")
        self._earlier = [(str(path), _SOURCE) for path in earlier]
        self.times: list[StageTimes] = []
        self.refusals: list[str] = []

    async def refuse(self, payload_id: UUID, *, why: str, next_step: str, now: datetime) -> None:
        self.refusals.append(why)
        await super().refuse(payload_id, why=why, next_step=next_step, now=now)

    async def partly(self, source: str, faults: Sequence[str], *, now: datetime) -> None:  # noqa: ARG002 - the desk's Protocol
        self.refusals.extend(faults)

    async def watched(self, since: datetime) -> list[tuple[str, str]]:  # noqa: ARG002 - the desk's Protocol
        return self._earlier

    async def conclude(
        self, payload_id: UUID, *, found: Sequence[Found], memories: Mapping[str, Memory], data_time: datetime,
        times: StageTimes, now: datetime,
    ) -> list[UUID]:
        self.times.append(times)
        return await super().conclude(payload_id, found=found, memories=memories, data_time=data_time, times=times, now=now)


def run(effort: Effort) -> list[Row]:
    """A desk that has seen the hours before (24 h, ``quick`` 1 h) takes the next files; the first, which fills its window, is not counted."""
    before, measured = effort.pick(full=144, quick=6), effort.pick(full=7, quick=3)
    zones = full_zones(GRID)
    with tempfile.TemporaryDirectory(prefix="xxs-", dir=_short()) as name, contextmanager(_database)(Path(name)) as url:
        folder = Path(name)
        files = generate(folder / "files", start=_LAST - STEP * (before + measured), end=_LAST)
        ledger, seconds, proposals = asyncio.run(_take(url, folder / "overlays", files[:before], files[before:], zones))
    if ledger.refusals:
        raise AssertionError(f"a generated file was refused: {ledger.refusals[0]}")
    counted = ledger.times[1:]
    warm, reading, judging = median(seconds[1:]), median(times.decode_s for times in counted), median(times.derive_s for times in counted)
    return rows(
        f"cycle, {len(zones):,} zones, all rules", "s",
        [
            Timing(subject="file on disk → proposals committed", value=warm, note=f"{before // 6} h in the window, {proposals} proposals; {zones.origin}"),
            Timing(subject="  of which reading", value=reading),
            Timing(subject="  of which judging", value=judging),
            Timing(subject="  of which the database", value=warm - reading - judging, note="PostgreSQL: arrival, memories, what is in force, proposals"),
            Timing(subject="the first file after a start", value=seconds[0], note=f"cold: kernels loaded, {before} files of the window read again, overlay made"),
        ],
        goal=Goal(value=2.0),
    )


def _short() -> str | None:
    """A socket's path is short, so the folder must be."""
    return "/tmp" if Path("/tmp").is_dir() else None


def _database(folder: Path) -> Iterator[str]:
    server = EmbeddedServer(folder / "db")
    url = server.open()
    try:
        migrate(url)
        yield url
    finally:
        server.close()


async def _take(
    url: str, overlays: Path, earlier: Sequence[Path], files: Sequence[Path], zones: ZoneSet
) -> tuple[TimedStore, list[float], int]:
    """The ledger, seconds of each file, and how many proposals came of all. Every district's issuer may also warn its towns."""
    clock = VirtualClock(_LAST + STEP)
    sets = load_rule_sets()
    towns = {zone.code: zone.parent for zone in zones.at("street")}
    issuers = [
        replace(issuer, zones=(*issuer.zones, *(code for code, parent in towns.items() if parent in issuer.zones)))
        for issuer in load_issuers(rule_sets=sets)
    ]
    database = Database(url)
    ledger = TimedStore(database, earlier)
    desk = WatchDesk(
        ledger, clock=clock, zones=zones, issuers=issuers, rule_sets=sets, overrides=load(shipped_config() / "overrides.yaml"),
        policy=Policy(), populations={}, cap_status="Exercise", max_age=timedelta(days=1), overlays=overlays)
    seconds: list[float] = []
    proposals = 0
    try:
        for path in files:
            payload = Payload(source=_SOURCE, path=path, fetched_at=clock.now(), checksum=hashlib.sha256(path.read_bytes()).hexdigest())
            started = time.perf_counter()
            proposals += len(await desk.take(payload))
            seconds.append(time.perf_counter() - started)
    finally:
        await database.close()
    return ledger, seconds, proposals
