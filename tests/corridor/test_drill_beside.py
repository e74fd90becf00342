"""A single drill in a deployment that warns for real: the same path, its own lane, and the public never sees it."""

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import yaml

from tests.corridor.conftest import APPROVER, FORECASTER, Corridor, opened_corridor
from warning.app import opened, register_broadcasts
from warning.issue.hand import HandMade
from warning.level import Level
from warning.settings import load_settings
from warning.store.watch import WatchStore
from warning.web.retract import retract
from warning.web.server import create

REAL, DRILL = "8613900000001", "8613900000002"


def exercise(corridor: Corridor) -> HandMade:
    return HandMade(issuer="310115", hazard="rainstorm", event_code="11B03", level=Level.RED, zones=("310115",), onset=corridor.now,
                    expires=corridor.now + timedelta(hours=3), status="Exercise")


async def with_a_drill_lane(database_url: str, folder: Path, stack: AsyncExitStack) -> Corridor:
    """A deployment for real, with a second SMS channel and a second spool for drills."""
    corridor = await opened_corridor(database_url, folder, stack, status="Actual", channels=False)
    settings = yaml.safe_load(corridor.settings_file.read_text(encoding="utf-8"))
    for name, extra in (("sms", {}), ("spool", {"folder": str(folder / "drill-spool")})):
        [real] = [channel for channel in settings["channels"] if channel["name"] == name]
        settings["channels"].append({**real, "name": f"{name}-drill", "options": {**real["options"], **extra, "lane": "exercise"}})
    corridor.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    corridor.parts = await stack.enter_async_context(opened(load_settings(corridor.settings_file)))
    await register_broadcasts(corridor.parts)
    return corridor


async def test_a_drill_beside_real_warnings_reaches_drill_addresses_only_and_is_shown_to_nobody(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await with_a_drill_lane(database_url, tmp_path, stack)
        await corridor.resident(REAL, lane="actual")
        await corridor.execute(
            "INSERT INTO subscription (kind, lane, channel, address, min_level, cell, district) "
            "SELECT kind, 'exercise', 'sms-drill', :a, min_level, cell, district FROM subscription WHERE address = :r", a=DRILL,
            r=corridor.parts.addresses.seal(REAL))
        alert = await corridor.sign(await corridor.parts.issue.compose(exercise(corridor), account=FORECASTER))
        await corridor.send(alert)
        assert corridor.heard(REAL) == []
        assert "演练" in corridor.heard(DRILL)[0]
        assert set(await corridor.states(alert)) == {DRILL, "{identifier}"}
        assert [path.suffix for path in (tmp_path / "drill-spool").rglob("*.xml")] == [".xml"]
        assert not (tmp_path / "spool").exists() or list((tmp_path / "spool").rglob("*.xml")) == []
        # The data's own proposals go on as if nothing were in force.
        assert await WatchStore(corridor.parts.database, cap_status="Actual").in_force(now=corridor.now) == []
        app = create(corridor.parts, with_console=False)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://drill.test") as http:
            assert (await http.get("/api/warned", params={"lat": 31.15, "lon": 121.65})).json()["alerts"] == []
            assert alert not in (await http.get("/api/feed.atom")).text
            assert (await http.get("/api/alerts")).json() == []
            assert [one["identifier"] for one in (await http.get("/api/alerts?status=Exercise")).json()] == [alert]
            assert (await http.get(f"/public/versions/{alert}")).status_code == 404


async def test_a_drill_beside_real_warnings_is_retracted_as_a_drill(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await with_a_drill_lane(database_url, tmp_path, stack)
        drill = await corridor.sign(await corridor.parts.issue.compose(exercise(corridor), account=FORECASTER))
        back = await retract(corridor.parts, drill, reason="wrong district", account=FORECASTER)
        ended = await corridor.parts.issue.approve(back.proposal, account=APPROVER, revision=back.revision)
        [row] = await corridor.rows("SELECT msg_type, status FROM alert WHERE identifier = :i", i=ended)
        assert (row["msg_type"], row["status"]) == ("Cancel", "Exercise")
