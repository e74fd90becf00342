"""A web server with two offices, a year of a few warnings, and tries of all kinds: ``python -m tests.web.office_server URL PORT FOLDER``."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import uvicorn

from tests.web.conftest import World, opened_world
from warning.account import token_hash


async def main(url: str, port: int, folder: Path) -> None:
    async with opened_world(url, folder, public_url=f"http://127.0.0.1:{port}") as world:
        await seed(world)
        await uvicorn.Server(uvicorn.Config(world.app, host="127.0.0.1", port=port, log_level="warning", access_log=False)).serve()


async def seed(world: World) -> None:
    """Office 1 has a subscription by district with a cover; a warning of last month and one in force; three tries and a test."""
    for name in ("rival", "newcomer"):
        await world.execute("INSERT INTO account (name, role, token_hash) VALUES (:n, 'office', :h)", {"n": name, "h": token_hash(f"token-{name}")})
    for name, zones in (("浦东新区应急办", ["310115"]), ("奉贤值班室", ["310120"])):
        made = await world.post("/api/subscriptions", "office", {
            "name": name, "channel": "webhook", "address": f"https://203.0.113.7/{zones[0]}", "zones": zones, "secret": "s" * 20})
        assert made.status_code == 201, made.text
    for hazard, code, level, zones in (("gale", "11B06", "yellow", ["310000"]), ("rainstorm", "11B03", "red", ["310115"])):
        identifier = await world.warned(hazard=hazard, code=code, level=level, zones=zones)
        await world.parts.dispatch.expand(identifier)
    await world.execute("UPDATE alert SET sent = sent - interval '30 days' WHERE hazard = 'gale'")
    await world.execute(
        "INSERT INTO attempt (delivery_id, number, outcome, reason, evidence, seconds, next_try_at) SELECT d.id, n, o, r, e, 0.042, "
        "CASE WHEN o = 'queued' THEN clock_timestamp() + interval '4 seconds' END FROM delivery d CROSS JOIN (VALUES "
        "(1, 'queued', 'refused', 'HTTP 503'), (2, 'lost', '', ''), (3, 'failed', 'refused', 'HTTP 400')) AS v(n, o, r, e) "
        "WHERE d.subscription_id = 1 AND d.identifier = :i", {"i": identifier})
    await world.execute("UPDATE delivery SET state = 'failed', reason = 'refused', evidence = 'HTTP 400' WHERE subscription_id = 1 AND identifier = :i",
                        {"i": identifier})
    await world.execute("INSERT INTO trial (id, subscription_id, asked_by, token_hash, state, evidence, began_at, seconds, answered_at, answered_by) "
                        "VALUES (gen_random_uuid(), 1, 'office', 'x', 'accepted', 'HTTP 204', clock_timestamp(), 0.031, clock_timestamp(), '李值班')")
    await world.execute("INSERT INTO office_pause (subscription_id, cover_id, starts_at, ends_at, made_by) VALUES (1, 2, :a, :b, 'office')",
                        {"a": world.now + timedelta(days=3), "b": world.now + timedelta(days=10)})


if __name__ == "__main__":
    Path(sys.argv[3]).mkdir(parents=True, exist_ok=True)
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
