"""Compiled loop of the exact outline: walks the border of a mask from corner to corner, the inside on its left."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Int32 = NDArray[np.int32]


@njit(cache=True, nogil=True)
def trace(inside: NDArray[np.uint8]) -> tuple[Int32, Int32, Int32, Int32]:
    """Corner rows and columns of every ring, one ring after the other; how many are each ring's; and a cell (flat) left of each ring.

    ``inside`` (ny + 2, nx + 2) has a rim of zeros. Corner (r, c) is the south-western one of cell (r, c). Outer rings run counter-clockwise,
    holes clockwise, none closed by a repeated corner. Where cells touch only diagonally the walk stays with its own cell; a ring that
    comes by the same corner a second time is parted there, so every ring is simple.
    """
    ny, nx = inside.shape[0] - 2, inside.shape[1] - 2
    down, across = np.array([0, 1, 0, -1]), np.array([1, 0, -1, 0])  # heading east, north, west, south
    walked = np.zeros((ny + 1, nx + 1), np.uint8)
    met = np.full((ny + 1, nx + 1), -1, np.int32)
    rows, columns, size = np.empty(4096, np.int32), np.empty(4096, np.int32), 0
    lengths, lefts, rings = np.empty(256, np.int32), np.empty(256, np.int32), 0
    held_rows, held_columns = np.empty(4096, np.int32), np.empty(4096, np.int32)
    for first in range(ny):
        for begin in range(nx):
            # Every ring has a stretch eastward, with its inside to the north.
            if not inside[first + 1, begin + 1] or inside[first, begin + 1] or walked[first, begin]:
                continue
            row, column, heading, held = first, begin, 0, 0
            while True:
                if heading == 0:
                    walked[row, column] = 1
                row, column = row + down[heading], column + across[heading]
                # The two cells ahead of the corner now reached, left and right of the way.
                if heading == 0:
                    left, right = inside[row + 1, column + 1], inside[row, column + 1]
                elif heading == 1:
                    left, right = inside[row + 1, column], inside[row + 1, column + 1]
                elif heading == 2:
                    left, right = inside[row, column], inside[row + 1, column]
                else:
                    left, right = inside[row, column + 1], inside[row, column]
                if not left or right:
                    if held + 1 >= len(held_rows):
                        held_rows, held_columns = np.concatenate((held_rows, held_rows)), np.concatenate((held_columns, held_columns))
                    if not left and right:
                        before = met[row, column]
                        if before >= 0:
                            rows, columns = _room(rows, size + held), _room(columns, size + held)
                            rows[size : size + held - before] = held_rows[before:held]
                            columns[size : size + held - before] = held_columns[before:held]
                            lengths, lefts = _room(lengths, rings + 1), _room(lefts, rings + 1)
                            lengths[rings], lefts[rings] = held - before, first * nx + begin
                            size, rings = size + held - before, rings + 1
                            for place in range(before, held):
                                met[held_rows[place], held_columns[place]] = -1
                            held = before
                        met[row, column] = held
                    held_rows[held], held_columns[held] = row, column
                    held += 1
                    heading = (heading + (1 if not left else 3)) % 4
                if row == first and column == begin and heading == 0:
                    break
            rows, columns = _room(rows, size + held), _room(columns, size + held)
            rows[size : size + held], columns[size : size + held] = held_rows[:held], held_columns[:held]
            lengths, lefts = _room(lengths, rings + 1), _room(lefts, rings + 1)
            lengths[rings], lefts[rings] = held, first * nx + begin
            size, rings = size + held, rings + 1
            for place in range(held):
                met[held_rows[place], held_columns[place]] = -1
    return rows[:size], columns[:size], lengths[:rings], lefts[:rings]


@njit(cache=True, nogil=True)
def _room(values: Int32, size: int) -> Int32:
    """The same values with room for ``size`` and as many again."""
    if size < len(values):
        return values
    larger = np.empty(2 * size, np.int32)
    larger[: len(values)] = values
    return larger
