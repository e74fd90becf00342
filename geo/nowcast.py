"""Nowcast: the next two hours of rain from the last half hour: where it moves, and what it would be if it only moved."""

import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from io import StringIO

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

Fields = NDArray[np.float32]
Motion = NDArray[np.float64]

LONGEST = timedelta(hours=2)
# Cells: the blocks whose shift is looked for, how far apart their centres lie, and how far they may have gone in a step.
_BLOCK, _APART, _FARTHEST = 25, 10, 10
# A block with less rain than this share of the field's own maximum tells nothing of motion.
_WET_SHARE = 0.02
_STEP_OF_PATH = 1.0


def extrapolated(frames: Fields, *, steps: int, method: str = "auto") -> Fields:
    """``frames`` (N ≥ 2, ny, nx), amounts of equal steps, the last one now: the next ``steps`` of them, (steps, ny, nx).

    ``method``: "pysteps" (its Lucas-Kanade motion and semi-Lagrangian advection; an extra that needs a compiler),
    "own", or "auto": pysteps where it is installed and every cell known, else own. Rain is moved, it neither grows nor decays: an honest
    forecast for an hour, a weak one for two. What moves in from outside the grid is unknown (NaN), as is what comes
    from cells that are unknown now. Raises ValueError for fewer than two frames, and ModuleNotFoundError naming the pip
    command when pysteps is asked for by name and absent.
    """
    if len(frames) < 2:
        raise ValueError(f"{len(frames)} frame tells nothing of motion; give two or more")
    if steps < 1:
        raise ValueError(f"{steps} steps; ask for one or more")
    # pysteps takes no unknown cells, and finds nothing to follow where it is dry.
    plain = bool(np.isfinite(frames).all() and frames.any())
    moved, carried = _pysteps() if method == "pysteps" or (method == "auto" and plain and available()) else (motion, advected)
    return carried(frames[-1], moved(frames), steps)


def available() -> bool:
    """Whether pysteps is installed, and OpenCV, which its motion asks for."""
    return find_spec("pysteps") is not None and find_spec("cv2") is not None


