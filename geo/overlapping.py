"""Overlapping: which of many polygons share ground with one place, exactly; touching by an edge or a corner is not sharing."""

import math
from dataclasses import dataclass

import numba
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.points.cover import cover
from geo.points.inside import IN, OUT, UNSURE, stands

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_CELLS = 128
"""The place is looked at in about so many cells along its longer side."""
_EMPTY, _FULL = -1, -2
"""No part of a cell lies inside the ground, or all of it does."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Polygons:
    """N valid polygons with what is asked of them each time: bounds (N, 4), vertices (V, 2), those of n at ``first[n]:first[n + 1]``."""

    shapes: NDArray[np.object_]
    bounds: Floats
    vertices: Floats
    first: Ints


def polygons(shapes: NDArray[np.object_]) -> Polygons:
    """Worked out once, asked for every warning."""
    vertices, owner = shapely.get_coordinates(shapes, return_index=True)
    return Polygons(shapes=shapes, bounds=shapely.bounds(shapes).reshape(-1, 4), vertices=vertices,
                    first=np.searchsorted(owner, np.arange(len(shapes) + 1)).astype(np.int64))


def overlapping(many: Polygons, ground: BaseGeometry) -> Ints:
    """Numbers of the polygons that overlap ``ground`` (a valid Polygon or MultiPolygon) with area, rising.

    A vertex strictly inside the ground decides for a polygon, bounds in cells that lie wholly outside against it; only who is
    left near the border is worked out by GEOS, as ``intersection(ground).area > 0``.
    """
    near = _meeting(many.bounds, ground)
    if len(near) == 0:
        return near
    step = float(max(ground.bounds[2] - ground.bounds[0], ground.bounds[3] - ground.bounds[1])) / _CELLS
    row0, column0 = int(np.floor(ground.bounds[1] / step)) - 1, int(np.floor(ground.bounds[0] / step)) - 1
    state = np.full((_CELLS + 4, _CELLS + 4), _EMPTY, dtype=np.int32)
    covered = cover(ground, step=step, rows=(row0, row0 + len(state) - 1))
    said = _looked_at(near, many.bounds, many.vertices, many.first, step, row0, column0, state,
                      covered.full, covered.border, covered.first, covered.odd, covered.edges)
    left = near[said == UNSURE]
    shapely.prepare(ground)
    left = left[shapely.intersects(ground, many.shapes[left])]
    shared = left[shapely.area(shapely.intersection(many.shapes[left], ground)) > 0]
    return np.sort(np.concatenate((near[said == IN], shared)))


def _meeting(bounds: Floats, ground: BaseGeometry) -> Ints:
    """Whose bounds overlap those of the ground with area; NaN bounds (an empty polygon) meet nothing."""
    west, south, east, north = ground.bounds
    return np.flatnonzero((bounds[:, 0] < east) & (bounds[:, 2] > west) & (bounds[:, 1] < north) & (bounds[:, 3] > south))


@numba.njit(cache=True, nogil=True)
def _looked_at(
    near: Ints, bounds: Floats, vertices: Floats, first_vertex: Ints, step: float, row0: int, column0: int, state: NDArray[np.int32],
    full: Ints, border: Ints, first: Ints, odd: Mask, edges: Floats,
) -> NDArray[np.int8]:
    """IN: surely shares ground; OUT: surely not; else UNSURE. ``state`` is filled: _EMPTY, _FULL or the number of a border run."""
    ny, nx = state.shape
    for run in range(len(full)):
        state[full[run, 0] - row0, full[run, 1] - column0 : full[run, 2] + 1 - column0] = _FULL
    for run in range(len(border)):
        state[border[run, 0] - row0, border[run, 1] - column0 : border[run, 2] + 1 - column0] = run
    said = np.full(len(near), OUT, dtype=np.int8)
    for number in range(len(near)):
        polygon = near[number]
        for at in range(first_vertex[polygon], first_vertex[polygon + 1]):
            x, y = vertices[at, 0], vertices[at, 1]
            row, column = math.floor(y / step) - row0, math.floor(x / step) - column0
            if 0 <= row < ny and 0 <= column < nx:
                run = state[row, column]
                if run == _FULL or (run >= 0 and stands(x, y, odd[run], edges, first[run], first[run + 1]) == IN):
                    said[number] = IN
                    break
        if said[number] == IN:
            continue
        west, south = max(math.floor(bounds[polygon, 0] / step) - column0, 0), max(math.floor(bounds[polygon, 1] / step) - row0, 0)
        east, north = min(math.floor(bounds[polygon, 2] / step) - column0, nx - 1), min(math.floor(bounds[polygon, 3] / step) - row0, ny - 1)
        if (state[south : north + 1, west : east + 1] != _EMPTY).any():
            said[number] = UNSURE
    return said
