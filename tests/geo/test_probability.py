"""How likely a comparison is met: members counted by hand, ready probabilities bracketed, and never more known than is."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely

from geo.criterion import AllOf, AnyOf, Comparison, Criterion
from geo.ensemble import Ensemble
from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.overlay import overlay
from geo.probability import Probability, asked, chances, decided, probability
from geo.quantity import Quantity
from geo.zone import Zone

GRID = Grid(kind="regular_ll", ny=1, nx=2, lat0=31.0, lon0=121.0, dlat=0.1, dlon=0.1)
ZONE = Zone(code="z", name_zh="区", name_en="zone", level="district", geometry=shapely.box(120.95, 30.95, 121.15, 31.05))
NOW = datetime(2024, 9, 20, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
TOMORROW = NOW + DAY
RAIN = Quantity(name="rain", units="mm", window=DAY)
HEAVY = Comparison(quantity=RAIN, operator=">=", value=50)
NAN = math.nan


def member(number: int, *cells: float, end: datetime = TOMORROW) -> GridField:
    return GridField(
        variable="rain", units="mm", values=np.array([cells], dtype=np.float32), grid=GRID, valid_time=end, run_time=NOW, window=DAY,
        statistic="sum", member=number, provenance=Provenance(source="eps", path="t"))


def ready(threshold: float, *cells: float, suspicions: tuple[str, ...] = (), variable: str = "rain", units: str = "mm") -> GridField:
    return GridField(
        variable=variable, units="%", values=np.array([cells], dtype=np.float32), grid=GRID, valid_time=TOMORROW, run_time=NOW,
        window=DAY if variable == "rain" else None, statistic="probability", threshold=threshold, threshold_units=units,
        provenance=Provenance(source="eps", path="t", suspicions=suspicions))


def likely(criterion: Criterion, fields: Sequence[GridField]) -> Probability | None:
    return probability(criterion, fields, Ensemble(fields, now=NOW))


def bounds(leaf: Criterion, fields: Sequence[GridField]) -> list[tuple[float, float]]:
    found = likely(leaf, fields)
    assert found is not None
    assert np.isnan(np.delete(found.low, at := found.times.index(TOMORROW), axis=0)).all(), "at any other time nothing is known"
    return [(round(float(low), 5), round(float(high), 5)) for low, high in zip(found.low[at, 0], found.high[at, 0], strict=True)]


def test_three_of_five_members_at_the_threshold_are_sixty_percent() -> None:
    fields = [member(number, value, 0) for number, value in enumerate([50, 49.9, 60, 0, 200])]
    assert bounds(HEAVY, fields) == [(0.6, 0.6), (0, 0)]
    found = likely(HEAVY, fields)
    assert found is not None
    assert (found.members, found.missing) == (5, ())
    # Three fifths as a 32-bit number do not quite equal 0.6: they reach it all the same.
    series = decided(found, 0.6)
    assert series.values[0, 0].tolist() == [pytest.approx(0.6), 0]
    assert np.isnan(decided(found, 0.6).values[1]).all(), "after the last time nothing is known"


def test_a_member_that_did_not_come_is_named_and_may_or_may_not_meet_it() -> None:
    # 0 to 4 without 3: two of five meet it, or three.
    fields = [member(number, value, 0) for number, value in ((0, 60), (1, 0), (2, 60), (4, 0))]
    found = likely(HEAVY, fields)
    assert found is not None
    assert (found.members, found.missing) == (5, (3,))
    assert bounds(HEAVY, fields)[0] == (0.4, 0.6)
    assert [decided(found, part).values[0, 0, 0] for part in (0.4, 0.7)] == [pytest.approx(0.4), pytest.approx(0.6)]
    assert math.isnan(decided(found, 0.5).values[0, 0, 0])


def test_a_member_without_a_value_in_a_cell_is_unknown_there_only() -> None:
    fields = [member(0, 60, 60), member(1, 60, NAN)]
    assert bounds(HEAVY, fields) == [(1, 1), (0.5, 1)]
    assert all(math.isnan(low) for low, _ in bounds(HEAVY, [member(0, NAN, NAN), member(1, NAN, NAN)]))


def test_one_member_is_no_ensemble() -> None:
    assert likely(HEAVY, [member(0, 60, 60)]) is None
    assert likely(HEAVY, []) is None


def test_the_files_own_threshold_gives_the_probability_itself() -> None:
    assert bounds(HEAVY, [ready(50, 70, 5), ready(25, 90, 20)]) == [(0.7, 0.7), (0.05, 0.05)]


def test_between_two_thresholds_it_lies_between_their_probabilities() -> None:
    ask = Comparison(quantity=RAIN, operator=">=", value=35)
    fields = [ready(25, 90, 20), ready(50, 70, 5), ready(10, 95, 30), ready(100, 1, 0)]
    assert bounds(ask, fields) == [(0.7, 0.9), (0.05, 0.2)]
    # Beyond the last threshold it is anything below.
    beyond = Comparison(quantity=RAIN, operator=">=", value=150)
    assert bounds(beyond, fields) == [(0, 0.01), (0, 0)]


def test_a_threshold_in_other_units_is_the_same_threshold_and_one_that_is_no_length_says_nothing() -> None:
    assert bounds(HEAVY, [ready(0.05, 30, 100, units="m")]) == [(0.3, 0.3), (1, 1)]
    assert bounds(HEAVY, [ready(5, 30, 100, units="cm"), ready(100, 10, 0)]) == [(0.3, 0.3), (1, 1)]
    assert likely(HEAVY, [ready(50, 30, 100, units="K")]) is None


def test_of_two_runs_the_newer_ones_probability_is_taken() -> None:
    old, new = replace(ready(50, 90, 90), run_time=NOW - DAY), ready(50, 30, 40)
    for fields in ([old, new], [new, old]):
        assert bounds(HEAVY, fields) == [(0.3, 0.3), (0.4, 0.4)]


def test_a_suspicious_field_is_unknown_and_its_doubt_is_told() -> None:
    doubt = "the probability is 0 everywhere on Earth"
    found = likely(HEAVY, [ready(50, 0, 0, suspicions=(doubt,))])
    assert found is not None
    assert np.isnan(found.low).all()
    assert np.isnan(decided(found, 0.4).values).all()
    assert found.doubts == (doubt,)


def test_a_force_is_asked_through_the_speed_at_which_it_begins() -> None:
    # Force 7 begins at 13.9 m/s; gusts over 10 and 15 m/s are given.
    gale = Comparison(quantity=Quantity(name="gust_bft", units="bft"), operator=">=", value=7)
    fields = [ready(10, 80, 40, variable="wind_gust", units="m s-1"), ready(15, 30, 0, variable="wind_gust", units="m s-1")]
    assert bounds(gale, fields) == [(0.3, 0.8), (0, 0.4)]


def test_another_window_or_the_other_direction_says_nothing() -> None:
    six_hours = Comparison(quantity=Quantity(name="rain", units="mm", window=DAY / 4), operator=">=", value=50)
    assert likely(six_hours, [ready(50, 70, 5)]) is None
    less = Comparison(quantity=RAIN, operator="<", value=50)
    assert likely(less, [ready(50, 70, 5)]) is None


def test_a_zone_has_the_highest_chance_of_its_cells_and_the_mean_of_its_area() -> None:
    found = likely(HEAVY, [ready(50, 70, 5)])
    assert found is not None
    [chance] = chances(found, overlay(GRID, [ZONE]), start=NOW, end=TOMORROW)
    # Two cells of the same latitude: (70 + 5) / 2.
    assert chance.highest == pytest.approx(0.7)
    assert chance.mean == pytest.approx(0.375)
    [later] = chances(found, overlay(GRID, [ZONE]), start=NOW, end=NOW + DAY / 2)
    assert (later.highest, later.mean) == (None, None)


def gust(number: int, *cells: float, end: datetime = TOMORROW) -> GridField:
    return GridField(
        variable="wind_gust", units="m s-1", values=np.array([cells], dtype=np.float32), grid=GRID, valid_time=end, run_time=NOW,
        member=number, provenance=Provenance(source="eps", path="t"))


# Force 8 begins at 17.2 m/s.
GALE = Comparison(quantity=Quantity(name="gust_bft", units="bft"), operator=">=", value=8)
BOTH, EITHER = AllOf(parts=(HEAVY, GALE)), AnyOf(parts=(HEAVY, GALE))


def test_and_and_or_are_asked_of_each_member_by_itself_and_in_each_cell() -> None:
    # Rain in members 0, 1, 2 and gale in 0, 2, 3: both in 0 and 2, either in 0 to 3, whatever their own chances (0.6 each) are.
    fields = [*(member(number, value, 60) for number, value in enumerate([60, 60, 60, 0, 0])),
              *(gust(number, value, 0) for number, value in enumerate([20, 0, 20, 20, 0]))]
    assert bounds(BOTH, fields) == [(0.4, 0.4), (0, 0)]
    assert bounds(EITHER, fields) == [(0.8, 0.8), (1, 1)]


def test_a_member_of_which_one_half_is_known_leaves_and_open_unless_that_half_decides_it() -> None:
    # Member 1 has no gust: with 60 mm it may meet both; with 0 mm it cannot.
    assert bounds(BOTH, [member(0, 60, 60), gust(0, 20, 20), member(1, 60, 0)]) == [(0.5, 1), (0.5, 0.5)]


def test_of_a_quantity_that_no_member_speaks_of_nothing_is_counted() -> None:
    assert likely(BOTH, fields := [member(0, 60, 60), member(1, 60, 60)]) is not None
    # Rain is certain, of the gale nothing is known: anything from 0 to 1.
    assert bounds(BOTH, fields) == [(0, 1), (0, 1)]
    assert bounds(EITHER, fields) == [(1, 1), (1, 1)]


def test_ready_probabilities_bound_and_and_or_however_they_depend_on_each_other() -> None:
    # Both: at least 0.8 + 0.7 - 1, at most 0.7; either: at least 0.8, at most all.
    fields = [ready(50, 80, 30), ready(17.2, 70, 20, variable="wind_gust", units="m s-1")]
    assert bounds(BOTH, fields) == [(0.5, 0.7), (0, 0.2)]
    assert bounds(EITHER, fields) == [(0.8, 1), (0.3, 0.5)]
    found = likely(EITHER, fields)
    assert found is not None
    # 0.3 and 0.2 may be 0.5 together: 0.4 is neither reached nor ruled out, 0.6 is ruled out.
    assert math.isnan(decided(found, 0.4).values[0, 0, 1])
    assert decided(found, 0.6).values[0, 0, 1] == pytest.approx(0.5)


def test_what_is_on_grids_of_two_sizes_is_asked_on_the_finer() -> None:
    coarse = Grid(kind="regular_ll", ny=1, nx=1, lat0=31.0, lon0=121.05, dlat=0.2, dlon=0.2)
    wind = [replace(gust(number, 20), grid=coarse) for number in (0, 1)]
    assert bounds(BOTH, [member(0, 60, 0), member(1, 60, 60), *wind]) == [(1, 1), (0.5, 0.5)]


def test_a_day_that_has_only_begun_may_yet_become_hot_in_every_member() -> None:
    """36 °C until now in one, 30 °C in the other: the one is met, of the other nobody knows."""
    hot = Comparison(quantity=Quantity(name="tmax", units="degC"), operator=">=", value=35)
    fields = [
        GridField(variable="air_temperature", units="degC", values=np.array([[value, value]], dtype=np.float32), grid=GRID, valid_time=NOW + k * DAY / 8,
                  run_time=NOW, member=number, provenance=Provenance(source="eps", path="t"))
        for number, value in ((0, 36.0), (1, 30.0)) for k in range(3)]
    found = likely(hot, fields)
    assert found is not None
    assert (found.low[0, 0, 0], found.high[0, 0, 0]) == (0.5, 1)


def test_days_in_a_row_are_asked_of_members_and_not_of_ready_probabilities() -> None:
    three = Comparison(quantity=Quantity(name="tmax", units="degC"), operator=">=", value=35, days=3)
    midnight = datetime(2024, 9, 20, 16, tzinfo=UTC)
    fields = [
        GridField(variable="tmax", units="degC", values=np.array([[value, 36]], dtype=np.float32), grid=GRID, valid_time=midnight + k * DAY,
                  run_time=NOW, window=DAY, statistic="max", member=number, provenance=Provenance(source="eps", path="t"))
        for number, values in ((0, (36, 36, 36)), (1, (36, 34, 36))) for k, value in enumerate(values)]
    found = likely(three, fields)
    assert found is not None
    last = found.times.index(midnight + 2 * DAY)
    assert found.low[last, 0].tolist() == [0.5, 1]
    given = [replace(ready(35, 90, 90, units="degC"), variable="tmax", window=None)]
    assert likely(three, given) is None
    assert likely(replace(three, days=1), given) is not None


def test_what_is_asked_for_names_the_whole_condition() -> None:
    assert str(asked(HEAVY, 0.4)) == "probability(rain/24h [mm] >= 50) [1] >= 0.4"
    assert str(asked(BOTH, 0.6)) == "probability(rain/24h [mm] >= 50 and gust_bft [bft] >= 8) [1] >= 0.6"
