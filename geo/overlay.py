"""Overlay: which share of each zone lies in which cell, exact cell × polygon areas."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from shapely.geometry.base import BaseGeometry

from geo.grid import Grid
from geo.zone import Zone

# Relative tolerances: far above the rounding of the arithmetic, far below any area a rule could notice.
_SLIVER = 1e-10
_WHOLE = 1e-7

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


class OverlayError(ValueError):
    """This grid cannot be laid over zones; the message names its kind or what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlay:
    """``shares`` (zones × cells, CSR): area of (zone ∩ cell) / area of the zone; a cell is ``row * nx + col``.

    A row sums to ``coverage`` of its zone: 1 when the grid covers it, less when part of it lies outside the grid, and
    nobody can say anything of that part. A zone that touches a cell only in a corner or along an edge has no entry.
    """

    grid: Grid
    zones: tuple[Zone, ...]
    shares: csr_array[np.float64]
    coverage: Floats

    def cells(self, zone: int) -> Indices:
        """Flat indices of the cells with a share in the zone at this position."""
        start, stop = self.shares.indptr[zone], self.shares.indptr[zone + 1]
        return np.asarray(self.shares.indices[start:stop], dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """Key of the cache: the zones themselves are told apart by the fingerprint of their borders."""

    grid: Grid
    fingerprint: bytes
    zones: tuple[Zone, ...] = field(compare=False)


def overlay(grid: Grid, zones: Sequence[Zone]) -> Overlay:
    """Lay ``zones`` (WGS 84, valid polygons) over a regular grid; the sixteen latest results are kept.

    Areas are spherical: everything is done in the cylindrical equal-area plane (longitude, sin latitude), in which
    cells stay rectangles and areas are proportional to those on the sphere, so shares of a covered zone sum to one.
    Polygon edges are first cut to a cell's length, which keeps them on the straight lon/lat line they stand for.
    The area in each cell is Green's theorem on the pieces of the border (as font renderers do it), so the work grows
    with the length of the border, not with the area.
    Raises OverlayError for grids that are not ``regular_ll``.
    """
    if not grid.regular:
        raise OverlayError(f"a {grid.kind} grid cannot be laid over zones, only regular_ll; regrid the source to regular_ll")
    if not (grid.dlat > 0 and grid.dlon > 0):
        raise OverlayError(f"grid {grid.describe()}: steps must be positive, turn its rows so that row 0 is the southernmost")
    fingerprint = hashlib.blake2b(digest_size=16)
    for zone in zones:
        fingerprint.update(zone.code.encode() + b"\0" + shapely.to_wkb(zone.geometry))
    return _overlay(_Request(grid=grid, fingerprint=fingerprint.digest(), zones=tuple(zones)))


@lru_cache(maxsize=16)
def _overlay(request: _Request) -> Overlay:
    grid, zones = request.grid, request.zones
    xs, ys = _edges(grid)
    rows: list[Indices] = []
    cols: list[Indices] = []
    values: list[Floats] = []
    for index, zone in enumerate(zones):
        plane = _plane(shapely.segmentize(zone.geometry, max(grid.dlat, grid.dlon)))
        cells, areas = _areas(plane, xs, ys)
        share = areas / shapely.area(plane)
        # What differs from one only by rounding is one: "known" must not fail for the last bit.
        total = share.sum()
        if abs(total - 1) < _WHOLE:
            share = share / total
        rows.append(np.full(len(cells), index, dtype=np.int64))
        cols.append(cells)
        values.append(share)
    shape = (len(zones), grid.ny * grid.nx)
    if not zones:
        return Overlay(grid=grid, zones=zones, shares=csr_array(shape, dtype=np.float64), coverage=np.zeros(0))
    shares = csr_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))), shape=shape)
    shares.sort_indices()
    coverage: Floats = np.asarray(shares.sum(axis=1), dtype=np.float64).ravel()
    coverage[np.abs(coverage - 1) < _WHOLE] = 1.0
    return Overlay(grid=grid, zones=zones, shares=shares, coverage=coverage)


def _edges(grid: Grid) -> tuple[Floats, Floats]:
    """Cell edges in the equal-area plane: x of nx + 1 columns, y of ny + 1 rows."""
    lon = grid.lon0 + (np.arange(grid.nx + 1) - 0.5) * grid.dlon
    lat = np.clip(grid.lat0 + (np.arange(grid.ny + 1) - 0.5) * grid.dlat, -90.0, 90.0)
    return lon.astype(np.float64), _equal_area(lat)


def _equal_area(lat: Floats) -> Floats:
    return np.degrees(np.sin(np.radians(lat))).astype(np.float64)


def _plane(geometry: BaseGeometry) -> BaseGeometry:
    return shapely.transform(geometry, lambda xy: np.column_stack((xy[:, 0], _equal_area(xy[:, 1]))))


