"""The server of the workload ``console``: 2,875 districts and 7,125 streets, all warned by 40 alerts, and 20 proposals that wait: ``python -m tests.bench.console_server PORT URL FOLDER``."""

import asyncio
import json
import math
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import uvicorn
from sqlalchemy import text

from warning.account import Account, token_hash
from warning.app import opened
from warning.issue.hand import HandMade
from warning.level import Level
from warning.parts import Parts
from warning.settings import Settings
from warning.web.server import create
from warning.web.warm import settle, warm

DISTRICTS, STREETS, ALERTS, WAITING = 2_875, 7_125, 40, 20
CORNERS = 40
"""Of each outline: as many as a county's has after it was simplified."""
FORECASTER, APPROVER = Account(name="bench-fu", role="forecaster"), Account(name="bench-lin", role="approver")


def zones() -> Iterator[dict[str, object]]:
    """Wavy cells side by side, districts of 0.2 degrees from 100 E 24 N on, streets inside the first of them."""
    for number in range(DISTRICTS):
        west, south = 100 + number % 60 * 0.3, 24 + number // 60 * 0.3
        yield _zone(f"31{number + 1000:04d}", "district", "", f"区{number}", west, south, 0.3)
    for number in range(STREETS):
        west, south = 100 + number % 60 * 0.3, 24 + number // 60 % 47 * 0.3
        yield _zone(f"31{number % DISTRICTS + 1000:04d}{number // DISTRICTS + 1:06d}", "street", f"31{number % DISTRICTS + 1000:04d}", f"街{number}", west + 0.05, south + 0.05, 0.1)


def _zone(code: str, level: str, parent: str, name: str, west: float, south: float, side: float) -> dict[str, object]:
    middle, ring = side / 2, []
    for corner in range(CORNERS):
        turn = 2 * math.pi * corner / CORNERS
        far = middle * (0.93 + 0.05 * math.sin(5 * turn))
        ring.append([round(west + middle + far * math.cos(turn), 5), round(south + middle + far * math.sin(turn), 5)])
    return {"type": "Feature", "properties": {"code": code, "level": level, "parent": parent, "name_zh": name, "name_en": code},
            "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}}


async def main(port: int, url: str, folder: Path) -> None:
    file = folder / "zones.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": list(zones())}), encoding="utf-8")
    settings = Settings.model_validate({
        "database_url": url, "data": str(folder), "secret": "s" * 32, "limits": {"per_s": 0}, "zones": {"path": str(file)},
        "public_url": f"http://127.0.0.1:{port}"})
    async with opened(settings, channels=False) as parts:
        await _fill(parts)
        app = create(parts)
        await warm(app)
        settle()
        await uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)).serve()


async def _fill(parts: Parts) -> None:
    """One alert by two people; the others are its rows again with zones of their own, for only what is read is measured."""
    now = parts.clock.now()
    proposal = await parts.issue.compose(HandMade(
        issuer="310000", hazard="rainstorm", event_code="11B03", level=Level.RED, zones=("311000",), onset=now,
        expires=now + timedelta(hours=3)), account=FORECASTER)
    await parts.issue.submit(proposal, account=FORECASTER, revision=1, changes={})
    identifier = await parts.issue.approve(proposal, account=APPROVER, revision=2)
    for number in range(WAITING):
        await parts.issue.compose(HandMade(
            issuer="310000", hazard="gale", event_code="11B06", level=Level(number % 4 + 1), zones=(f"31{1200 + number:04d}",), onset=now,
            expires=now + timedelta(hours=3)), account=FORECASTER)
    codes = [zone.code for zone in parts.zones]
    async with parts.database.begin() as connection:
        for name, role in (("fu", "forecaster"), ("lin", "approver")):
            await connection.execute(
                text("INSERT INTO account (name, role, token_hash) VALUES (:n, :r, :h)"), {"n": name, "r": role, "h": token_hash(f"token-{name}")})
        for number in range(ALERTS):
            await connection.execute(text(
                "INSERT INTO alert (identifier, event_id, version, msg_type, status, issuer, sender, hazard, event_code, level, sent, onset, expires, "
                "zones, headlines, cap_xml, proposal_id, expanded_at) SELECT :new, gen_random_uuid(), 1, msg_type, status, issuer, sender, hazard, "
                "event_code, :level, sent, onset, expires, :zones, headlines, cap_xml, proposal_id, sent FROM alert WHERE identifier = :i"),
                {"new": f"{identifier[:-6]}{900_000 + number}", "level": number % 4 + 1, "zones": codes[number::ALERTS], "i": identifier})


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
