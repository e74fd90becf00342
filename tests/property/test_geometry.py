"""Geometry holds for any zones, cells and fields, not only for those we thought of."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from geo.derive import series
from geo.field import GridField, Provenance
from geo.gcj02 import to_gcj02, to_wgs84
from geo.grid import Grid
from geo.outline import outline_cells, outline_zones
from geo.overlay import overlay
from geo.quantity import Quantity
from geo.zone import Zone

GRID = Grid(kind="regular_ll", ny=12, nx=15, lat0=30.65, lon0=120.85, dlat=0.1, dlon=0.1)
NOW = datetime(2024, 9, 20, 0, tzinfo=UTC)
TEN = timedelta(minutes=10)

inside_lon = st.floats(120.81, 122.29, allow_nan=False)
inside_lat = st.floats(30.61, 31.79, allow_nan=False)
points = st.lists(st.tuples(inside_lon, inside_lat), min_size=4, max_size=12)
cells = st.sets(st.integers(0, GRID.ny * GRID.nx - 1), min_size=1, max_size=120)
rain_steps = st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=2, max_size=30)


def zone(geometry: shapely.geometry.base.BaseGeometry, code: str = "z") -> Zone:
    return Zone(code=code, name_zh="", name_en="", level="district", geometry=geometry)


def blob(corners: list[tuple[float, float]]) -> shapely.geometry.base.BaseGeometry:
    """Some polygon, possibly in parts or with holes: the even-odd inside of a closed scribble."""
    return shapely.make_valid(shapely.Polygon(corners)).buffer(0.01)


@given(points)
@settings(max_examples=60, deadline=None)
def test_shares_of_a_covered_zone_sum_to_one_and_none_is_negative(corners: list[tuple[float, float]]) -> None:
    found = overlay(GRID, [zone(blob(corners).intersection(shapely.box(*GRID.bounds)))])
    assert found.coverage[0] == 1.0
    assert float(found.shares.sum()) == pytest.approx(1.0)
    assert found.shares.data.min() > 0


@given(points)
@settings(max_examples=60, deadline=None)
def test_every_share_is_the_area_that_shapely_finds(corners: list[tuple[float, float]]) -> None:
    geometry = blob(corners)
    found = overlay(GRID, [zone(geometry)]).shares[[0]].toarray().ravel()
    boxes = [shapely.box(*GRID.cell_box(cell // GRID.nx, cell % GRID.nx)) for cell in range(GRID.ny * GRID.nx)]
    pieces = [box.intersection(geometry) for box in boxes]
    # Weighted with the cosine at each piece's middle; the overlay uses the sphere itself.
    weights = np.array([piece.area and piece.area * np.cos(np.radians(piece.centroid.y)) for piece in pieces])
    assert np.abs(found - weights / weights.sum()).max() < 1e-4


@given(points, st.floats(0.2, 0.8))
@settings(max_examples=40, deadline=None)
def test_the_shares_of_two_halves_make_the_whole(corners: list[tuple[float, float]], where: float) -> None:
    whole = blob(corners)
    west, south, east, north = whole.bounds
    cut = west + where * (east - west)
    left, right = whole.intersection(shapely.box(west, south, cut, north)), whole.intersection(shapely.box(cut, south, east, north))
    found = overlay(GRID, [zone(whole, "w"), zone(left, "l"), zone(right, "r")])
    part = [float(piece.area) / float(whole.area) for piece in (left, right)]
    together = part[0] * found.shares[[1]].toarray() + part[1] * found.shares[[2]].toarray()
    # Plane areas stand for the halves' weights: good to the change of the cosine over the zone.
    assert np.abs(together - found.shares[[0]].toarray()).max() < 1e-2


@given(cells)
@settings(max_examples=60, deadline=None)
def test_an_outline_loses_no_cell(chosen: set[int]) -> None:
    outline = outline_cells(GRID, chosen, max_vertices=30)
    assert outline.is_valid
    for cell in chosen:
        assert outline.covers(shapely.box(*GRID.cell_box(cell // GRID.nx, cell % GRID.nx)))
    for part in shapely.get_parts(outline):
        assert isinstance(part, shapely.Polygon)
        assert all(len(ring.coords) <= 30 for ring in (part.exterior, *part.interiors))


@given(st.lists(points, min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_a_union_loses_no_zone(scribbles: list[list[tuple[float, float]]]) -> None:
    zones = [zone(blob(corners), str(number)) for number, corners in enumerate(scribbles)]
    outline = outline_zones(zones, max_vertices=20)
    assert outline.is_valid
    assert all(outline.covers(item.geometry) for item in zones)


@given(st.floats(73.0, 135.0), st.floats(1.5, 55.0))
@settings(max_examples=200, deadline=None)
def test_gcj02_there_and_back_is_the_same_place(lon: float, lat: float) -> None:
    back_lon, back_lat = to_wgs84(*to_gcj02(lon, lat))
    assert abs(float(back_lon) - lon) < 1e-6
    assert abs(float(back_lat) - lat) < 1e-6


def fields(amounts: list[int | None]) -> list[GridField]:
    """Ten-minute rain, tenths of a millimetre; None is a step whose value is missing in the second of two cells."""
    grid = Grid(kind="regular_ll", ny=1, nx=2, lat0=31.0, lon0=121.0, dlat=0.1, dlon=0.1)
    made = []
    for step, amount in enumerate(amounts, start=1):
        values = np.array([[amount or 0, np.nan if amount is None else amount]], dtype=np.float32) / 10
        end = NOW + step * TEN
        provenance = Provenance(source="test", path="test")
        made.append(
            GridField(
                variable="rain", units="mm", values=values, grid=grid, valid_time=end, run_time=end, window=TEN,
                statistic="sum", provenance=provenance,
            )
        )  # fmt: skip
    return made


def sums(amounts: list[int | None], steps: int) -> NDArray[np.float32]:
    quantity = Quantity(name="rain", units="mm", window=steps * TEN)
    found = series(quantity, fields(amounts), now=NOW + len(amounts) * TEN)
    assert found is not None
    return found.values[:, 0, :]


@given(rain_steps, st.integers(1, 6), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_windows_are_additive_and_exact_about_what_is_missing(amounts: list[int | None], first: int, second: int) -> None:
    long, early, late = sums(amounts, first + second), sums(amounts, first), sums(amounts, second)
    for end in range(first + second, len(amounts) + 1):
        # The long window ends with the late one, and the early one ends where that begins.
        expected = early[end - 1 - second] + late[end - 1]
        np.testing.assert_allclose(long[end - 1], expected, rtol=1e-5, atol=1e-5)
    for end in range(1, len(amounts) + 1):
        covered = amounts[max(end - first, 0) : end]
        whole = end >= first
        assert np.isfinite(early[end - 1, 0]) == whole
        assert np.isfinite(early[end - 1, 1]) == (whole and None not in covered)
