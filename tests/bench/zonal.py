"""Zonal: for every field and district the maximum and the exact share of area above a threshold."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from geo.criterion import Comparison
from geo.exceedance import exceed
from geo.grid import Grid
from geo.overlay import Overlay, overlay
from geo.quantity import Quantity
from geo.series import Series
from geo.shanghai import shanghai_zones
from geo.zone import Zone
from tests.bench.measure import NOT_INSTALLED, Effort, Row, Timing, median_s, peer, rows
from tests.bench.shanghai import GRID

THRESHOLD_MM = 20.0
_RAIN = Quantity(name="rain", window=timedelta(hours=1), units="mm")
_START = datetime(2024, 9, 18, 6, 0, tzinfo=UTC)
_STEP = timedelta(minutes=10)
# In full runs a peer that needs seconds for a few fields is timed on these and scaled up; the note says so.
_FEW = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """Both (fields, zones): the largest value of any cell met, and the share of area in cells at or above the threshold."""

    maximum: NDArray[np.float64]
    share: NDArray[np.float64]


def run(effort: Effort) -> list[Row]:
    """The overlay and the masks are made beforehand, as a desk keeps them; the answers are compared before the times."""
    count, repeats = effort.pick(full=360, quick=60), effort.pick(full=5, quick=3)
    fields, zones = _fields(count), shanghai_zones().at("district")
    laid, masks = overlay(GRID, zones), cell_centres(GRID, zones)
    exact, centres = by_overlay(fields, laid), by_centres(fields, masks)
    off = float(np.abs(exact.share - centres.share).max())
    ours = [
        Timing(subject="geo.overlay shares (CSR) × fields", value=median_s(lambda: by_overlay(fields, laid), repeats=repeats), note="exact shares"),
        Timing(subject="geo.exceedance.exceed", value=median_s(_product(fields, laid), repeats=repeats),
               note="one answer over all times, with unknowns, onset, end and cells"),
    ]
    peers = [
        Timing(subject="numpy mask per zone", value=median_s(lambda: by_centres(fields, masks), repeats=repeats),
               note=f"cell centres only: shares off by up to {off:.2g}"),
        _other("exactextract", fields, zones, exact, count=effort.pick(full=count, quick=_FEW)),
        _other("rasterstats", fields, zones, None, count=effort.pick(full=_FEW, quick=2)),
    ]
    return rows(f"zonal {count} × {GRID.ny}×{GRID.nx}, {len(zones)} zones", "s", ours, peers)


def by_overlay(fields: NDArray[np.float32], laid: Overlay) -> Answers:
    """What a desk does with kept shares, in numpy and scipy alone."""
    flat = fields.reshape(len(fields), -1)
    cells = np.unique(laid.shares.indices)
    inside = np.ascontiguousarray(flat[:, cells].T)
    share = laid.shares[:, cells] @ (inside >= THRESHOLD_MM).astype(np.float64)
    maximum = [inside[np.searchsorted(cells, laid.cells(zone))].max(axis=0) for zone in range(len(laid.zones))]
    return Answers(maximum=np.array(maximum, dtype=np.float64).T, share=share.T)


def by_centres(fields: NDArray[np.float32], masks: NDArray[np.bool_]) -> Answers:
    """What a mask can do: a cell belongs to the zone that its centre lies in, wholly."""
    inside = [fields[:, mask] for mask in masks]
    return Answers(maximum=np.array([part.max(axis=1) for part in inside], dtype=np.float64).T,
                   share=np.array([(part >= THRESHOLD_MM).mean(axis=1) for part in inside]).T)


def cell_centres(grid: Grid, zones: tuple[Zone, ...]) -> NDArray[np.bool_]:
    """(zones, ny, nx): whether the centre of the cell lies in the zone."""
    lon, lat = np.meshgrid(grid.lons, grid.lats)
    return np.array([shapely.contains_xy(zone.geometry, lon, lat) for zone in zones])


def _product(fields: NDArray[np.float32], laid: Overlay) -> Callable[[], object]:
    times = tuple(_START + _STEP * number for number in range(len(fields)))
    series = Series(quantity=_RAIN, grid=GRID, times=times, values=fields, observed=np.zeros(len(fields), dtype=np.bool_))
    criterion = Comparison(quantity=_RAIN, operator=">=", value=THRESHOLD_MM)
    return lambda: exceed(criterion, {_RAIN: series}, laid, start=times[0], end=times[-1], now=times[0])


def _other(library: str, fields: NDArray[np.float32], zones: tuple[Zone, ...], exact: Answers | None, *, count: int) -> Timing:
    """One optional library on the first ``count`` fields, scaled to all of them."""
    found = peer(library)
    if found is None:
        return Timing(subject=library, value=None, note=NOT_INSTALLED)
    answer: Callable[[], Answers] = found.prepare(fields[:count], GRID, zones, THRESHOLD_MM)
    notes = [f"once, timed on {count} fields, scaled" if count < len(fields) else "once"]
    if exact is not None:
        # Its cells are weighed in degrees, ours on the sphere: no more than that may stand between the two.
        off = float(np.abs(answer().share - exact.share[:count]).max())
        if off > 0.01:
            raise AssertionError(f"{library}: shares differ by {off:.2g} from ours: one of the two is wrong, do not compare their times")
        notes.append(f"shares differ by at most {off:.1g}")
    return Timing(subject=library, value=median_s(answer, repeats=1, warm=False) * len(fields) / count, note="; ".join(notes))


def _fields(count: int) -> NDArray[np.float32]:
    """Smooth showers, mm in an hour, (count, ny, nx); about a tenth of the cells reach the threshold."""
    rng = np.random.default_rng(1)
    noise = gaussian_filter(rng.standard_normal((count, *GRID.shape)).astype(np.float32), (0, 6, 6))
    return np.asarray(np.clip(THRESHOLD_MM * noise / np.quantile(noise[0], 0.9), 0, None), dtype=np.float32)
