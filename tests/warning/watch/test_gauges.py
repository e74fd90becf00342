"""Gauges in a zone: evidence by themselves, part of the sliding window, and a forecast's contradiction; absurd ones never."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from shapely import box

from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.observation import Observation, Quality
from geo.zone import Zone
from warning.level import Level
from warning.watch.draft import Draft, draft
from warning.watch.gauges import Disagreement
from warning.watch.issuer import AreaCriterion, load_issuers
from warning.watch.measured import Measured, Measuring
from warning.watch.noted import noted
from warning.watch.rulefile import load_rule_sets
from warning.watch.window import Window

SETS = load_rule_sets()
SHANGHAI = SETS["shanghai-2019"]
ISSUERS = {issuer.code: issuer for issuer in load_issuers(rule_sets=SETS)}
# 0.01° cells over a square of a third of a degree: 31 × 31; Fengxian has its western half, Pudong the eastern.
GRID = Grid(kind="regular_ll", ny=31, nx=31, lat0=30.8, lon0=121.5, dlat=0.01, dlon=0.01)
ZONES = (
    Zone(code="310120", name_zh="奉贤区", name_en="Fengxian", level="district", geometry=box(121.495, 30.795, 121.65, 31.105)),
    Zone(code="310115", name_zh="浦东新区", name_en="Pudong", level="district", geometry=box(121.65, 30.795, 121.805, 31.105)),
)
NOW = datetime(2024, 9, 19, 18, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)
HOUR = timedelta(hours=1)


def reports(values: Sequence[float], *, lon: float = 121.55, lat: float = 30.95, name: str = "S1") -> list[Observation]:
    """10-minute sums, the last of which ends now."""
    return [
        Observation(station=name, lon=lon, lat=lat, variable="rain", units="mm", value=value, valid_time=NOW - k * TEN, window=TEN,
                    statistic="sum", provenance=Provenance(source="aws", path="t"))
        for k, value in enumerate(reversed(values))
    ]


def rain(mm: float, hour: float, *, run: datetime = NOW, hours: float = 1) -> GridField:
    return GridField(
        variable="rain", units="mm", values=np.full(GRID.shape, mm, dtype=np.float32), grid=GRID, valid_time=NOW + hour * HOUR, run_time=run,
        window=hours * HOUR, statistic="sum", provenance=Provenance(source="model", path="t"))


def measured(observations: Sequence[Observation], fields: Sequence[GridField] = ()) -> Measured:
    window, _ = Window().with_run(fields).with_observations(observations, GRID)
    return Measuring(window, ZONES, now=NOW).measured(SHANGHAI)


def rainstorm(found: Measured, zone: str = "310120", *, min_gauges: int | None = 1) -> Draft:
    issuer = replace(ISSUERS[zone], area=AreaCriterion(min_share=0.5, min_gauges=min_gauges))
    drafts = draft(issuer, SHANGHAI, found.answers, now=NOW, gauges=found.gauges)
    return noted(next(one for one in drafts if one.hazard.key == "rainstorm"), SHANGHAI, found)


@pytest.mark.parametrize("quality", [Quality.SUSPECT, Quality.BAD])
def test_what_is_doubted_is_neither_evidence_nor_put_on_the_grid(quality: Quality) -> None:
    doubted = [replace(one, quality=quality, flags=("provider",)) for one in reports([15, 15, 15, 15, 14, 6])]
    found = measured(doubted)
    draft_ = rainstorm(found)
    assert (draft_.level, draft_.unknown) == (None, True)
    assert all(not zones for zones in found.gauges.values())
    window, _ = Window().with_observations(doubted, GRID)
    assert window.fields == ()


def test_one_gauge_over_the_threshold_is_evidence_by_itself_and_is_named() -> None:
    # 15 + 15 + 15 + 15 + 14 + 6 = 80 mm in the last hour: orange, and nothing else is known.
    found = rainstorm(measured(reports([15, 15, 15, 15, 14, 6])))
    assert found.level is Level.ORANGE
    assert found.evidence is not None
    [reading] = found.evidence.gauges
    assert (reading.station, reading.value, reading.units, reading.test, reading.at) == ("S1", 80, "mm", "rain/1h [mm] >= 80", NOW)
    assert found.evidence.observed
    assert found.evidence.row == "shanghai-2019/rainstorm/orange"


def test_a_tenth_of_a_millimetre_less_is_yellow() -> None:
    found = rainstorm(measured(reports([15, 15, 15, 15, 14, 5.9])))
    assert found.level is Level.YELLOW


def test_the_neighbour_has_no_part_in_it() -> None:
    found = rainstorm(measured(reports([15, 15, 15, 15, 14, 6])), "310115")
    assert found.level is None
    assert found.evidence is None or found.evidence.gauges == ()


def test_an_issuer_that_counts_no_gauges_is_not_moved_by_one_but_is_told() -> None:
    data = measured(reports([15, 15, 15, 15, 14, 6]), [rain(0, hour) for hour in range(1, 7)])
    found = rainstorm(data, min_gauges=None)
    assert found.level is None
    assert rainstorm(data, min_gauges=2).level is None


def test_a_reading_of_more_than_half_an_hour_ago_is_no_longer_now() -> None:
    late = [replace(one, valid_time=one.valid_time - 3 * TEN) for one in reports([15, 15, 15, 15, 14, 6])]
    assert rainstorm(measured(late)).level is None
    in_time = [replace(one, valid_time=one.valid_time - 2 * TEN) for one in reports([15, 15, 15, 15, 14, 6])]
    assert rainstorm(measured(in_time)).level is Level.ORANGE


def test_an_absurd_gauge_reaches_no_rule() -> None:
    found = measured(reports([0, 0, 0, 0, 0, 999]))
    assert rainstorm(found).level is None
    assert all(not zones for zones in found.gauges.values())
    # Nor through the analysis on the grid: the hour is unknown there.
    assert rainstorm(found).unknown


def test_what_gauges_measured_so_far_joins_what_is_forecast_to_come() -> None:
    # 60 mm in the last hour, over all of Fengxian's gauges; 41 mm are forecast for the next.
    near = [one for k, (lon, lat) in enumerate([(121.54, 30.88), (121.6, 30.88), (121.54, 31.02), (121.6, 31.02)])
            for one in reports([10] * 5 + [10.1], lon=lon, lat=lat, name=f"S{k}")]
    to_come = [rain(41, 1), *(rain(0, hour) for hour in range(2, 7))]
    # Gauges alone are yellow (50 mm in an hour), the forecast alone is blue (35); the six hours that hold both are orange.
    assert rainstorm(measured(near)).level is Level.YELLOW
    assert rainstorm(measured([], to_come)).level is Level.BLUE
    joined = rainstorm(measured(near, to_come))
    assert joined.level is Level.ORANGE
    assert joined.evidence is not None
    assert joined.evidence.peak == pytest.approx(101.1, abs=0.01)
    assert joined.evidence.test == "rain/6h [mm] >= 100"


def test_gauges_that_measured_a_tenth_of_what_was_forecast_say_so() -> None:
    said = rain(50, 0, run=NOW - 2 * HOUR)
    gauges = [one for k in range(3) for one in reports([1, 1, 1, 1, 0.5, 0.5], lon=121.53 + 0.03 * k, name=f"S{k}")]
    data = measured(gauges, [said, *(rain(60, hour) for hour in range(1, 7))])
    found = rainstorm(data)
    assert found.evidence is not None
    assert found.evidence.disagreement == Disagreement(hours=1, said=50, measured=5, gauges=3)
    assert rainstorm(data, "310115").evidence is not None
    other = rainstorm(data, "310115").evidence
    assert other is not None
    assert other.disagreement is None


def test_a_forecast_that_came_true_or_two_gauges_only_are_no_contradiction() -> None:
    gauges = [one for k in range(3) for one in reports([5, 5, 5, 5, 5, 1], lon=121.53 + 0.03 * k, name=f"S{k}")]
    # 26 of 50 mm: more than half.
    found = measured(gauges, [rain(50, 0, run=NOW - 2 * HOUR)])
    assert all(not zones for zones in found.disagreements.values())
    two = [one for k in range(2) for one in reports([1, 1, 1, 1, 0.5, 0.5], lon=121.53 + 0.03 * k, name=f"S{k}")]
    found = measured(two, [rain(50, 0, run=NOW - 2 * HOUR)])
    assert all(not zones for zones in found.disagreements.values())


def test_what_was_said_first_is_kept_until_it_can_be_checked() -> None:
    window = Window().with_run([rain(50, 1, run=NOW - 2 * HOUR)]).with_run([rain(5, 1, run=NOW)])
    assert [float(field.values[0, 0]) for field in window.fields] == [5]
    assert [float(field.values[0, 0]) for field in window.said] == [50]
    assert [float(field.values[0, 0]) for field in window.with_run([rain(0, 8, run=NOW + 7 * HOUR)]).said] == [0]


def three(values: Sequence[float], *, up: float = 0.0) -> list[Observation]:
    """Alike in the middle of the cells (15, 3), (15, 6) and (15, 9), or ``up`` degrees beside it."""
    return [one for k in range(3) for one in reports(values, lon=121.53 + 0.03 * k + up, lat=30.95 + up, name=f"S{k}")]


@pytest.mark.parametrize(("measured_mm", "said_mm", "apart"), [
    (10, 20, True), (10, 19.9, False),  # 10 mm apart
    (20, 40, True), (20, 39.9, False),  # twice as much
    (40, 20, True), (39.9, 20, False),  # and the other way round
])  # fmt: skip
def test_ten_millimetres_and_twice_as_much_are_a_contradiction_in_either_direction(measured_mm: float, said_mm: float, apart: bool) -> None:
    rest = measured_mm - 7.5
    found = measured(three([1, 1.5, 2, 1.25, 1.75, rest]), [rain(said_mm, 0, run=NOW - 2 * HOUR)])
    assert ("310120" in found.disagreements["shanghai-2019/rainstorm/red"]) is apart


def test_a_gauge_is_held_against_the_cell_it_stands_in_and_not_against_one_that_the_forecast_has_not() -> None:
    values = np.zeros(GRID.shape, dtype=np.float32)
    values[15, [3, 6, 9]] = 50
    for up in (0.0, 0.004, -0.004):
        found = measured(three([1, 1, 1, 1, 0.5, 0.5], up=up), [replace(rain(0, 0, run=NOW - 2 * HOUR), values=values)])
        assert found.disagreements["shanghai-2019/rainstorm/red"] == {"310120": Disagreement(hours=1, said=50, measured=5, gauges=3)}
    for rows, columns in ((slice(0, 31), slice(0, 9)), (slice(0, 31), slice(4, 31)), (slice(0, 15), slice(0, 31)), (slice(16, 31), slice(0, 31))):
        part = replace(GRID, ny=rows.stop - rows.start, nx=columns.stop - columns.start, lat0=30.8 + rows.start / 100, lon0=121.5 + columns.start / 100)
        cut = replace(rain(50, 0, run=NOW - 2 * HOUR), values=np.full(part.shape, 50, dtype=np.float32), grid=part)
        found = measured(three([1, 1, 1, 1, 0.5, 0.5]), [cut])
        assert found.disagreements["shanghai-2019/rainstorm/red"] == {}, "two of three, or none, lie in it"


@pytest.mark.parametrize(("before", "last", "test", "value"), [
    # 99 of 80 mm in an hour are 24 % too many, 109.5 of 100 mm in six hours 9.5 %.
    ([0.3, 0.4] * 15, [17, 16, 17, 16, 17, 16], "rain/1h [mm] >= 80", 99),
    # 84 of 80 mm are 5 %, 120 of 100 mm 20 %.
    ([1.1, 1.3] * 15, [14, 15, 13, 14, 15, 13], "rain/6h [mm] >= 100", 120),
])  # fmt: skip
def test_of_several_comparisons_that_is_named_which_a_gauge_passes_by_most(before: list[float], last: list[float], test: str, value: float) -> None:
    found = rainstorm(measured(reports(before + last)))
    assert found.level is Level.ORANGE
    assert found.evidence is not None
    assert (found.evidence.gauges[0].test, round(found.evidence.gauges[0].value, 2)) == (test, value)


def test_the_gauge_furthest_beyond_comes_first_also_where_less_is_worse() -> None:
    over = measured([*reports([15, 14, 15, 14, 15, 9], name="S1"), *reports([17, 16, 17, 16, 17, 12], lon=121.6, name="S2")])
    assert [one.station for one in over.gauges["shanghai-2019/rainstorm/orange"]["310120"]] == ["S2", "S1"]
    seen = [replace(one, variable="visibility", units="m", window=None, statistic="instant", value=value, station=name)
            for name, value in (("S1", 190.0), ("S2", 90.0), ("S3", 800.0)) for one in reports([0])]
    row = next(rule.row for rule in SHANGHAI.of("fog") if rule.level is Level.ORANGE)
    assert [(one.station, one.value) for one in measured(seen).gauges[row]["310120"]] == [("S2", 90.0), ("S1", 190.0)]
