"""Report: one station's elements in the order of a BUFR message, and what they say together.

In BUFR a value stands under what came before it: a height, an interval of time, a mark that it is a spread. WMO-No. 306,
templates TM 307079, 307080, 307096 and WIGOS's 301150.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from feeds.errors import BadField
from geo.field import Provenance
from geo.observation import Observation

_HOUR = timedelta(hours=1)
_SCREEN = (1.0, 3.0)  # where air is measured; 5 cm is the grass
_MAST = (5.0, math.inf)  # wind below is that of the traffic
_OF_WMO = (0.0, 20000.0, 0.0)  # then the local identifier is block and number, as other feeds call the station
_MINUTES = {"min": 1.0, "h": 60.0, "s": 1 / 60, "d": 1440.0}


@dataclass(frozen=True, slots=True)
class _Meaning:
    variable: str
    units: str
    statistic: str = "instant"
    window: timedelta | None = None  # told by the name itself
    under_period: bool = False  # holds for the interval before it
    heights: tuple[float, float] = (0.0, math.inf)  # m above ground at which it is what we mean


_MEANINGS = {
    "airTemperature": _Meaning("air_temperature", "K", heights=_SCREEN),
    "dewpointTemperature": _Meaning("dew_point_temperature", "K", heights=_SCREEN),
    "relativeHumidity": _Meaning("relative_humidity", "%", heights=_SCREEN),
    "horizontalVisibility": _Meaning("visibility", "m"),
    "nonCoordinatePressure": _Meaning("pressure", "Pa"),
    "pressureReducedToMeanSeaLevel": _Meaning("sea_level_pressure", "Pa"),
    "windDirection": _Meaning("wind_from_direction", "degree", "mean", under_period=True, heights=_MAST),
    "windSpeed": _Meaning("wind_speed", "m s-1", "mean", under_period=True, heights=_MAST),
    "maximumWindGustSpeed": _Meaning("wind_gust", "m s-1", "max", under_period=True, heights=_MAST),
    "maximumWindSpeed10MinuteMeanWind": _Meaning("wind_speed", "m s-1", "max", under_period=True, heights=_MAST),
    "totalPrecipitationOrTotalWaterEquivalent": _Meaning("rain", "kg m-2", "sum", under_period=True),
    "totalPrecipitationPast1Hour": _Meaning("rain", "kg m-2", "sum", _HOUR),
    "totalPrecipitationPast3Hours": _Meaning("rain", "kg m-2", "sum", 3 * _HOUR),
    "totalPrecipitationPast6Hours": _Meaning("rain", "kg m-2", "sum", 6 * _HOUR),
    "totalPrecipitationPast12Hours": _Meaning("rain", "kg m-2", "sum", 12 * _HOUR),
    "totalPrecipitationPast24Hours": _Meaning("rain", "kg m-2", "sum", 24 * _HOUR),
    "maximumTemperatureAtHeightAndOverPeriodSpecified": _Meaning("air_temperature", "K", "max", under_period=True, heights=_SCREEN),
    "minimumTemperatureAtHeightAndOverPeriodSpecified": _Meaning("air_temperature", "K", "min", under_period=True, heights=_SCREEN),
    "groundMinimumTemperaturePast12Hours": _Meaning("ground_temperature", "K", "min", 12 * _HOUR),
}
_IDENTITY = ("blockNumber", "stationNumber", "wigosIdentifierSeries", "wigosIssuerOfIdentifier", "wigosIssueNumber",
             "wigosLocalIdentifierCharacter", "year", "month", "day", "hour", "minute", "latitude", "longitude",
             "heightOfStationGroundAboveMeanSeaLevel", "heightOfStation", "shortStationName", "shipOrMobileLandStationIdentifier")  # fmt: skip
_HEIGHT = "heightOfSensorAboveLocalGroundOrDeckOfMarinePlatform"
NAMES = frozenset((*_MEANINGS, *_IDENTITY, "timePeriod", "timeIncrement", "firstOrderStatistics", _HEIGHT))
OTHER = ""
"""What stands between two intervals and is none of ours: then they are not beginning and end of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element as decoded; ``units`` only of intervals."""

    name: str
    value: float | str | None
    units: str = ""


@dataclass(slots=True)
class Report:
    """The elements of one subset, filled by the reader."""

    elements: list[Element] = field(default_factory=list)

    def observations(self, provenance: Provenance) -> Iterator[Observation]:
        """One Observation a known value. Raises BadField for a report that tells no time, place or station."""
        first: dict[str, float | str | None] = {}
        for element in self.elements:  # later ones (of a second header, or rounded for a database) are others' repetitions
            if first.get(element.name) is None:
                first[element.name] = element.value
        at, station = _time(first), _station(first)
        lat, lon = first.get("latitude"), first.get("longitude")
        if not isinstance(lat, float) or not isinstance(lon, float):
            raise BadField(f"station {station} has no place; ask its provider to report one")
        height = first.get("heightOfStationGroundAboveMeanSeaLevel") or first.get("heightOfStation")
        for meaning, value, window, end in _under_intervals(self.elements):
            flags: tuple[str, ...] = ()
            if meaning.variable == "rain" and -0.11 < value < 0:
                value, flags = 0.0, ("trace",)  # code -0.1: some rain, too little to measure
            yield Observation(
                station=station, lon=lon, lat=lat, elevation=height if isinstance(height, float) else None, variable=meaning.variable,
                units=meaning.units, value=value, valid_time=at + end, window=window, statistic=meaning.statistic, flags=flags,
                provenance=provenance)


def _under_intervals(elements: list[Element]) -> Iterator[tuple[_Meaning, float, timedelta | None, timedelta]]:
    """(meaning, value, window, end of it after the report's time) of each known value.

    One interval before a value is how far it reaches back; two are its beginning and its end.
    """
    periods: list[timedelta | None] = []
    height: float | None = None
    adjacent = left_out = False
    for element in elements:
        if element.name == "timePeriod":
            periods = [*periods, _period(element)] if adjacent else [_period(element)]
            adjacent, left_out = True, False
            continue
        adjacent = False
        if element.name == _HEIGHT:
            height = element.value if isinstance(element.value, float) else None
        elif element.name == "timeIncrement":
            left_out = element.value is not None  # a series within the report, minute by minute: its sum stands beside it
        elif element.name == "firstOrderStatistics":
            left_out = element.value is not None  # what follows is a deviation and no measurement, until this is called missing
        meaning, value = _MEANINGS.get(element.name), element.value
        if meaning is None or left_out or not isinstance(value, float) or not math.isfinite(value):
            continue
        if height is not None and not meaning.heights[0] <= height <= meaning.heights[1]:
            continue
        if not meaning.under_period:
            yield meaning, value, meaning.window, timedelta(0)
            continue
        begin = periods[-2] if len(periods) > 1 else periods[-1] if periods else None
        end = periods[-1] if len(periods) > 1 else timedelta(0)
        if begin is None or end is None or begin >= end:
            if meaning.statistic == "mean" and begin is None:
                yield meaning, value, None, timedelta(0)
            continue  # a sum or an extreme over an unknown time says nothing
        yield meaning, value, end - begin, end


def _period(element: Element) -> timedelta | None:
    minutes = _MINUTES.get(element.units)
    return None if minutes is None or not isinstance(element.value, float) else timedelta(minutes=element.value * minutes)


def _time(first: dict[str, float | str | None]) -> datetime:
    parts = [first.get(name) for name in ("year", "month", "day", "hour")]
    minute = first.get("minute")
    try:
        year, month, day, hour = (int(part) for part in parts if isinstance(part, float))
        return datetime(year, month, day, hour, int(minute) if isinstance(minute, float) else 0, tzinfo=UTC)
    except ValueError as fault:
        raise BadField("a report has no date and hour; ask its provider for whole reports") from fault


def _station(first: dict[str, float | str | None]) -> str:
    """WIGOS identifier, else block and number of WMO, else a ship's or the provider's own short name."""
    series, issuer, issue, local = (first.get(name) for name in _IDENTITY[2:6])
    if isinstance(series, float) and isinstance(issuer, float) and isinstance(issue, float) and local:
        return str(local) if (series, issuer, issue) == _OF_WMO else f"{series:.0f}-{issuer:.0f}-{issue:.0f}-{local}"
    block, number = first.get("blockNumber"), first.get("stationNumber")
    if isinstance(block, float) and isinstance(number, float):
        return f"{block:02.0f}{number:03.0f}"
    if name := first.get("shortStationName") or first.get("shipOrMobileLandStationIdentifier"):
        return str(name)
    raise BadField("a report names no station (neither WIGOS identifier nor block and number); ask its provider")
