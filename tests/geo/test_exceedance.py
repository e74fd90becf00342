"""What a criterion says of a zone, worked out by hand on 3 × 3 grids."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely

from geo.criterion import AllOf, AnyOf, Comparison, Criterion, Operator
from geo.exceedance import Exceedance, GridMismatch, exceed, exceeding_cells
from geo.grid import Grid
from geo.overlay import overlay
from geo.quantity import Quantity
from geo.series import Series
from geo.zone import Zone

# Cells of one degree with edges at 0, 1, 2, 3 by the equator; cell 4 is the middle one.
GRID = Grid(kind="regular_ll", ny=3, nx=3, lat0=0.5, lon0=0.5, dlat=1.0, dlon=1.0)
NOW = datetime(2024, 9, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# The end of NOW's local day, 20 September in Shanghai.
TODAY = datetime(2024, 9, 20, 16, tzinfo=UTC)
NAN = math.nan

RAIN = Quantity(name="rain", units="mm", window=HOUR)
LONG_RAIN = Quantity(name="rain", units="mm", window=6 * HOUR)
MEAN = Quantity(name="mean_bft", units="bft")
GUST = Quantity(name="gust_bft", units="bft")
VISIBILITY = Quantity(name="visibility", units="m")
TMAX = Quantity(name="tmax", units="degC")
TMIN = Quantity(name="tmin", units="degC")

# The row of cells 3, 4, 5, all of one latitude: each a third of it.
STRIP = Zone(code="strip", name_zh="条", name_en="strip", level="district", geometry=shapely.box(0, 1, 3, 2))
MIDDLE = Zone(code="middle", name_zh="中", name_en="middle", level="district", geometry=shapely.box(1, 1, 2, 2))
BEYOND = Zone(code="beyond", name_zh="外", name_en="beyond", level="district", geometry=shapely.box(2, 1, 4, 2))


def at_least(quantity: Quantity, value: float, *, operator: Operator = ">=", days: int = 1) -> Comparison:
    return Comparison(quantity=quantity, operator=operator, value=value, days=days)


def through_time(
    quantity: Quantity,
    rows: Mapping[datetime, Sequence[float]],
    *,
    observed: Sequence[datetime] = (),
    partial: Sequence[datetime] = (),
    grid: Grid = GRID,
) -> Series:
    """Each row gives cells 3, 4, 5; the others are 0."""
    values = np.zeros((len(rows), 3, 3), dtype=np.float32)
    values[:, 1, :] = list(rows.values())
    marked = np.zeros((len(rows), 3, 3), dtype=np.bool_)
    marked[[time in partial for time in rows]] = True
    return Series(
        quantity=quantity,
        grid=grid,
        times=tuple(rows),
        values=values,
        observed=np.array([time in observed for time in rows]),
        partial=marked if partial else None,
    )


def ask(criterion: Criterion, *series: Series, zone: Zone = STRIP, span: timedelta = 6 * HOUR) -> Exceedance:
    given = {item.quantity: item for item in series}
    (found,) = exceed(criterion, given, overlay(GRID, [zone]), start=NOW, end=NOW + span, now=NOW)
    return found


def test_one_cell_of_three_is_a_third_of_the_zone() -> None:
    found = ask(at_least(RAIN, 50), through_time(RAIN, {NOW: [10, 60, 49.9]}))
    assert found.exceeded
    assert found.share == pytest.approx(1 / 3)
    assert found.known_share == pytest.approx(1)
    assert found.cells == (4,)
    assert (found.peak, found.peak_time) == (60, NOW)


def test_cells_add_up_over_time_and_onset_and_end_bound_them() -> None:
    hourly = ([0, 0, 0], [60, 0, 0], [0, 0, 0], [0, 70, 0], [0, 0, 0])
    rows = {NOW + k * HOUR: row for k, row in enumerate(hourly)}
    found = ask(at_least(RAIN, 50), through_time(RAIN, rows))
    assert found.share == pytest.approx(2 / 3)
    assert found.cells == (3, 4)
    assert (found.onset, found.end) == (NOW + HOUR, NOW + 3 * HOUR)
    assert (found.peak, found.peak_time) == (70, NOW + 3 * HOUR)


def test_nothing_exceeding_has_neither_onset_nor_cells_but_a_peak() -> None:
    found = ask(at_least(RAIN, 50), through_time(RAIN, {NOW: [10, 20, 30]}))
    assert not found.exceeded
    assert found.known_share == pytest.approx(1)
    assert (found.share, found.cells, found.onset, found.end) == (0, (), None, None)
    assert found.peak == 30


@pytest.mark.parametrize(("operator", "cells"), [(">=", (4, 5)), (">", (5,)), ("<=", (3, 4)), ("<", (3,))])
def test_strict_and_not_strict_differ_at_the_threshold(operator: Operator, cells: tuple[int, ...]) -> None:
    found = ask(at_least(VISIBILITY, 500, operator=operator), through_time(VISIBILITY, {NOW: [499, 500, 501]}))
    assert found.cells == cells
    assert found.peak == (501 if ">" in operator else 499)


def test_a_threshold_that_float32_cannot_hold_is_still_met_by_its_own_value() -> None:
    assert ask(at_least(RAIN, 0.1), through_time(RAIN, {NOW: [0.1, 0, 0]})).cells == (3,)


def test_times_outside_the_window_do_not_count() -> None:
    rows = {NOW - HOUR: [90, 0, 0], NOW: [1, 1, 1], NOW + 7 * HOUR: [0, 0, 90]}
    found = ask(at_least(RAIN, 50), through_time(RAIN, rows))
    assert not found.exceeded
    assert found.peak == 1


def test_a_district_touching_by_a_corner_is_not_warned() -> None:
    corner = Zone(code="c", name_zh="", name_en="", level="district", geometry=shapely.box(2, 2, 3, 3))
    found = ask(at_least(RAIN, 50), through_time(RAIN, {NOW: [0, 99, 0]}), zone=corner)
    assert (found.share, found.cells) == (0, ())


def test_missing_cells_are_unknown_not_harmless() -> None:
    found = ask(at_least(RAIN, 50), through_time(RAIN, {NOW: [NAN, 10, 60]}))
    assert found.share == pytest.approx(1 / 3)
    assert found.known_share == pytest.approx(2 / 3)


def test_a_cell_unknown_once_is_known_only_if_it_exceeds_at_another_time() -> None:
    rows = {NOW: [NAN, NAN, 0.0], NOW + HOUR: [60.0, 0.0, 0.0]}
    found = ask(at_least(RAIN, 50), through_time(RAIN, rows))
    assert found.cells == (3,)
    assert found.known_share == pytest.approx(2 / 3)


def test_a_zone_that_reaches_beyond_the_grid_is_unknown_there() -> None:
    found = ask(at_least(RAIN, 50), through_time(RAIN, {NOW: [0, 0, 0]}), zone=BEYOND)
    assert found.share == 0
    assert found.known_share == pytest.approx(0.5)


def test_a_zone_outside_the_grid_is_wholly_unknown() -> None:
    far = Zone(code="far", name_zh="", name_en="", level="district", geometry=shapely.box(10, 10, 11, 11))
    found = ask(at_least(RAIN, 50), through_time(RAIN, {NOW: [99, 99, 99]}), zone=far)
    assert (found.share, found.known_share, found.cells, found.peak_time) == (0, 0, (), None)
    assert math.isnan(found.peak)


def test_a_quantity_missing_entirely_is_wholly_unknown() -> None:
    found = ask(at_least(RAIN, 50))
    assert (found.share, found.known_share, found.peak_time, found.leading) == (0, 0, None, at_least(RAIN, 50))
    assert math.isnan(found.peak)


def test_a_series_without_a_time_in_the_window_is_wholly_unknown() -> None:
    found = ask(at_least(RAIN, 50), through_time(RAIN, {NOW - HOUR: [99, 99, 99]}))
    assert (found.share, found.known_share) == (0, 0)


def test_or_is_true_where_either_is_and_unknown_where_one_is_unknown_and_the_other_false() -> None:
    either = AnyOf(parts=(at_least(RAIN, 50), at_least(LONG_RAIN, 80)))
    found = ask(either, through_time(RAIN, {NOW: [60, 0, NAN]}), through_time(LONG_RAIN, {NOW: [0, 90, 0]}))
    assert found.cells == (3, 4)
    assert found.known_share == pytest.approx(2 / 3)


def test_or_with_a_missing_quantity_knows_only_what_is_true() -> None:
    either = AnyOf(parts=(at_least(RAIN, 50), at_least(LONG_RAIN, 80)))
    found = ask(either, through_time(RAIN, {NOW: [60, 0, 0]}))
    assert found.cells == (3,)
    assert found.known_share == pytest.approx(1 / 3)


def test_or_joins_parts_of_different_times_each_at_its_own() -> None:
    either = AnyOf(parts=(at_least(MEAN, 6), at_least(GUST, 8)))
    mean = through_time(MEAN, {NOW: [6, 0, 0], NOW + 2 * HOUR: [0, 0, 0]})
    gust = through_time(GUST, {NOW + HOUR: [0, 9, 0]})
    found = ask(either, mean, gust)
    assert found.cells == (3, 4)
    assert found.known_share == pytest.approx(1)
    assert (found.onset, found.end) == (NOW, NOW + HOUR)


def test_and_needs_both_at_one_time() -> None:
    both = AllOf(parts=(at_least(RAIN, 50), at_least(GUST, 8)))
    rain = through_time(RAIN, {NOW: [60, 60, 0], NOW + HOUR: [0, 0, 0]})
    gust = through_time(GUST, {NOW: [9, 0, 9], NOW + HOUR: [9, 9, 9]})
    assert ask(both, rain, gust).cells == (3,)


def test_and_is_false_where_one_is_false_even_if_the_other_is_unknown() -> None:
    both = AllOf(parts=(at_least(RAIN, 50), at_least(GUST, 8)))
    found = ask(both, through_time(RAIN, {NOW: [60, 0, 60]}), through_time(GUST, {NOW: [NAN, NAN, 9]}))
    assert found.cells == (5,)
    assert found.known_share == pytest.approx(2 / 3)


def test_and_takes_the_latest_earlier_value_of_the_coarser_part() -> None:
    both = AllOf(parts=(at_least(RAIN, 50), at_least(GUST, 8)))
    gust = through_time(GUST, {NOW: [9, 0, 0], NOW + 2 * HOUR: [0, 9, 0]})
    rain = through_time(RAIN, {NOW + k * HOUR: [60, 60, 60] if k in (1, 3) else [0, 0, 0] for k in range(4)})
    found = ask(both, rain, gust)
    # At hour 1 the gust of hour 0 holds, at hour 3 that of hour 2.
    assert found.cells == (3, 4)
    assert (found.onset, found.end) == (NOW + HOUR, NOW + 3 * HOUR)
    assert found.known_share == pytest.approx(1)


def test_an_old_value_does_not_hold_for_ever() -> None:
    both = AllOf(parts=(at_least(RAIN, 50), at_least(GUST, 8)))
    gust = through_time(GUST, {NOW: [9, 0, 0], NOW + HOUR: [9, 0, 0]})
    rain = through_time(RAIN, {NOW + 5 * HOUR: [60, 60, 0]})
    found = ask(both, rain, gust)
    # Four hours after the last of hourly gusts nothing is known of them; where there is no rain the answer is no.
    assert found.cells == ()
    assert found.known_share == pytest.approx(1 / 3)


def test_daily_values_hold_for_all_times_of_their_day() -> None:
    cold_wind = AllOf(parts=(at_least(TMIN, 4, operator="<="), at_least(MEAN, 6)))
    cold = through_time(TMIN, {TODAY: [3, 5, 3], TODAY + DAY: [9, 9, 9]})
    wind = through_time(MEAN, {NOW + 5 * HOUR: [6, 6, 6], NOW + 20 * HOUR: [6, 6, 6]})
    found = ask(cold_wind, cold, wind, span=DAY)
    assert found.cells == (3, 5)
    assert (found.onset, found.end) == (NOW + 5 * HOUR, NOW + 5 * HOUR)
    assert found.known_share == pytest.approx(1)


def test_a_daily_value_counts_when_its_noon_lies_before_the_end_of_the_window() -> None:
    hot = through_time(TMAX, {TODAY: [30, 30, 30], TODAY + DAY: [38, 30, 30]})
    # Noon of tomorrow in Shanghai is 28 hours after NOW (08:00).
    assert not ask(at_least(TMAX, 37), hot, span=27 * HOUR).exceeded
    assert ask(at_least(TMAX, 37), hot, span=28 * HOUR).cells == (3,)


def test_three_hot_days_in_a_row_are_asked_for_and_two_are_not_enough() -> None:
    days = {TODAY + k * DAY: [36, 36 if k != 1 else 34, 36 if k else NAN] for k in range(3)}
    found = ask(at_least(TMAX, 35, days=3), through_time(TMAX, days), span=3 * DAY)
    assert found.cells == (3,)
    assert (found.onset, found.end) == (TODAY + 2 * DAY, TODAY + 2 * DAY)


def test_days_in_a_row_may_have_begun_before_the_window() -> None:
    days = {TODAY + k * DAY: [36, 36, 30] for k in (-2, -1, 0)}
    assert ask(at_least(TMAX, 35, days=3), through_time(TMAX, days)).cells == (3, 4)


def test_a_missing_day_in_the_row_is_unknown_unless_another_day_says_no() -> None:
    days = {TODAY + k * DAY: [36, 36, 30] for k in (-2, 0)}
    found = ask(at_least(TMAX, 35, days=3), through_time(TMAX, days))
    assert found.cells == ()
    assert found.known_share == pytest.approx(1 / 3)


def test_a_partly_known_day_can_say_yes_but_not_no() -> None:
    found = ask(at_least(TMAX, 37), through_time(TMAX, {TODAY: [38, 36, 36]}, partial=[TODAY]))
    assert found.cells == (3,)
    assert found.known_share == pytest.approx(1 / 3)
    cold = ask(at_least(TMIN, 0, operator="<="), through_time(TMIN, {TODAY: [-1, 1, 1]}, partial=[TODAY]))
    assert cold.cells == (3,)
    assert cold.known_share == pytest.approx(1 / 3)
    mild = ask(at_least(TMIN, 0, operator=">="), through_time(TMIN, {TODAY: [-1, 1, 1]}, partial=[TODAY]))
    assert mild.cells == ()
    assert mild.known_share == pytest.approx(1 / 3)


def test_the_comparison_furthest_beyond_its_threshold_leads() -> None:
    either = AnyOf(parts=(at_least(RAIN, 50), at_least(LONG_RAIN, 80)))
    found = ask(either, through_time(RAIN, {NOW: [55, 0, 0]}), through_time(LONG_RAIN, {NOW: [0, 120, 0]}))
    # 10 % beyond against 50 % beyond.
    assert found.leading.quantity == LONG_RAIN
    assert (found.peak, found.peak_time) == (120, NOW)


def test_below_every_threshold_the_nearest_leads() -> None:
    either = AnyOf(parts=(at_least(RAIN, 50), at_least(LONG_RAIN, 80)))
    found = ask(either, through_time(RAIN, {NOW: [45, 0, 0]}), through_time(LONG_RAIN, {NOW: [0, 60, 0]}))
    assert (found.leading.quantity, found.peak) == (RAIN, 45)


def test_only_what_analyses_have_shown_by_now_is_observed() -> None:
    rows = {NOW: [60, 0, 0], NOW + HOUR: [60, 0, 0]}
    assert ask(at_least(RAIN, 50), through_time(RAIN, rows, observed=[NOW])).observed
    assert not ask(at_least(RAIN, 50), through_time(RAIN, rows)).observed
    assert not ask(at_least(RAIN, 50), through_time(RAIN, rows, observed=[NOW + HOUR])).observed
    elsewhere = {NOW: [60, 0, 0], NOW + HOUR: [60, 60, 0]}
    assert not ask(at_least(RAIN, 50), through_time(RAIN, elsewhere, observed=[NOW]), zone=MIDDLE).observed


def test_every_zone_of_the_overlay_is_answered_in_its_order() -> None:
    laid = overlay(GRID, [STRIP, MIDDLE, BEYOND])
    given = {RAIN: through_time(RAIN, {NOW: [60, 0, 0]})}
    found = exceed(at_least(RAIN, 50), given, laid, start=NOW, end=NOW, now=NOW)
    assert [item.zone for item in found] == ["strip", "middle", "beyond"]
    assert [item.exceeded for item in found] == [True, False, False]
    assert list(exceed(at_least(RAIN, 50), given, overlay(GRID, []), start=NOW, end=NOW, now=NOW)) == []


def test_a_series_on_another_grid_is_refused_with_both_named() -> None:
    other = Grid(kind="regular_ll", ny=3, nx=3, lat0=0.0, lon0=0.0, dlat=0.5, dlon=0.5)
    with pytest.raises(GridMismatch, match=r"rain/1h \[mm\] lies on regular_ll 3x3 0.5°.*laid over regular_ll 3x3 1°"):
        ask(at_least(RAIN, 50), through_time(RAIN, {NOW: [60, 0, 0]}, grid=other))


def test_the_map_shows_exceeding_and_known_cells() -> None:
    given = {RAIN: through_time(RAIN, {NOW: [60, NAN, 0]})}
    found = exceeding_cells(at_least(RAIN, 50), given, GRID, start=NOW, end=NOW)
    assert found.exceeding.tolist() == [[False] * 3, [True, False, False], [False] * 3]
    assert found.known.tolist() == [[True] * 3, [True, False, True], [True] * 3]
