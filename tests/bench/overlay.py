"""Overlay: the exact share of each district in each cell, ours against shapely's intersections."""

import tempfile
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array

import geo.overlay
from geo.grid import Grid
from geo.shanghai import shanghai_zones
from geo.zone import Zone
from tests.bench.measure import NOT_INSTALLED, Effort, Goal, Row, Timing, median_s, peer, rows
from tests.bench.places import CHINA, counties
from tests.bench.shanghai import GRID
from tests.bench.zonal import fields


def run(effort: Effort) -> list[Row]:
    """Set-up time, paid once for a grid and a set of zones; the answers of all are compared before anything is timed."""
    return _districts(effort) + ([] if effort.quick else _counties(effort))


def _counties(effort: Effort) -> list[Row]:
    """Once per grid and zones: made, and found again on disk as the next start does; of exactextract one field, of which nearly all is this."""
    zones, what = counties()
    with tempfile.TemporaryDirectory(prefix="xiaoxishu-bench-") as folder:
        store = Path(folder)
        made = median_s(lambda: _fresh_start(CHINA, zones, None), repeats=effort.pick(full=3, quick=1), warm=False)
        _fresh_start(CHINA, zones, store)
        found = median_s(lambda: _fresh_start(CHINA, zones, store), repeats=3, warm=False)
    ours = [
        Timing(subject="geo.overlay", value=made, note=what),
        Timing(subject="geo.overlay, second start", value=found, note="fingerprint of all borders, file mapped and its sum checked"),
    ]
    library = peer("exactextract")
    if library is None:
        peers = [Timing(subject="exactextract, one field", value=None, note=NOT_INSTALLED)]
    else:
        one = library.highest(fields(CHINA, 1), CHINA, zones)
        peers = [Timing(subject="exactextract, one field", value=median_s(one, repeats=1, warm=False), note="once, maximum")]
    return rows(f"overlay {len(zones)} × {CHINA.ny}×{CHINA.nx}", "s", ours, peers, goal=Goal(ratio=2))


def _fresh_start(grid: Grid, zones: tuple[Zone, ...], store: Path | None) -> geo.overlay.Overlay:
    geo.overlay.forget()
    return geo.overlay.overlay(grid, zones, store=store)


def _districts(effort: Effort) -> list[Row]:
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
        [Timing(subject="geo.overlay", value=median_s(lambda: _fresh_start(GRID, zones, None), repeats=repeats, warm=False))],
        [
            Timing(subject="shapely: cut the cells on a border", value=median_s(lambda: border_cells(GRID, zones), repeats=repeats, warm=False),
                   note="STRtree, cells inside are not cut"),
            Timing(subject="shapely: cut every cell", value=median_s(lambda: every_cell(GRID, zones), repeats=effort.pick(full=3, quick=1), warm=False),
                   note=f"STRtree + intersection{', once' if effort.quick else ''}"),
        ],
    )


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
