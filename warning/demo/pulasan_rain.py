"""The synthetic rain of Pulasan: 614 gauges, a field of totals through them, and how each cell's total falls in time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warning.demo.pulasan_frame import (
    BULLETIN,
    KM_EAST,
    KM_NORTH,
    LATS,
    LONS,
    MIDNIGHT,
    NX,
    NY,
    STEPS,
    cell_of,
    cells_from,
    hours,
    index_of,
    land,
    noise,
)

Field = NDArray[np.float32]

GAUGES = 614
CITY_MEAN_MM = 73.28
#: How many gauges lay in [low, high) mm; the 38 below 10 mm are the rest of the 614.
CLASSES = ((250.0, 305.0, 28), (100.0, 250.0, 123), (50.0, 100.0, 225), (25.0, 50.0, 155), (10.0, 25.0, 45), (0.0, 10.0, 38))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A synthetic rain gauge; ``row``/``col`` is the cell nearest to it (no two gauges share or touch one)."""

    name: str
    lat: float
    lon: float
    row: int
    col: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A published gauge. The villages' positions are approximate (2 km).

    ``total_mm`` to the bulletin: only the first is published, the others are ours. ``peak_mm`` is the published
    largest sum over ``peak_steps``; it ends at ``peak_end`` if that was published, else where the storm puts it.
    """

    name: str
    lat: float
    lon: float
    total_mm: float
    peak_mm: float
    peak_steps: int
    peak_end: int | None


PINS = (
    Pin(name="四团杨家宅", lat=30.90, lon=121.72, total_mm=340.9, peak_mm=327.7, peak_steps=36, peak_end=None),
    Pin(name="彭镇", lat=30.88, lon=121.79, total_mm=321.4, peak_mm=308.0, peak_steps=36, peak_end=None),
    # 01:26-02:26 was published; on ten-minute steps it is 01:30-02:30.
    Pin(name="泥城", lat=30.91, lon=121.82, total_mm=309.6, peak_mm=116.2, peak_steps=6, peak_end=index_of(MIDNIGHT) + 15),
)
#: No other place may reach the published hourly maximum.
_HOURLY_CEILING_MM = 111.0
#: The second, weaker band of the afternoon: (lat, lon, mm in all). Only "35 mm and more in an hour" was published.
_AFTERNOON = ((31.62, 121.50, 78.0), (31.40, 121.40, 56.0), (31.38, 121.22, 56.0), (31.17, 121.08, 56.0))
_AFTERNOON_HOUR, _AFTERNOON_SIGMA_H = 15.4, 0.36


def gauges(seed: int) -> tuple[Gauge, ...]:
    """The 614 gauges of a seed, the three published ones first."""
    rng = np.random.default_rng([seed, 1])
    free = land()
    found = []
    for pin in PINS:
        row, col = cell_of(pin.lat, pin.lon)
        free[row - 3 : row + 4, col - 3 : col + 4] = False
        found.append(Gauge(name=pin.name, lat=pin.lat, lon=pin.lon, row=row, col=col))
    for flat in rng.permutation(NY * NX):
        row, col = divmod(int(flat), NX)
        if not free[row, col]:
            continue
        free[row - 1 : row + 2, col - 1 : col + 2] = False
        north, east = rng.uniform(-0.004, 0.004, 2)
        name = f"S{len(found) + 1:04d}"
        found.append(Gauge(name=name, lat=round(LATS[row] + north, 4), lon=round(LONS[col] + east, 4), row=row, col=col))
        if len(found) == GAUGES:
            return tuple(found)
    raise AssertionError(f"the land has room for {len(found)} gauges only, {GAUGES} are wanted")


def rain(seed: int) -> Field:
    """The true rain in mm per step that ends at each time, (STEPS, NY, NX), in whole tenths as a tipping bucket gives it."""
    pinned = _nearness(3.0)
    totals = _totals(gauges(seed), np.random.default_rng([seed, 2]), pinned)
    truth = _in_time(totals, np.random.default_rng([seed, 3]), pinned)
    for number in range(len(PINS)):
        _pin(truth, totals, number)
    truth += _afternoon(np.random.default_rng([seed, 4]))
    # Rounding the running sum, not each step, keeps drizzle and every published sum.
    tenths = np.floor(np.cumsum(truth, axis=0, dtype=np.float64) * 10 + 1e-2)
    return (np.diff(tenths, axis=0, prepend=0.0) / 10).astype(np.float32)


def _nearness(sigma: float) -> Field:
    """1 at the published gauges, falling off over ``sigma`` cells."""
    near = [np.exp(-0.5 * (cells_from(*cell_of(p.lat, p.lon)) / sigma) ** 2) for p in PINS]
    return np.asarray(np.max(near, axis=0), dtype=np.float32)


def _targets() -> NDArray[np.float64]:
    """Totals of the gauges, largest first, that fill the classes and have the city's mean.

    Within a class the totals follow a truncated exponential whose steepness, one for all classes, is found by bisection.
    """
    pins = np.array([p.total_mm for p in PINS])

    def fill(steepness: float) -> NDArray[np.float64]:
        parts = [pins]
        for low, high, count in CLASSES:
            n = count - (len(pins) if low == 250.0 else 0)
            p = 1 - (np.arange(n) + 0.5) / n
            part = -np.log1p(-p * -np.expm1(-steepness)) / steepness
            parts.append(np.floor((low + (high - low) * part) * 10) / 10)
        return np.concatenate(parts)

    flat, steep = 0.1, 20.0
    for _ in range(50):
        middle = (flat + steep) / 2
        flat, steep = (middle, steep) if fill(middle).mean() > CITY_MEAN_MM else (flat, middle)
    return fill(steep)


def _totals(places: tuple[Gauge, ...], rng: np.random.Generator, pinned: Field) -> Field:
    """Rain to the bulletin in mm, (NY, NX): a smooth random field falling off to the north-west, mapped by rank."""
    score = -_from_core() / 55 + 0.30 * noise(rng, 1, 11.0)[0] + 0.10 * noise(rng, 1, 4.0)[0]
    top = float(score.max())
    score = score + pinned * (top - score)
    # A narrow rise orders the three; no other gauge stands within four cells of them.
    for rank, pin in enumerate(PINS):
        score += 0.02 * (len(PINS) - rank) * np.exp(-0.5 * (cells_from(*cell_of(pin.lat, pin.lon)) / 1.5) ** 2)
    at = np.array([score[g.row, g.col] for g in places], dtype=np.float64)
    order = np.argsort(at)
    return np.asarray(np.interp(score, at[order], _targets()[::-1]), dtype=np.float32)


def _from_core() -> Field:
    """Kilometres from the core of the rain, longer across the coast than along it."""
    row, col = cell_of(30.90, 121.76)
    north = (np.arange(NY)[:, None] - row) * KM_NORTH
    east = (np.arange(NX)[None, :] - col) * KM_EAST
    along, across = (east + north) / np.sqrt(2), (north - east) / np.sqrt(2)
    return np.asarray(np.hypot(along * 0.8, across), dtype=np.float32)


def _in_time(totals: Field, rng: np.random.Generator, pinned: Field) -> Field:
    """The totals spread over the steps, (STEPS, NY, NX) mm: showers, the landfall, and the main rain that spreads north-west."""
    t = hours()[:, None, None]
    texture = 0.8 * _moving_texture(rng) * (1 - pinned)
    delay = np.clip(_from_core() * 0.040, 0, 3.4) * (1 - pinned) + 0.25 * noise(rng, 1, 10.0)[0] * (1 - pinned)
    age = np.clip((t - 0.4 - delay) / (0.8 + 0.1 * delay), 0, None)
    main = age**2 * np.exp(-age + texture) * (t < 12)
    main[index_of(BULLETIN) + 1 :] *= 1 - pinned
    landfall = np.exp(-0.5 * ((t + 3.3) / 1.6) ** 2 + texture) * (t < 2)
    showers = np.clip(texture - 0.6, 0.01, None) * ((t < -6) & (t > -30))
    share = 0.04 + 0.30 * np.exp(-totals / 25)
    until = index_of(BULLETIN) + 1
    out = np.zeros((STEPS, NY, NX), dtype=np.float32)
    for part, weight in ((main, 0.98 - share), (landfall, share), (showers, 0.02)):
        out += part * (weight * totals / part[:until].sum(axis=0))
    return _under_ceiling(out, totals)


def _moving_texture(rng: np.random.Generator) -> Field:
    """Rain cells that drift north-west one cell a step and live about an hour; unit variance, (STEPS, NY, NX)."""
    fresh = noise(rng, STEPS, 4.5)
    for step in range(1, STEPS):
        fresh[step] = 0.85 * np.roll(fresh[step - 1], (1, -1), (0, 1)) + np.sqrt(1 - 0.85**2) * fresh[step]
    return fresh


def _under_ceiling(rain_mm: Field, totals: Field) -> Field:
    """Smooth in time the cells whose wettest hour passes the ceiling, until none does; totals stay."""
    until = index_of(BULLETIN) + 1
    over = running(rain_mm, 6).max(axis=0) > _HOURLY_CEILING_MM
    for _ in range(60):
        if not over.any():
            return rain_mm
        cells = np.pad(rain_mm[:, over], ((1, 1), (0, 0)))
        smooth = 0.25 * cells[:-2] + 0.5 * cells[1:-1] + 0.25 * cells[2:]
        smooth *= totals[over] / smooth[:until].sum(axis=0)
        rain_mm[:, over] = smooth
        over[over] = running(smooth, 6).max(axis=0) > _HOURLY_CEILING_MM
    raise AssertionError("the hourly ceiling cannot be kept")


def running(rain_mm: Field, steps: int) -> Field:
    """Sums over ``steps`` that end at each step from number ``steps - 1`` on."""
    total = np.cumsum(rain_mm, axis=0, dtype=np.float64)
    total[steps:] -= total[:-steps].copy()
    return total[steps - 1 :].astype(np.float32)


def _pin(rain_mm: Field, totals: Field, number: int) -> None:
    """Give one published gauge its published peak, and its neighbours a part of the change; totals stay."""
    pin = PINS[number]
    row, col = cell_of(pin.lat, pin.lon)
    until = index_of(BULLETIN) + 1
    # Where the window is unpublished, the wettest one is taken: raising it and lowering the rest keeps it the wettest.
    end = pin.peak_end or int(running(rain_mm[:, row : row + 1, col : col + 1], pin.peak_steps).argmax()) + pin.peak_steps - 1
    window = np.zeros(until, dtype=bool)
    window[end - pin.peak_steps + 1 : end + 1] = True
    near = np.exp(-0.5 * (cells_from(row, col) / 1.5) ** 2)
    for other, neighbour in enumerate(PINS):
        if other != number:
            near[cell_of(neighbour.lat, neighbour.lon)] = 0.0
    wet = (totals > 0) & (near > 0.01)
    before, weight = rain_mm[:until, wet], near[wet]
    share = before[window].sum(axis=0) / totals[wet]
    wanted = share + weight * (pin.peak_mm / pin.total_mm - share)
    before[window] *= wanted / share
    before[~window] *= (1 - wanted) / (1 - share)
    rain_mm[:until, wet] = before


def _afternoon(rng: np.random.Generator) -> Field:
    """The band over the north on the afternoon of the 20th, (STEPS, NY, NX) mm."""
    t = hours()
    out = np.zeros((STEPS, NY, NX), dtype=np.float32)
    for lat, lon, amount in _AFTERNOON:
        row, col = cell_of(lat + rng.uniform(-0.02, 0.02), lon + rng.uniform(-0.02, 0.02))
        shape = np.exp(-0.5 * ((t - _AFTERNOON_HOUR - rng.uniform(-0.1, 0.1)) / _AFTERNOON_SIGMA_H) ** 2) * (t > 13.5)
        where = amount * rng.uniform(0.95, 1.08) * np.exp(-0.5 * (cells_from(row, col) / 7.0) ** 2)
        out = np.maximum(out, (shape / shape.sum())[:, None, None] * where)
    return out
