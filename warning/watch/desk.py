"""The watch desk: a payload arrives, is read, measured against every rule, and becomes proposals."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from geo.criterion import Criterion, comparisons
from geo.derive import DeriveError, Series, history, series
from geo.exceedance import Exceedance, GridMismatch, exceed
from geo.field import GridField
from geo.grid import Grid
from geo.outline import outline_cells
from geo.overlay import OverlayError, overlay
from geo.quantity import Quantity
from geo.zone import ZoneSet
from warning.cap import Status
from warning.clock import Clock
from warning.watch.draft import draft
from warning.watch.issuer import Issuer
from warning.watch.memory import Memory, Policy
from warning.watch.proposal import Action, InForce, Proposal
from warning.watch.propose import propose
from warning.watch.ready import Texts, ready_texts
from warning.watch.rule import RuleSet
from warning.watch.rulefile import quantities
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

    async def watched(self, since: datetime) -> list[tuple[str, str]]: ...

    async def memory(self, issuer: str) -> Memory: ...

    async def in_force(self, *, now: datetime) -> list[InForce]: ...

    async def conclude(
        self, payload_id: UUID, *, found: Sequence[Found], memories: Mapping[str, Memory], data_time: datetime,
        times: StageTimes, now: datetime,
    ) -> list[UUID]: ...

    async def real_now(self) -> datetime: ...


class WatchDesk:
    """One per deployment. What it remembers is in the ledger; its window of fields is read again after a restart."""

    def __init__(
        self, ledger: WatchLedger, *, clock: Clock, zones: ZoneSet, issuers: Sequence[Issuer],
        rule_sets: Mapping[str, RuleSet], overrides: Overrides, policy: Policy, populations: Mapping[str, int],
        cap_status: Status, max_age: timedelta, max_ages: Mapping[str, timedelta] = MappingProxyType({}), tables: Tables = NO_TABLES,
    ) -> None:
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
        self._tables = tables
        self._window: Window | None = None

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
        if not contents.fields:  # measurements and tracks alone: no rule is judged by them
            decode_s, decoded = time.monotonic() - started, await self._ledger.real_now()
            times = StageTimes(arrived=arrived, decoded=decoded, derived=decoded, decode_s=decode_s, derive_s=0.0)
            return await self._ledger.conclude(payload_id, found=(), memories={}, data_time=data_time, times=times, now=now)
        if self._window is None:
            self._window = await self._reread(data_time)
        self._window = self._window.with_run(contents.fields)
        decode_s, decoded = time.monotonic() - started, await self._ledger.real_now()
        in_force = await self._ledger.in_force(now=now)
        memories = {issuer.code: await self._ledger.memory(issuer.code) for issuer in self._issuers}
        started = time.monotonic()
        found, memories = await asyncio.to_thread(self._judge, self._window, data_time, in_force, memories, now)
        derive_s, derived = time.monotonic() - started, await self._ledger.real_now()
        times = StageTimes(arrived=arrived, decoded=decoded, derived=derived, decode_s=decode_s, derive_s=derive_s)
        return await self._ledger.conclude(
            payload_id, found=found, memories=memories, data_time=data_time, times=times, now=now)

    def _read(self, path: Path, source: str, checksum: str) -> Contents:
        """What can be used of a file; a field that cannot is told, the others are kept."""
        readings: list[Reading] = []
        try:
            for reading in read(path, source=source, overrides=self._overrides, checksum=checksum, tables=self._tables):
                readings.append(reading)
        except PartlyRead as error:
            if not readings:
                raise
            log.warning("a payload was read in part", file=path.name, why=str(error))
        return Contents.of(readings)

    async def _reread(self, data_time: datetime) -> Window:
        window = Window()
        for path, source in await self._ledger.watched(data_time - window.reach):
            try:
                window = window.with_run((await asyncio.to_thread(self._read, Path(path), source, "")).fields)
            except (FeedError, OSError) as error:
                log.warning("an earlier payload cannot be read again", file=Path(path).name, why=str(error))
        return window

    def _judge(
        self, window: Window, data_time: datetime, in_force: Sequence[InForce], memories: Mapping[str, Memory], now: datetime
    ) -> tuple[list[Found], dict[str, Memory]]:
        """Pure: fields × rules × zones → drafts → proposals, issuer by issuer."""
        answers, grids = self._answers(window, data_time)
        found: list[Found] = []
        remembered: dict[str, Memory] = {}
        for issuer in self._issuers:
            drafts = draft(issuer, self._rule_sets[issuer.rule_set], answers.get(issuer.rule_set, {}), now=data_time)
            proposals, remembered[issuer.code] = propose(
                drafts, [warning for warning in in_force if warning.issuer == issuer.code], memories[issuer.code],
                self._policy, now=now, cycle=data_time)
            found.extend(self._found(p, issuer, grids, now) for p in proposals if p.action is not Action.NOTHING)
        return found, remembered

    def _answers(
        self, window: Window, data_time: datetime
    ) -> tuple[dict[str, dict[str, Sequence[Exceedance]]], dict[str, Grid]]:
        """For each rule set and row, what the data say of every zone; rows without data are left out (unknown).

        Also the grid on which each row was measured: its cells are numbered there.
        """
        answers: dict[str, dict[str, Sequence[Exceedance]]] = {}
        grids: dict[str, Grid] = {}
        known: dict[Quantity, Series | None] = {}
        zones = tuple(self._zones)
        for set_id in {issuer.rule_set for issuer in self._issuers}:
            rule_set = self._rule_sets[set_id]
            for quantity in quantities(rule_set) - known.keys():
                known[quantity] = _series(quantity, window, data_time, days=_days(rule_set, quantity))
            have = {quantity: found for quantity, found in known.items() if found is not None}
            rows: dict[str, Sequence[Exceedance]] = {}
            for rule in rule_set.rules:
                for row, criterion in ((rule.row, rule.criterion), (rule.sign_row, rule.signed)):
                    needed = () if criterion is None else _needed(criterion)
                    if criterion is None or not any(quantity in have for quantity in needed):
                        continue
                    grid = grids[row] = next(have[quantity].grid for quantity in needed if quantity in have)
                    try:
                        rows[row] = exceed(
                            criterion, have, overlay(grid, zones), start=data_time, end=data_time + rule.lead, now=data_time)
                    except (GridMismatch, OverlayError) as error:
                        log.error("a rule could not be measured and stays unknown", row=row, why=str(error))
            answers[set_id] = rows
        return answers, grids

    def _found(self, proposal: Proposal, issuer: Issuer, grids: Mapping[str, Grid], now: datetime) -> Found:
        expires = proposal.expires or now + self._policy.validity
        cells: dict[Grid, set[int]] = {}
        for evidence in proposal.evidence:
            if evidence.cells and evidence.row in grids and grids[evidence.row].regular:
                cells.setdefault(grids[evidence.row], set()).update(evidence.cells)
        ground = unary_union([outline_cells(grid, own) for grid, own in cells.items()])
        polygon = None if ground.is_empty else dict(mapping(ground))
        return Found(
            id=uuid4(), proposal=proposal, expires=expires, polygon=polygon,
            texts=ready_texts(proposal, issuer=issuer, zones=self._zones, now=now, expires=expires, status=self._cap_status),
            affected={"population": self._people(proposal.zones), "source": "census 2020"},
        )

    def _people(self, zones: Sequence[str]) -> int:
        """Residents of the warned zones; a city stands for all its districts."""
        return sum(
            count for code, count in self._populations.items()
            if any(code == zone or (zone in self._zone_codes() and self._parent(code) == zone) for zone in zones)
        )

    def _zone_codes(self) -> frozenset[str]:
        return frozenset(zone.code for zone in self._zones)

    def _parent(self, code: str) -> str:
        return next((zone.parent for zone in self._zones if zone.code == code), "")


def _days(rule_set: RuleSet, quantity: Quantity) -> int:
    """The longest run of days that a rule of the set asks of this quantity (heat: three in a row)."""
    leaves = (leaf for rule in rule_set.rules if rule.criterion is not None for leaf in comparisons(rule.criterion))
    return max((leaf.days for leaf in leaves if leaf.quantity == quantity), default=1)


def _series(quantity: Quantity, window: Window, data_time: datetime, *, days: int) -> Series | None:
    """The quantity over time; None (unknown) when its fields are missing or do not fit together."""
    try:
        return series(quantity, _on_newest_grid(window.since(data_time - history(quantity, days=days))), now=data_time)
    except DeriveError as error:
        log.error("a quantity could not be derived and stays unknown", quantity=str(quantity), why=str(error))
        return None


def _on_newest_grid(fields: Sequence[GridField]) -> list[GridField]:
    """Of each variable the fields on the grid of its newest run (the finer of two): a changed grid does not blind the desk."""
    grids: dict[str, tuple[datetime, int, Grid]] = {}
    for field in fields:
        rank = field.run_time, field.grid.ny * field.grid.nx
        if field.variable not in grids or rank > grids[field.variable][:2]:
            grids[field.variable] = (*rank, field.grid)
    return [field for field in fields if field.grid == grids[field.variable][2]]


def _needed(criterion: Criterion) -> tuple[Quantity, ...]:
    return tuple(leaf.quantity for leaf in comparisons(criterion))


def _usable(contents: Contents, *, now: datetime, max_age: timedelta) -> datetime:
    """The run time of the payload; raises FeedError when it is empty, stale or from the future."""
    run_time = contents.data_time
    if run_time is None:
        raise FeedError("the file holds no field that can be used", retry=False)
    freshness = check_run(run_time, now=now, max_age=max_age)
    if not freshness.usable:
        raise FeedError(freshness.sentence, retry=False)
    return run_time
