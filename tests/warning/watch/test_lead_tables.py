"""Every decidable row at, just inside and just beyond its lead, with the table's own values, through the real maths."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from shapely import box

from geo.criterion import Comparison, comparisons
from geo.daily import DAILY, DAY
from geo.exceedance import exceed
from geo.grid import Grid
from geo.overlay import overlay
from geo.quantity import Quantity
from geo.series import Series
from geo.zone import Zone
from tests.warning.watch.test_truth_tables import SETS, TABLE, Case, Values
from warning.level import Level
from warning.watch.draft import Draft, draft
from warning.watch.issuer import AreaCriterion, Issuer
from warning.watch.measured import Measuring
from warning.watch.noted import noted
from warning.watch.rule import Rule
from warning.watch.window import Window

GRID = Grid(kind="regular_ll", ny=1, nx=1, lat0=31.0, lon0=121.5, dlat=0.5, dlon=0.5)
# Noon in Beijing: the moment that decides whether a day counts, and as good as any other for what is no day.
EVENT = datetime(2024, 1, 20, 4, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)


def series_of(leaf: Comparison, given: float, now: datetime) -> Series:
    """Harmless at all times but the event's: its hour, or its day (and those before that the row asks for)."""
    daily = leaf.days > 1 or leaf.quantity.name in DAILY
    harmless = leaf.value - 1 if leaf.operator in (">=", ">") else leaf.value + 1
    if daily:
        last = EVENT + timedelta(hours=12)
        values = {last + DAY * k: given if 0 >= k > -leaf.days else harmless for k in range(-4, 2)}
    else:
        values = {min(now, EVENT - TEN): harmless, EVENT: given, EVENT + TEN: harmless}
    return Series(
        quantity=leaf.quantity, grid=GRID, times=tuple(values), observed=np.zeros(len(values), dtype=np.bool_),
        values=np.array([[[value]] for value in values.values()], dtype=np.float32))


def drafted(case: Case, values: Values, now: datetime) -> Draft:
    rule_set, hazard, level, _, _, _ = case
    rule = SETS[rule_set].rule(hazard, Level.of(level))
    rule = replace(rule, hazard=replace(rule.hazard, cause=None))
    assert rule.criterion is not None
    have: Mapping[Quantity, Series] = {
        leaf.quantity: series_of(leaf, value_of(leaf, values), now) for leaf in comparisons(rule.criterion)}
    code = rule.site or "310120"
    zone = Zone(code=code, name_zh="区", name_en="zone", level="district", geometry=box(121.25, 30.75, 121.75, 31.25))
    found = exceed(rule.criterion, have, overlay(GRID, [zone]), start=now, end=now + rule.lead, now=now)
    issuer = Issuer(
        code="310120", name_zh="台", name_en="office", area_code="310120", organisation="416", zones=("310120",), rule_set=rule_set,
        area=AreaCriterion(min_share=0.05))
    [one] = draft(issuer, replace(SETS[rule_set], rules=(rule,)), {rule.row: found}, now=now)
    return one


def value_of(leaf: Comparison, values: Values) -> float:
    window = leaf.quantity.window
    return values[leaf.quantity.name + ("" if window is None else f"/{window // timedelta(hours=1)}")]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: "/".join(case[:3]))
def test_what_comes_within_the_lead_is_drafted_and_what_comes_ten_minutes_later_is_not(case: Case) -> None:
    _, _, level, lead, yes, no = case
    at_lead = EVENT - timedelta(hours=lead)
    for values in yes:
        assert drafted(case, values, at_lead).level is Level.of(level), "at the lead"
        assert drafted(case, values, at_lead + TEN).level is Level.of(level), "just inside"
        assert drafted(case, values, at_lead - TEN).level is None, "just beyond"
    for values in no:
        assert drafted(case, values, at_lead).level is None, "just short of the threshold"


def manual() -> Iterable[Rule]:
    return (rule for one in SETS.values() for rule in one.rules if rule.criterion is None)


def test_rows_that_a_person_decides_are_never_drafted_by_data_whatever_they_are() -> None:
    found = {rule.row for rule in manual()}
    assert found, "lightning, hail and drought at the least"
    for key, one in SETS.items():
        extreme = [series_of(leaf, 1e4 if leaf.operator in (">=", ">") else -1e4, EVENT)
                   for rule in one.rules if rule.criterion is not None for leaf in comparisons(rule.criterion)]
        ground = [
            Zone(code=code, name_zh="区", name_en="zone", level="district", geometry=box(121.25, 30.75, 121.75, 31.25))
            for code in {"310120", *(rule.site for rule in one.rules if rule.site)}]
        have = {series.quantity: series for series in extreme}
        answers = {
            rule.row: exceed(rule.criterion, have, overlay(GRID, ground), start=EVENT, end=EVENT + rule.lead, now=EVENT)
            for rule in one.rules if rule.criterion is not None}
        issuer = Issuer(
            code="310120", name_zh="台", name_en="office", area_code="310120", organisation="416", zones=("310120",), rule_set=key,
            area=AreaCriterion(min_share=0.05))
        rows = {part.evidence.row for whole in draft(issuer, one, answers, now=EVENT) for part in (whole, *whole.candidates)
                if part.evidence is not None and part.level is not None}
        assert rows
        assert not rows & found


def test_a_row_that_nobody_has_confirmed_shows_its_flag_and_the_others_show_none() -> None:
    for case in TABLE:
        found = drafted(case, case[4][0], EVENT - timedelta(hours=case[3]))
        measured = Measuring(Window(), (), now=EVENT).measured(SETS[case[0]])
        shown = noted(found, SETS[case[0]], measured).evidence
        assert shown is not None
        assert shown.unconfirmed is SETS[case[0]].rule(case[1], Level.of(case[2])).unconfirmed
