"""Zonal: for every field and zone the maximum and the exact share of area above a threshold: districts, provinces' counties, a country's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

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
from geo.zonal import cells_first, zonal
from geo.zone import Zone
from tests.bench import capped
from tests.bench.measure import NOT_INSTALLED, Effort, Goal, Row, Timing, installed, median_s, peer, rows
from tests.bench.places import CHINA, EAST_CHINA, SHANGHAI, counties, inside
from tests.geo import plain

THRESHOLD_MM = 20.0
_RAIN = Quantity(name="rain", window=timedelta(hours=1), units="mm")
_LEAF = Comparison(quantity=_RAIN, operator=">=", value=THRESHOLD_MM)
_START = datetime(2024, 9, 18, 6, 0, tzinfo=UTC)
_STEP = timedelta(minutes=10)
# In full runs a peer that needs seconds for a few fields is timed on these and scaled up; the note says so.
_FEW = 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """Both (fields, zones): the largest value of any cell met, and the share of area in cells at or above the threshold."""

    maximum: NDArray[np.float64]
    share: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One workload: ``fields`` on a grid, and how many times exactextract it is to reach."""

    name: str
    grid: Grid
    fields: int
    ratio: float
    greedy: bool

    def zones(self) -> tuple[tuple[Zone, ...], str]:
        """And a word on where they are from."""
        if self.name == "W1":
            found = shanghai_zones()
            return found.at("district"), f"borders: {found.origin}"
        every, what = counties()
        return inside(every, self.grid) if self.name == "W3" else every, what


W1 = Case(name="W1", grid=SHANGHAI, fields=360, ratio=50, greedy=False)
W2 = Case(name="W2", grid=CHINA, fields=24, ratio=500, greedy=True)
W3 = Case(name="W3", grid=EAST_CHINA, fields=24, ratio=100, greedy=True)


def run(effort: Effort) -> list[Row]:
    """The overlay and the masks are made beforehand, as a desk keeps them; the answers are compared before the times."""
    return [row for case in ((W1,) if effort.quick else (W1, W3, W2)) for row in _case(case, effort)]


def _case(case: Case, effort: Effort) -> list[Row]:
    count, repeats = effort.pick(full=case.fields, quick=60), effort.pick(full=15, quick=3)
    zones, what = case.zones()
    values = fields(case.grid, count)
    beside, laid = cells_first(values), overlay(case.grid, zones)
    exact = answers(zonal(_LEAF, beside, laid))
    twin = plain.zonal(_LEAF, values[:_FEW], laid)
    if float(np.abs(exact.share[:_FEW] - twin.share.T).max()) > 1e-9:
        raise AssertionError("the kernel and plain numpy differ: one of the two is wrong, do not compare their times")
    ours = [
        Timing(subject="geo.zonal, times of a cell side by side", value=median_s(lambda: zonal(_LEAF, beside, laid), repeats=repeats),
               note=f"maximum, mean, exact share, known share; {what}"),
        Timing(subject="geo.zonal, field after field", value=median_s(lambda: zonal(_LEAF, values, laid), repeats=repeats), note="turned on the way"),
        Timing(subject="geo.exceedance.exceed", value=median_s(product(case.grid, values, laid), repeats=repeats),
               note="one answer over all times, with unknowns, onset, end and cells"),
        Timing(subject="the same in plain numpy and scipy", value=median_s(lambda: plain.zonal(_LEAF, values[:_FEW], laid), repeats=1, warm=False) * count / _FEW,
               note=f"once, timed on {_FEW} fields, scaled"),
    ]
    # Its mean is over the part of a zone that lies on the grid, our share is of the whole zone.
    of_covered = exact.share / np.where(laid.coverage > 0, laid.coverage, np.nan)
    peers = [_exactextract(values, case.grid, zones, of_covered, repeats=3 if case is W1 and not effort.quick else 1)]
    if case is W1:
        masks = cell_centres(case.grid, zones)
        centres = by_centres(values, masks)
        off = float(np.abs(exact.share - centres.share).max())
        peers.append(Timing(subject="numpy mask per zone", value=median_s(lambda: by_centres(values, masks), repeats=3),
                            note=f"cell centres only: shares off by up to {off:.2g}", yardstick=False))
    for library, sample in (("regionmask", count), ("rioxarray", min(count, 24)), ("rasterstats", 2)):
        peers.append(_slow(library, case, sample, effort))
    return rows(f"{case.name}: {count} × {case.grid.ny}×{case.grid.nx}, {len(zones)} zones", "s", ours, peers, goal=Goal(ratio=case.ratio))


