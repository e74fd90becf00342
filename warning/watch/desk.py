"""The watch desk: a payload arrives, is read, measured against every rule, and becomes proposals."""

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Protocol
from uuid import UUID, uuid4

import structlog
from shapely.geometry import mapping
from shapely.ops import unary_union

from feeds.errors import FeedError, PartlyRead
from feeds.format import read
from feeds.freshness import check_run
from feeds.override import Overrides
from feeds.payload import Payload
from feeds.reading import Contents, Reading
from feeds.table import NO_TABLES, Tables
from geo.derive import variables
from geo.grid import Grid
from geo.observation import Quality
from geo.outline import outline_cells
from geo.track import Track
from geo.zone import ZoneSet
from warning.cap import Status
from warning.clock import Clock
from warning.watch.basis import AtHand, Basis, basis
from warning.watch.cyclone import causes, followed
from warning.watch.draft import draft
from warning.watch.issuer import Issuer
from warning.watch.measured import Measuring
from warning.watch.memory import Memory, Policy
from warning.watch.noted import noted
from warning.watch.pack import NoticeKey, OpenNotice, Pack, RiskNotice, affected, judge
from warning.watch.proposal import Action, InForce, Proposal
from warning.watch.propose import propose
from warning.watch.ready import Texts, ready_texts
from warning.watch.rehearsal import calm_day, wet_day
from warning.watch.rule import RuleSet
from warning.watch.rulefile import quantities
from warning.watch.site import Site
from warning.watch.window import Window

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A proposal ready to be stored: with its texts in both languages, its polygon and whom it would affect."""

    id: UUID
    proposal: Proposal
    expires: datetime
    texts: Texts
    polygon: Mapping[str, object] | None
    affected: Mapping[str, object]
    basis: Basis | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTimes:
    """Moments on the database's clock, and seconds on the monotonic one."""

    arrived: datetime
    decoded: datetime
    derived: datetime
    decode_s: float
    derive_s: float


class WatchLedger(Protocol):
    async def arrive(self, payload_id: UUID, payload: Payload, *, now: datetime) -> bool: ...

    async def refuse(self, payload_id: UUID, *, why: str, next_step: str, now: datetime) -> None: ...

    async def partly(self, source: str, faults: Sequence[str], *, now: datetime) -> None: ...

    async def watched(self, since: datetime) -> list[tuple[str, str]]: ...

    async def memory(self, issuer: str) -> Memory: ...

    async def in_force(self, *, now: datetime) -> list[InForce]: ...

    async def conclude(
        self, payload_id: UUID, *, found: Sequence[Found], memories: Mapping[str, Memory], data_time: datetime,
        times: StageTimes, now: datetime,
    ) -> list[UUID]: ...

    async def real_now(self) -> datetime: ...


class RiskBook(Protocol):
    """Where risk notices to the owners of sites are kept."""

    async def standing(self, packs: Sequence[str]) -> tuple[dict[NoticeKey, OpenNotice], dict[str, Memory]]: ...

    async def tell(self, notices: Sequence[RiskNotice], memories: Mapping[str, Memory], *, now: datetime) -> int: ...

    async def failed(self, why: str, *, now: datetime) -> None: ...


