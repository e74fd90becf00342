"""A rule that asks for a probability: at it and just below it, shown with its numbers, unknown where members or files are doubted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from shapely import box

from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.zone import Zone
from warning.errors import RuleError
from warning.level import Level
from warning.watch.draft import Draft, draft
from warning.watch.issuer import AreaCriterion, load_issuers
from warning.watch.measured import Measuring
from warning.watch.noted import noted
from warning.watch.rulefile import load_rule_set, load_rule_sets
from warning.watch.window import Window

EXAMPLE = Path(__file__).parents[3] / "docs/examples/probability-rules.yaml"
RULES = load_rule_set(EXAMPLE)
FENGXIAN = next(one for one in load_issuers(rule_sets=load_rule_sets()) if one.code == "310120")
ISSUER = replace(FENGXIAN, rule_set=RULES.id, area=AreaCriterion(min_share=0.05))
GRID = Grid(kind="regular_ll", ny=1, nx=2, lat0=31.0, lon0=121.25, dlat=0.5, dlon=0.5)
ZONES = (Zone(code="310120", name_zh="奉贤区", name_en="Fengxian", level="district", geometry=box(121.0, 30.75, 122.0, 31.25)),)
NOW = datetime(2024, 9, 19, 0, tzinfo=UTC)


def field(value: float, hour: int, window: int, *, member: int | None = None, threshold: float | None = None, doubt: str = "") -> GridField:
    return GridField(
        variable="rain", units="mm" if threshold is None else "%", values=np.array([[value, 0]], dtype=np.float32), grid=GRID,
        valid_time=NOW + timedelta(hours=hour), run_time=NOW, window=timedelta(hours=window), member=member,
        statistic="sum" if threshold is None else "probability", threshold=threshold, threshold_units="" if threshold is None else "mm",
        provenance=Provenance(source="eps", path="t", suspicions=(doubt,) if doubt else ()))


def drafted(fields: Sequence[GridField]) -> Draft:
    found = Measuring(Window().with_run(fields), ZONES, now=NOW).measured(RULES)
    [one] = draft(ISSUER, RULES, found.answers, now=NOW, gauges=found.gauges)
    return noted(one, RULES, found)


def members(wet: int, *, missing: int | None = None) -> list[GridField]:
    """Ten members in six-hour sums for two days, ``wet`` of which have 60 mm in the first six hours."""
    return [
        field(60 if number < wet and hour == 6 else 0, hour, 6, member=number)
        for number in range(10) if number != missing for hour in range(6, 49, 6)
    ]


@pytest.mark.parametrize(("wet", "level"), [(3, None), (4, Level.BLUE), (5, Level.BLUE), (6, Level.YELLOW)])
def test_four_of_ten_members_over_50_mm_a_day_are_blue_and_six_over_50_mm_in_six_hours_yellow(wet: int, level: Level | None) -> None:
    assert drafted(members(wet)).level is level


def test_the_evidence_shows_the_chance_and_no_amount() -> None:
    found = drafted(members(4)).evidence
    assert found is not None
    assert found.peak is None
    assert found.test == "probability(rain/24h [mm] >= 50) [1] >= 0.4"
    assert found.likelihood is not None
    assert found.likelihood.asked == 0.4
    assert found.likelihood.highest == pytest.approx(0.4)
    # Four tenths in one of two cells.
    assert found.likelihood.mean == pytest.approx(0.2)
    assert (found.likelihood.members, found.likelihood.missing) == (10, ())


def test_a_missing_member_is_said_and_leaves_open_what_it_could_decide() -> None:
    found = drafted(members(4, missing=8))
    assert found.level is Level.BLUE
    assert found.evidence is not None
    assert found.evidence.likelihood is not None
    assert found.evidence.likelihood.missing == (8,)
    # Three of ten, or four: neither blue nor "no hazard".
    open_ = drafted(members(3, missing=8))
    assert open_.level is None
    assert open_.unknown


@pytest.mark.parametrize(("percent", "level"), [(39.9, None), (40, Level.BLUE)])
def test_ready_probabilities_are_read_at_the_files_own_threshold(percent: float, level: Level | None) -> None:
    fields = [field(percent, hour, 24, threshold=50) for hour in (24, 48)]
    assert drafted(fields).level is level


def test_a_suspicious_probability_is_unknown_and_never_no_hazard() -> None:
    found = drafted([field(0, hour, 24, threshold=50, doubt="0 everywhere on Earth") for hour in (24, 48)])
    assert found.level is None
    assert found.unknown
    assert found.evidence is not None
    assert found.evidence.likelihood is not None
    assert (found.evidence.likelihood.highest, found.evidence.likelihood.doubts) == (None, ("0 everywhere on Earth",))


def test_a_single_forecast_alone_leaves_the_row_unknown() -> None:
    found = drafted([field(200, hour, 24) for hour in (24, 48)])
    assert found.level is None
    assert found.unknown


def gust(value: float, hour: int, number: int) -> GridField:
    return replace(field(value, hour, 6, member=number), variable="wind_gust", units="m s-1", window=None, statistic="instant")


@pytest.mark.parametrize(("together", "level"), [(5, None), (6, Level.YELLOW)])
def test_a_row_may_ask_how_likely_it_is_that_all_of_it_is_met(tmp_path: Path, together: int, level: Level | None) -> None:
    """50 mm in six hours and gusts of force 8 in the same member; each by itself is certain in seven of ten."""
    text = EXAMPLE.read_text(encoding="utf-8")
    own = tmp_path / "all.yaml"
    own.write_text(text.replace("any:\n", "all:\n").replace(
        '{quantity: rain, window_h: 24, op: ">=", value: 100, units: "mm"}', '{quantity: gust_bft, op: ">=", value: 8, units: "bft"}'), encoding="utf-8")
    rules = load_rule_set(own)
    # Seven have the rain; the gale comes in `together` of them and in as many dry ones as make seven, as far as there are dry ones.
    windy = [*range(together), *range(7, 7 + min(3, 7 - together))]
    fields = [*(one for one in members(7)), *(gust(20 if number in windy and hour == 6 else 0, hour, number) for number in range(10) for hour in range(0, 49, 3))]
    found = Measuring(Window().with_run(fields), ZONES, now=NOW).measured(rules)
    [one] = draft(ISSUER, replace(rules, rules=(rules.rule("rainstorm", Level.YELLOW),)), found.answers, now=NOW)
    assert one.level is level
    assert not one.unknown
    likely = found.likelihoods["example-probability/rainstorm/yellow"]["310120"]
    assert likely.highest == pytest.approx(together / 10)
    assert likely.of == "(rain/6h [mm] >= 50 and gust_bft [bft] >= 8)"


def test_a_chance_above_one_is_refused_by_line(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text.replace("at_least: 0.6", "at_least: 60"), encoding="utf-8")
    with pytest.raises(RuleError, match="less than or equal to 1"):
        load_rule_set(wrong)