def answers(found: object) -> Answers:
    """Ours in the form of the peers."""
    return Answers(maximum=np.asarray(getattr(found, "extreme"), dtype=np.float64).T, share=np.asarray(getattr(found, "share")).T)  # noqa: B009


def by_centres(values: NDArray[np.float32], masks: NDArray[np.bool_]) -> Answers:
    """What a mask can do: a cell belongs to the zone that its centre lies in, wholly."""
    held = [values[:, mask] for mask in masks]
    return Answers(maximum=np.array([part.max(axis=1) for part in held], dtype=np.float64).T,
                   share=np.array([(part >= THRESHOLD_MM).mean(axis=1) for part in held]).T)


def cell_centres(grid: Grid, zones: tuple[Zone, ...]) -> NDArray[np.bool_]:
    """(zones, ny, nx): whether the centre of the cell lies in the zone."""
    lon, lat = np.meshgrid(grid.lons, grid.lats)
    return np.array([shapely.contains_xy(zone.geometry, lon, lat) for zone in zones])


def product(grid: Grid, values: NDArray[np.float32], laid: Overlay) -> Callable[[], object]:
    """What a desk asks for each row of its rules."""
    times = tuple(_START + _STEP * number for number in range(len(values)))
    series = Series(quantity=_RAIN, grid=grid, times=times, values=values, observed=np.zeros(len(values), dtype=np.bool_))
    return lambda: exceed(_LEAF, {_RAIN: series}, laid, start=times[0], end=times[-1], now=times[0])


def _exactextract(values: NDArray[np.float32], grid: Grid, zones: tuple[Zone, ...], exact: NDArray[np.float64], *, repeats: int) -> Timing:
    found = peer("exactextract")
    if found is None:
        return Timing(subject="exactextract", value=None, note=NOT_INSTALLED)
    answer: Callable[[], Answers] = found.prepare(values, grid, zones, THRESHOLD_MM)
    # Its cells are weighed in degrees, ours on the sphere: no more than that may stand between the two.
    off = np.abs(answer().share - exact)
    if float(np.nanquantile(off, 0.999)) > 0.01:
        raise AssertionError(f"exactextract: shares differ by {np.nanmax(off):.2g} from ours: one of the two is wrong, do not compare their times")
    often = "" if repeats > 1 else "once; "
    return Timing(subject="exactextract", value=median_s(answer, repeats=repeats, warm=False), note=f"{often}shares differ by at most {np.nanmax(off):.1g}")


def _slow(library: str, case: Case, sample: int, effort: Effort) -> Timing:
    """A peer that takes long, or takes cells by their centres: once, in a process of its own, when all peers are asked for."""
    if not installed(library):
        return Timing(subject=library, value=None, note=NOT_INSTALLED)
    if not effort.all_peers:
        return Timing(subject=library, value=None, note="with --peers all")
    told = "cell centres only" + (f", timed on {sample} fields, scaled" if sample < case.fields else "")
    return capped.once(library, partial(_prepare, library, case, sample), note=told, scale=case.fields / sample)


def _prepare(library: str, case: Case, sample: int) -> Callable[[], object]:
    found = peer(library)
    if found is None:
        raise AssertionError(f"{library} was there a moment ago")
    prepared: Callable[[], object] = found.prepare(fields(case.grid, sample), case.grid, case.zones()[0], THRESHOLD_MM)
    return prepared


def fields(grid: Grid, count: int) -> NDArray[np.float32]:
    """Smooth showers, mm in an hour, (count, ny, nx); about a tenth of the cells reach the threshold."""
    rng = np.random.default_rng(1)
    noise = gaussian_filter(rng.standard_normal((min(count, 36), *grid.shape), dtype=np.float32), (0, 6, 6))
    made = np.clip(THRESHOLD_MM * noise / np.quantile(noise[0], 0.9), 0, None)
    # Later hours are earlier ones, moved on: as good, and made in a moment.
    return np.asarray(np.concatenate([np.roll(made, 17 * part, axis=2) for part in range(-(-count // len(made)))])[:count], dtype=np.float32)
