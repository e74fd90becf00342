"""An authority's own templates, and what is refused at start."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.warning.issue.test_issue_desk import ISSUERS, NOW, SETS, ZONES
from warning.errors import ConfigError
from warning.level import Level
from warning.watch.issuer import load_issuers
from warning.watch.marked import shipped
from warning.watch.ownwords import with_wordings
from warning.watch.ready import Facts, worded

FACTS = Facts(
    hazard="rainstorm", hazard_zh="暴雨", hazard_en="rainstorm", level=Level.ORANGE, previous_level=None, action="new", zones=("310115",),
    evidence=(), onset=None, sent=NOW, expires=NOW, status="Exercise")


def own(folder: Path, zh: str) -> None:
    (folder / "pudong").mkdir()
    (folder / "pudong" / "zh-CN.yaml").write_text(zh, encoding="utf-8")


def test_an_authority_says_it_in_its_own_words_and_the_rest_in_the_shared_ones(tmp_path: Path) -> None:
    shared = (shipped() / "texts" / "zh-CN.yaml").read_text(encoding="utf-8")
    head = next(line for line in shared.splitlines() if line.strip().startswith("headline:"))
    own(tmp_path, shared.replace(head, f'{head[: head.index("headline:")]}headline: "【浦东】{{{{ issuer }}}}{{{{ action }}}}{{{{ signal }}}}"'))
    [pudong] = with_wordings([replace(ISSUERS["310115"], texts="pudong")], folder=tmp_path)
    words = worded(FACTS, issuer=pudong, zones=ZONES)
    assert words["zh-CN"]["headline"].startswith("【演练】【浦东】")
    assert words["en-US"] == worded(FACTS, issuer=ISSUERS["310115"], zones=ZONES)["en-US"]


def test_a_folder_without_templates_and_a_template_that_is_wrong_are_refused_at_start(tmp_path: Path) -> None:
    issuer = replace(ISSUERS["310115"], texts="pudong")
    with pytest.raises(ConfigError, match="310115: texts: .*pudong holds none of zh-CN.yaml, en-US.yaml"):
        with_wordings([issuer], folder=tmp_path)
    own(tmp_path, "language: zh-CN\n")
    with pytest.raises(ConfigError, match=r"zh-CN\.yaml:\d+"):
        with_wordings([issuer], folder=tmp_path)


def test_a_register_is_read_from_the_issuers_file_and_a_colour_that_is_none_is_refused(tmp_path: Path) -> None:
    entry = """issuers:
  - {code: "310115", zh: 浦东, en: Pudong, area_code: "310115", organisation: "416", zones: ["310115"], rule_set: shanghai-2019, area: {min_share: 0.05},
     registered: [{hazards: [rainstorm], levels: [blue, %s]}]}
"""
    file = tmp_path / "issuers.yaml"
    file.write_text(entry % "yellow", encoding="utf-8")
    [issuer] = load_issuers(file, rule_sets=SETS)
    assert issuer.registered[0].levels == (Level.BLUE, Level.YELLOW)
    file.write_text(entry % "purple", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"issuers\.yaml:\d+: issuers\[0\]\.registered\[0\]\.levels"):
        load_issuers(file, rule_sets=SETS)
