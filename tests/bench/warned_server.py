"""The servers of the workload ``warned``, a process each: ``python -m tests.bench.warned_server hello|product PORT [URL FOLDER]``."""

import asyncio
import sys
from datetime import timedelta

import uvicorn
from fastapi import FastAPI

from warning.account import Account
from warning.app import opened
from warning.issue.hand import HandMade
from warning.level import Level
from warning.settings import Settings
from warning.web.server import create

FORECASTER, APPROVER = Account(name="bench-fu", role="forecaster"), Account(name="bench-lin", role="approver")


def hello() -> FastAPI:
    """What everybody writes first."""
    app = FastAPI()

    @app.get("/")
    async def root() -> dict[str, str]:
        return {"hello": "world"}

    return app


async def main(what: str, port: int, *where: str) -> None:
    if what == "hello":
        await _serve(hello(), port)
        return
    url, folder = where
    settings = Settings.model_validate({"database_url": url, "data": folder, "secret": "s" * 32, "limits": {"per_s": 0}})
    async with opened(settings, channels=False) as parts:
        now = parts.clock.now()
        for zone, level in (("310115", Level.RED), ("310116", Level.ORANGE), ("310120", Level.YELLOW)):
            proposal = await parts.issue.compose(HandMade(
                issuer="310000", hazard="rainstorm", event_code="11B03", level=level, zones=(zone,), onset=now,
                expires=now + timedelta(hours=3)), account=FORECASTER)
            await parts.issue.submit(proposal, account=FORECASTER, revision=1, changes={})
            await parts.issue.approve(proposal, account=APPROVER, revision=2)
        await _serve(create(parts, with_console=False), port)


async def _serve(app: FastAPI, port: int) -> None:
    await uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)).serve()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
