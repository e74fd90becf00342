"""Chunked: fields larger than memory, as a Dask array, reduced to zones chunk by chunk with the same loops."""

from dataclasses import replace

import dask
import numpy as np
from dask.array.core import Array
from numpy.typing import NDArray
from scipy.sparse import csr_array

from geo.criterion import Comparison
from geo.kernel import cores
from geo.overlay import Overlay, OverlayError
from geo.zonal import Zonal, zonal


def zonal_chunked(leaf: Comparison, values: Array, overlay: Overlay) -> Zonal:
    """As ``geo.zonal.zonal``, of ``values`` (T, ny, nx) in chunks of any size along any axis.

    No more chunks are in memory than there are cores at work (and what Dask reads ahead); what a chunk says of the zones is a few
    numbers, and those are joined. Needs the extra ``dask``. Raises OverlayError for values of another shape than the grid.
    """
    if values.shape[1:] != overlay.grid.shape:
        raise OverlayError(f"values of {values.shape[1:]} cells cannot lie on {overlay.grid.describe()}; give (times, ny, nx)")
    _, high, wide = values.chunks
    windows = [[_window(overlay, row, tall, column, broad) for column, broad in _from(wide)] for row, tall in _from(high)]
    reduced = dask.delayed(_reduce, pure=False)
    parts = [
        [reduced(leaf, chunk, windows[row][column]) for row, line in enumerate(layer) for column, chunk in enumerate(line)]
        for layer in values.to_delayed()
    ]
    layers: tuple[list[Zonal], ...] = dask.compute(*parts, scheduler="threads", num_workers=cores())
    joined = [_joined(leaf, layer) for layer in layers]
    return Zonal(
        extreme=np.concatenate([part.extreme for part in joined], axis=1), mean=np.concatenate([part.mean for part in joined], axis=1),
        share=np.concatenate([part.share for part in joined], axis=1), known=np.concatenate([part.known for part in joined], axis=1))


def _reduce(leaf: Comparison, chunk: NDArray[np.floating], window: Overlay) -> Zonal:
    return zonal(leaf, np.asarray(chunk, dtype=np.float32), window)


def _joined(leaf: Comparison, parts: list[Zonal]) -> Zonal:
    """What windows side by side say together: shares add up, means by the share that is known, of extremes the most extreme."""
    known = np.sum([part.known for part in parts], axis=0)
    total = np.sum([np.where(part.known > 0, part.mean, 0) * part.known for part in parts], axis=0)
    farther = np.fmax if leaf.operator in (">=", ">") else np.fmin
    return Zonal(
        extreme=farther.reduce([part.extreme for part in parts]), share=np.sum([part.share for part in parts], axis=0), known=known,
        mean=np.divide(total, known, out=np.full(known.shape, np.nan), where=known > 0))


def _window(overlay: Overlay, row: int, tall: int, column: int, broad: int) -> Overlay:
    """The overlay of a rectangle of the grid; shares stay shares of the whole zone."""
    grid = overlay.grid
    part = replace(grid, ny=tall, nx=broad, lat0=grid.lat0 + row * grid.dlat, lon0=grid.lon0 + column * grid.dlon)
    cells = (np.arange(row, row + tall)[:, None] * grid.nx + np.arange(column, column + broad)).ravel()
    shares = csr_array(overlay.shares[:, cells])
    shares.sort_indices()
    return Overlay(grid=part, zones=overlay.zones, shares=shares, coverage=np.asarray(shares.sum(axis=1), dtype=np.float64).ravel())


def _from(sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """Where each chunk of an axis begins, and its size."""
    return [(sum(sizes[:place]), size) for place, size in enumerate(sizes)]
