"""The kernels once more in plain numpy, slow and readable: the truth that the compiled loops are tested by, and a yardstick of the bench."""

import numpy as np
from numpy.typing import NDArray

from geo.criterion import Comparison
from geo.overlay import Overlay
from geo.zonal import Zonal

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
_COMPARE = {">=": np.greater_equal, ">": np.greater, "<=": np.less_equal, "<": np.less}


def true_and_known(leaf: Comparison, values: NDArray[np.float32]) -> tuple[Mask, Mask]:
    """What is not a finite number is unknown; the threshold is a float32 as the values are."""
    known = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        met = _COMPARE[leaf.operator](values, np.float32(leaf.value))
    return known & met, known


def zonal(leaf: Comparison, values: NDArray[np.float32], overlay: Overlay) -> Zonal:
    """As ``geo.zonal.zonal``."""
    flat = values.reshape(len(values), overlay.shares.shape[1]).astype(np.float64)
    true, known = true_and_known(leaf, flat.astype(np.float32))
    share, sure, total = (_weighted(overlay, part) for part in (true, known, np.where(known, flat, 0)))
    upward = leaf.operator in (">=", ">")
    worst = -np.inf if upward else np.inf
    extreme = np.full(share.shape, np.nan)
    for zone in range(len(overlay.zones)):
        own = overlay.cells(zone)
        some = known[:, own].any(axis=1)
        reach = np.where(known[:, own], flat[:, own], worst)
        extreme[zone, some] = (reach.max(axis=1, initial=worst) if upward else reach.min(axis=1, initial=worst))[some]
    with np.errstate(invalid="ignore"):
        mean = total / sure
    return Zonal(extreme=extreme.astype(np.float32), mean=mean, share=share, known=sure)


def over_all_times(leaf: Comparison, values: NDArray[np.float32], overlay: Overlay) -> tuple[Floats, Floats]:
    """The shares that ``geo.exceedance.exceed`` gives: in cells ever true, and in cells known (true at some time, or false at all)."""
    true, known = true_and_known(leaf, values.reshape(len(values), overlay.shares.shape[1]))
    ever = true.any(axis=0)
    sure = np.logical_or(ever, (known & ~true).all(axis=0)) if len(values) else ever
    return _weighted(overlay, np.asarray(ever)), _weighted(overlay, np.asarray(sure))


def _weighted(overlay: Overlay, parts: NDArray[np.generic]) -> Floats:
    """Cells along the last axis of ``parts`` to zones along the first."""
    columns: Floats = np.asarray(parts, dtype=np.float64).T
    return np.asarray(overlay.shares @ columns, dtype=np.float64)
