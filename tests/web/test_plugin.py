"""The plug-in's addresses: what they tell, whom they let in, and which settings are refused."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.web.conftest import World
from warning.errors import ConfigError
from warning.settings import load_settings


async def test_the_feed_says_what_is_in_force_in_the_area_and_may_be_asked_from_any_page(world: World) -> None:
    red = await world.warned(level="red", hours=2)
    yellow = await world.warned(zones=["310000"], hazard="gale", code="11B06", level="yellow", hours=1)
    await world.warned(zones=["310151"], level="orange")
    answer = await world.get("/api/plugin.json?area=310115")
    got = answer.json()
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    assert [one["identifier"] for one in got["alerts"]] == [red, yellow]
    assert (got["drill"], got["status"], got["area"], got["blind_since"]) == (True, "Exercise", {"zh": "浦东新区", "en": "Pudong New Area"}, None)
    first = got["alerts"][0]
    assert (first["level"], first["hazard_name"], first["areas"]["en"], first["url"]) == (
        "red", {"zh": "暴雨", "en": "rainstorm"}, "Pudong New Area", f"http://faces.test/alert/{red}")
    assert first["headline"]["zh"].startswith("【演练】")
    assert len((await world.get("/api/plugin.json")).json()["alerts"]) == 3
    await world.move(timedelta(hours=1))
    await world.app.state.public.snapshot(fresh=True)
    assert [one["identifier"] for one in (await world.get("/api/plugin.json?area=310115")).json()["alerts"]] == [red]
    missing = await world.get("/api/plugin.json?area=999")
    assert (missing.status_code, missing.json()["detail"]) == (404, "no zone 999; GET /api/zones.geojson lists them")
    assert (await world.get("/api/plugin.json?area=<x>")).status_code == 422


async def test_who_may_hold_the_frame_is_a_setting_and_nobody_may_hold_the_other_pages(world: World) -> None:
    frame = await world.get("/plugin?area=310115&lang=en")
    assert "frame-ancestors 'self'" in frame.headers["content-security-policy"]
    assert "x-frame-options" not in frame.headers
    assert (await world.get("/")).headers["x-frame-options"] == "DENY"
    assert (await world.get("/plugin?area=%22%3E%3Cscript%3E")).status_code == 422
    script = await world.get("/plugin.js")
    assert len(script.content) <= 20_000
    assert "http" not in script.text.replace("https://…", "").replace("/^https?:/", "").replace("http://", ""), "nothing is loaded from elsewhere"


@pytest.mark.parametrize("named", ["*", "'unsafe-inline'", "https://a.example; script-src *", "javascript:alert(1)", "https://a.example/path"])
def test_an_ancestor_that_would_change_the_policy_is_refused(named: str, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(f'plugin: {{frame_ancestors: ["{named}"]}}', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"plugin.frame_ancestors.0"):
        load_settings(tmp_path / "s.yaml", environment=False)
    (tmp_path / "s.yaml").write_text("plugin: {frame_ancestors: [\"'self'\", 'https://*.city.example:8443']}", encoding="utf-8")
    assert load_settings(tmp_path / "s.yaml", environment=False).plugin.frame_ancestors == ("'self'", "https://*.city.example:8443")
