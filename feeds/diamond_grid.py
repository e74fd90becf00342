"""Diamond 4 and 11: a scalar and a wind on a regular grid."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from feeds import lattice
from feeds.diamond import MISSING, Diamond, grid_time
from feeds.errors import BadField, Truncated
from geo.field import GridField, Provenance
from geo.grid import Grid

_RAIN = re.compile(r"(\d+)\s*小时\S*?(?:降水|雨量|降雨)")
# Words in a title → (variable, unit, level).
_TITLES = (
    (("降水", "雨量", "降雨"), ("rain", "mm", "")), (("阵风",), ("wind_gust", "m s-1", "10 m")), (("风速",), ("wind_speed", "m s-1", "10 m")),
    (("相对湿度",), ("relative_humidity", "%", "2 m")), (("气温", "温度"), ("air_temperature", "degC", "2 m")),
    (("能见度",), ("visibility", "km", "")),
)  # fmt: skip
_NAMELESS = "micaps4"  # for overrides: set_variable and set_units


def scalar(diamond: Diamond, provenance: Provenance) -> Iterator[GridField]:
    """``Y M D H lead level dlon dlat lon0 lon1 lat0 lat1 nlon nlat`` and five words on contours, then nlat rows of nlon from lat0."""
    run, lead, told = grid_time(diamond)
    shape = _Shape.read(diamond, 6)
    if shape is None:
        raise BadField(f"{diamond.file}: steps and corners of its head make no grid; the head of diamond 4 has another layout")
    (rows,) = _blocks(diamond, shape, start=19, count=1)
    variable, units, level = _named(diamond.title)
    window = timedelta(hours=int(match[1])) if (match := _RAIN.search(diamond.title)) else None
    level = level or _level(diamond.whole(5))
    yield _field(rows, shape, run=run, lead=lead, told=told, provenance=provenance, variable=variable, units=units, level=level,
                 window=window, statistic="sum" if variable == "rain" and window else "instant" if variable != "rain" else "unknown")


def vector(diamond: Diamond, provenance: Provenance) -> Iterator[GridField]:
    """As diamond 4 up to nlat (some writers leave the level out), then all of u, then all of v, in m/s."""
    run, lead, told = grid_time(diamond)
    for start in (6, 5):
        shape = _Shape.read(diamond, start)
        if shape is not None:
            level = _level(diamond.whole(5)) if start == 6 else ""
            break
    else:
        raise BadField(f"{diamond.file}: steps and corners of its head make no grid; the head of diamond 11 has another layout")
    blocks = _blocks(diamond, shape, start=start + 8, count=2)
    for index, (rows, variable) in enumerate(zip(blocks, ("eastward_wind", "northward_wind"), strict=True), start=1):
        yield _field(rows, shape, run=run, lead=lead, told=told, provenance=replace(provenance, index=index), variable=variable,
                     units="m s-1", level=level, window=None, statistic="instant")


class _Shape:
    """The lattice of a head: ``lat0`` is the latitude of the first row, and rows run towards ``lat1`` whatever sign the step has."""

    def __init__(self, dlon: float, dlat: float, corners: tuple[float, float, float, float], nlon: int, nlat: int) -> None:
        self.dlon, self.dlat = abs(dlon), abs(dlat)
        self.lon0, self.lon1, self.lat0, self.lat1 = corners
        self.nlon, self.nlat = nlon, nlat

    @classmethod
    def read(cls, diamond: Diamond, start: int) -> "_Shape | None":
        """None when the eight words from ``start`` are no steps, corners and counts that fit together (to half a step)."""
        words = [diamond.number(start + offset) for offset in range(8)]
        dlon, dlat, lon0, lon1, lat0, lat1, nlon, nlat = words
        if nlon != int(nlon) or nlat != int(nlat) or min(nlon, nlat) < 2 or 0 in (dlon, dlat):
            return None
        if abs(lon0 + (nlon - 1) * abs(dlon) - lon1) > abs(dlon) / 2 or abs(abs(lat1 - lat0) - (nlat - 1) * abs(dlat)) > abs(dlat) / 2:
            return None
        if not -90 <= min(lat0, lat1) < max(lat0, lat1) <= 90:
            return None
        return cls(dlon, dlat, (lon0, lon1, lat0, lat1), int(nlon), int(nlat))

    def on_grid(self, rows: NDArray[np.floating]) -> tuple[Grid, NDArray[np.floating]]:
        north_first = self.lat0 > self.lat1
        return lattice.regular(rows[::-1] if north_first else rows, south=min(self.lat0, self.lat1), dlat=self.dlat,
                               west=self.lon0, dlon=self.dlon)


def _blocks(diamond: Diamond, shape: _Shape, *, start: int, count: int) -> list[NDArray[np.float64]]:
    size = shape.nlon * shape.nlat
    have = len(diamond.words) - start
    if have < size * count:
        raise Truncated(f"{diamond.file}: the head says {count} x {size} values and {max(have, 0)} follow; fetch it again")
    if have > size * count:
        raise BadField(f"{diamond.file}: the head says {count} x {size} values and {have} follow; the head has another layout")
    try:
        values = np.array(diamond.words[start:], dtype=np.float64)
    except ValueError as fault:
        raise BadField(f"{diamond.file}: a value is no number ({fault}); the file may be damaged, fetch it again") from fault
    values[values == MISSING] = np.nan
    return [block.reshape(shape.nlat, shape.nlon) for block in np.split(values, count)]


def _field(
    rows: NDArray[np.float64], shape: _Shape, *, run: datetime, lead: timedelta, told: str, provenance: Provenance, variable: str,
    units: str, level: str, window: timedelta | None, statistic: str,
) -> GridField:  # fmt: skip
    grid, values = shape.on_grid(rows)
    missing = int(np.count_nonzero(np.isnan(values)))
    known = values[~np.isnan(values)]
    return GridField(
        variable=variable, units=units, values=values, grid=grid, run_time=run, valid_time=run + lead, window=window, statistic=statistic,
        level=level, missing_count=missing, raw_min=float(known.min()) if known.size else float("nan"),
        raw_max=float(known.max()) if known.size else float("nan"),
        provenance=replace(provenance, corrections=(*provenance.corrections, told) if told else provenance.corrections))


def _named(title: str) -> tuple[str, str, str]:
    return next((named for words, named in _TITLES if any(word in title for word in words)), (_NAMELESS, "", ""))


def _level(level: int) -> str:
    """hPa aloft; 0 and codes below it are the ground's, and up to 10 it is a height above it."""
    return "" if level <= 0 else f"{level} m" if level <= 10 else f"{level} hPa"