class WatchDesk:
    """One per deployment. What it remembers is in the ledger; its window of fields is read again after a restart."""

    def __init__(
        self, ledger: WatchLedger, *, clock: Clock, zones: ZoneSet, issuers: Sequence[Issuer],
        rule_sets: Mapping[str, RuleSet], overrides: Overrides, policy: Policy, populations: Mapping[str, int],
        cap_status: Status, max_age: timedelta, max_ages: Mapping[str, timedelta] = MappingProxyType({}), tables: Tables = NO_TABLES,
        overlays: Path | None = None,
        risks: RiskBook | None = None, packs: Sequence[Pack] = (), sites: Sequence[Site] = (),
    ) -> None:
        """``overlays``: a folder in which the shares of zones in cells are kept between starts."""
        self._ledger = ledger
        self._clock = clock
        self._zones = zones
        self._issuers = issuers
        self._rule_sets = rule_sets
        self._overrides = overrides
        self._policy = policy
        self._populations = populations
        self._cap_status: Status = cap_status
        self._max_age, self._max_ages = max_age, max_ages
        self._tables, self._overlays = tables, overlays
        self._risks, self._packs, self._sites = risks, tuple(packs), tuple(sites)
        asked = [*rule_sets.values(), *(pack.rule_set for pack in packs)]
        self._wanted = frozenset(name for one in asked for quantity in quantities(one) for name in variables(quantity))
        self._window: Window | None = None
        self._tracks: Mapping[tuple[str, str], Track] = {}
        self._gauge_grid = _kilometre_grid(zones)

    async def rehearse(self) -> float:
        """Judge a calm day and a wet one and throw them away; returns the seconds. After it the first file is judged as fast as every other."""
        started = time.monotonic()
        now = self._clock.now()
        await asyncio.to_thread(self._rehearsed, now)
        return time.monotonic() - started

    def _rehearsed(self, now: datetime) -> list[Found]:
        """What would have been proposed."""
        found: list[Found] = []
        for day in (calm_day, wet_day) if len(self._zones.zones) else ():
            measuring = Measuring(Window().with_run(day(self._zones, now=now)), self._zones.zones, now=now)
            found += self._judge(measuring, now, (), {issuer.code: Memory() for issuer in self._issuers}, now)[0]
        return found

    async def take(self, payload: Payload) -> list[UUID]:
        """One payload to its end: proposals stored, or the payload refused with a reason. Returns new proposal ids."""
        now = self._clock.now()
        arrived = await self._ledger.real_now()
        payload_id = uuid4()
        if not await self._ledger.arrive(payload_id, payload, now=now):
            return []
        started = time.monotonic()
        try:
            contents = await asyncio.to_thread(self._read, payload.path, payload.source, payload.checksum)
            data_time = _usable(contents, now=now, max_age=self._max_ages.get(payload.source, self._max_age))
        except FeedError as error:
            log.error("a payload was refused", source=payload.source, file=payload.path.name, why=str(error))
            await self._ledger.refuse(payload_id, why=str(error), next_step="fetch the file again, or ask its provider", now=now)
            return []
        await self._ledger.partly(payload.source, contents.faults, now=now)
        self._tracks = followed(self._tracks, contents.tracks)
        if not contents.fields and not contents.observations:  # tracks alone tell the cause of a wind, not how strong it is
            decode_s, decoded = time.monotonic() - started, await self._ledger.real_now()
            times = StageTimes(arrived=arrived, decoded=decoded, derived=decoded, decode_s=decode_s, derive_s=0.0)
            return await self._ledger.conclude(payload_id, found=(), memories={}, data_time=data_time, times=times, now=now)
        if self._window is None:
            self._window = await self._reread(data_time)
        self._window = await asyncio.to_thread(self._with, self._window, contents)
        # A run that comes late says nothing newer: the desk keeps looking ahead from the newest one.
        data_time = max(data_time, self._window.newest or data_time)
        self._window = await asyncio.to_thread(self._window.with_extrapolation, data_time)
        decode_s, decoded = time.monotonic() - started, await self._ledger.real_now()
        in_force = await self._ledger.in_force(now=now)
        memories = {issuer.code: await self._ledger.memory(issuer.code) for issuer in self._issuers}
        started = time.monotonic()
        measuring = await asyncio.to_thread(
            Measuring, self._window, self._zones.zones, now=data_time, overlays=self._overlays)
        found, memories = await asyncio.to_thread(self._judge, measuring, data_time, in_force, memories, now)
        derive_s, derived = time.monotonic() - started, await self._ledger.real_now()
        times = StageTimes(arrived=arrived, decoded=decoded, derived=derived, decode_s=decode_s, derive_s=derive_s)
        stored = await self._ledger.conclude(
            payload_id, found=found, memories=memories, data_time=data_time, times=times, now=now)
        await self._judge_sites(measuring, data_time, in_force, now)
        return stored

    async def _judge_sites(self, measuring: Measuring, data_time: datetime, in_force: Sequence[InForce], now: datetime) -> None:
        """Risk notices to the owners of sites; after the warnings, which neither wait for them nor fail with them."""
        if self._risks is None or not self._sites or not self._packs:
            return
        try:
            open_, memories = await self._risks.standing([pack.id for pack in self._packs])
            notices, remembered = await asyncio.to_thread(
                judge, self._packs, self._sites, measuring, self._zones, in_force=in_force, open_=open_, memories=memories,
                policy=self._policy, data_time=data_time, now=now)
            await self._risks.tell(notices, remembered, now=now)
        except Exception as error:
            log.exception("the packs could not be judged", error=type(error).__name__)
            await self._risks.failed(f"{type(error).__name__}, see the log", now=now)

    def _read(self, path: Path, source: str, checksum: str) -> Contents:
        """What can be used of a file; a field that cannot is told, the others are kept."""
        readings: list[Reading] = []
        faults: tuple[str, ...] = ()
        try:
            for reading in read(path, source=source, overrides=self._overrides, checksum=checksum, tables=self._tables, wanted=self._wanted):
                readings.append(reading)
        except PartlyRead as error:
            if not readings:
                raise
            log.warning("a payload was read in part", file=path.name, why=str(error))
            faults = error.faults
        return Contents.of(readings, faults=faults)

    def _with(self, window: Window, contents: Contents) -> Window:
        """The window with what a payload brought; measurements are checked, and those that are doubted told."""
        window = window.with_run(contents.fields)
        if not contents.observations:
            return window
        window, checked = window.with_observations(contents.observations, self._gauge_grid)
        for one in checked:
            if one.quality is not Quality.GOOD:
                log.warning("a measurement is doubted and no rule will see it", station=one.station, variable=one.variable,
                            value=one.value, units=one.units, quality=one.quality.value, flags=one.flags)
        return window

    async def _reread(self, data_time: datetime) -> Window:
        window = Window()
        for path, source in await self._ledger.watched(data_time - window.reach):
            try:
                contents = await asyncio.to_thread(self._read, Path(path), source, "")
                self._tracks = followed(self._tracks, contents.tracks)
                window = await asyncio.to_thread(self._with, window, contents)
            except (FeedError, OSError) as error:
                log.warning("an earlier payload cannot be read again", file=Path(path).name, why=str(error))
        return window

    def _judge(
        self, measuring: Measuring, data_time: datetime, in_force: Sequence[InForce], memories: Mapping[str, Memory], now: datetime
    ) -> tuple[list[Found], dict[str, Memory]]:
        """Pure: fields × rules × zones → drafts → proposals, issuer by issuer."""
        read = {key: measuring.measured(self._rule_sets[key]) for key in {issuer.rule_set for issuer in self._issuers}}
        grids = {row: grid for one in read.values() for row, grid in one.grids.items()}
        found: list[Found] = []
        remembered: dict[str, Memory] = {}
        for issuer in self._issuers:
            own, rule_set = read[issuer.rule_set], self._rule_sets[issuer.rule_set]
            told = self._causes(issuer, now=data_time)
            drafts = [
                noted(one, rule_set, own)
                for one in draft(issuer, rule_set, own.answers, now=data_time, causes=told, gauges=own.gauges, disagreements=own.disagreements)]
            proposals, remembered[issuer.code] = propose(
                drafts, [warning for warning in in_force if warning.issuer == issuer.code], memories[issuer.code],
                self._policy, now=now, cycle=data_time)
            at_hand = AtHand(series=own.series, answers=own.answers, zones=measuring.zones, disagreements=own.disagreements)
            found.extend(
                replace(self._found(p, issuer, grids, now), basis=basis(
                    p, issuer, rule_set, at_hand, memory=remembered[issuer.code], policy=self._policy, now=data_time))
                for p in proposals if p.action is not Action.NOTHING)
        return found, remembered

    def _causes(self, issuer: Issuer, *, now: datetime) -> Mapping[str, bool]:
        """What the tracks at hand tell of the winds over an issuer's zones."""
        if not self._tracks:
            return {}
        ground = unary_union([zone.geometry for zone in self._zones if zone.code in issuer.zones])
        return {} if ground.is_empty else causes(self._tracks.values(), ground, now=now)

    def _found(self, proposal: Proposal, issuer: Issuer, grids: Mapping[str, Grid], now: datetime) -> Found:
        expires = proposal.expires or now + self._policy.validity
        if proposal.onset is not None and proposal.onset + self._policy.extend_when_left > expires:
            # Two days ahead of a frost: the warning must outlive the beginning of what it warns of.
            expires = proposal.onset + self._policy.validity
        proposal = replace(proposal, expires=expires)
        cells: dict[Grid, set[int]] = {}
        for evidence in proposal.evidence:
            if evidence.cells and evidence.row in grids and grids[evidence.row].regular:
                cells.setdefault(grids[evidence.row], set()).update(evidence.cells)
        ground = unary_union([outline_cells(grid, own) for grid, own in cells.items()])
        polygon = None if ground.is_empty else dict(mapping(ground))
        return Found(
            id=uuid4(), proposal=proposal, expires=expires, polygon=polygon,
            texts=ready_texts(proposal, issuer=issuer, zones=self._zones, now=now, expires=expires, status=self._cap_status),
            affected={
                "population": self._people(proposal.zones), "source": "census 2020",
                "sites": [
                    {"code": site.code, "kind": site.kind, "zh": site.about.name_zh, "en": site.about.name_en}
                    for site in affected(self._sites, self._zones, proposal.zones)]},
        )

    def _people(self, zones: Sequence[str]) -> int:
        """Residents of the warned zones; a city stands for all its districts."""
        known, warned = self._zones.by_code, set(zones)
        return sum(
            count for code, count in self._populations.items()
            if code in warned or (code in known and known[code].parent in warned and known[code].parent in known)
        )


def _kilometre_grid(zones: ZoneSet) -> Grid:
    """Cells of 0.01° with centres on the hundredths, over all zones: where measurements are put."""
    bounds = [zone.geometry.bounds for zone in zones] or [(0.0, 0.0, 0.0, 0.0)]
    west, south = (math.floor(min(one[side] for one in bounds) * 100) for side in (0, 1))
    east, north = (math.ceil(max(one[side] for one in bounds) * 100) for side in (2, 3))
    return Grid(
        kind="regular_ll", ny=north - south + 1, nx=east - west + 1, lat0=south / 100, lon0=west / 100, dlat=0.01, dlon=0.01)


def _usable(contents: Contents, *, now: datetime, max_age: timedelta) -> datetime:
    """The run time of the payload; raises FeedError when it is empty, stale or from the future."""
    run_time = contents.data_time
    if run_time is None:
        raise FeedError("the file holds no field that can be used", retry=False)
    freshness = check_run(run_time, now=now, max_age=max_age)
    if not freshness.usable:
        raise FeedError(freshness.sentence, retry=False)
    return run_time
