"""Events: what happens to warnings, in order, for everybody who listens; read from the ledger once for all listeners of a process."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from warning.store import past
from warning.store.past import Happening
from warning.web.parts import Parts
from warning.web.snapshot import PublicBoard

EVERY_S = 1.0
ALIVE_S = 15.0
KEPT = 2000
LOOK_BACK = timedelta(seconds=60)
"""A warning signed earlier may be committed later: what is that old is looked at, and told to who comes back, once more. So an event may come twice, with the same id."""
REPLAY = timedelta(days=7)
MOST_LISTENERS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    id: str
    act: str
    data: str

    def lines(self) -> str:
        """As the HTML standard writes it (§9.2.6)."""
        return f"id: {self.id}\nevent: {self.act}\ndata: {self.data}\n\n"


class EventBoard:
    """Opened with the application, one per process."""

    def __init__(self, parts: Parts, public: PublicBoard) -> None:
        self._parts = parts
        self._public = public
        self._seen: deque[str] = deque(maxlen=KEPT)
        self._kept: deque[tuple[int, Event]] = deque(maxlen=KEPT)
        self._count = 0
        self._version: str | None = None
        self._since = parts.clock.now()
        self._turn = asyncio.Lock()
        self.listeners = 0

    async def listen(self, last: str) -> AsyncIterator[str]:
        """What a listener is sent, for as long as it listens: first what it has missed since the event ``last``."""
        self.listeners += 1
        try:
            await self._look()
            told: set[str] = set()
            at = self._count
            yield "retry: 3000\n\n"
            for event in await self._missed(last):
                told.add(event.id)
                yield event.lines()
            silent_for = 0.0
            while True:
                await self._look()
                fresh = [event for number, event in self._kept if number > at and event.id not in told]
                if self._kept and self._kept[0][0] > at + 1:  # more happened between two looks than is kept
                    fresh = [self._reset(self._parts.clock.now())]
                at = self._count
                for event in fresh:
                    yield event.lines()
                silent_for = 0.0 if fresh else silent_for + EVERY_S
                if silent_for >= ALIVE_S:
                    silent_for = 0.0
                    yield ": alive\n\n"
                await asyncio.sleep(EVERY_S)
        finally:
            self.listeners -= 1

    async def _missed(self, last: str) -> list[Event]:
        if not last:
            return []
        now = self._parts.clock.now()
        stamp, _, rest = last.partition("-")
        since = datetime.fromtimestamp(int(stamp) / 1000, UTC) if stamp.isdecimal() and len(stamp) <= 15 and rest else None
        if since is None or now - since > REPLAY:
            return [self._reset(now)]
        # Also what was signed before it, but may have been committed after it was sent: who was away cannot have heard that.
        return [event for event in await self._happened(since - LOOK_BACK, now) if event.id != last]

    async def _look(self) -> None:
        """Read the ledger when the board has changed; one listener does it for all."""
        async with self._turn:
            snapshot = await self._public.snapshot()
            if snapshot.version == self._version:
                return
            now = self._parts.clock.now()
            first = self._version is None
            for event in await self._happened(self._since - LOOK_BACK, now):
                if event.id not in self._seen:
                    self._seen.append(event.id)
                    if not first:
                        self._count += 1
                        self._kept.append((self._count, event))
            self._version, self._since = snapshot.version, now

    async def _happened(self, since: datetime, now: datetime) -> list[Event]:
        """In order; ``reset`` instead when it is more than is kept, so that nobody takes a part for the whole."""
        found = await past.happened(self._parts.database, since=since, now=now, status=self._parts.settings.status, limit=KEPT + 1)
        return [self._event(one) for one in found] if len(found) <= KEPT else [self._reset(now)]

    @staticmethod
    def _reset(now: datetime) -> Event:
        return Event(id=f"{round(now.timestamp() * 1000)}-reset", act="reset", data='{"read":"/api/alerts.geojson"}')

    def _event(self, one: Happening) -> Event:
        alert, base = one.alert, self._parts.settings.public_url.rstrip("/")
        event_id = f"{round(one.at.timestamp() * 1000)}-{alert.identifier}{'-expired' if one.reason == 'expired' else ''}"
        return Event(id=event_id, act=one.act, data=json.dumps({
            "type": one.act, "reason": one.reason, "at": one.at.isoformat(), "identifier": alert.identifier, "event_id": str(alert.event_id),
            "version": alert.version, "status": alert.status, "hazard": alert.hazard, "level": alert.level.key, "zones": list(alert.zones),
            "expires": alert.expires.isoformat(), "headline": {"zh": alert.headlines.get("zh-CN", ""), "en": alert.headlines.get("en-US", "")},
            "url": f"{base}/alert/{alert.identifier}", "cap_url": f"{base}/api/alerts/{alert.identifier}.xml"}, ensure_ascii=False))
