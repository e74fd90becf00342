"""The scale model: hand-made stations whose slowest can be told in the head, and a simulation that agrees."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from warning.cli.entry import cli
from warning.dispatch.scale import BENCH, Costs, Means, forecast, needs, simulated

# A worker moves 10,000 messages a second, a core of the database 20,000, the muster 50,000.
COSTS = Costs(worker_us=100, database_us=50, gateway_us=20, muster_per_s=50_000, first_s=1, log_bytes=100, transactions_per_1000=5)
ROOT = Path(__file__).resolve().parents[3]
PLENTY = Means(workers=100, database_cores=100, gateways=100, parts_per_s=100_000)


@pytest.mark.parametrize(("means", "bound", "per_s"), [
    (PLENTY, "muster", 50_000), (replace(PLENTY, workers=3), "workers", 30_000), (replace(PLENTY, database_cores=2), "database", 40_000),
    (replace(PLENTY, gateways=2, parts_per_s=8_000, parts=2), "gateways", 8_000), (replace(PLENTY, databases=3, workers=12), "workers", 120_000),
    (Means(workers=1, shared_cores=2), "workers", 10_000), (Means(workers=4, shared_cores=2), "cores", 11_764.7),
])
def test_the_slowest_station_sets_the_pace_and_the_simulation_agrees(means: Means, bound: str, per_s: float) -> None:
    found = forecast(2_000_000, COSTS, means)
    assert found.bound == bound
    assert found.per_s == pytest.approx(per_s, rel=1e-4)
    assert found.done_s == pytest.approx(1 + 2_000_000 / per_s, rel=1e-4)
    assert simulated(2_000_000, COSTS, means).done_s == pytest.approx(found.done_s, rel=0.1)


def test_what_is_not_told_in_ten_minutes_is_counted() -> None:
    slow = Means(workers=1, gateways=1, parts_per_s=1_000, parts=2)
    assert forecast(1_000_000, COSTS, slow).reached == 599 * 500
    assert simulated(1_000_000, COSTS, slow).reached == pytest.approx(599 * 500, rel=0.02)


def test_what_ten_minutes_take_is_enough_and_one_less_is_not() -> None:
    means = Means(workers=1, parts_per_s=5_000, parts=2)
    wanted = needs(60_000_000, COSTS, means)
    # 60 M in 599 s are 100,167 a second: eleven workers, six database cores, three databases for the muster, 41 gateways of 2,500 messages.
    assert (wanted.workers, wanted.database_cores, wanted.databases, wanted.gateways) == (11, 6, 3, 41)
    assert (round(wanted.transactions_per_s), round(wanted.log_mb_per_s, 1)) == (501, 10.0)
    enough = replace(means, workers=11, database_cores=6, databases=3, gateways=41)
    assert forecast(60_000_000, COSTS, enough).done_s <= 600
    for less in ({"workers": 10}, {"gateways": 40}, {"databases": 2}):
        assert forecast(60_000_000, COSTS, replace(enough, **less)).done_s > 600


def test_a_planner_reads_what_holds_his_city_up_and_what_must_carry_the_rest() -> None:
    said = CliRunner().invoke(cli, ["scale", "--people", "25000000", "--gateways", "10", "--workers", "4"])
    assert said.exit_code == 0, said.output
    assert "held up by: gateways" in said.output  # ten times 5,000 parts, two parts each: 25,000 people a second
    assert "cell broadcast" in said.output
    document = json.loads(CliRunner().invoke(cli, ["scale", "--people", "25000000", "--gateways", "10", "--json"]).output)
    assert document["forecast"]["per_s"] == 25_000
    assert document["forecast"]["reached"] == int((600 - BENCH.first_s) * 25_000)
    assert document["needs"]["gateways"] == 17


def test_each_input_on_the_page_is_the_planners_and_cites_a_row_of_the_bench() -> None:
    page = (ROOT / "docs/scale.md").read_text(encoding="utf-8")
    table = page.partition("## Inputs")[2].partition("\n## ")[0]
    cited = {name: (float(value.replace(",", "")), bench) for name, value, bench in re.findall(r"^\| ([^|]+) \| ([\d.,]+)[^|]*\| `(\w+)`", table, re.MULTILINE)}
    assert {name: value for name, (value, _) in cited.items()} == {
        "a worker, one message": BENCH.worker_us, "the database, one message": BENCH.database_us, "the drill's SMS centre, one message": BENCH.gateway_us,
        "muster: whom to tell": BENCH.muster_per_s, "write-ahead log": BENCH.log_bytes, "transactions": BENCH.transactions_per_1000,
        "signature → first message": BENCH.first_s}
    assert [bench for _, bench in cited.values() if not (ROOT / f"tests/bench/{bench}.py").is_file()] == []