def motion(frames: Fields) -> Motion:
    """(2, ny, nx): cells northward and eastward per step, from the frames' pairs by block matching.

    For each block of the earlier frame the shift with the least mean squared difference in the later one, to a part of
    a cell by a parabola through its neighbours; blocks without rain take no part. The blocks' vectors, the median of the
    pairs, are spread over the grid by a weight that falls with distance; without any rain nothing moves.
    """
    places, vectors, weights = [], [], []
    for earlier, later in zip(frames, frames[1:], strict=False):
        first, second = (np.nan_to_num(frame).astype(np.float64) for frame in (earlier, later))
        top = max(float(first.max()), float(second.max()))
        for row in range(_BLOCK // 2, max(first.shape[0] - _BLOCK // 2, _BLOCK // 2 + 1), _APART):
            for col in range(_BLOCK // 2, max(first.shape[1] - _BLOCK // 2, _BLOCK // 2 + 1), _APART):
                found = _matched(first, second, row, col, top)
                if found is not None:
                    places.append((row, col))
                    vectors.append(found[:2])
                    weights.append(found[2])
    shape = frames[0].shape
    if not places:
        return np.zeros((2, *shape))
    return _spread(np.array(places, dtype=np.float64), np.array(vectors), np.array(weights), shape)


def advected(field: Fields, moved: Motion, steps: int) -> Fields:
    """``field`` carried along ``moved`` (cells per step) for 1 … ``steps`` steps: semi-Lagrangian, back along the path.

    The path is followed in pieces of at most a cell, through the motion where it then is; values between cells are
    bilinear. NaN where a path begins outside the grid or beside an unknown cell.
    """
    ny, nx = field.shape
    rows, cols = np.meshgrid(np.arange(ny, dtype=np.float64), np.arange(nx, dtype=np.float64), indexing="ij")
    pieces = max(int(np.ceil(np.abs(moved).max() / _STEP_OF_PATH)), 1)
    unknown = np.isnan(field)
    filled = np.where(unknown, 0.0, field).astype(np.float64)
    out = np.empty((steps, ny, nx), dtype=np.float32)
    for step in range(steps):
        for _ in range(pieces):
            at = [np.clip(rows, 0, ny - 1), np.clip(cols, 0, nx - 1)]
            north, east = (map_coordinates(part, at, order=1, mode="nearest") for part in moved)
            rows, cols = rows - north / pieces, cols - east / pieces
        value = map_coordinates(filled, [rows, cols], order=1, mode="nearest")
        doubt = map_coordinates(unknown.astype(np.float64), [rows, cols], order=1, mode="nearest") > 1e-9
        outside = (rows < -0.5) | (rows > ny - 0.5) | (cols < -0.5) | (cols > nx - 0.5)
        out[step] = np.where(outside | doubt, np.nan, np.maximum(value, 0))
    return out


def _matched(first: NDArray[np.float64], second: NDArray[np.float64], row: int, col: int, top: float) -> tuple[float, float, float] | None:
    """The shift of one block, and how much rain speaks for it; None when it is dry or leaves what can be looked at."""
    half = _BLOCK // 2
    block = first[max(row - half, 0) : row + half + 1, max(col - half, 0) : col + half + 1]
    if top <= 0 or block.max() < _WET_SHARE * top or block.std() == 0:
        return None
    south, west = max(row - half, 0), max(col - half, 0)
    span = 2 * _FARTHEST + 1
    costs = np.full((span, span), np.inf)
    for north in range(-_FARTHEST, _FARTHEST + 1):
        for east in range(-_FARTHEST, _FARTHEST + 1):
            a, b = south + north, west + east
            if a < 0 or b < 0 or a + block.shape[0] > second.shape[0] or b + block.shape[1] > second.shape[1]:
                continue
            costs[north + _FARTHEST, east + _FARTHEST] = np.square(second[a : a + block.shape[0], b : b + block.shape[1]] - block).mean()
    i, j = (int(part) for part in np.unravel_index(int(costs.argmin()), costs.shape))
    if i in (0, span - 1) or j in (0, span - 1):
        return None
    return i - _FARTHEST + _vertex(costs[i - 1 : i + 2, j]), j - _FARTHEST + _vertex(costs[i, j - 1 : j + 2]), float(block.sum())


def _vertex(three: NDArray[np.float64]) -> float:
    """Where between its neighbours the lowest point of a parabola lies, -0.5 … 0.5 cells."""
    before, here, after = (float(part) for part in three)
    bend = before - 2 * here + after
    return 0.0 if not np.isfinite(bend) or bend <= 0 else float(np.clip((before - after) / (2 * bend), -0.5, 0.5))


def _spread(places: Motion, vectors: Motion, weights: NDArray[np.float64], shape: tuple[int, int]) -> Motion:
    """Vectors far from the median of all are mistakes and go; the others, weighted with their rain, are smoothed out."""
    middle = np.median(vectors, axis=0)
    away = np.hypot(*(vectors - middle).T)
    kept = away <= max(3.0 * float(np.median(away)), 2.0)
    found, mass = np.zeros((2, *shape)), np.zeros(shape)
    for (row, col), vector, weight in zip(places[kept].astype(int), vectors[kept], weights[kept], strict=True):
        found[:, row, col] += weight * vector
        mass[row, col] += weight
    wide = 2.0 * _BLOCK
    smooth = gaussian_filter(mass, wide, mode="constant", truncate=6)
    smoothed = np.stack([gaussian_filter(part, wide, mode="constant", truncate=6) for part in found])
    return np.where(smooth > 1e-12 * max(float(smooth.max()), 1e-300), smoothed / np.maximum(smooth, 1e-300), middle[:, None, None])


def _pysteps() -> tuple[Callable[[Fields], Motion], Callable[[Fields, Motion, int], Fields]]:
    """Motion and advection of pysteps (Pulkkinen et al. 2019, Geosci. Model Dev. 12) behind the same two verbs."""
    if not available():
        raise ModuleNotFoundError("pysteps is not installed; it is an extra that needs a C compiler: pip install 'xiaoxishu[nowcast]'")
    # On being imported it prints where its settings lie, also into the output of a command that prints JSON.
    with redirect_stdout(StringIO()):
        flow = import_module("pysteps.motion").get_method("LK")
        carry = import_module("pysteps.extrapolation.semilagrangian").extrapolate

    def moved(frames: Fields) -> Motion:
        # A single shower has too few points to tell outliers among: it warns of that, or divides by nothing, and goes on.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            east, north = flow(np.log1p(np.nan_to_num(frames)), verbose=False)
        return np.stack([north, east])

    def carried(field: Fields, found: Motion, steps: int) -> Fields:
        out: Sequence[Fields] = carry(np.asarray(field, dtype=np.float64), np.stack([found[1], found[0]]), steps, outval=np.nan)
        return np.asarray(out, dtype=np.float32)

    return moved, carried
