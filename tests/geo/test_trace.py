"""The exact outline of a mask: by hand on small masks, and whatever the mask, by its area, its cells and shapely's union."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from geo.grid import Grid
from geo.trace import TraceError, trace


def grid_of(mask: NDArray[np.bool_]) -> Grid:
    """Cells of one degree, the south-western corner at 0, 0: corners are whole numbers."""
    return Grid(kind="regular_ll", ny=mask.shape[0], nx=mask.shape[1], lat0=0.5, lon0=0.5, dlat=1.0, dlon=1.0)


def drawn(*rows: str) -> NDArray[np.bool_]:
    """The mask as it looks on a map: the first row is the northernmost."""
    return np.array([[character == "#" for character in row] for row in reversed(rows)])


def rings(mask: NDArray[np.bool_]) -> list[list[list[tuple[float, float]]]]:
    found = trace(grid_of(mask), mask)
    assert found.is_valid
    return [[list(ring.coords) for ring in (part.exterior, *part.interiors)] for part in found.geoms]


def test_one_cell_is_its_four_corners_counter_clockwise() -> None:
    assert rings(drawn("...", ".#.", "...")) == [[[(2, 1), (2, 2), (1, 2), (1, 1), (2, 1)]]]


def test_only_corners_are_kept_of_a_long_border() -> None:
    ((ring,),) = rings(drawn("####", "####"))
    assert set(ring) == {(0, 0), (4, 0), (4, 2), (0, 2)}
    assert len(ring) == 5


def test_a_hole_runs_the_other_way_and_what_stands_in_it_is_a_part_of_its_own() -> None:
    outer, inner = rings(drawn("#####", "#...#", "#.#.#", "#...#", "#####"))
    assert [len(outer), len(inner)] == [2, 1]
    assert shapely.LinearRing(outer[0]).is_ccw
    assert not shapely.LinearRing(outer[1]).is_ccw
    assert set(inner[0]) == {(2, 2), (3, 2), (3, 3), (2, 3)}


def test_cells_that_touch_in_a_corner_are_two_parts_that_touch_there() -> None:
    first, second = rings(drawn("#.", ".#"))
    assert (1, 1) in first[0]
    assert (1, 1) in second[0]


def test_a_hole_that_touches_the_rim_in_a_corner_is_a_hole_of_a_valid_polygon() -> None:
    # The open corner in the north-west lets the outside in only through a point.
    ((shell, hole),) = rings(drawn(".##", "#.#", "###"))
    assert shapely.Polygon(shell, [hole]).area == 7
    assert set(hole) == {(1, 1), (2, 1), (2, 2), (1, 2)}


def test_two_holes_that_touch_in_a_corner_are_two_holes() -> None:
    ((_, one, two),) = rings(drawn("####", "##.#", "#.##", "####"))
    assert len(one) == len(two) == 5


def test_an_empty_mask_has_no_parts_and_a_full_one_is_the_rim_of_the_grid() -> None:
    assert trace(grid_of(drawn("..")), drawn("..")).is_empty
    full = np.ones((3, 4), dtype=np.bool_)
    assert trace(grid_of(full), full).equals(shapely.box(0, 0, 4, 3))


def test_a_strange_grid_and_a_mask_of_another_shape_are_refused() -> None:
    with pytest.raises(TraceError, match="a lambert grid"):
        trace(Grid(kind="lambert", ny=1, nx=1), np.ones((1, 1), dtype=np.bool_))
    with pytest.raises(TraceError, match="does not fit"):
        trace(grid_of(np.ones((2, 2), dtype=np.bool_)), np.ones((2, 3), dtype=np.bool_))


masks = arrays.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


@given(masks)
@settings(max_examples=400, deadline=None)
def test_any_mask_is_outlined_exactly(mask: NDArray[np.bool_]) -> None:
    found = trace(grid_of(mask), mask)
    assert found.is_valid
    assert found.area == mask.sum()
    rows, columns = np.nonzero(mask)
    assert found.equals(shapely.union_all(shapely.box(columns, rows, columns + 1, rows + 1)))
    # Drawn again from its outline, by cell centres, it is the same mask.
    across, up = np.meshgrid(np.arange(mask.shape[1]) + 0.5, np.arange(mask.shape[0]) + 0.5)
    np.testing.assert_array_equal(shapely.contains_xy(found, across, up), mask)
    # No corner stands where the border runs straight on.
    for ring in shapely.get_rings(shapely.get_parts(found)):
        steps = np.diff(shapely.get_coordinates(ring), axis=0)
        assert all((a == 0) != (b == 0) for a, b in zip(steps[:, 0], np.roll(steps[:, 0], 1), strict=True))


def test_a_large_ragged_mask_is_outlined_exactly() -> None:
    mask = np.random.default_rng(11).random((200, 300)) < 0.55
    found = trace(Grid(kind="regular_ll", ny=200, nx=300, lat0=0.125, lon0=0.125, dlat=0.25, dlon=0.25), mask)
    assert found.is_valid
    assert found.area == mask.sum() / 16
