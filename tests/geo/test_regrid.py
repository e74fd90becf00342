"""One field on the lattice of another: values stand where their cells stand, and what is not covered is unknown."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.quantity import Quantity
from geo.regrid import RegridError, onto, series_onto
from geo.series import Series

NAN = math.nan
AT = datetime(2024, 9, 20, 0, tzinfo=UTC)
# Edges at 120, 121, 122 and 30, 31; and the same ground in cells of half a degree.
COARSE = Grid(kind="regular_ll", ny=1, nx=2, lat0=30.5, lon0=120.5, dlat=1.0, dlon=1.0)
FINE = Grid(kind="regular_ll", ny=2, nx=4, lat0=30.25, lon0=120.25, dlat=0.5, dlon=0.5)


def field(grid: Grid, values: list[list[float]]) -> GridField:
    return GridField(
        variable="rain", units="mm", values=np.array(values, dtype=np.float32), grid=grid, valid_time=AT, run_time=AT,
        window=timedelta(hours=1), statistic="sum", provenance=Provenance(source="test", path="test"))


def test_every_fine_cell_takes_the_value_of_the_coarse_cell_it_lies_in() -> None:
    found = onto(field(COARSE, [[3, 8]]), FINE)
    assert found.grid == FINE
    assert found.values.tolist() == [[3, 3, 8, 8], [3, 3, 8, 8]]
    assert found.values.dtype == np.float32


def test_every_coarse_cell_takes_the_mean_of_the_fine_cells_in_it_and_a_hole_makes_it_unknown() -> None:
    found = onto(field(FINE, [[1, 2, 5, 5], [3, 6, NAN, 5]]), COARSE)
    assert found.values[0, 0] == 3
    assert math.isnan(found.values[0, 1])


def test_a_coarse_cell_that_is_covered_in_part_is_unknown() -> None:
    # Only the western cell lies wholly on the fine field, which ends in the middle of the eastern one.
    narrow = Grid(kind="regular_ll", ny=2, nx=3, lat0=30.25, lon0=120.25, dlat=0.5, dlon=0.5)
    found = onto(field(narrow, [[1, 1, 9], [1, 1, 9]]), COARSE)
    assert found.values[0, 0] == 1
    assert math.isnan(found.values[0, 1])


def test_what_lies_outside_the_other_field_is_unknown() -> None:
    east = Grid(kind="regular_ll", ny=1, nx=2, lat0=30.5, lon0=121.5, dlat=1.0, dlon=1.0)
    found = onto(field(COARSE, [[3, 8]]), east)
    assert found.values[0, 0] == 8
    assert math.isnan(found.values[0, 1])


def test_longitudes_are_taken_round_the_earth() -> None:
    # Cells from 179 to 181 east; the other grid counts the same ground from -181.
    dateline = Grid(kind="regular_ll", ny=1, nx=2, lat0=30.5, lon0=179.5, dlat=1.0, dlon=1.0)
    west = Grid(kind="regular_ll", ny=1, nx=2, lat0=30.5, lon0=-180.5, dlat=1.0, dlon=1.0)
    assert onto(field(dateline, [[3, 8]]), west).values.tolist() == [[3, 8]]


def test_a_shifted_lattice_of_the_same_size_takes_the_cell_of_its_centre() -> None:
    shifted = Grid(kind="regular_ll", ny=1, nx=2, lat0=30.5, lon0=120.9, dlat=1.0, dlon=1.0)
    found = onto(field(COARSE, [[3, 8]]), shifted)
    assert found.values.tolist() == [[3, 8]]


def test_the_same_grid_is_handed_back_and_a_gaussian_one_refused_by_name() -> None:
    given = field(COARSE, [[3, 8]])
    assert onto(given, COARSE) is given
    with pytest.raises(RegridError, match="regular_gg 1x2"):
        onto(given, Grid(kind="regular_gg", ny=1, nx=2))


def test_a_series_keeps_its_times_and_what_is_partly_known() -> None:
    quantity = Quantity(name="tmin", units="degC")
    values = np.array([[[1, 2]], [[NAN, 4]]], dtype=np.float32)
    partial = np.array([[[True, False]], [[False, False]]])
    given = Series(quantity=quantity, grid=COARSE, times=(AT, AT + timedelta(days=1)), values=values, observed=np.array([True, False]), partial=partial)
    found = series_onto(given, FINE)
    assert found.times == given.times
    assert found.values[0, 0].tolist() == [1, 1, 2, 2]
    assert found.partial is not None
    assert found.partial[0, 1].tolist() == [True, True, False, False]
    assert np.isnan(found.values[1, 0, :2]).all()
