"""Touched: the cells of a grid that somebody asks about, in runs of neighbours, and the shares of zones in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from geo.overlay import Overlay

# So short that a run's values, codes and peaks stay in the nearest cache while the times pass.
_LONGEST_RUN = 1024

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Touched:
    """``cells``: flat indices, rising; their runs begin at ``starts`` in the grid and at ``offsets`` in ``cells``, ``counts`` long."""

    cells: Indices
    starts: Indices
    counts: Indices
    offsets: Indices


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Laid:
    """An overlay made ready for the kernels: ``shares`` of zone z are at ``indptr[z]`` to ``indptr[z + 1]``, in ``touched.cells[columns]``."""

    touched: Touched
    indptr: Indices
    columns: NDArray[np.int32]
    shares: NDArray[np.float64]
    positions: Mapping[str, int]


def touched(cells: NDArray[np.integer]) -> Touched:
    """``cells`` (flat indices) sorted, each once, in runs."""
    flat = np.unique(cells).astype(np.int64)
    breaks = np.flatnonzero(np.diff(flat) != 1) + 1
    begins = np.concatenate((np.zeros(1, dtype=np.int64), breaks))[: len(flat) or 0]
    lengths = np.diff(np.append(begins, len(flat)))
    pieces = -(-lengths // _LONGEST_RUN)
    within = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    offsets = np.repeat(begins, pieces) + within * _LONGEST_RUN
    counts = np.minimum(np.repeat(lengths, pieces) - within * _LONGEST_RUN, _LONGEST_RUN)
    return Touched(cells=flat, starts=flat[offsets], counts=counts.astype(np.int64), offsets=offsets.astype(np.int64))


@lru_cache(maxsize=32)
def laid(overlay: Overlay) -> Laid:
    """Made once for each overlay (they are told apart by identity)."""
    found = touched(overlay.shares.indices)
    return Laid(
        touched=found,
        indptr=overlay.shares.indptr.astype(np.int64),
        columns=np.searchsorted(found.cells, overlay.shares.indices).astype(np.int32),
        shares=np.ascontiguousarray(overlay.shares.data, dtype=np.float64),
        positions=MappingProxyType({zone.code: position for position, zone in enumerate(overlay.zones)}),
    )
