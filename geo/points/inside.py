"""Inside: which points of border cells stand in the polygon, by counting the edges west of them."""

import numba
import numpy as np
from numpy.typing import NDArray

from geo.points.cells import Floats, Ints

# Shewchuk's bound for the sign of the orientation determinant in double precision.
_BOUND = 3.3306690738754716e-16


@numba.njit(cache=True, nogil=True)
def stand_inside(
    xs: Floats, ys: Floats, begin: Ints, end: Ints, first: Ints, odd: NDArray[np.bool_], edges: Floats
) -> tuple[Ints, Ints]:
    """Positions (into ``xs``/``ys``) that are surely inside, and those that lie on an edge or too near to one to tell.

    Run b is ``begin[b]:end[b]`` with the edges ``first[b]:first[b + 1]`` (see Cover). An edge counts for a point when one end
    lies above it and the other does not, so that a vertex counts once.
    """
    size = 0
    for run in range(len(begin)):
        size += end[run] - begin[run]
    hits, doubts = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    hit, doubt = 0, 0
    for run in range(len(begin)):
        for position in range(begin[run], end[run]):
            x, y = xs[position], ys[position]
            within, unsure = odd[run], False
            for number in range(first[run], first[run + 1]):
                x0, y0, x1, y1 = edges[number, 0], edges[number, 1], edges[number, 2], edges[number, 3]
                if (y0 > y) == (y1 > y):
                    # A vertex or a level edge through the point: it stands on the border.
                    if y1 == y and (x1 == x or (y0 == y and min(x0, x1) <= x <= max(x0, x1))):
                        unsure = True
                        break
                    continue
                if x > x0 and x > x1:
                    within = not within
                elif x >= x0 or x >= x1:
                    left, right = (x0 - x) * (y1 - y), (y0 - y) * (x1 - x)
                    turn = left - right
                    if abs(turn) <= _BOUND * (abs(left) + abs(right)):
                        unsure = True
                        break
                    # The edge passes west of the point when the point lies to the right of it going up.
                    if (turn < 0) == (y1 > y0):
                        within = not within
            if unsure:
                doubts[doubt] = position
                doubt += 1
            elif within:
                hits[hit] = position
                hit += 1
    return hits[:hit], doubts[:doubt]
