"""Compiled loops of the picture: exact coverage of pixels by polygons and lines, and colours laid over colours."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]
Floats64 = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Int32 = NDArray[np.int32]


@njit(cache=True, nogil=True)
def edges(x0: Floats64, y0: Floats64, x1: Floats64, y1: Floats64, area: Floats32) -> None:
    """Adds to ``area`` (rows, columns + 2) what each edge covers to its right, pixel by pixel; summed along a row it is the coverage.

    Signed by direction: rings that run the other way take away (holes). The way font renderers do it (Raph Levien, font-rs).
    """
    rows, width = area.shape[0], float(area.shape[1] - 2)
    for edge in range(len(x0)):
        if y0[edge] == y1[edge]:
            continue
        sign = 1.0 if y0[edge] < y1[edge] else -1.0
        top, bottom = min(y0[edge], y1[edge]), max(y0[edge], y1[edge])
        slope = (x1[edge] - x0[edge]) / (y1[edge] - y0[edge])
        at = x0[edge] if sign > 0 else x1[edge]
        if bottom <= 0 or top >= rows:
            continue
        if top < 0:
            at -= top * slope
        for row in range(max(int(np.floor(top)), 0), min(int(np.ceil(bottom)), rows)):
            part = min(row + 1.0, bottom) - max(float(row), top)
            following = at + slope * part
            left = min(max(min(at, following), 0.0), width)
            right = min(max(max(at, following), 0.0), width)
            _row(area[row], left, right, sign * part)
            at = following


@njit(cache=True, nogil=True)
def _row(line: Floats32, left: float, right: float, part: float) -> None:
    first, last = int(np.floor(left)), int(np.ceil(right))
    if last <= first + 1:
        middle = 0.5 * (left + right) - first
        line[first] += part * (1.0 - middle)
        line[first + 1] += part * middle
        return
    step = 1.0 / (right - left)
    ahead, behind = left - first, right - last + 1.0
    begin, finish = 0.5 * step * (1.0 - ahead) ** 2, 0.5 * step * behind**2
    line[first] += part * begin
    if last == first + 2:
        line[first + 1] += part * (1.0 - begin - finish)
    else:
        second = step * (1.5 - ahead)
        line[first + 1] += part * (second - begin)
        for column in range(first + 2, last - 1):
            line[column] += part * step
        line[last - 1] += part * (1.0 - (second + (last - first - 3) * step) - finish)
    line[last] += part * finish


@njit(cache=True, nogil=True)
def settle(area: Floats32, mask: Bytes) -> None:
    """The summed coverage as 0..255; ``area`` is emptied for the next use."""
    for row in range(mask.shape[0]):
        total = np.float32(0)
        for column in range(mask.shape[1]):
            total += area[row, column]
            area[row, column] = 0
            mask[row, column] = np.uint8(min(abs(total), np.float32(1)) * np.float32(255) + np.float32(0.5))
        area[row, mask.shape[1] :] = 0


@njit(cache=True, nogil=True)
def stroke(x0: Floats64, y0: Floats64, x1: Floats64, y1: Floats64, width: float, mask: Bytes) -> None:
    """Round-ended lines ``width`` pixels wide; where lines meet the larger coverage counts, so joints and crossings are clean."""
    rows, columns = mask.shape
    radius = max(width, 1.0) / 2
    strength = min(width, 1.0) * 255.0
    reach = radius + 0.5
    for line in range(len(x0)):
        if max(x0[line], x1[line]) < -reach or min(x0[line], x1[line]) > columns + reach:
            continue
        if max(y0[line], y1[line]) < -reach or min(y0[line], y1[line]) > rows + reach:
            continue
        # Long lines go in short pieces, so that the boxes looked through stay small.
        pieces = max(int(np.hypot(x1[line] - x0[line], y1[line] - y0[line]) / 12.0), 1)
        across, down = (x1[line] - x0[line]) / pieces, (y1[line] - y0[line]) / pieces
        square = across * across + down * down
        for piece in range(pieces):
            ax, ay = x0[line] + piece * across, y0[line] + piece * down
            low, high = max(int(min(ay, ay + down) - reach), 0), min(int(max(ay, ay + down) + reach) + 1, rows)
            left, right = max(int(min(ax, ax + across) - reach), 0), min(int(max(ax, ax + across) + reach) + 1, columns)
            for row in range(low, high):
                dy = row + 0.5 - ay
                for column in range(left, right):
                    dx = column + 0.5 - ax
                    along = min(max((dx * across + dy * down) / square, 0.0), 1.0) if square > 0 else 0.0
                    gap = np.sqrt((dx - along * across) ** 2 + (dy - along * down) ** 2)
                    cover = min(max(reach - gap, 0.0), 1.0)
                    mask[row, column] = max(mask[row, column], np.uint8(cover * strength + 0.5))


@njit(cache=True, nogil=True)
def blend(image: Bytes, mask: Bytes, red: int, green: int, blue: int, opacity: int) -> None:
    """The colour over ``image`` (rows, columns, 3) as much as ``mask`` says; ``opacity`` 0..255."""
    for row in range(mask.shape[0]):
        for column in range(mask.shape[1]):
            cover = mask[row, column] * opacity
            if cover:
                pixel = image[row, column]
                pixel[0] = (pixel[0] * (65025 - cover) + red * cover + 32512) // 65025
                pixel[1] = (pixel[1] * (65025 - cover) + green * cover + 32512) // 65025
                pixel[2] = (pixel[2] * (65025 - cover) + blue * cover + 32512) // 65025


@njit(cache=True, nogil=True)
def stripes(mask: Bytes, spacing: int) -> None:
    """Keeps of ``mask`` only slanting stripes a third of ``spacing`` wide; everywhere on the same raster, so that neighbours join."""
    for row in range(mask.shape[0]):
        for column in range(mask.shape[1]):
            if (row + column) % spacing * 3 >= spacing:
                mask[row, column] = 0


@njit(cache=True, nogil=True)
def cells(image: Bytes, rows: Int32, columns: Int32, classes: Bytes, palette: Bytes, opacity: int, unknown: Bytes) -> None:
    """Colours each pixel by the class of its cell; ``rows``/``columns`` give the cell of each pixel row and column (-1 outside).

    Class 255 is unknown: its pixels are marked in the mask ``unknown``; 254 is left as it is.
    """
    for y in range(len(rows)):
        for x in range(len(columns)):
            if rows[y] < 0 or columns[x] < 0:
                continue
            found = classes[rows[y], columns[x]]
            if found == 255:
                unknown[y, x] = 255
            elif found != 254:
                for channel in range(3):
                    image[y, x, channel] = (image[y, x, channel] * (255 - opacity) + palette[found, channel] * opacity + 127) // 255
