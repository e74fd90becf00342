"""Trace: the exact border of a mask of cells, as valid polygons with their holes."""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import label
from shapely.geometry import MultiPolygon

from geo.grid import Grid
from geo.kernel import compiled


class TraceError(ValueError):
    """A mask that does not fit its grid, or a grid whose cells have no straight borders."""


def trace(grid: Grid, mask: NDArray[np.bool_]) -> MultiPolygon:
    """The cells of ``mask`` (ny, nx) as one valid MultiPolygon, degrees WGS 84: nothing added, nothing lost, corners only.

    One polygon for each group of cells that hang together by their sides; groups that touch in a corner touch there, and a hole
    that touches its rim in a corner stays a hole. Polygons come in the order of their south-western cells, row by row.
    Raises TraceError.
    """
    if not grid.regular:
        raise TraceError(f"a {grid.kind} grid has no cell borders to draw; regrid the source to regular_ll")
    if mask.shape != grid.shape:
        raise TraceError(f"a mask of {mask.shape} does not fit {grid.describe()}; give (ny, nx)")
    rows, columns, lengths, lefts = compiled("trace").trace(np.pad(mask.astype(np.uint8), 1))
    if not len(lengths):
        return MultiPolygon()
    groups, _ = label(mask)
    starts = np.cumsum(lengths) - lengths
    # Twice the area by the shoelace over corners; outer rings run counter-clockwise.
    following = np.arange(len(rows)) + 1
    following[starts + lengths - 1] = starts
    crossed = columns.astype(np.int64) * rows[following] - columns[following].astype(np.int64) * rows
    hole = np.add.reduceat(crossed, starts) < 0
    group = groups.ravel()[lefts]
    order = np.lexsort((hole, group))
    # Rings in that order, each closed by its first corner.
    sizes = lengths[order] + 1
    ends = np.cumsum(sizes)
    within = np.arange(ends[-1]) - np.repeat(ends - sizes, sizes)
    corner = np.repeat(starts[order], sizes) + np.where(within == np.repeat(sizes - 1, sizes), 0, within)
    lon = grid.lon0 + (np.arange(grid.nx + 1) - 0.5) * grid.dlon
    lat = np.clip(grid.lat0 + (np.arange(grid.ny + 1) - 0.5) * grid.dlat, -90, 90)
    places = np.column_stack((lon[columns[corner]], lat[rows[corner]]))
    shells = np.append(np.flatnonzero(~hole[order]), len(order))
    offsets = (np.concatenate(([0], ends)), shells, np.array([0, len(shells) - 1]))
    return shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, places, offsets)[0]  # type: ignore[no-any-return]
