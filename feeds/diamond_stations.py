"""Diamond 1 and 3: a surface plot with its fixed columns, and one element at scattered stations."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.diamond import Diamond, optional
from feeds.errors import BadField, PartlyRead, Truncated
from geo.field import Provenance
from geo.observation import Observation

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Element:
    variable: str
    units: str
    window: timedelta | None = None
    statistic: str = "instant"


# Column of diamond 1 → what it holds. Visibility in km; pressure coded, see _pressure.
_SURFACE = {
    6: _Element(variable="wind_from_direction", units="degree"), 7: _Element(variable="wind_speed", units="m s-1"),
    8: _Element(variable="sea_level_pressure", units="hPa"), 12: _Element(variable="rain", units="mm", window=6 * _HOUR, statistic="sum"),
    16: _Element(variable="dew_point_temperature", units="degC"), 17: _Element(variable="visibility", units="km"),
    19: _Element(variable="air_temperature", units="degC"),
}  # fmt: skip
_WIDTHS = (24, 26)  # without and with the 24 h changes of temperature and pressure
# Level of diamond 3 → element (the level is a code below zero).
_BY_LEVEL = {
    -1: _Element(variable="rain", units="mm", window=6 * _HOUR, statistic="sum"),
    -2: _Element(variable="rain", units="mm", window=24 * _HOUR, statistic="sum"),
    -3: _Element(variable="air_temperature", units="degC"),
}
_RAIN_TITLE = re.compile(r"(\d+)\s*小时\S*?(?:降水|雨量|降雨)")


def surface(diamond: Diamond, provenance: Provenance) -> Iterator[Observation]:
    """``Y M D H n``, then n stations of 24 or 26 columns. Truncated, after the whole stations, when there are fewer."""
    at, count, start = diamond.time(0), diamond.whole(4), 5
    words = len(diamond.words) - start
    width = next((width for width in _WIDTHS if words == count * width), 0) or _width(diamond, start)
    whole = min(count, words // width)
    faults: list[str] = []
    for row in range(whole):
        column = start + row * width
        try:
            values = diamond.numbers(column + 1, width - 1)
        except BadField as fault:
            faults.append(f"station {diamond.words[column]}: {fault}")
            continue
        for position, element in _SURFACE.items():
            value = values[position - 1]
            if element.variable == "sea_level_pressure":
                value = _pressure(value)
            yield from _observation(diamond.words[column], values, value, element, at, provenance)
    _complete(diamond, count, whole, faults=faults, extra=words - count * width)


def scattered(diamond: Diamond, provenance: Provenance) -> Iterator[Observation]:
    """``Y M D H level``, contours, a border, the counts, then ``id lon lat altitude value …``."""
    at, level = diamond.time(0), diamond.whole(4)
    start = 6 + diamond.whole(5) + 2  # the contours' own numbers, smoothing and bold line
    start += 1 + 2 * diamond.whole(start)  # the border's corners
    elements, count = diamond.whole(start), diamond.whole(start + 1)
    start, width = start + 2, 4 + elements
    element = _BY_LEVEL.get(level) or _by_title(diamond.title)
    if element is None:
        raise BadField(f"{diamond.file}: neither level {level} nor the title {diamond.title!r} tells what is measured; known are levels "
                       f"-1 (rain of 6 h), -2 (rain of 24 h), -3 (temperature) and titles such as '1小时降水'")
    words = len(diamond.words) - start
    whole = min(count, words // width)
    faults: list[str] = []
    for row in range(whole):
        column = start + row * width
        try:
            values = diamond.numbers(column + 1, width - 1)
        except BadField as fault:
            faults.append(f"station {diamond.words[column]}: {fault}")
            continue
        yield from _observation(diamond.words[column], values, values[3], element, at, provenance)
    _complete(diamond, count, whole, faults=faults, extra=words - count * width)


def _observation(
    station: str, values: list[float], value: float, element: _Element, at: datetime, provenance: Provenance
) -> Iterator[Observation]:
    """The value at a station, unless it or the place is missing; ``values`` begin with longitude, latitude and altitude."""
    lon, lat, altitude = values[:3]
    if not (math.isnan(value) or math.isnan(lon) or math.isnan(lat)):
        yield Observation(
            station=station, lon=lon, lat=lat, elevation=optional(altitude), variable=element.variable, units=element.units, value=value,
            valid_time=at, window=element.window, statistic=element.statistic, provenance=provenance)


def _pressure(code: float) -> float:
    """hPa of three coded digits: 117 is 1011.7, 983 is 998.3."""
    return code / 10 + (900 if code > 600 else 1000)


def _width(diamond: Diamond, start: int) -> int:
    """The columns of a file that is cut: the width at which the second station has a place on Earth, and no value does."""
    for width in _WIDTHS:
        place = diamond.words[start + width + 1 : start + width + 3]
        if len(place) == 2 and all("." in word for word in place):
            return width
    return _WIDTHS[0]


def _complete(diamond: Diamond, count: int, whole: int, *, faults: list[str], extra: int) -> None:
    """What was not read, after all that was."""
    if whole < count:
        raise Truncated(f"{diamond.file}: the head says {count} stations and {whole} are whole; fetch it again")
    if extra:
        raise BadField(f"{diamond.file}: {extra} words follow the last of {count} stations; the head may be another file's")
    if faults:
        raise PartlyRead(diamond.file, tuple(faults))


def _by_title(title: str) -> _Element | None:
    if match := _RAIN_TITLE.search(title):
        return _Element(variable="rain", units="mm", window=int(match[1]) * _HOUR, statistic="sum")
    if "气温" in title or "温度" in title:
        return _Element(variable="air_temperature", units="degC")
    return None
