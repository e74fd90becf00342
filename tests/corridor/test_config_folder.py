"""What a deployment decides for itself: its own rules, issuers and corrections, and how long a level must persist."""

from pathlib import Path

import pytest
import yaml

from tests.corridor.conftest import Corridor
from warning.app import opened
from warning.cli.entry import cli
from warning.configfolder import config_file, shipped_config
from warning.errors import ConfigError
from warning.level import Level
from warning.parts import Parts
from warning.settings import Settings, load_settings
from warning.store.drill import DrillClock

PUDONG = (121.60, 31.00, 121.72, 31.15)


def own_folder(tmp_path: Path) -> Path:
    """A deployment whose Shanghai rules ask for 7 mm more of every rainstorm, and which has one issuer."""
    folder = tmp_path / "own"
    (folder / "rules").mkdir(parents=True)
    rules = (shipped_config() / "rules" / "shanghai-2019.yaml").read_text(encoding="utf-8")
    assert "value: 35" in rules
    (folder / "rules" / "shanghai-2019.yaml").write_text(rules.replace("value: 35", "value: 42"), encoding="utf-8")
    issuers = yaml.safe_load((shipped_config() / "issuers.yaml").read_text(encoding="utf-8"))
    issuers["issuers"] = [one for one in issuers["issuers"] if one["code"] == "310115"]
    (folder / "issuers.yaml").write_text(yaml.safe_dump(issuers, allow_unicode=True), encoding="utf-8")
    return folder


async def test_own_files_win_over_the_shipped_ones_and_the_rest_is_shipped(corridor: Corridor, tmp_path: Path) -> None:
    settings = load_settings(corridor.settings_file).model_copy(update={"config": own_folder(tmp_path)})
    async with opened(settings, channels=False) as parts:
        assert list(parts.issuers) == ["310115"]
        assert {"national-2007", "shanghai-2019"} <= set(parts.rule_sets)
        [blue] = [rule for rule in parts.rule_sets["shanghai-2019"].rules if (rule.hazard.key, rule.level.key) == ("rainstorm", "blue")]
        assert "42" in str(blue.criterion)
        assert "35" not in str(blue.criterion)


def test_a_config_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="config: there is no folder"):
        config_file(Settings(config=tmp_path / "nowhere"), "issuers.yaml")


def test_a_file_that_the_folder_lacks_is_the_shipped_one(tmp_path: Path) -> None:
    assert config_file(Settings(config=tmp_path), "overrides.yaml") == shipped_config() / "overrides.yaml"


@pytest.mark.parametrize("cycles", [1, 3])
async def test_the_settings_say_how_many_cycles_a_level_must_persist(corridor: Corridor, cycles: int) -> None:
    settings = load_settings(corridor.settings_file).model_copy(update={"cycles_up": cycles})
    async with opened(settings, channels=False) as parts:
        seen = [await blue_rain(corridor, parts) for _ in range(cycles)]
    assert [bool(found) for found in seen] == [False] * (cycles - 1) + [True]


async def test_the_settings_say_how_many_cycles_must_be_quiet_before_an_end(corridor: Corridor) -> None:
    settings = load_settings(corridor.settings_file).model_copy(update={"cycles_up": 1, "cycles_down": 2})
    async with opened(settings, channels=False) as parts:
        await blue_rain(corridor, parts)
        [blue] = await corridor.proposals("310115")
        await corridor.sign(blue["id"])
        for _ in range(2):
            await corridor.rain({}, dry_hours=6, ahead_hours=6, desk=parts.watch)
            await ten_minutes(corridor, parts)
    assert [p["action"] for p in await corridor.proposals("310115")] == ["new", "cancel"]


async def ten_minutes(corridor: Corridor, parts: Parts) -> None:
    await corridor.next_cycle()
    assert isinstance(parts.clock, DrillClock)
    await parts.clock.refresh()


async def blue_rain(corridor: Corridor, parts: Parts) -> list[object]:
    """36 mm in an hour over most of Pudong: blue in Shanghai's rules; then ten minutes go by."""
    before = len(await corridor.proposals("310115"))
    await corridor.rain({PUDONG: 6.0}, desk=parts.watch)
    await ten_minutes(corridor, parts)
    return list((await corridor.proposals("310115"))[before:])


def test_the_command_line_looks_at_the_same_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(yaml.safe_dump({"config": str(own_folder(tmp_path))}), encoding="utf-8")
    cli(["rules", "--set", "shanghai", "--config", str(settings)], standalone_mode=False)
    assert "42" in next(line for line in capsys.readouterr().out.splitlines() if "rainstorm" in line and "blue" in line)


async def test_a_rehearsal_measures_and_leaves_nothing_behind(corridor: Corridor) -> None:
    assert await corridor.parts.watch.rehearse() > 0
    judged = corridor.parts.watch._rehearsed(corridor.now)
    assert {(one.proposal.hazard, one.proposal.level) for one in judged} == {("rainstorm", Level.RED)}
    assert all(one.polygon and one.texts for one in judged), "what only a warning needs has been needed before the first one"
    assert [row["n"] for row in await corridor.rows(
        "SELECT (SELECT count(*) FROM proposal) + (SELECT count(*) FROM payload) + (SELECT count(*) FROM watch_memory) AS n")] == [0]
