"""The table that `xiaoxishu rules` prints."""

import unicodedata
from dataclasses import asdict

from warning.watch.rulefile import load_rule_sets
from warning.watch.ruletable import rows, table

SETS = load_rule_sets()


def places(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def test_columns_stand_under_their_heads_though_chinese_is_twice_as_wide() -> None:
    lines = table(SETS["shanghai-2019"]).splitlines()
    head, body = lines[3], lines[4:]
    at = head.index("code")
    for line in body:
        before = line[: line.index(" 11B") + 1]
        assert places(before) == at
    assert len(body) == 41 + 1, "the set, and the variant of haze that it inherits"


def test_flags_are_shown() -> None:
    text = table(SETS["shanghai-2019"])
    line = next(line for line in text.splitlines() if "snow_water/6h [mm] >= 15" in line)
    assert line.endswith("K     unconfirmed inherited:national-2007")
    line = next(line for line in text.splitlines() if "低温" in line and "yellow" in line)
    assert line.endswith("manual unconfirmed")
    assert "variant:pm25" in table(SETS["national-2007"])


def test_rows_for_json_hold_plain_values() -> None:
    row = next(row for row in rows(SETS["shanghai-2019"]) if row.row == "shanghai-2019/rainstorm/red")
    document = asdict(row)
    assert document["lead_h"] == 6
    assert document["condition"] == "(rain/1h [mm] >= 100 or rain/6h [mm] >= 150)"
    assert document["confidence"] == "B-"
    assert document["unconfirmed"] is False
    assert len(rows(SETS["national-2007"])) == 45, "44 signals and one variant"
