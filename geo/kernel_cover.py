"""Compiled loop of the overlay: the exact area of a polygon in every cell, by walking its border through the grid."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@njit(cache=True, nogil=True)
def cover(
    places: Floats, lines: Indices, first_edge: Indices, step: float, turns: Floats,
    xs: Floats, ys: Floats, sliver: float, areas: Floats, counts: Indices, first_zone: int, last_zone: int,
) -> tuple[Indices, Floats]:
    """Cells and areas of the zones first_zone..last_zone, one after the other; ``counts`` says how many are each zone's.

    Zone z has the edges ``first_edge[z]`` to ``first_edge[z + 1]``: edge e runs from ``places[lines[e]]`` (longitude, latitude) to the
    next place; rings have their inside on the right (outer ones clockwise). Edges are cut to ``step`` degrees and taken into the
    equal-area plane, in which ``xs``, ``ys`` are the cell edges of the grid; each zone is also tried at every turn. ``areas`` are in it.
    Green's theorem: each piece of border bounds the area to its right, in its own cell and in all cells further east.
    """
    nx = len(xs) - 1
    cells, found, size = np.empty(1024, np.int64), np.empty(1024, np.float64), 0
    x0, y0, x1, y1 = np.empty(4096), np.empty(4096), np.empty(4096), np.empty(4096)
    for zone in range(first_zone, last_zone):
        counts[zone], areas[zone], held = 0, 0.0, 0
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for edge in range(first_edge[zone], first_edge[zone + 1]):
            line = lines[edge]
            lon0, lat0, lon1, lat1 = places[line, 0], places[line, 1], places[line + 1, 0], places[line + 1, 1]
            parts = max(int(np.ceil(np.hypot(lon1 - lon0, lat1 - lat0) / step)), 1)
            while held + parts > len(x0):
                x0, y0, x1, y1 = np.concatenate((x0, x0)), np.concatenate((y0, y0)), np.concatenate((x1, x1)), np.concatenate((y1, y1))
            x, y = lon0, _equal_area(lat0)
            for part in range(1, parts + 1):
                end = 1.0 if part == parts else part / parts
                x0[held], y0[held] = x, y
                x, y = (lon1 if part == parts else lon0 + end * (lon1 - lon0)), _equal_area(lat1 if part == parts else lat0 + end * (lat1 - lat0))
                x1[held], y1[held] = x, y
                held += 1
            west, east, south, north = min(west, lon0), max(east, lon0), min(south, y0[held - parts]), max(north, y0[held - parts])
        for piece in range(held):
            areas[zone] += (west - 0.5 * (x0[piece] + x1[piece])) * (y1[piece] - y0[piece])
        row0, row1 = _span(ys, south, north)
        for turn in turns:
            col0, col1 = _span(xs, west + turn, east + turn)
            if row0 >= row1 or col0 >= col1:
                continue
            rows, columns = row1 - row0, col1 - col0
            # Column 0 stands for everything west of the window, whose right side still counts.
            own, beyond = np.zeros((rows, columns + 1)), np.zeros((rows, columns + 1))
            for piece in range(held):
                _walk(x0[piece] + turn, y0[piece], x1[piece] + turn, y1[piece], xs[col0 : col1 + 1], ys[row0 : row1 + 1], own, beyond)
            for row in range(rows):
                height, total = ys[row0 + row + 1] - ys[row0 + row], 0.0
                for column in range(columns):
                    wide = xs[col0 + column + 1] - xs[col0 + column]
                    total += beyond[row, column]
                    area = own[row, column + 1] + total * wide
                    if area > sliver * min(wide * height, areas[zone]):
                        if size == len(cells):
                            cells, found = np.concatenate((cells, cells)), np.concatenate((found, found))
                        cells[size], found[size] = (row0 + row) * nx + col0 + column, min(area, wide * height)
                        size += 1
                        counts[zone] += 1
    return cells[:size], found[:size]


@njit(cache=True, nogil=True)
def _equal_area(lat: float) -> float:
    return float(np.degrees(np.sin(np.radians(lat))))


@njit(cache=True, nogil=True)
def _span(edges: Floats, low: float, high: float) -> tuple[int, int]:
    """First and one-past-last cell between the sorted edges that meet the interval; empty when it lies outside."""
    first = int(np.searchsorted(edges, low, side="right")) - 1
    last = int(np.searchsorted(edges, high, side="left"))
    return max(first, 0), min(last, len(edges) - 1)


@njit(cache=True, nogil=True)
def _walk(x0: float, y0: float, x1: float, y1: float, xs: Floats, ys: Floats, own: Floats, beyond: Floats) -> None:
    """One edge, cut at every row."""
    if y0 == y1:
        return
    rows = len(ys) - 1
    up = y1 > y0
    low, high = (y0, y1) if up else (y1, y0)
    row = max(int(np.searchsorted(ys, low, side="right")) - 1, 0)
    slope = (x1 - x0) / (y1 - y0)
    while row < rows and ys[row] < high:
        bottom, top = max(low, ys[row]), min(high, ys[row + 1])
        if top > bottom:
            left = (x0 if up else x1) if bottom == low else x0 + (bottom - y0) * slope
            right = (x1 if up else x0) if top == high else x0 + (top - y0) * slope
            _row(left, right, top - bottom if up else bottom - top, xs, own[row], beyond[row])
        row += 1


@njit(cache=True, nogil=True)
def _row(start: float, end: float, rise: float, xs: Floats, own: Floats, beyond: Floats) -> None:
    """The part of an edge in one row, from x = start to end, cut at every column; ``rise`` is its height, negative downwards."""
    columns = len(xs) - 1
    left, right = min(start, end), max(start, end)
    column = int(np.searchsorted(xs, left, side="right"))
    whole = right - left
    while column <= columns:
        # Column c lies between xs[c - 1] and xs[c]; column 0 is all that is west.
        stop = min(right, xs[column])
        part = rise if stop - left == whole else rise * ((stop - left) / whole)
        if column > 0:
            own[column] += part * (xs[column] - 0.5 * (left + stop))
        beyond[column] += part
        if stop >= right:
            return
        left = stop
        column += 1
