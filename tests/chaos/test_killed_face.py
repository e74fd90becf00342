"""The process that serves the console is killed while a signature is being stored: there is one alert or none, and asking again is safe."""

import asyncio
from contextlib import ExitStack
from uuid import UUID

import httpx
import pytest
import yaml
from sqlalchemy import text

from tests.chaos.brake import Brake, Step
from tests.chaos.process import face, killed, started
from tests.chaos.reckoning import reckoned
from tests.chaos.successor import rest
from tests.corridor.conftest import APPROVER, FORECASTER, Corridor, until
from tests.ports import own_port
from warning.issue.hand import HandMade
from warning.level import Level
from warning.store.accounts import add_account

ONE = "8613900000001"
STEPS = (
    Step(name="the signature is stored", act="INSERT", table="approval"),
    Step(name="the alert is stored", act="INSERT", table="alert"),
    Step(name="its audience is asked for", act="INSERT", table="procrastinate_jobs", when="NEW.task_name = 'xiaoxishu.expand'"),
)


async def asked(city: Corridor) -> UUID:
    """A warning that its forecaster has submitted."""
    proposal = await city.parts.issue.compose(HandMade(
        issuer="310000", hazard="rainstorm", event_code="11B03", level=Level.RED, zones=("310115",), onset=city.now,
        expires=city.now.replace(hour=20)), account=FORECASTER)
    await city.parts.issue.submit(proposal, account=FORECASTER, revision=1, changes={})
    return proposal


@pytest.mark.parametrize("step", STEPS, ids=str)
async def test_a_signature_that_a_crash_cut_off_is_given_again_and_everybody_is_told_once(city: Corridor, brake: Brake, step: Step) -> None:
    await city.resident(ONE)
    token = await add_account(city.parts.database, APPROVER, by="test", at=city.now)
    proposal = await asked(city)

    async def approved(http: httpx.AsyncClient, port: int) -> httpx.Response:
        return await http.post(
            f"http://127.0.0.1:{port}/api/proposals/{proposal}/approve", json={"revision": 2}, headers={"Authorization": f"Bearer {token}"})

    with own_port() as port:
        async with httpx.AsyncClient(timeout=120) as http:

            async def serves() -> bool:
                try:
                    return (await http.get(f"http://127.0.0.1:{port}/api/health")).is_success
                except httpx.TransportError:
                    return False

            with started(face, city.settings_file, port) as first:
                await until(serves, within_s=120)
                await brake.on(step)
                answer = asyncio.create_task(approved(http, port))
                await brake.reached()
                await killed(first)
                with pytest.raises(httpx.TransportError):
                    await answer
            await brake.off(step)
            assert await city.rows("SELECT 1 FROM alert") == [], "half a signature is none"
            assert await city.rows("SELECT 1 FROM procrastinate_jobs") == []
            identifier = await city.parts.issue.approve(proposal, account=APPROVER, revision=2)
    await rest(city)
    found = await reckoned(city, identifier, [ONE])
    assert (found.twice, found.silent, len(city.heard(ONE))) == (frozenset(), frozenset(), 1)
    assert len(await city.rows("SELECT 1 FROM alert")) == 1


async def test_a_face_that_is_told_to_end_before_its_first_pages_are_made_has_begun_nothing_beside_them(city: Corridor) -> None:
    settings = yaml.safe_load(city.settings_file.read_text(encoding="utf-8"))
    settings["feeds"] = [{"kind": "folder", "source": "nowcast", "options": {"path": str(city.folder / "incoming"), "pattern": "*.nc"}}]
    theirs = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'face'"
    city.settings_file.write_text(yaml.safe_dump(settings | {"database_url": f"{settings['database_url']}&application_name=face"}), encoding="utf-8")
    with own_port() as port, ExitStack() as faces:
        async with city.parts.database.begin() as other:
            await other.execute(text("LOCK TABLE alert IN ACCESS EXCLUSIVE MODE"))
            serving = faces.enter_context(started(face, city.settings_file, port))

            async def makes_pages() -> bool:
                # What the first page reads first; a tick would wait for the same table.
                return bool(await city.rows(f"SELECT 1 {theirs} AND wait_event_type = 'Lock' AND query LIKE '%unsigned%'"))

            await until(makes_pages)
            assert await city.rows(f"SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid IN (SELECT pid {theirs})") == [], "it watches already"
            serving.terminate()
            await asyncio.to_thread(serving.join, 60)
            assert serving.exitcode is not None

        async def gone() -> bool:
            return await city.rows(f"SELECT 1 {theirs}") == []

        await until(gone)
