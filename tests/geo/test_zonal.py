"""The compiled loops: values by hand on 3 × 3 grids, and whatever else as plain numpy has it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from geo.criterion import Comparison, Operator
from geo.exceedance import Exceedances, exceed
from geo.grid import Grid
from geo.overlay import OverlayError, overlay
from geo.quantity import Quantity
from geo.series import Series
from geo.zonal import cells_first, zonal
from geo.zone import Zone
from tests.geo import plain

GRID = Grid(kind="regular_ll", ny=3, nx=3, lat0=0.5, lon0=0.5, dlat=1.0, dlon=1.0)
RAIN = Quantity(name="rain", units="mm", window=timedelta(hours=1))
NOW = datetime(2024, 9, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def zone(code: str, west: float, south: float, east: float, north: float) -> Zone:
    return Zone(code=code, name_zh="", name_en="", level="district", geometry=shapely.box(west, south, east, north))


# Half of it in cell 3 (west), half in cell 4 (the middle of the grid).
HALVES = zone("halves", 0.5, 1, 1.5, 2)
CORNER = zone("corner", 2, 2, 3, 3)
ASKEW = Zone(code="askew", name_zh="", name_en="", level="district", geometry=shapely.Polygon([(0.2, 0.1), (2.9, 0.7), (1.1, 2.8)]))
OUTSIDE = zone("outside", 5, 5, 6, 6)
ZONES = overlay(GRID, [HALVES, CORNER, ASKEW, OUTSIDE])


def leaf(value: float, operator: Operator = ">=") -> Comparison:
    return Comparison(quantity=RAIN, operator=operator, value=value)


def fields(*layers: list[float]) -> NDArray[np.float32]:
    return np.array(layers, dtype=np.float32).reshape(-1, 3, 3)


def close(found: NDArray[np.floating], expected: list[list[float]]) -> None:
    np.testing.assert_allclose(found, np.array(expected, dtype=np.float64), rtol=1e-6)


def test_extreme_mean_and_share_of_each_time() -> None:
    found = zonal(leaf(20), fields([0, 0, 0, 10, 30, 0, 0, 0, 50], [0, 0, 0, 20, 19.9, 0, 0, 0, 5]), ZONES)
    assert found.extreme[:2].tolist() == [[30, 20], [50, 5]]
    close(found.mean[:2], [[20, 19.95], [50, 5]])
    close(found.share[:2], [[0.5, 0.5], [1, 0]])
    close(found.known[:2], [[1, 1], [1, 1]])


def test_what_is_unknown_counts_neither_as_met_nor_as_zero() -> None:
    nan, inf = float("nan"), float("inf")
    found = zonal(leaf(20), fields([0, 0, 0, nan, 30, 0, 0, 0, nan], [0, 0, 0, inf, 10, 0, 0, 0, 5]), ZONES)
    close(found.extreme[:2], [[30, 10], [nan, 5]])
    close(found.mean[:2], [[30, 10], [nan, 5]])
    close(found.share[:2], [[0.5, 0], [0, 0]])
    close(found.known[:2], [[0.5, 0.5], [0, 1]])


def test_a_zone_outside_the_grid_has_nothing_known() -> None:
    found = zonal(leaf(20), fields([99] * 9), ZONES)
    assert (found.share[3, 0], found.known[3, 0]) == (0, 0)
    assert np.isnan(found.extreme[3, 0])
    assert np.isnan(found.mean[3, 0])


@pytest.mark.parametrize(("operator", "share"), [(">=", 1.0), (">", 0.5), ("<=", 0.5), ("<", 0.0)])
def test_a_value_at_the_threshold_counts_only_where_the_operator_says_so(operator: Operator, share: float) -> None:
    # 0.1 has no exact binary form: as float32 it is the same number in the field and in the rule.
    found = zonal(leaf(0.1, operator), fields([0, 0, 0, 0.1, 0.2, 0, 0, 0, 0]), ZONES)
    assert found.share[0, 0] == pytest.approx(share)
    assert found.extreme[0, 0] == np.float32(0.2 if operator in (">=", ">") else 0.1)


def test_both_layouts_in_memory_give_the_same() -> None:
    values = np.random.default_rng(3).gamma(1, 20, (7, 3, 3)).astype(np.float32)
    beside = cells_first(values)
    assert beside.strides[0] == 4
    np.testing.assert_array_equal(beside, values)
    for part in ("extreme", "mean", "share", "known"):
        np.testing.assert_array_equal(getattr(zonal(leaf(20), beside, ZONES), part), getattr(zonal(leaf(20), values, ZONES), part))


def test_values_of_another_shape_than_the_grid_are_refused() -> None:
    with pytest.raises(OverlayError, match="cannot lie on regular_ll 3x3"):
        zonal(leaf(20), np.zeros((1, 3, 4), dtype=np.float32), ZONES)


numbers = st.one_of(st.sampled_from([20.0, 19.0, 21.0, 0.0, float("nan"), float("inf"), float("-inf")]), st.floats(-50, 50, width=32))
some_fields = arrays.arrays(np.float32, st.tuples(st.integers(0, 5), st.just(3), st.just(3)), elements=numbers)
operators = st.sampled_from([">=", ">", "<=", "<"])


@given(some_fields, operators)
@settings(max_examples=150, deadline=None)
def test_the_compiled_loops_say_what_plain_numpy_says(values: NDArray[np.float32], operator: Operator) -> None:
    asked = leaf(20, operator)
    found, truth = zonal(asked, values, ZONES), plain.zonal(asked, values, ZONES)
    np.testing.assert_array_equal(found.extreme, truth.extreme)
    for ours, theirs in ((found.mean, truth.mean), (found.share, truth.share), (found.known, truth.known)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@given(some_fields, operators)
@settings(max_examples=150, deadline=None)
def test_the_product_answers_over_all_times_what_plain_numpy_says(values: NDArray[np.float32], operator: Operator) -> None:
    asked = leaf(20, operator)
    found = over_times(asked, values)
    share, known = plain.over_all_times(asked, values, ZONES)
    np.testing.assert_allclose(found.shares, share, atol=1e-12)
    np.testing.assert_allclose(found.known_shares, known, atol=1e-12)
    true, _ = plain.true_and_known(asked, values)
    for position, item in enumerate(found):
        own = true.reshape(len(values), 9)[:, ZONES.cells(position)]
        rows = np.flatnonzero(own.any(axis=1))
        assert (item.onset, item.end) == ((None, None) if not len(rows) else (NOW + HOUR * int(rows[0]), NOW + HOUR * int(rows[-1])))
        assert item.cells == tuple(ZONES.cells(position)[own.any(axis=0)].tolist())


def over_times(asked: Comparison, values: NDArray[np.float32]) -> Exceedances:
    times = tuple(NOW + HOUR * row for row in range(len(values)))
    given_ = Series(quantity=RAIN, grid=GRID, times=times, values=values, observed=np.zeros(len(values), dtype=np.bool_))
    return exceed(asked, {RAIN: given_}, ZONES, start=NOW, end=NOW + HOUR * 10, now=NOW)


def test_a_field_large_enough_for_several_threads_is_cut_without_loss() -> None:
    # 300 × 300 cells × 30 times are 2.7 million steps: every core gets a part, long runs of cells are cut too.
    grid = Grid(kind="regular_ll", ny=300, nx=300, lat0=30.005, lon0=120.005, dlat=0.01, dlon=0.01)
    zones = [zone(f"{row}-{col}", 120 + col, 30 + row, 121 + col, 31 + row) for row in range(3) for col in range(3)]
    zones.append(zone("all", 120, 30, 123, 33))
    values = np.random.default_rng(5).gamma(1, 9, (30, 300, 300)).astype(np.float32)
    values[3, 7, 11] = np.nan
    laid = overlay(grid, zones)
    found, truth = zonal(leaf(20), values, laid), plain.zonal(leaf(20), values, laid)
    np.testing.assert_array_equal(found.extreme, truth.extreme)
    np.testing.assert_allclose(found.share, truth.share, rtol=1e-12)
    np.testing.assert_allclose(found.known, truth.known, rtol=1e-12)
    series = Series(quantity=RAIN, grid=grid, times=tuple(NOW + HOUR * row for row in range(30)), values=values, observed=np.ones(30, dtype=np.bool_))
    answered = exceed(leaf(60), {RAIN: series}, laid, start=NOW, end=NOW + HOUR * 29, now=NOW)
    share, known = plain.over_all_times(leaf(60), values, laid)
    np.testing.assert_allclose(answered.shares, share, rtol=1e-12)
    np.testing.assert_allclose(answered.known_shares, known, rtol=1e-12)
    assert known[0] < 1
    assert answered.of("all") == answered[9] == answered[-1] == answered[9:][0]
    assert answered.of("elsewhere") is None
