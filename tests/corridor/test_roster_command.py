"""The commands of docs/roster.md, run as the page has them."""

import json
import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from warning.cli.entry import cli

PAGE = Path(__file__).parents[2] / "docs" / "roster.md"


def test_the_pages_commands_check_bring_in_and_take_out_a_list(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    [block] = re.findall(r"```\n(cat > people.csv.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    channels = [{"name": "sms", "kind": "sms"}]
    Path("settings.yaml").write_text(yaml.safe_dump({"database_url": database_url, "data": str(tmp_path), "channels": channels}), encoding="utf-8")
    Path("people.csv").write_text(block.split("<<'CSV'\n")[1].split("CSV\n")[0], encoding="utf-8")
    said = {}
    for line in block.splitlines():
        if line.startswith("xiaoxishu "):
            done = CliRunner().invoke(cli, [*line.split()[1:], *(["--json"] if " score " in line else [])])
            said[line] = done.stdout
            assert done.exit_code == (1 if " check " in line else 0), done.output
    dry, done_, check, score, export = said.values()
    assert "! people.csv 第 4 行: 赵三 没有任何联系方式；补上联系方式：叫应时会直接跳到下一人" in dry
    assert "3 rows: 2 posts new, 0 renewed, 0 ended; NOTHING is imported (dry run)" in dry
    assert done_.splitlines()[-1] == "3 rows: 2 posts new, 0 renewed, 0 ended"
    assert "310115140  书院镇防汛责任人  赵三  此人没有叫应可用的联系方式" in check
    assert '"zone": "310115140", "name": "书院镇", "level": "town", "points": 1, "duty": true' in score
    assert export == "3 people in kept.csv\n"
    assert Path("kept.csv").stat().st_mode & 0o077 == 0
    assert "8613800000001" in Path("kept.csv").read_text(encoding="utf-8-sig")
    tested = CliRunner().invoke(cli, ["roster", "test", "--config", "settings.yaml", "--json"])
    assert (tested.exit_code, json.loads(tested.stdout)["held_back"]) == (0, [])
    assert len(json.loads(tested.stdout)["asked"]) == 2  # Wang and Li; Zhao has no contact
    again = CliRunner().invoke(cli, ["roster", "test", "--config", "settings.yaml"])
    assert again.exit_code == 1
    assert "was sent a test just now" in again.stdout
