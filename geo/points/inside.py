"""Inside: which points of border cells stand in the polygon, by counting the edges west of them.

On a ragged coast a run of cells meets hundreds of edges, and a point lies level with a few of them: where it pays, the edges of
a run are sorted into strips by latitude first.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from geo.points.cells import Floats, Ints

# Shewchuk's bound for the sign of the orientation determinant in double precision.
_BOUND = 3.3306690738754716e-16
_FEW = 8
"""Edges or points of a run that are not worth sorting."""
_STRIPS = 256
_SPREAD = 4
"""Strips to the height of the mean edge: more cut the tests, and copy each edge more often."""
_LOW = 1e-9
"""Degrees; points of a run no farther apart than this are one strip."""

OUT, IN, UNSURE = 0, 1, 2


@numba.njit(cache=True, nogil=True)
def stands(x: float, y: float, odd: bool, edges: Floats, first: int, last: int) -> int:
    """OUT, IN, or UNSURE: on one of the edges ``first``–``last``, or too near to one to tell.

    An edge counts when one end lies above the point and the other does not, so that a vertex counts once; ``odd``: what lies
    west of these edges is inside.
    """
    within = odd
    for number in range(first, last):
        x0, y0, x1, y1 = edges[number, 0], edges[number, 1], edges[number, 2], edges[number, 3]
        if (y0 > y) == (y1 > y):
            # A vertex or a level edge through the point: it stands on the border.
            if y1 == y and (x1 == x or (y0 == y and min(x0, x1) <= x <= max(x0, x1))):
                return UNSURE
            continue
        if x > x0 and x > x1:
            within = not within
        elif x >= x0 or x >= x1:
            left, right = (x0 - x) * (y1 - y), (y0 - y) * (x1 - x)
            turn = left - right
            if abs(turn) <= _BOUND * (abs(left) + abs(right)):
                return UNSURE
            # The edge passes west of the point when the point lies to the right of it going up.
            if (turn < 0) == (y1 > y0):
                within = not within
    return IN if within else OUT


@numba.njit(cache=True, nogil=True)
def stand_inside(
    xs: Floats, ys: Floats, begin: Ints, end: Ints, first: Ints, odd: NDArray[np.bool_], edges: Floats
) -> tuple[Ints, Ints]:
    """Positions (into ``xs``/``ys``) that are surely inside, and those nobody can tell of.

    Run b is ``begin[b]:end[b]`` with the edges ``first[b]:first[b + 1]`` (see Cover).
    """
    size = 0
    for run in range(len(begin)):
        size += end[run] - begin[run]
    hits, doubts = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    hit, doubt = 0, 0
    for run in range(len(begin)):
        many = first[run + 1] - first[run] >= _FEW and end[run] - begin[run] >= _FEW
        if many:
            low, per_degree, starts, sorted_edges = _stripped(ys[begin[run] : end[run]], edges[first[run] : first[run + 1]])
        for position in range(begin[run], end[run]):
            if many:
                strip = _strip(ys[position], low, per_degree, len(starts) - 1)
                said = stands(xs[position], ys[position], odd[run], sorted_edges, starts[strip], starts[strip + 1])
            else:
                said = stands(xs[position], ys[position], odd[run], edges, first[run], first[run + 1])
            # Written always and counted when true: a coin that no processor guesses costs more than a write.
            hits[hit] = position
            hit += said == IN
            if said == UNSURE:
                doubts[doubt] = position
                doubt += 1
    return hits[:hit], doubts[:doubt]


@numba.njit(cache=True, nogil=True)
def _stripped(ys: Floats, edges: Floats) -> tuple[float, float, Ints, Floats]:
    """The edges once for every strip that they meet: where the C strips begin and how many make a degree (see _strip), ``starts``
    (C + 1,) and the edges (S, 4), those of strip s at ``starts[s]:starts[s + 1]``.

    ``_strip`` never falls as its latitude rises, rounding included. So an edge level with a point is in the point's strip, and
    no margin is needed. S is at most ``_SPREAD`` + 2 times the edges, however tall they are.
    """
    low, high = ys.min(), ys.max()
    tall = 0.0
    for number in range(len(edges)):
        south, north = min(edges[number, 1], edges[number, 3]), max(edges[number, 1], edges[number, 3])
        tall += max(min(north, high) - max(south, low), 0.0)
    count = _STRIPS
    if tall * _STRIPS > _SPREAD * len(edges) * (high - low):
        count = max(int(_SPREAD * len(edges) * (high - low) / tall), 1)
    per_degree = count / (high - low) if high - low > _LOW else 0.0
    free = np.zeros(count + 2, dtype=np.int64)
    lowest, highest = np.empty(len(edges), dtype=np.int64), np.empty(len(edges), dtype=np.int64)
    for number in range(len(edges)):
        south, north = min(edges[number, 1], edges[number, 3]), max(edges[number, 1], edges[number, 3])
        lowest[number], highest[number] = _strip(south, low, per_degree, count), _strip(north, low, per_degree, count)
        if north < low or south > high:
            # Level with nobody.
            highest[number] = lowest[number] - 1
        for strip in range(lowest[number], highest[number] + 1):
            free[strip + 2] += 1
    free[:] = np.cumsum(free)
    found = np.empty((free[-1], 4))
    for number in range(len(edges)):
        for strip in range(lowest[number], highest[number] + 1):
            found[free[strip + 1]] = edges[number]
            free[strip + 1] += 1
    return low, per_degree, free[:-1], found


@numba.njit(cache=True, nogil=True)
def _strip(y: float, low: float, per_degree: float, count: int) -> int:
    """Strip of a latitude; those beyond the first and the last belong to them."""
    return int(min(max((y - low) * per_degree, 0.0), count - 1.0))
