"""From cells to a proposal with the real maths: two districts of two cells each, hand-made rain and heat."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from shapely import box

from geo.derive import series
from geo.exceedance import Exceedance, exceed
from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.overlay import overlay
from geo.zone import Zone
from warning.level import Level
from warning.watch.draft import Draft, draft
from warning.watch.issuer import load_issuers
from warning.watch.measured import Measuring
from warning.watch.memory import Memory, Policy
from warning.watch.propose import propose
from warning.watch.rule import Rule, RuleSet
from warning.watch.rulefile import load_rule_sets, quantities
from warning.watch.window import Window

SETS = load_rule_sets()
SHANGHAI = SETS["shanghai-2019"]
ISSUERS = {issuer.code: issuer for issuer in load_issuers(rule_sets=SETS)}
GRID = Grid(lon0=121.25, lat0=31.0, dlon=0.5, dlat=0.5, nx=4, ny=1, kind="regular_ll")
# 310120 has the two cells in the west, 310115 the two in the east.
ZONES = (
    Zone(code="310120", name_zh="奉贤区", name_en="Fengxian", level="district", geometry=box(121.0, 30.75, 122.0, 31.25)),
    Zone(code="310115", name_zh="浦东新区", name_en="Pudong", level="district", geometry=box(122.0, 30.75, 123.0, 31.25)),
)
# 14:00 in Beijing
NOW = datetime(2024, 7, 22, 6, 0, tzinfo=UTC)


def field(variable: str, units: str, hour: int, cells: Sequence[float], *, window: int | None) -> GridField:
    return GridField(
        variable=variable,
        units=units,
        values=np.array([cells], dtype=np.float32),
        grid=GRID,
        valid_time=NOW + timedelta(hours=hour),
        run_time=NOW,
        window=None if window is None else timedelta(hours=window),
        statistic="instant" if window is None else "sum",
        provenance=Provenance(source="test", path="made by hand"),
    )


def drafted(fields: Sequence[GridField], hazard: str, zone: str) -> Draft:
    rules = tuple(rule for rule in SHANGHAI.rules if rule.hazard.key == hazard)
    chosen = replace(SHANGHAI, rules=rules)
    return draft(ISSUERS[zone], chosen, {rule.row: exceeded(rule, chosen, fields) for rule in rules}, now=NOW)[0]


def exceeded(rule: Rule, chosen: RuleSet, fields: Sequence[GridField]) -> list[Exceedance]:
    assert rule.criterion is not None
    known = {quantity: series(quantity, fields, now=NOW) for quantity in quantities(chosen)}
    have = {quantity: found for quantity, found in known.items() if found is not None}
    return list(exceed(rule.criterion, have, overlay(GRID, ZONES), start=NOW, end=NOW + rule.lead, now=NOW))


def test_one_wet_cell_of_two_makes_one_district_red_and_leaves_the_other_in_peace() -> None:
    wet = [field("rain", "mm", hour, [100.0 if hour == 3 else 0.0, 0, 0, 0], window=1) for hour in range(1, 7)]
    fengxian, pudong = drafted(wet, "rainstorm", "310120"), drafted(wet, "rainstorm", "310115")
    assert fengxian.level is Level.RED
    assert fengxian.evidence is not None
    assert fengxian.evidence.share == 0.5
    assert fengxian.evidence.cells == (0,)
    assert fengxian.evidence.peak == 100.0
    assert pudong.level is None
    found, _ = propose([fengxian], [], Memory(), Policy(), now=NOW)
    assert (found[0].level, found[0].zones, found[0].event_code) == (Level.RED, ("310120",), "11B03")


def test_rain_a_tenth_of_a_millimetre_short_of_red_is_orange() -> None:
    wet = [field("rain", "mm", hour, [99.9 if hour == 3 else 0.0, 0, 0, 0], window=1) for hour in range(1, 7)]
    assert drafted(wet, "rainstorm", "310120").level is Level.ORANGE


def test_a_district_whose_cells_have_no_value_is_unknown() -> None:
    blind = [field("rain", "mm", hour, [0, 0, np.nan, np.nan], window=1) for hour in range(1, 7)]
    pudong = drafted(blind, "rainstorm", "310115")
    assert pudong.level is None
    assert pudong.unknown


def test_three_hot_days_are_counted_whichever_rule_set_is_asked_first() -> None:
    """36 °C yesterday, the day before and today: the national yellow asks for three in a row, Shanghai's for one."""
    national = SETS["national-2007"]
    hot = [
        replace(field("tmax", "degC", 10 + 24 * day, [36.0] * 4, window=24), statistic="max", run_time=NOW + timedelta(hours=10 + 24 * day) if day < 0 else NOW)
        for day in (-2, -1, 0)]
    window = Window().with_run(hot)
    fresh = Measuring(window, ZONES, now=NOW).measured(national).answers["national-2007/heat/yellow"]
    after = Measuring(window, ZONES, now=NOW)
    after.measured(SHANGHAI)
    asked = after.measured(national).answers["national-2007/heat/yellow"]
    assert [(one.share, one.peak) for one in fresh] == [(1.0, 36.0), (1.0, 36.0)] == [(one.share, one.peak) for one in asked]


def test_tomorrows_heat_is_warned_of_at_two_in_the_afternoon() -> None:
    # Tomorrow's noon lies within 24 h, though the midnight that ends the day does not.
    hot = [field("air_temperature", "degC", hour, [30 + 8 * (hour == 23), 30, 30, 30], window=None) for hour in range(0, 35)]
    fengxian = drafted(hot, "heat", "310120")
    assert fengxian.level is Level.ORANGE
    assert fengxian.evidence is not None
    assert fengxian.evidence.peak == 38.0
    assert fengxian.evidence.onset == datetime(2024, 7, 22, 16, 0, tzinfo=UTC), "the day begins at midnight in Beijing"
