"""Inside: which points of border cells stand in the polygon, by counting the edges west of them."""

import numba
import numpy as np
from numpy.typing import NDArray

from geo.points.cells import Floats, Ints

# Shewchuk's bound for the sign of the orientation determinant in double precision.
_BOUND = 3.3306690738754716e-16


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
        for position in range(begin[run], end[run]):
            said = stands(xs[position], ys[position], odd[run], edges, first[run], first[run + 1])
            if said == IN:
                hits[hit] = position
                hit += 1
            elif said == UNSURE:
                doubts[doubt] = position
                doubt += 1
    return hits[:hit], doubts[:doubt]
