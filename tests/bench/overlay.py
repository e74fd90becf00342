"""Overlay: the exact share of each district in each cell, ours against shapely's intersections."""

from dataclasses import replace
from itertools import count

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array

import geo.overlay
from geo.grid import Grid
from geo.shanghai import shanghai_zones
from geo.zone import Zone
from tests.bench.measure import Effort, Row, Timing, median_s, rows
from tests.bench.shanghai import GRID

_fresh = count()


def run(effort: Effort) -> list[Row]:
    """Set-up time, paid once for a grid and a set of zones; the answers of all are compared before anything is timed."""
    zones = shanghai_zones().at("district")
    ours = geo.overlay.overlay(GRID, zones).shares
    for shares in (every_cell(GRID, zones), border_cells(GRID, zones)):
        worst = float(abs(shares - ours).max())
        if worst > 1e-4:
            raise AssertionError(f"the peer's shares differ by {worst:.2g} from ours: one of the two is wrong, do not compare their times")
    # Everyone has run once by now, so nobody needs warming.
    repeats = effort.pick(full=5, quick=2)
    return rows(
        f"overlay {len(zones)} × {GRID.ny}×{GRID.nx}", "s",
        [Timing(subject="geo.overlay", value=median_s(lambda: _uncached(zones), repeats=repeats, warm=False))],
        [
            Timing(subject="shapely: cut the cells on a border", value=median_s(lambda: border_cells(GRID, zones), repeats=repeats, warm=False),
                   note="STRtree, cells inside are not cut"),
            Timing(subject="shapely: cut every cell", value=median_s(lambda: every_cell(GRID, zones), repeats=effort.pick(full=3, quick=1), warm=False),
                   note=f"STRtree + intersection{', once' if effort.quick else ''}"),
        ],
    )


def _uncached(zones: tuple[Zone, ...]) -> geo.overlay.Overlay:
    """The overlay keeps results by the fingerprint of zones and codes: other codes are other zones."""
    run = next(_fresh)
    return geo.overlay.overlay(GRID, [replace(zone, code=f"{zone.code}#{run}") for zone in zones])


def every_cell(grid: Grid, zones: tuple[Zone, ...]) -> csr_array[np.float64]:
    """The straightforward way: candidate cells from the tree, each cut with the zone."""
    boxes, places = _boxes(grid), _places(zones)
    zone, cell = shapely.STRtree(boxes).query(places, predicate="intersects")
    return _shares(grid, places, zone, cell, shapely.area(shapely.intersection(boxes[cell], places[zone])))


def border_cells(grid: Grid, zones: tuple[Zone, ...]) -> csr_array[np.float64]:
    """The careful way: a cell that lies inside has its whole area; only the others are cut."""
    boxes, places = _boxes(grid), _places(zones)
    tree = shapely.STRtree(boxes)
    zone, cell = tree.query(places, predicate="intersects")
    inside = np.isin(zone * len(boxes) + cell, np.ravel_multi_index(tuple(tree.query(places, predicate="contains")), (len(places), len(boxes))))
    areas = shapely.area(boxes)[cell]
    areas[~inside] = shapely.area(shapely.intersection(boxes[cell[~inside]], places[zone[~inside]]))
    return _shares(grid, places, zone, cell, areas)


def _boxes(grid: Grid) -> NDArray[np.object_]:
    """Cells in the equal-area plane (longitude, sine of latitude), in which shares of areas are those on the sphere."""
    west = grid.lon0 + (np.arange(grid.nx) - 0.5) * grid.dlon
    edges = _plane(grid.lat0 + (np.arange(grid.ny + 1) - 0.5) * grid.dlat)
    x, south = np.meshgrid(west, edges[:-1])
    _, north = np.meshgrid(west, edges[1:])
    return np.asarray(shapely.box(x, south, x + grid.dlon, north)).ravel()


def _places(zones: tuple[Zone, ...]) -> NDArray[np.object_]:
    return np.array([shapely.transform(zone.geometry, lambda xy: np.column_stack((xy[:, 0], _plane(xy[:, 1])))) for zone in zones])


def _plane(lat: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(np.degrees(np.sin(np.radians(lat))))


def _shares(
    grid: Grid, places: NDArray[np.object_], zone: NDArray[np.int64], cell: NDArray[np.int64], areas: NDArray[np.float64]
) -> csr_array[np.float64]:
    return csr_array((areas / shapely.area(places)[zone], (zone, cell)), shape=(len(places), grid.ny * grid.nx))
