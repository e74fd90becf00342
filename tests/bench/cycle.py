"""Cycle: a 10-minute file on disk is read, measured by every rule for every zone, and becomes proposals (no database)."""

import asyncio
import hashlib
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from uuid import UUID

from feeds.override import load
from feeds.payload import Payload
from geo.shanghai import shanghai_zones
from geo.zone import ZoneSet
from tests.bench.measure import Effort, Goal, Row, Timing, rows
from warning.app import shipped_config
from warning.clock import VirtualClock
from warning.demo.pulasan import STEP, generate
from warning.watch.desk import Found, StageTimes, WatchDesk
from warning.watch.issuer import load_issuers
from warning.watch.memory import Memory, Policy
from warning.watch.proposal import InForce
from warning.watch.rulefile import load_rule_sets

# 20 September 2024, 03:00 Beijing time: the hours of the heaviest rain, in which most rules have something to say.
_LAST = datetime(2024, 9, 19, 19, 0, tzinfo=UTC)
_SOURCE = "bench"


class MemoryLedger:
    """The desk's ledger without a database; it keeps the memories, the number of proposals and the times of each cycle."""

    def __init__(self, earlier: Sequence[Path]) -> None:
        self._earlier = [(str(path), _SOURCE) for path in earlier]
        self._memories: dict[str, Memory] = {}
        self.times: list[StageTimes] = []
        self.refusals: list[str] = []

    async def arrive(self, payload_id: UUID, payload: Payload, *, now: datetime) -> bool:  # noqa: ARG002 - the desk's Protocol
        return True

    async def refuse(self, payload_id: UUID, *, why: str, next_step: str, now: datetime) -> None:  # noqa: ARG002 - the desk's Protocol
        self.refusals.append(why)

    async def partly(self, source: str, faults: Sequence[str], *, now: datetime) -> None:  # noqa: ARG002 - the desk's Protocol
        self.refusals.extend(faults)

    async def watched(self, since: datetime) -> list[tuple[str, str]]:  # noqa: ARG002 - the desk's Protocol
        return self._earlier

    async def memory(self, issuer: str) -> Memory:
        return self._memories.get(issuer, Memory())

    async def in_force(self, *, now: datetime) -> list[InForce]:  # noqa: ARG002 - the desk's Protocol
        return []

    async def conclude(
        self, payload_id: UUID, *, found: Sequence[Found], memories: Mapping[str, Memory], data_time: datetime,  # noqa: ARG002 - the desk's Protocol
        times: StageTimes, now: datetime,  # noqa: ARG002 - the desk's Protocol
    ) -> list[UUID]:
        self._memories |= memories
        self.times.append(times)
        return [proposal.id for proposal in found]

    async def real_now(self) -> datetime:
        return datetime.now(UTC)


def run(effort: Effort) -> list[Row]:
    """A desk that has seen the hours before (24 h, ``quick`` 1 h) takes the next files; the first, which fills its window, is not counted."""
    before, measured = effort.pick(full=144, quick=6), effort.pick(full=7, quick=3)
    zones = shanghai_zones()
    with tempfile.TemporaryDirectory(prefix="xiaoxishu-bench-") as folder:
        files = generate(Path(folder), start=_LAST - STEP * (before + measured), end=_LAST)
        ledger = MemoryLedger(files[:before])
        seconds, proposals = asyncio.run(_take(ledger, files[before:], zones))
    if ledger.refusals:
        raise AssertionError(f"a generated file was refused: {ledger.refusals[0]}")
    counted = ledger.times[1:]
    return rows(
        f"cycle, {len(zones)} zones, all rules", "s",
        [
            Timing(subject="file on disk → proposals", value=median(seconds[1:]), note=f"no database; {before // 6} h in the window, {proposals} proposals"),
            Timing(subject="  of which reading", value=median(times.decode_s for times in counted)),
            Timing(subject="  of which judging", value=median(times.derive_s for times in counted)),
        ],
        goal=Goal(value=2.0),
    )


async def _take(ledger: MemoryLedger, files: Sequence[Path], zones: ZoneSet) -> tuple[list[float], int]:
    """Seconds of each file, and how many proposals came of all."""
    clock = VirtualClock(_LAST + STEP)
    sets = load_rule_sets()
    desk = WatchDesk(
        ledger, clock=clock, zones=zones, issuers=load_issuers(rule_sets=sets), rule_sets=sets,
        overrides=load(shipped_config() / "overrides.yaml"), policy=Policy(), populations={}, cap_status="Exercise", max_age=timedelta(days=1))
    seconds: list[float] = []
    proposals = 0
    for path in files:
        payload = Payload(source=_SOURCE, path=path, fetched_at=clock.now(), checksum=hashlib.sha256(path.read_bytes()).hexdigest())
        started = time.perf_counter()
        proposals += len(await desk.take(payload))
        seconds.append(time.perf_counter() - started)
    return seconds, proposals
