"""Gauges on a grid: exact where one stands, unknown where none is near, and never beyond what was measured."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.analysis import Places, analysis
from geo.grid import Grid

# A row of cells, 1.112 km apart northward; the first centre at 31.00 N.
COLUMN = Grid(kind="regular_ll", ny=21, nx=1, lat0=31.0, lon0=121.0, dlat=0.01, dlon=0.01)
KM = 1.11195


def put(*stations: tuple[float, float], radius_km: float = 10.0) -> list[float]:
    """Stations as (cells north of the first centre, value)."""
    places: Places = tuple((f"S{number}", 121.0, 31.0 + 0.01 * north) for number, (north, _) in enumerate(stations))
    found = analysis(np.array([value for _, value in stations]), places, COLUMN, radius_km=radius_km)
    return [float(value) for value in found[:, 0]]


def test_a_cell_with_a_gauge_in_its_centre_has_its_value() -> None:
    found = put((2, 30.0), (6, 10.0))
    assert (found[2], found[6]) == pytest.approx((30, 10), abs=1e-3)
    assert found[4] == pytest.approx(20)


def test_the_weights_are_those_of_franke() -> None:
    # One and three cells away: d = 1.11195 and 3.33585 km; w = ((10 - d) / 10 d)².
    near, far = ((10 - KM) / (10 * KM)) ** 2, ((10 - 3 * KM) / (30 * KM)) ** 2
    assert put((2, 30.0), (6, 10.0))[3] == pytest.approx((30 * near + 10 * far) / (near + far))


def test_a_third_gauge_within_the_radius_counts_too() -> None:
    # Two, two and six cells away; the far one weighs ((10 - 6 km) / 60 km)², the near ones ((10 - 2 km) / 20 km)² each.
    near, far = ((10 - 2 * KM) / (20 * KM)) ** 2, ((10 - 6 * KM) / (60 * KM)) ** 2
    found = analysis(np.array([30.0, 10.0, 90.0]), tuple((name, 121.0, 31.0 + 0.01 * north) for name, north in (("A", 2), ("B", 6), ("C", 10))), COLUMN)
    assert float(found[4, 0]) == pytest.approx((40 * near + 90 * far) / (2 * near + far), rel=1e-4)


def test_beyond_the_radius_is_unknown() -> None:
    found = put((0, 30.0))
    # 8 cells are 8.9 km, 9 are 10.008 km.
    assert found[:9] == pytest.approx([30] * 9)
    assert all(math.isnan(value) for value in found[9:])


def test_ten_kilometres_are_the_radius_unless_another_is_asked_for() -> None:
    found = analysis(np.array([30.0]), (("S", 121.0, 31.0),), COLUMN)[:, 0]
    assert np.isfinite(found).tolist() == [True] * 9 + [False] * 12


def test_a_silent_gauge_leaves_its_place_to_its_neighbours_and_alone_leaves_it_unknown() -> None:
    assert put((2, math.nan), (6, 10.0))[2] == pytest.approx(10)
    assert all(math.isnan(value) for value in put((2, math.nan)))
    assert all(math.isnan(value) for value in put())


def test_a_grid_without_rows_and_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="stations 1x3"):
        analysis(np.zeros(1), (("S", 121.0, 31.0),), Grid(kind="stations", ny=1, nx=3))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 200)), min_size=1, max_size=12))
def test_no_cell_goes_beyond_what_the_gauges_measured(stations: list[tuple[float, float]]) -> None:
    known = [value for value in put(*stations) if not math.isnan(value)]
    values = [value for _, value in stations]
    assert known
    assert min(values) - 1e-3 <= min(known)
    assert max(known) <= max(values) + 1e-3
