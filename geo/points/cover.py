"""Cover: which cells of an index lie wholly inside a polygon, and which its border may touch."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.points.cells import Floats, Ints

# In cells. Far above the rounding of the arithmetic (1e-11) and of a place to its cell (1e-6), far below a cell.
_PAD = 1e-3


class NoArea(ValueError):
    """Only a Polygon or MultiPolygon has people inside it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cover:
    """Runs of cells ``(row, first column, last column)``: ``full`` (F, 3) inside, ``border`` (B, 3) to be tested point by point.

    No edge meets the cells on either side of a border run, so what is inside a run hangs on the run's own edges alone:
    ``edges`` (E, 4) are x0, y0, x1, y1 in degrees, those of run b at ``first[b]:first[b + 1]``; ``odd[b]`` says whether the
    ground just west of the run is inside.
    """

    full: Ints
    border: Ints
    first: Ints
    odd: NDArray[np.bool_]
    edges: Floats


def cover(polygon: BaseGeometry, *, step: float, rows: tuple[int, int]) -> Cover:
    """The cells of ``polygon`` (degrees) in the rows from ``rows[0]`` to ``rows[1]``, both included. Raises NoArea.

    Inside is what an odd number of edges lies to the west of, as GEOS's point locator has it: holes and parts need no care.
    """
    if polygon.geom_type not in ("Polygon", "MultiPolygon"):
        raise NoArea(f"a {polygon.geom_type} has no inside; hand in a Polygon or MultiPolygon")
    edges = _edges(polygon)
    u0, v0, u1, v1 = (edges / step).T
    edge, row = _rows_met(v0, v1, rows)
    edges, u0, v0, u1, v1 = edges[edge], u0[edge], v0[edge], u1[edge], v1[edge]
    west, east = _span_within(u0, v0, u1, v1, row)
    crosses = (v0 > row + 0.5) != (v1 > row + 0.5)
    order = np.lexsort((west, row))
    row, west, east, crosses = row[order], west[order], east[order], crosses[order]
    return _runs(row, west, east, crosses, edges[order])


def _edges(polygon: BaseGeometry) -> Floats:
    """x0, y0, x1, y1 of every edge of every ring."""
    if polygon.is_empty:
        return np.zeros((0, 4))
    _, xy, offsets = shapely.to_ragged_array([polygon], include_z=False)
    start = np.delete(np.arange(len(xy)), np.asarray(offsets[0])[1:] - 1)
    return np.hstack((xy[start], xy[start + 1]))


def _rows_met(v0: Floats, v1: Floats, rows: tuple[int, int]) -> tuple[Ints, Ints]:
    """Each edge once for every row that it meets: number of the edge, and the row."""
    low = np.maximum(np.floor(np.minimum(v0, v1) - _PAD).astype(np.int64), rows[0])
    high = np.minimum(np.floor(np.maximum(v0, v1) + _PAD).astype(np.int64), rows[1])
    count = np.maximum(high - low + 1, 0)
    edge = np.repeat(np.arange(len(v0)), count)
    return edge, low[edge] + np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)


def _span_within(u0: Floats, v0: Floats, u1: Floats, v1: Floats, row: Ints) -> tuple[Ints, Ints]:
    """First and last column that each edge meets inside its row."""
    rise = v1 - v0
    with np.errstate(divide="ignore", invalid="ignore"):
        enters = np.clip((row - _PAD - v0) / rise, 0, 1)
        leaves = np.clip((row + 1 + _PAD - v0) / rise, 0, 1)
    enters, leaves = np.where(rise == 0, 0.0, enters), np.where(rise == 0, 1.0, leaves)
    one, other = u0 + enters * (u1 - u0), u0 + leaves * (u1 - u0)
    return (np.floor(np.minimum(one, other) - _PAD).astype(np.int64), np.floor(np.maximum(one, other) + _PAD).astype(np.int64))


def _runs(row: Ints, west: Ints, east: Ints, crosses: NDArray[np.bool_], edges: Floats) -> Cover:
    """Pieces sorted by row and west end → runs that overlap no other, and the gaps between them that are inside."""
    if len(row) == 0:
        none = np.zeros((0, 3), dtype=np.int64)
        return Cover(full=none, border=none, first=np.zeros(1, dtype=np.int64), odd=np.zeros(0, dtype=np.bool_), edges=edges)
    wide = int(east.max() - west.min()) + 2
    begins = (row - row[0]) * wide + west - west.min()
    reach = np.maximum.accumulate((row - row[0]) * wide + east - west.min())
    new = np.concatenate(([True], (begins[1:] > reach[:-1] + 1) | (row[1:] != row[:-1])))
    first = np.flatnonzero(new)
    border = np.column_stack((row[first], west[first], np.maximum.reduceat(east, first)))
    # Rings are closed, so each row holds an even number of crossings and the sum may run on from row to row.
    beyond = np.cumsum(np.add.reduceat(crosses.astype(np.int64), first)) % 2 == 1
    inside = np.flatnonzero(beyond[:-1] & (border[1:, 0] == border[:-1, 0]))
    full = np.column_stack((border[inside, 0], border[inside, 2] + 1, border[inside + 1, 1] - 1))
    odd = np.concatenate(([False], beyond[:-1]))
    return Cover(full=full, border=border, first=np.append(first, len(row)), odd=odd, edges=edges)
