"""“…or has reached it, and it may go on”: what has fallen counts while more is to come, or may be; a known dry future ends it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from shapely import box

from geo.derive import series
from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.observation import Observation
from geo.quantity import Quantity
from geo.zone import Zone
from warning.level import Level
from warning.watch.basis import AtHand, Basis, basis
from warning.watch.draft import Draft, draft
from warning.watch.explain import explained
from warning.watch.issuer import load_issuers
from warning.watch.measured import Measured, Measuring
from warning.watch.memory import Memory, Policy
from warning.watch.noted import noted
from warning.watch.propose import propose
from warning.watch.rule import RuleSet
from warning.watch.rulefile import load_rule_sets
from warning.watch.window import Window

SETS = load_rule_sets()
SHANGHAI, NATIONAL = SETS["shanghai-2019"], SETS["national-2007"]
FENGXIAN = next(one for one in load_issuers(rule_sets=SETS) if one.code == "310120")
GRID = Grid(kind="regular_ll", ny=1, nx=2, lat0=31.0, lon0=121.25, dlat=0.5, dlon=0.5)
ZONES = (Zone(code="310120", name_zh="奉贤区", name_en="Fengxian", level="district", geometry=box(121.0, 30.75, 122.0, 31.25)),)
NOW = datetime(2024, 9, 19, 19, 0, tzinfo=UTC)


def rain(hour: float, west: float, east: float = 0.0, *, window: float = 1, variable: str = "rain", said: float = 0) -> GridField:
    """What falls in the ``window`` hours to ``hour``; up to now an analysis, beyond now a forecast (or one made ``said`` h ago)."""
    valid = NOW + timedelta(hours=hour)
    return GridField(
        variable=variable, units="mm", values=np.array([[west, east]], dtype=np.float32), grid=GRID, valid_time=valid,
        run_time=NOW - timedelta(hours=said) if hour > 0 or said else valid, window=timedelta(hours=window), statistic="sum",
        provenance=Provenance(source="t", path="t"))


#: 120 mm in the hour to now, and nothing in the five hours before: over red (100 mm/1 h) and over nothing else but by it.
FELL = [*(rain(hour, 0) for hour in range(-5, 0)), rain(0, 120)]


def read(fields: Sequence[GridField], rules: RuleSet = SHANGHAI) -> tuple[Draft, Measured]:
    return of_window(Window().with_run(fields), rules)


def of_window(window: Window, rules: RuleSet = SHANGHAI, hazard: str = "rainstorm") -> tuple[Draft, Measured]:
    found = Measuring(window, ZONES, now=NOW).measured(rules)
    drafts = draft(FENGXIAN, rules, found.answers, now=NOW, gauges=found.gauges, disagreements=found.disagreements)
    return noted(next(one for one in drafts if one.hazard.key == hazard), rules, found), found


def verdict(fields: Sequence[GridField], rules: RuleSet = SHANGHAI) -> tuple[Level | None, str, bool]:
    found, _ = read(fields, rules)
    assert found.evidence is not None
    return found.level, found.evidence.goes_on, found.unknown


def test_every_row_of_rain_and_snow_asks_and_no_other_does() -> None:
    for rules in (NATIONAL, SHANGHAI):
        asking = {rule.row for rule in rules.rules if rule.continues}
        assert asking == {rule.row for rule in rules.rules if rule.hazard.key in ("rainstorm", "snowstorm")}
        assert all(rule.ahead is not None for rule in rules.rules if rule.continues)


def test_what_has_fallen_is_red_and_flagged_while_nothing_is_known_of_the_hours_to_come() -> None:
    assert verdict(FELL) == (Level.RED, "unknown", False)


def test_a_forecast_of_six_dry_hours_ends_it_and_leaves_nothing_unknown() -> None:
    assert verdict([*FELL, *(rain(hour, 0) for hour in range(1, 7))]) == (None, "no", False)


def test_dry_hours_that_end_before_the_lead_do_not_say_that_it_is_over() -> None:
    assert verdict([*FELL, *(rain(hour, 0) for hour in range(1, 6))])[:2] == (Level.RED, "unknown")


@pytest.mark.parametrize(("amount", "level", "goes_on"), [(0.09, None, "no"), (0.1, Level.RED, "yes")])
def test_a_tenth_of_a_millimetre_in_the_last_hour_of_the_lead_is_going_on_and_less_is_a_trace(amount: float, level: Level | None, goes_on: str) -> None:
    assert verdict([*FELL, *(rain(hour, amount if hour == 6 else 0) for hour in range(1, 7))])[:2] == (level, goes_on)


def test_rain_after_the_lead_is_not_going_on() -> None:
    assert verdict([*FELL, *(rain(hour, 9 if hour == 7 else 0) for hour in range(1, 8))])[:2] == (None, "no")


def test_traces_of_many_steps_add_up() -> None:
    assert verdict([*FELL, *(rain(hour, 0.02) for hour in range(1, 7))])[:2] == (Level.RED, "yes")


def test_rain_to_come_elsewhere_in_the_zone_is_going_on() -> None:
    assert verdict([*FELL, *(rain(hour, 0, 5 if hour == 2 else 0) for hour in range(1, 7))])[:2] == (Level.RED, "yes")


def test_a_step_that_leads_beyond_the_lead_is_read_whole() -> None:
    """Of rain in hours 4 to 8 nobody knows that it comes after hour 6."""
    dry, wet = [rain(4, 0, window=4), rain(8, 0, window=4)], [rain(4, 0, window=4), rain(8, 1, window=4)]
    assert verdict([*FELL, *dry])[:2] == (None, "no")
    assert verdict([*FELL, *wet])[:2] == (Level.RED, "yes")


def test_half_the_zone_unknown_leaves_open_whether_it_goes_on_and_rain_in_the_other_half_decides_it() -> None:
    nan = float("nan")
    assert verdict([*FELL, *(rain(hour, 0, nan if hour == 3 else 0) for hour in range(1, 7))])[:2] == (Level.RED, "unknown")
    assert verdict([*FELL, *(rain(hour, 0.2 if hour == 4 else 0, nan if hour == 3 else 0) for hour in range(1, 7))])[:2] == (Level.RED, "yes")


def test_what_is_still_to_be_reached_needs_no_rain_so_far() -> None:
    assert verdict([*(rain(hour, 0) for hour in range(-5, 1)), *(rain(hour, 100 if hour == 4 else 0) for hour in range(1, 7))])[:2] == (Level.RED, "yes")


def test_the_national_rows_ask_within_their_own_leads() -> None:
    """50 mm in three hours is orange (3 h) and yellow (6 h). It rains again in five hours: only yellow goes on."""
    fell = [*(rain(hour, 0) for hour in range(-11, 0)), rain(0, 60)]
    assert verdict([*fell, *(rain(hour, 2 if hour == 5 else 0) for hour in range(1, 13))], NATIONAL)[:2] == (Level.YELLOW, "yes")


def test_snow_is_asked_for_its_own_water() -> None:
    fell = [*(rain(hour, 0, variable="snow_water") for hour in range(-11, 0)), rain(0, 16, variable="snow_water")]
    dry = [rain(hour, 0, variable="snow_water") for hour in range(1, 13)]
    wet_only = [rain(hour, 9) for hour in range(1, 13)]
    assert of_window(Window().with_run(fell), hazard="snowstorm")[0].level is Level.RED
    assert of_window(Window().with_run([*fell, *dry, *wet_only]), hazard="snowstorm")[0].level is None


def gauges(amount: float) -> tuple[Observation, ...]:
    return tuple(
        Observation(
            station=f"g{number}", lat=31.0, lon=121.2 + 0.05 * number, variable="rain", units="mm", value=amount, valid_time=NOW,
            statistic="sum", window=timedelta(hours=1), provenance=Provenance(source="gauges", path="g"))
        for number in range(3))


def with_gauges(fields: Sequence[GridField]) -> tuple[Draft, Measured]:
    grid = Grid(kind="regular_ll", ny=51, nx=101, lat0=30.75, lon0=121.0, dlat=0.01, dlon=0.01)
    window, _ = Window().with_run(fields).with_observations(gauges(60.0), grid)
    return of_window(window)


def test_gauges_over_the_threshold_are_no_warning_once_it_is_known_to_be_over() -> None:
    dry = [*(rain(hour, 0) for hour in range(-5, 0)), *(rain(hour, 0) for hour in range(1, 7))]
    assert with_gauges([*(rain(hour, 0) for hour in range(-5, 0))])[0].level is Level.YELLOW, "60 mm in the hour, and nothing is known of the next"
    assert with_gauges(dry)[0].level is None


def test_a_dry_forecast_that_the_gauges_have_just_belied_does_not_end_it() -> None:
    """A run of an hour ago had no rain for the hour in which three gauges measured 60 mm: its dry hours to come are not believed."""
    belied = [rain(hour, 0, said=1) for hour in range(0, 7)]
    found, measured = with_gauges(belied)
    assert measured.disagreements["shanghai-2019/rainstorm/yellow"]["310120"].said == 0
    assert (found.level, found.goes_on) == (Level.YELLOW, "unknown")


def test_what_is_to_come_is_added_up_from_now_along_the_steps_at_hand() -> None:
    nan = float("nan")
    fields = [rain(0, 50), rain(1, 1, nan), rain(2, 2, nan), rain(4, 4, 3, window=2), rain(9, 5, 5)]
    found = series(Quantity(name="rain_to_come", units="mm", window=timedelta(hours=6)), fields, now=NOW)
    assert found is not None
    # What fell is not to come; nobody speaks of hours 5 to 8, so hour 9 hangs in the air and a row of NaN ends the series.
    assert [(time - NOW) // timedelta(hours=1) for time in found.times] == [1, 2, 4, 4]
    np.testing.assert_array_equal(found.values[:, 0, 0], [1, 3, 7, np.nan])
    np.testing.assert_array_equal(found.values[:, 0, 1], [np.nan, np.nan, 3, np.nan])
    assert found.partial is not None
    assert found.partial[:3, 0].tolist() == [[False, False], [False, False], [False, True]]


def told(fields: Sequence[GridField]) -> list[str]:
    found, measured = read(fields)
    [proposal], memory = propose([found], [], Memory(), Policy(), now=NOW)
    made: Basis | None = basis(
        proposal, FENGXIAN, SHANGHAI, AtHand(series=measured.series, answers=measured.answers, zones=ZONES, disagreements=measured.disagreements),
        memory=memory, policy=Policy(), now=NOW)
    assert made is not None
    return [one.en for one in explained(made, zone_zh="奉贤区", zone_en="Fengxian")]


def test_the_explanation_says_whether_it_goes_on() -> None:
    assert "Going on: whether more is to come within 6 h is unknown, and taken as possible (unknown is never \"no hazard\")." in told(FELL)
    wet = [*FELL, *(rain(hour, 1) for hour in range(1, 7))]
    assert "Going on: more is forecast within 6 h; were none, red would no longer hold." in told(wet)


def test_the_explanation_of_a_lower_level_says_that_the_higher_one_is_over() -> None:
    """National: 60 mm fell, it rains again in five hours: yellow, and orange (3 h) is reached but over."""
    fell = [*(rain(hour, 0) for hour in range(-11, 0)), rain(0, 60)]
    found, measured = read([*fell, *(rain(hour, 2 if hour == 5 else 0) for hour in range(1, 13))], NATIONAL)
    proposals, memory = propose([found], [], Memory(), Policy(cycles_up=1), now=NOW)
    made = basis(proposals[0], FENGXIAN, NATIONAL, AtHand(series=measured.series, answers=measured.answers, zones=ZONES),
                 memory=memory, policy=Policy(), now=NOW)
    assert made is not None
    said = [one.en for one in explained(made, zone_zh="奉贤区", zone_en="Fengxian")]
    assert "Orange: reached, but less than 0.1 mm more is forecast within 3 h; the rule asks that it may go on, so it is not met." in said
    assert {step.level: step.met for step in made.steps} == {Level.RED: False, Level.ORANGE: False, Level.YELLOW: True, Level.BLUE: True}
