"""Outlines cover everything they stand for, with few vertices."""

import json
from pathlib import Path

import numpy as np
import pytest
import shapely

from geo.grid import Grid
from geo.outline import Outline, OutlineError, outline_cells, outline_zones
from geo.shanghai import schematic_zones
from geo.zone import Zone

GRID = Grid(kind="regular_ll", ny=3, nx=3, lat0=31.05, lon0=121.05, dlat=0.1, dlon=0.1)
FINE = Grid(kind="regular_ll", ny=131, nx=141, lat0=30.6, lon0=120.8, dlat=0.01, dlon=0.01)
BOUNDARIES = Path(__file__).parents[2] / "../shared/data/boundaries"


def covers_cells(outline: Outline, grid: Grid, cells: list[int]) -> bool:
    return all(outline.covers(shapely.box(*grid.cell_box(cell // grid.nx, cell % grid.nx))) for cell in cells)


def longest_ring(outline: Outline) -> int:
    polygons = [part for part in shapely.get_parts(outline) if isinstance(part, shapely.Polygon)]
    return max(len(ring.coords) for part in polygons for ring in (part.exterior, *part.interiors))


def test_one_cell_is_its_box_with_a_margin_of_four_decimals() -> None:
    outline = outline_cells(GRID, [4])
    assert outline.bounds == pytest.approx((121.0999, 31.0999, 121.2001, 31.2001), abs=1e-9)
    assert longest_ring(outline) == 5


def test_neighbours_are_united_and_cells_apart_stay_apart() -> None:
    assert outline_cells(GRID, [0, 1]).geom_type == "Polygon"
    assert len(shapely.get_parts(outline_cells(GRID, [0, 2]))) == 2


def test_cells_that_touch_in_a_corner_become_one_valid_polygon() -> None:
    outline = outline_cells(GRID, [0, 4, 8])
    assert outline.geom_type == "Polygon"
    assert outline.is_valid
    assert covers_cells(outline, GRID, [0, 4, 8])


def test_the_end_of_one_row_and_the_start_of_the_next_are_no_neighbours() -> None:
    # Flat indices 2 and 3 follow each other, the cells lie at opposite sides.
    assert len(shapely.get_parts(outline_cells(GRID, [2, 3]))) == 2


def test_a_large_hole_is_kept_and_a_small_one_filled() -> None:
    ring = [0, 1, 2, 3, 5, 6, 7, 8]
    # The middle cell is 11.1 km × 9.5 km = 106 km2.
    kept, filled = outline_cells(GRID, ring, min_hole_km2=100), outline_cells(GRID, ring, min_hole_km2=110)
    assert isinstance(kept, shapely.Polygon)
    assert isinstance(filled, shapely.Polygon)
    assert len(kept.interiors) == 1
    assert len(filled.interiors) == 0
    assert covers_cells(kept, GRID, ring)


def test_a_ragged_area_gets_short_rings_and_loses_no_cell() -> None:
    rows, cols = np.divmod(np.arange(131 * 141), 141)
    # A disc with a noisy rim, so that its plain outline has hundreds of corners.
    noise = np.random.default_rng(7).normal(scale=2.0, size=len(rows))
    cells = np.flatnonzero(np.hypot(rows - 65, cols - 70) + noise < 40).tolist()
    outline = outline_cells(FINE, cells)
    assert longest_ring(outline) <= 100
    assert outline.is_valid
    assert covers_cells(outline, FINE, cells)


def test_an_area_that_no_tolerance_shortens_ends_in_boxes() -> None:
    rows, cols = np.divmod(np.arange(131 * 141), 141)
    cells = np.flatnonzero(np.hypot(rows - 65, cols - 70) < 60).tolist()
    outline = outline_cells(FINE, cells, max_vertices=5)
    assert longest_ring(outline) == 5
    assert covers_cells(outline, FINE, cells)


def test_coordinates_have_four_decimals_and_rings_are_closed() -> None:
    outline = outline_zones(schematic_zones().at("district"))
    coordinates = shapely.get_coordinates(outline)
    assert np.array_equal(coordinates, np.round(coordinates, 4))
    for part in shapely.get_parts(outline):
        assert isinstance(part, shapely.Polygon)
        assert part.exterior.coords[0] == part.exterior.coords[-1]


def test_zones_side_by_side_become_one_part() -> None:
    zones = schematic_zones()
    outline = outline_zones([zones["310115"], zones["310120"]])
    assert outline.geom_type == "Polygon"
    assert outline.covers(zones["310115"].geometry)
    assert outline.covers(zones["310120"].geometry)


def test_nothing_to_draw_and_strange_grids_are_refused() -> None:
    with pytest.raises(OutlineError, match="no cells"):
        outline_cells(GRID, [])
    with pytest.raises(OutlineError, match="cells outside"):
        outline_cells(GRID, [9])
    with pytest.raises(OutlineError, match="no zones"):
        outline_zones([])
    with pytest.raises(OutlineError, match="a lambert grid has no cell borders"):
        outline_cells(Grid(kind="lambert", ny=3, nx=3), [0])
    with pytest.raises(OutlineError, match="max_vertices is 4"):
        outline_cells(GRID, [0], max_vertices=4)


def test_the_real_districts_are_covered_with_at_most_100_vertices_a_ring() -> None:
    path = BOUNDARIES / "shanghai_districts_wgs84.geojson"
    if not path.exists():
        pytest.skip("no ../shared/data")
    rows = json.loads(path.read_text(encoding="utf-8"))["features"]
    zones = [
        Zone(code=str(i), name_zh="", name_en="", level="district", geometry=shapely.from_geojson(json.dumps(row["geometry"])))
        for i, row in enumerate(rows)
    ]
    outline = outline_zones(zones)
    assert outline.is_valid
    assert longest_ring(outline) <= 100
    assert all(outline.covers(zone.geometry) for zone in zones)
    # Drawn tightly enough: less than a tenth more than the districts.
    assert outline.area < 1.1 * shapely.union_all([zone.geometry for zone in zones]).area