def _areas(zone: BaseGeometry, xs: Floats, ys: Floats) -> tuple[Indices, Floats]:
    """Flat index and area in the plane of every cell the zone has area in.

    A grid may run from 0 to 360 while zones use -180..180, so the zone is also tried a turn to either side.
    """
    x0, y0, x1, y1 = _border(zone)
    west, south, east, north = zone.bounds
    row0, row1 = _span(ys, south, north)
    found: list[Indices] = [np.zeros(0, dtype=np.int64)]
    areas: list[Floats] = [np.zeros(0)]
    for turn in (-360.0, 0.0, 360.0):
        col0, col1 = _span(xs, west + turn, east + turn)
        if row0 >= row1 or col0 >= col1:
            continue
        edges_x, edges_y = xs[col0 : col1 + 1], ys[row0 : row1 + 1]
        inside = _accumulate(_split(x0 + turn, y0, x1 + turn, y1, edges_x, edges_y), edges_x, edges_y)
        boxes = np.diff(edges_y)[:, None] * np.diff(edges_x)
        rows, cols = np.nonzero(inside > _SLIVER * np.minimum(boxes, shapely.area(zone)))
        found.append((rows + row0) * (len(xs) - 1) + cols + col0)
        areas.append(np.minimum(inside, boxes)[rows, cols])
    cells, inverse = np.unique(np.concatenate(found), return_inverse=True)
    return cells, np.bincount(inverse, weights=np.concatenate(areas), minlength=len(cells)).astype(np.float64)


def _span(edges: Floats, low: float, high: float) -> tuple[int, int]:
    """First and one-past-last cell between the sorted edges that meet the interval; empty when it lies outside."""
    first = int(np.searchsorted(edges, low, side="right")) - 1
    last = int(np.searchsorted(edges, high, side="left"))
    return max(first, 0), min(last, len(edges) - 1)


def _border(zone: BaseGeometry) -> tuple[Floats, Floats, Floats, Floats]:
    """Start and end points of every edge; outer rings clockwise, holes counter-clockwise (the normal form of GEOS)."""
    _, xy, offsets = shapely.to_ragged_array([shapely.normalize(zone)])
    starts = np.delete(np.arange(len(xy)), np.asarray(offsets[0])[1:] - 1)
    return xy[starts, 0], xy[starts, 1], xy[starts + 1, 0], xy[starts + 1, 1]


def _split(x0: Floats, y0: Floats, x1: Floats, y1: Floats, edges_x: Floats, edges_y: Floats) -> tuple[Floats, ...]:
    """The edges cut at every line between cells: x and y of the starts and ends of pieces that each lie in one cell."""
    cuts_x, at_x = _crossings(x0, x1, edges_x)
    cuts_y, at_y = _crossings(y0, y1, edges_y)
    every = np.arange(len(x0))
    edge = np.concatenate((every, cuts_x, cuts_y, every))
    where = np.concatenate((np.zeros(len(x0)), at_x, at_y, np.ones(len(x0))))
    order = np.lexsort((where, edge))
    edge, where = edge[order], where[order]
    x, y = x0[edge] + where * (x1 - x0)[edge], y0[edge] + where * (y1 - y0)[edge]
    same = edge[:-1] == edge[1:]
    return x[:-1][same], y[:-1][same], x[1:][same], y[1:][same]


def _crossings(start: Floats, end: Floats, lines: Floats) -> tuple[Indices, Floats]:
    """Which edge crosses a line strictly between its ends, and where along it (0..1)."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    first = np.searchsorted(lines, low, side="right")
    count = np.maximum(np.searchsorted(lines, high, side="left") - first, 0)
    edge = np.repeat(np.arange(len(start)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    line = lines[first[edge] + step]
    return edge, (line - start[edge]) / (end - start)[edge]


def _accumulate(pieces: tuple[Floats, ...], edges_x: Floats, edges_y: Floats) -> Floats:
    """Area per cell (rows × columns): each piece bounds the area to its right, in its own cell and in all further ones."""
    x0, y0, x1, y1 = pieces
    middle_x, middle_y, rise = (x0 + x1) / 2, (y0 + y1) / 2, y1 - y0
    ny, nx = len(edges_y) - 1, len(edges_x) - 1
    row = np.searchsorted(edges_y, middle_y, side="right") - 1
    # Column 0 stands for everything west of the grid, whose right side still counts.
    col = np.searchsorted(edges_x, middle_x, side="right")
    met = (row >= 0) & (row < ny) & (col <= nx) & (rise != 0)
    row, col, middle_x, rise = row[met], col[met], middle_x[met], rise[met]
    flat = row * (nx + 1) + col
    to_edge = rise * (edges_x[col] - middle_x) * (col > 0)
    own = np.bincount(flat, weights=to_edge, minlength=ny * (nx + 1)).reshape(ny, nx + 1)
    beyond = np.bincount(flat, weights=rise, minlength=ny * (nx + 1)).reshape(ny, nx + 1)
    return np.asarray(own[:, 1:] + np.cumsum(beyond, axis=1)[:, :-1] * np.diff(edges_x), dtype=np.float64)
