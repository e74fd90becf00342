"""The bench keeps its promises to machines and to readers; its figures are nobody's test."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.command import main
from tests.bench.measure import Goal, Row, Timing, rows

_RUN = Path(__file__).parents[1] / "bench" / "run.py"
_KEYS = {"workload", "subject", "value", "unit", "ratio", "goal", "met"}


@pytest.fixture(scope="module")
def printed() -> list[dict[str, Any]]:
    """What the command prints for two workloads, in a process of its own: peers are not for ours."""
    done = subprocess.run([sys.executable, str(_RUN), "--quick", "--only", "cap", "--only", "picture", "--peers", "all", "--json"],
                          capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def _one(found: list[Row], subject: str) -> Row:
    return next(row for row in found if row.subject == subject)


def test_json_is_a_list_with_the_promised_keys_and_nothing_else_on_stdout(printed: list[dict[str, Any]]) -> None:
    assert all(row.keys() >= _KEYS for row in printed)
    caps = [row for row in printed if row["unit"] == "alerts/s"]
    assert caps
    for row in caps:
        assert row["value"] > 0
        assert (row["ratio"], row["goal"], row["met"]) == (None, None, None)


def test_help_names_every_workload_and_explains_the_keys(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for word in (*_KEYS, "overlay", "zonal", "cycle", "sms", "cap", "audience", "points", "--quick", "--only", "not installed"):
        assert word in said


def test_an_unknown_workload_is_refused_with_the_names_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--only", "everything"])
    assert ended.value.code == 2
    assert "overlay" in capsys.readouterr().err


def test_a_ratio_above_one_is_better_in_seconds_and_in_rates_alike() -> None:
    ours, slow, fast = Timing(subject="us", value=2.0), Timing(subject="slow", value=8.0), Timing(subject="fast", value=4.0)
    assert _one(rows("w", "s", [ours], [slow, fast]), "us").ratio == 2.0
    assert _one(rows("w", "things/s", [Timing(subject="us", value=16.0)], [slow, fast]), "us").ratio == 2.0


def test_a_peer_that_is_not_installed_has_no_value_and_is_no_yardstick() -> None:
    found = rows("w", "s", [Timing(subject="us", value=2.0)], [Timing(subject="them", value=None, note="not installed")])
    assert _one(found, "us").ratio is None
    assert (_one(found, "them").value, _one(found, "them").note) == (None, "not installed")


def test_every_peer_of_the_map_is_named_also_where_it_is_not_installed(printed: list[dict[str, Any]]) -> None:
    found = {row["subject"]: row for row in printed if row["unit"] != "alerts/s"}
    assert set(found) == {"geo.picture", "matplotlib (Agg)", "cartopy", "skia"}
    assert all(row["value"] is not None or row["note"] == "not installed" for row in found.values())


def test_a_goal_is_met_or_not_in_the_direction_of_its_unit() -> None:
    peers = [Timing(subject="them", value=4.0)]
    for unit, value, goal, met in (
        ("s", 1.9, Goal(value=2.0), True), ("s", 2.1, Goal(value=2.0), False),
        ("things/s", 2.1, Goal(value=2.0), True), ("things/s", 1.9, Goal(value=2.0), False),
        ("s", 5.0, Goal(ratio=1.0), False), ("s", 4.0, Goal(ratio=1.0), True),
    ):
        assert _one(rows("w", unit, [Timing(subject="us", value=value)], peers, goal=goal), "us").met is met
    assert _one(rows("w", "s", [Timing(subject="us", value=1.0)], goal=Goal(ratio=1.0)), "us").met is None
