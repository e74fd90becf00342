"""A proposal can be explained from what was stored with it: the same numbers everywhere, and none of the files needed."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient

from tests.corridor.conftest import Corridor
from warning.account import token_hash
from warning.cli import explain as command
from warning.settings import load_settings
from warning.watch.basis import basis_from_json, basis_to_json
from warning.watch.explain import explained
from warning.web.explanation import explanation, png, read_explained, sentences
from warning.web.server import create

PUDONG = (121.60, 31.00, 121.72, 31.15)


async def test_the_numbers_of_an_explanation_are_those_of_the_evidence_and_outlive_the_files(corridor: Corridor) -> None:
    [made] = await corridor.rain({PUDONG: 20.0})  # 120 mm in the hour: red at once
    for file in corridor.folder.glob("*.nc"):
        file.unlink()
    found = await read_explained(corridor.parts.database, made)
    [evidence] = explanation(found, corridor.parts.zones).evidence
    cells = evidence["cells"]
    assert isinstance(cells, list)
    assert found.basis is not None
    red = next(step for step in found.basis.steps if step.row == evidence["row"])
    assert (red.share, red.known_share, red.cells) == (evidence["share"], evidence["known_share"], len(cells))
    assert [leaf.peak for leaf in red.leaves if leaf.test == evidence["test"]] == [evidence["peak"]]
    assert found.basis.patch is not None
    over = (found.basis.patch.values >= 100).sum()
    assert over >= len(cells), "the map shows every cell of the evidence, and those of the neighbours"
    text = "\n".join(one.en for one in sentences(found, corridor.parts.zones))
    assert f"{len(cells)} cells are over the red threshold" in text
    assert "red is proposed at once" in text
    assert f"Rule {evidence['row']}" in text
    assert found.basis.lines[0].times[0] <= corridor.now + timedelta(minutes=10)
    cited = next(one for one in sentences(found, corridor.parts.zones) if one.kind == "source")
    assert "2021年9月20日报纸报道引用的2019年规定" in cited.zh
    assert "newspaper report" not in cited.zh
    assert "newspaper report of 2021-09-20 that quotes the 2019 rule" in cited.en


async def test_what_an_earlier_version_kept_still_cites_its_source(corridor: Corridor) -> None:
    [made] = await corridor.rain({PUDONG: 20.0})
    found = await read_explained(corridor.parts.database, made)
    assert found.basis is not None
    kept = basis_to_json(found.basis)
    steps = kept["steps"]
    assert isinstance(steps, list)
    for step in steps:
        del step["source_zh"]
        step["source"] = step.pop("source_en")
    cited = explained(basis_from_json(kept), zone_zh="浦东新区", zone_en="Pudong")[-1]
    assert "newspaper report of 2021-09-20" in cited.zh
    assert "newspaper report of 2021-09-20" in cited.en


async def test_it_says_how_far_the_next_colour_is_and_at_which_number_the_answer_changes(corridor: Corridor) -> None:
    await corridor.rain({PUDONG: 10.0})
    await corridor.next_cycle()
    [made] = await corridor.rain({PUDONG: 10.0})  # 60 mm in an hour: yellow, asked for after two cycles
    found = await read_explained(corridor.parts.database, made)
    assert found.basis is not None
    steps = {step.level.key: step for step in found.basis.steps}
    hour = {level: leaf for level, step in steps.items() for leaf in step.leaves if leaf.quantity == "rain/1h [mm]"}
    assert (hour["yellow"].decisive, hour["yellow"].threshold, hour["yellow"].beyond) == (60.0, 50.0, 10.0)
    assert (hour["red"].decisive, hour["red"].beyond) == (60.0, -40.0)
    assert found.basis.lows == (2, 2), "two cycles reached yellow"
    assert (found.basis.cycles_up, found.basis.cycles_down) == (2, 6)


async def test_the_command_prints_it_writes_the_map_and_speaks_both_languages(
    corridor: Corridor, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    [made] = await corridor.rain({PUDONG: 20.0})
    settings = load_settings(corridor.settings_file)
    await command._explain(settings, made, tmp_path / "map.png", "en", json_=False)
    said = capsys.readouterr().out
    assert "to spare. Below 100 mm" in said
    assert "rain in 1 h" in said
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    await command._explain(settings, made, None, "zh", json_=True)
    document = json.loads(capsys.readouterr().out)
    assert document["image_url"] == f"/api/proposals/{made}/explain.png"
    assert any("若低于 100 毫米" in one["zh"] for one in document["why"])
    assert document["basis"]["steps"][0]["level"] == "red"


async def test_the_address_says_the_same_as_the_command_and_draws_the_same_map(corridor: Corridor) -> None:
    [made] = await corridor.rain({PUDONG: 20.0})
    await corridor.execute("INSERT INTO account (name, role, token_hash) VALUES ('wang', 'viewer', :h)", h=token_hash("token-wang"))
    found = explanation(await read_explained(corridor.parts.database, made), corridor.parts.zones)
    app = create(corridor.parts, with_console=False)
    async with AsyncClient(transport=ASGITransport(app=app), base_url="http://drill.test", headers={"Authorization": "Bearer token-wang"}) as http:
        body = (await http.get(f"/api/proposals/{made}/explain")).json()
        assert body == json.loads(found.model_dump_json())
        assert body["basis"]["steps"][0]["level"] == "red"
        picture = await http.get(body["image_url"])
        assert (picture.headers["content-type"], picture.content[:4]) == ("image/png", b"\x89PNG")


async def test_a_warning_by_hand_says_that_no_data_speak_for_it(corridor: Corridor) -> None:
    identifier = await corridor.warned()
    [alert] = await corridor.rows("SELECT proposal_id FROM alert WHERE identifier = :i", i=identifier)
    found = await read_explained(corridor.parts.database, alert["proposal_id"])
    told = explanation(found, corridor.parts.zones)
    assert told.basis is None
    assert told.image_url is None
    assert png(found, corridor.parts.zones, corridor.parts.rule_sets, "en") is None
    assert "composed by hand" in told.why[-1].en
