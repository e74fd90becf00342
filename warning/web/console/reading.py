"""What every open console shows: read once a second per process, however many consoles are open."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import OperationalError

from warning.issue.consult.work import Note, Review
from warning.level import Level
from warning.store import board, pulses
from warning.store.board import AlertView, Notice, ProposalView
from warning.store.outgoing import Progress, outgoing
from warning.watch.disagree import Difference
from warning.watch.promise import Standing
from warning.web.console.colours import Colours
from warning.web.console.drafts import Drafts
from warning.web.console.ground import ground_of
from warning.web.console.papers import Papers
from warning.web.console.tiles import Tiles
from warning.web.fieldboard import Board, FieldBoard
from warning.web.parts import Parts

FRESH_S, PATIENT_S = 1.0, 3.0
"""For how long a reading serves everybody; a page that opens takes one up to PATIENT_S old rather than wait: its first look at the newest follows when it is there."""
WATCHED = 12
"""Progress is read for so many of the newest alerts; older ones have their timeline page."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """``paint``, ``over``: addresses of the map's colours and of the cells over threshold, "" before there are any. ``away`` = the database did not answer: the last good reading is shown and marked."""

    now: datetime
    proposals: tuple[ProposalView, ...] = ()
    in_force: tuple[AlertView, ...] = ()
    recent: tuple[AlertView, ...] = ()
    progress: Mapping[str, Progress]
    notices: tuple[Notice, ...] = ()
    feeds: tuple[Standing, ...] = ()
    canaries: tuple[pulses.Standing, ...] = ()
    notes: Mapping[UUID, tuple[Note, ...]] = field(default_factory=dict)
    reviews: tuple[Review, ...] = ()
    fields: Board = field(default_factory=Board)
    levels: Mapping[str, Level] = field(default_factory=dict)
    paint: str = ""
    over: str = ""
    differ: Sequence[Difference] = ()
    away: bool = False


class Watch:
    """Holds the newest reading."""

    def __init__(self, parts: Parts, fields: FieldBoard) -> None:
        self._parts = parts
        self.fields = fields
        self.ground = ground_of(parts.zones)
        self.papers = Papers()
        self.drafts = Drafts()
        self.tiles = Tiles(parts.settings.map)
        self._colours = Colours(parts.zones, parts.issuers, self.ground, self.papers)
        self._cells: tuple[object, str] = ((), "")
        self._lock = asyncio.Lock()
        self._read_at = float("-inf")
        self._held: Reading | None = None

    async def opening(self) -> Reading:
        """What a page opens with."""
        if self._held is not None and self._parts.clock.monotonic() - self._read_at < PATIENT_S:
            return self._held
        return await self.reading()

    async def reading(self, *, fresh: bool = False) -> Reading:
        """The newest reading, at most ``FRESH_S`` old; never raises when the database is away."""
        async with self._lock:
            clock = self._parts.clock
            if self._held is None or fresh or clock.monotonic() - self._read_at >= FRESH_S:
                try:
                    self._held = await self._read()
                except OperationalError:
                    self._held = replace(self._held or Reading(now=clock.now(), progress={}), now=clock.now(), away=True)
                self._read_at = clock.monotonic()
            return self._held

    async def _read(self) -> Reading:
        database, now = self._parts.database, self._parts.clock.now()
        in_force = await board.in_force(database, now)
        recent = await board.alerts(database, now=now, active=False, limit=WATCHED)
        pulse = await board.pulse(database)
        beating = await pulses.PulseStore(database, clock=self._parts.clock).standings()
        proposals = tuple(await board.proposals(database))
        # A drill beside real warnings colours nothing, and nobody differs from it.
        self._colours.look([alert for alert in in_force if alert.status == self._parts.settings.status])
        return Reading(
            now=now, levels=self._colours.levels, paint=self._colours.paint, over=self._over(proposals), differ=self._colours.differ, proposals=proposals, notes=await self._parts.consulted.notes([one.id for one in proposals]),
            reviews=tuple(await self._parts.consulted.owed()), fields=await self.fields.board(), in_force=tuple(in_force), recent=tuple(recent),
            progress=await outgoing(database, recent), notices=pulse.notices, feeds=tuple(await self._parts.feeds.standings(now=now)),
            canaries=tuple(one for one in beating if one.kind == "canary"))

    def _over(self, proposals: Sequence[ProposalView]) -> str:
        """The cells of every proposal that waits; those drawn by hand are seen only when they are chosen."""
        key = tuple((one.id, one.revision) for one in proposals if one.polygon is not None)
        if key != self._cells[0] or not self._cells[1]:
            self._cells = key, self.papers.put([
                {"id": str(one.id), "always": one.reason != "by_hand", "shape": one.polygon} for one in proposals if one.polygon is not None])
        return self._cells[1]
