"""A web server with a small drill inside, in a process of its own: ``python -m tests.web.console_server URL PORT FOLDER [live]``."""

import asyncio
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import uvicorn
from sqlalchemy.exc import OperationalError

from tests.corridor.rain import payload_of, rain_file
from tests.corridor.test_stations import AWS, JINGAN, PUDONG, reports
from tests.web.conftest import World, opened_world
from tests.web.pictures import around_shanghai, plain_png, pmtiles
from warning.account import token_hash
from warning.dispatch.breaker import Circuit
from warning.dispatch.routes import RouteState
from warning.dispatch.subscribe import ResidentSubscription
from warning.level import Level
from warning.settings import FastLaneSettings, FeedSettings, MapSettings
from warning.store.board import alert as alert_of
from warning.store.drill import DrillClock
from warning.store.routes import RouteStore
from warning.store.stages import mark

FEEDS = tuple(FeedSettings.model_validate({"kind": "folder", "source": name, "options": {"path": "."}}) for name in ("nowcast", "radar")) + (AWS,)
# At 08 in Beijing, half an hour before the world begins: a storm on its way to Fengxian.
TRACK = """diamond 7 a track
普拉桑 2414 BABJ 5
2024 09 19 20 0 123.3 30.0 25 990 300 100 315 15
2024 09 20 02 0 122.9 30.2 25 990 300 100 315 15
2024 09 20 08 0 122.4 30.5 23 992 280 80 315 15
2024 09 20 08 6 121.7 30.9 20 996 250 60 315 15
2024 09 20 08 12 121.0 31.4 16 999 200 40 315 15
"""
FAST = FastLaneSettings(hazards=("rainstorm",), review_within_s=900)


async def live(url: str, port: int, folder: Path) -> None:
    """Where warnings are real: one waits for its second signature, and a single drill beside it that looks as like it as can be. The map lies on a file."""
    base = pmtiles(folder / "base.pmtiles", around_shanghai(plain_png(20, 160, 120), range(5, 11)))
    async with opened_world(url, folder, public_url=f"http://127.0.0.1:{port}", with_console=True, status="Actual",
                            map_=MapSettings(tiles=str(base), attribution="© 测绘院 (test)")) as world:
        for status in ("Actual", "Exercise"):
            hand = {"issuer": "310000", "hazard": "rainstorm", "event_code": "11B03", "level": "red", "zones": ["310115"], "status": status,
                    "onset": world.now.isoformat(), "expires": (world.now + timedelta(hours=3)).isoformat()}
            made = await world.post("/api/proposals", "fu", hand)
            await world.post(f"/api/proposals/{made.json()['id']}/submit", "fu", {"revision": 1})
        following = asyncio.create_task(_follow_clock(world))
        await uvicorn.Server(uvicorn.Config(world.app, host="127.0.0.1", port=port, log_level="warning", access_log=False)).serve()
        following.cancel()


async def _follow_clock(world: World) -> None:
    """The time is whatever stands in the database, whenever that answers."""
    clock = world.parts.clock
    assert isinstance(clock, DrillClock)
    while True:
        with suppress(OperationalError):
            await clock.refresh()
        await asyncio.sleep(0.5)


async def main(url: str, port: int, folder: Path) -> None:
    async with opened_world(url, folder, public_url=f"http://127.0.0.1:{port}", with_console=True, feeds=FEEDS, fast_lane=(FAST,)) as world:
        await world.execute(  # a second approver: who issues alone does not review it
            "INSERT INTO account (name, role, token_hash) VALUES ('zhao', 'approver', :h)", {"h": token_hash("token-zhao")})
        await seed(world)
        await world.parts.feeds.began("radar", now=world.now - timedelta(hours=2))  # and nothing came
        reporting = asyncio.create_task(_report_routes(world))
        config = uvicorn.Config(world.app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
        await uvicorn.Server(config).serve()
        reporting.cancel()


async def _report_routes(world: World) -> None:
    """A worker with two gateways, of which one is silent, and a spare."""
    states = [
        RouteState(route="mobile", circuit=Circuit.CLOSED, since=world.now, skipped=False, accepted=182_340, failed=3, note="", weight=3, rate_per_s=2000.0,
                   under_way=16, place=1),
        RouteState(route="telecom", circuit=Circuit.OPEN, since=world.now, skipped=False, accepted=41_200, failed=12, weight=1, rate_per_s=800.0, place=3,
                   note="does not answer; tried again in 20 s, or at once when an operator says so"),
        RouteState(route="spare", circuit=Circuit.CLOSED, since=world.now, skipped=False, accepted=0, failed=0, note="", weight=0, place=2),
    ]
    while True:
        await RouteStore(world.parts.database).report("worker-1:7", {"sms": states})
        await asyncio.sleep(5)


async def seed(world: World) -> None:
    """Three alerts in force, one delivery that failed, three proposals (one of open cause)."""
    for name in ("浦东新区应急办", "南汇新城镇值班室"):
        await world.post("/api/subscriptions", "office", {
            "name": name, "channel": "webhook", "address": f"https://203.0.113.7/{len(name)}", "zones": ["310115"]})
    for lat, lon in ((31.22, 121.54), (31.05, 121.7), (31.0, 121.75), (30.9, 121.8)):
        await world.parts.subscriptions.resident(ResidentSubscription(channel="sms", address=f"86138{int(lon * 1e6)}", lat=lat, lon=lon))
    await world.warned(zones=["310000"], level="yellow", hazard="gale", code="11B06")
    await world.warned(zones=["310120", "310116"], level="orange")
    identifier = await world.warned(zones=["310115"], level="red")
    await world.parts.dispatch.expand(identifier)
    # One of them is accepted, the others' handsets have reported.
    await world.execute(
        "UPDATE crowd SET codes = decode('02' || repeat('03', size - 1), 'hex'), tally = ARRAY[0, 0, 1, size - 1, 0, 0, 0, 0, 0], "
        "open = false WHERE channel = 'sms'")
    await world.execute(
        "UPDATE delivery SET state = 'failed', reason = 'unreachable', attempts = 8, evidence = 'connection refused' "
        "WHERE id = (SELECT min(id) FROM delivery WHERE channel = 'webhook')")
    alert = (await world.get(f"/api/alerts/{identifier}")).json()
    assert alert["state"] == "in_force"
    chain = (await alert_of(world.parts.database, identifier)).proposal_id
    async with world.parts.database.begin() as connection:
        await mark(connection, chain=str(chain), stage="first_accepted", at=world.now, channel="sms")
    track = world.parts.settings.data / "babj.dat"
    track.write_text(TRACK, encoding="gbk")
    await world.parts.watch.take(payload_of(track, world.now))
    await world.parts.watch.take(reports(world.parts.settings.data, world.now, {
        one: (1.2, 2.0, 1.1, 0.8, 1.5, 2.6 if one == "58371" else 2.2) for one in PUDONG | JINGAN}))
    # 120 mm in the coming hour over the middle of Songjiang: a red proposal that the watch desk itself made, so it can be explained.
    await world.parts.watch.take(rain_file(world.parts.settings.data, world.now, {(121.15, 30.98, 121.28, 31.08): 20.0}))
    await world.proposed(zone="310151", level=Level.RED)
    await world.proposed(zone="310118", level=Level.YELLOW)
    await world.proposed(zone="310116", level=Level.ORANGE, open_cause=True)
    await world.parts.response.follow()


if __name__ == "__main__":
    asyncio.run((live if sys.argv[4:] == ["live"] else main)(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
