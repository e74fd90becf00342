"""What is in force as the public face shows it: read at most once a second, rebuilt only when the active set changes."""

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.exc import OperationalError

from warning.cap import Alert
from warning.capxml import read
from warning.dispatch.audience import Reach, reach
from warning.store import board
from warning.store.board import AlertView
from warning.web.api.shapes import alert_out
from warning.web.here import Answers, Places
from warning.web.parts import Parts

FRESH_S, PATIENT_S = 1.0, 2.0
"""For how long a reading serves everybody; until PATIENT_S it still does while the next one is under way, so that nobody waits for the database.
The read-back of the page channel always reads anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An alert in force with the places it concerns."""

    alert: AlertView
    cap: Alert
    codes: frozenset[str]
    ground: BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """``version`` changes when, and only when, the set of active versions does."""

    version: str
    in_force: tuple[Standing, ...]
    lifted: tuple[AlertView, ...]

    def concerning(self, code: str, parents: Sequence[str] = ()) -> tuple[Standing, ...]:
        """What concerns a zone: named itself, covered by a larger one, or holding a smaller one that is warned."""
        return tuple(s for s in self.in_force if code in s.codes or any(p in s.alert.zones for p in parents))

    def shows(self, identifier: str) -> int | None:
        """The version under which the public page shows this identifier now, or None."""
        for alert in (*(s.alert for s in self.in_force), *self.lifted):
            if alert.identifier == identifier:
                return alert.version
        return None


class PublicBoard:
    """Holds the snapshot that is being served; opened with the application, one per process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._held: Snapshot | None = None
        self._set: tuple[str, ...] | None = None
        self._read_at = float("-inf")
        self._known: dict[str, Standing] = {}
        self._places = Places(parts.zones)
        self._answers: Answers | None = None
        self._answering = asyncio.Lock()
        self._said: dict[str, bytes] = {}
        self._lock = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None

    async def snapshot(self, *, fresh: bool = False) -> Snapshot:
        """What is served now; ``fresh`` asks the database even when the last reading is young."""
        held = self._held
        clock = self._parts.clock
        age = clock.monotonic() - self._read_at
        if held is not None and not fresh and age < PATIENT_S:
            if age >= FRESH_S and (self._renewing is None or self._renewing.done()):
                self._renewing = asyncio.create_task(self._renew(), name="the board of the public page")
            return held
        return await self._read(fresh=fresh)

    async def _renew(self) -> None:
        """Whoever asks after PATIENT_S meets the fault, if it is still there."""
        with suppress(OperationalError):
            await self._read(fresh=False)

    async def _read(self, *, fresh: bool) -> Snapshot:
        clock = self._parts.clock
        async with self._lock:
            if self._held is not None and not fresh and clock.monotonic() - self._read_at < FRESH_S:
                return self._held
            now = clock.now()
            active = await board.active_versions(self._parts.database, now)
            if self._held is None or active != self._set:
                self._held = await self._build(now, active)
                self._set = active
            self._read_at = clock.monotonic()
            return self._held

    async def answers(self) -> Answers:
        """What is answered to "am I warned here?" of what is served now."""
        snapshot = await self.snapshot()
        held = self._answers
        if held is not None and held.version == snapshot.version:
            return held
        async with self._answering:
            if self._answers is None or self._answers.version != snapshot.version:
                # On a thread, and only what is new is written: ten thousand warnings take seconds, in which nobody else would be answered.
                self._answers = await asyncio.to_thread(self._answered, snapshot)
            return self._answers

    def _answered(self, snapshot: Snapshot) -> Answers:
        known = self._said
        self._said = {
            one.alert.identifier: known.get(one.alert.identifier) or alert_out(self._parts, one.alert).model_dump_json().encode() for one in snapshot.in_force}
        return Answers(snapshot.version, [(self._said[one.alert.identifier], one.ground) for one in snapshot.in_force], self._places)

    async def _build(self, now: datetime, active: Sequence[str]) -> Snapshot:
        status = self._parts.settings.status
        alerts = [a for a in await board.in_force(self._parts.database, now) if a.status == status]
        lifted = [a for a in await board.lifted(self._parts.database, now) if a.status == status]
        known = self._known
        # On a thread: joining the borders of ten thousand zones takes a second, in which the consoles' own connections must not stand still.
        self._known = await asyncio.to_thread(lambda: {a.identifier: self._standing(a, known.get(a.identifier)) for a in alerts})
        digest = hashlib.sha256("\n".join(active).encode()).hexdigest()[:16]
        return Snapshot(version=digest, in_force=tuple(self._known.values()), lifted=tuple(lifted))

    def _standing(self, alert: AlertView, before: Standing | None) -> Standing:
        """An issued warning never changes, but for the signature that it may still wait for: where it holds is worked out once."""
        if before is not None:
            return replace(before, alert=alert)
        where = self._reach(alert)
        ground = where.ground
        shapely.prepare(ground)
        return Standing(alert=alert, cap=parsed(alert.cap_xml), codes=where.codes, ground=ground)

    def _reach(self, alert: AlertView) -> Reach:
        zones = self._parts.zones
        here = [code for code in alert.zones if code in zones.by_code]
        polygon = None if alert.polygon is None else shapely.geometry.shape(dict(alert.polygon))
        found = reach(here, zones, polygon)
        # A larger place is concerned as soon as one of its parts is: the city's page shows its districts.
        codes = set(found.codes) | set(alert.zones)
        parents = {zone.parent for zone in zones if zone.code in codes and zone.parent}
        return Reach(codes=frozenset(codes | parents), ground=found.ground)


@lru_cache(maxsize=512)
def parsed(cap_xml: str) -> Alert:
    """An issued CAP document never changes, so it is read once."""
    return read(cap_xml.encode()).alert
