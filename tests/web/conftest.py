"""One real PostgreSQL per session, one fresh database per test, the real parts, and a drill clock that stands still."""

import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, sync_playwright
from pydantic import SecretStr
from sqlalchemy import text

from tests.web.browsing import CHROMIUM as CHROMIUM
from tests.web.browsing import served
from warning.account import token_hash
from warning.app import opened
from warning.issue.work import StoredProposal
from warning.level import Level
from warning.parts import Parts
from warning.settings import (
    CapStatus,
    ChannelSettings,
    FastLaneSettings,
    FeedSettings,
    MapSettings,
    PartnerSettings,
    Settings,
)
from warning.store.drill import DrillClock
from warning.store.issue import insert_proposal
from warning.store.stages import mark
from warning.watch.evidence import Evidence
from warning.watch.proposal import Action, Candidate, Proposal, Reason, to_json
from warning.web.server import create

AT = datetime(2024, 9, 20, 0, 30, tzinfo=UTC)
TOKENS = {"fu": "forecaster", "lin": "approver", "wang": "viewer", "office": "office", "root": "admin"}


@pytest.fixture(scope="session")
def office_site(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server in a process of its own, see office_server; its address."""
    with served(server_url, tmp_path_factory, "tests.web.office_server") as base:
        yield base


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, headless, as it is installed; the whole of it, for its smaller shell has no notifications."""
    with sync_playwright() as play:
        started = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--headless=new"], ignore_default_args=["--headless"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> Browser:
    return browser


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The parts with five accounts, and a client that speaks to the application without a network."""

    parts: Parts
    app: FastAPI
    http: httpx.AsyncClient

    async def get(self, path: str, who: str | None = None, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers={**_key(who), **headers})

    async def post(self, path: str, who: str | None = None, body: object = None) -> httpx.Response:
        return await self.http.post(path, headers=_key(who), json=body)

    async def warned(
        self, *, hazard: str = "rainstorm", code: str = "11B03", level: str = "red", zones: Sequence[str] = ("310115",),
        issuer: str = "310000", hours: float = 3, action: str = "new", replaces: str | None = None,
    ) -> str:
        """An alert by the way of every alert: composed, submitted by fu, approved by lin. Returns its identifier."""
        hand: dict[str, Any] = {
            "issuer": issuer, "hazard": hazard, "event_code": code, "level": level, "zones": list(zones),
            "onset": self.now.isoformat(), "expires": (self.now + timedelta(hours=hours)).isoformat(), "action": action,
            "replaces": replaces, "note": "" if action == "new" else "by order of the drill"}
        made = await self.post("/api/proposals", "fu", hand)
        assert made.status_code == 201, made.text
        path = f"/api/proposals/{made.json()['id']}"
        sent = await self.post(f"{path}/submit", "fu", {"revision": 1})
        assert sent.status_code == 200, sent.text
        signed = await self.post(f"{path}/approve", "lin", {"revision": 2})
        assert signed.status_code == 200, signed.text
        return str(signed.json()["identifier"])

    async def proposed(self, *, zone: str = "310115", level: Level = Level.RED, open_cause: bool = False) -> uuid.UUID:
        """A proposal as the watch desk stores it: 6 h of rain peak at 170.2 mm over 40 % of the zone."""
        return await store_proposal(self.parts, self.now, zone=zone, level=level, open_cause=open_cause)

    async def move(self, by: timedelta) -> None:
        clock = self.parts.clock
        assert isinstance(clock, DrillClock)
        await clock.move_to(clock.now() + by)

    @property
    def now(self) -> datetime:
        return self.parts.clock.now()

    async def execute(self, sql: str, values: Mapping[str, object] | None = None) -> None:
        async with self.parts.database.begin() as connection:
            await connection.execute(text(sql), dict(values or {}))


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with opened_world(database_url, tmp_path) as made:
        yield made


@asynccontextmanager
async def opened_world(
    database_url: str, folder: Path, *, public_url: str = "http://faces.test", with_console: bool = False,
    feeds: tuple[FeedSettings, ...] = (), fast_lane: tuple[FastLaneSettings, ...] = (), status: CapStatus = "Exercise",
    map_: MapSettings | None = None, partners: tuple[PartnerSettings, ...] = (),
) -> AsyncIterator[World]:
    settings = Settings(
        database_url=database_url, data=folder, secret=SecretStr("s" * 32), clock="drill", allow_private_targets=True,
        public_url=public_url, feeds=feeds, fast_lane=fast_lane, status=status, map=map_ or MapSettings(), partners=partners,
        channels=(ChannelSettings(name="sms", kind="sms"), ChannelSettings(name="webhook", kind="webhook")))
    async with opened(settings, channels=False) as parts:
        clock = parts.clock
        assert isinstance(clock, DrillClock)
        await clock.move_to(AT)
        async with parts.database.begin() as connection:
            for name, role in TOKENS.items():
                await connection.execute(
                    text("INSERT INTO account (name, role, token_hash) VALUES (:n, :r, :h) ON CONFLICT DO NOTHING"),
                    {"n": name, "r": role, "h": token_hash(f"token-{name}")})
        app = create(parts, with_console=with_console)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://faces.test") as http:
            yield World(parts=parts, app=app, http=http)


async def store_proposal(
    parts: Parts, now: datetime, *, zone: str, level: Level = Level.RED, open_cause: bool = False
) -> uuid.UUID:
    evidence = Evidence(
        zone=zone, hazard="rainstorm", peak=170.2, units="mm", test="rain/6h [mm] >= 150", share=0.4, known_share=1.0,
        cells=(1, 2), peak_time=now + timedelta(hours=2), onset=now, end=now + timedelta(hours=4),
        row="shanghai-2019/rainstorm/red", rule_set="shanghai-2019", version="1", observed=True)
    causes = (
        Candidate(hazard="typhoon", event_code="11B01", zh="台风", en="typhoon", level=level),
        Candidate(hazard="gale", event_code="11B05", zh="大风", en="gale", level=level)) if open_cause else ()
    if open_cause:
        evidence = replace(evidence, hazard="gale", test="gust [m/s] >= 33", peak=35.0, units="m/s", row="shanghai-2019/gale/red")
    found = Proposal(
        issuer=zone, hazard="wind" if open_cause else "rainstorm", event_code="" if open_cause else "11B03",
        hazard_zh="台风或大风" if open_cause else "暴雨", hazard_en="typhoon or gale" if open_cause else "rainstorm", level=level,
        previous_level=None, action=Action.NEW, reason=Reason.FIRST, zones=(zone,), event_id=None, onset=now,
        expires=now + timedelta(hours=6), evidence=(evidence,), cause_to_decide=causes, created_at=now)
    stored = StoredProposal(
        id=uuid.uuid4(), issuer=zone, hazard=found.hazard, event_code=found.event_code, level=level, action="new",
        reason="first", status="open", event_id=None, cap_status="Exercise", zones=(zone,),
        body=to_json(found) | {"affected": {"population": 5_681_512, "source": "census 2020"}},
        texts={"zh-CN": {"headline": "标题", "description": "正文", "instruction": "防御指南"},
               "en-US": {"headline": "headline", "description": "text", "instruction": "advice"}},
        polygon={"type": "Polygon", "coordinates": [[[121.55, 31.1], [121.75, 31.1], [121.75, 31.25], [121.55, 31.25], [121.55, 31.1]]]},
        onset=now, expires=now + timedelta(hours=6), created_at=now, submitted_by=None, changes={}, revision=1)
    async with parts.database.begin() as connection:
        await insert_proposal(connection, stored, payload_id=None, data_time=now - timedelta(minutes=6))
        for stage in ("arrival", "decode", "derive", "propose"):
            await mark(connection, chain=str(stored.id), stage=stage, at=now)
    return stored.id


def _key(who: str | None) -> dict[str, str]:
    return {} if who is None else {"Authorization": f"Bearer token-{who}"}
