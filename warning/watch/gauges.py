"""Gauges: what stations say by themselves, without a grid: those over a row's threshold, and those that contradict a forecast."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import structlog
from numpy.typing import NDArray

from geo.criterion import Comparison, Criterion, comparisons
from geo.derive import DeriveError, history, series
from geo.exceedance import exceeding_cells
from geo.quantity import Quantity
from geo.regrid import RegridError, onto
from geo.series import Series
from geo.stations import Stations
from geo.units import UnitError
from geo.zone import Zone
from warning.watch.window import Window

log = structlog.get_logger()

#: A reading older than this is no longer "now".
FRESH = timedelta(minutes=30)
#: So many gauges of a zone, so many mm and such a factor make a contradiction.
_ENOUGH, _APART_MM, _FACTOR = 3, 10.0, 2.0
_LONGEST_SAID = timedelta(hours=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeReading:
    """A station over a threshold: ``value`` in ``units`` at ``at``, read against ``test`` ("rain/1h [mm] >= 35")."""

    station: str
    value: float
    units: str
    test: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """Over the ``hours`` to now ``said`` mm were forecast where ``gauges`` stations of the zone measured ``measured`` (means)."""

    hours: float
    said: float
    measured: float
    gauges: int


class Gauges:
    """The stations of one moment and the zones they stand in."""

    def __init__(self, window: Window, zones: Sequence[Zone], *, now: datetime) -> None:
        self._window = window
        self._stations: Stations = window.stations
        self._now = now
        self._zones = tuple(zones)
        self._known: dict[Quantity, Series | None] = {}
        self._inside = self._stations.inside(zones) if self._stations.places else []

    def over(self, criterion: Criterion, *, site: str = "") -> dict[str, tuple[GaugeReading, ...]]:
        """By zone the stations that meet the criterion within the last FRESH, the one furthest beyond its threshold first.

        ``site``: the name of a station at which the criterion is read; it answers under its own name, wherever it stands.
        """
        if not self._inside:
            return {}
        have = {leaf.quantity: one for leaf in comparisons(criterion) if (one := self._series(leaf.quantity)) is not None}
        if not have:
            return {}
        met = exceeding_cells(criterion, have, self._stations.grid, start=self._now - FRESH, end=self._now).exceeding[0]
        found: dict[str, tuple[GaugeReading, ...]] = {}
        named = np.array([number for number, (name, _, _) in enumerate(self._stations.places) if name == site], dtype=np.int64)
        for code, inside in [(zone.code, own) for zone, own in zip(self._zones, self._inside, strict=True)] + [(site, named)] * bool(site):
            readings = [self._reading(criterion, have, int(station)) for station in inside[met[inside]]]
            ranked = sorted((one for one in readings if one is not None), key=lambda one: -one[0])
            if ranked:
                found[code] = tuple(reading for _, reading in ranked)
        return found

    def against(self, leaf: Comparison) -> dict[str, Disagreement]:
        """By zone where the rain that was forecast for the last hours and the rain that was measured are far apart."""
        window = leaf.quantity.window
        if not self._inside or leaf.quantity.name != "rain" or window is None or window > _LONGEST_SAID:
            return {}
        measured, said = self._at_now(self._series(leaf.quantity)), self._said(leaf.quantity)
        if measured is None or said is None:
            return {}
        found: dict[str, Disagreement] = {}
        both = np.isfinite(measured) & np.isfinite(said)
        for zone, inside in zip(self._zones, self._inside, strict=True):
            own = inside[both[inside]]
            if own.size < _ENOUGH:
                continue
            low, high = sorted((float(said[own].mean()), float(measured[own].mean())))
            if high - low >= _APART_MM and high >= _FACTOR * low:
                found[zone.code] = Disagreement(
                    hours=window / timedelta(hours=1), said=float(said[own].mean()), measured=float(measured[own].mean()), gauges=int(own.size))
        return found

    def _series(self, quantity: Quantity) -> Series | None:
        if quantity not in self._known:
            since = self._now - history(quantity) - FRESH
            fields = [field for field in self._stations.fields if since < field.valid_time <= self._now]
            try:
                self._known[quantity] = series(quantity, fields, now=self._now)
            except (DeriveError, UnitError) as error:
                log.error("what stations measured could not be derived and stays unknown", quantity=str(quantity), why=str(error))
                self._known[quantity] = None
        return self._known[quantity]

    def _at_now(self, found: Series | None) -> NDArray[np.float32] | None:
        """(S,) at the latest time within FRESH."""
        if found is None:
            return None
        times = [position for position, time in enumerate(found.times) if self._now - FRESH < time <= self._now]
        return None if not times else found.values[times[-1], 0]

    def _said(self, quantity: Quantity) -> NDArray[np.float32] | None:
        """(S,) what was forecast for the window that ends now, at the stations' places."""
        fields = [field for field in self._window.said if field.variable == quantity.name]
        regular = [field.grid for field in fields if field.grid.regular]
        if not regular:
            return None
        grid = min(regular, key=lambda one: one.dlat * one.dlon)
        try:
            found = series(quantity, [onto(field, grid) for field in fields if field.grid.regular], now=self._now)
        except RegridError:
            return None
        if found is None or self._now not in found.times:
            return None
        rows = np.floor((self._stations.lats - grid.lat0) / grid.dlat + 0.5).astype(np.int64)
        cols = np.floor((self._stations.lons - grid.lon0) / grid.dlon + 0.5).astype(np.int64)
        inside = (rows >= 0) & (rows < grid.ny) & (cols >= 0) & (cols < grid.nx)
        values = found.values[found.times.index(self._now)]
        return np.where(inside, values[np.clip(rows, 0, grid.ny - 1), np.clip(cols, 0, grid.nx - 1)], np.nan)

    def _reading(self, criterion: Criterion, have: Mapping[Quantity, Series], station: int) -> tuple[float, GaugeReading] | None:
        """The comparison that the station passes by most (in parts of the threshold), with its newest value that does."""
        best: tuple[float, GaugeReading] | None = None
        for leaf in comparisons(criterion):
            found = have.get(leaf.quantity)
            for position, time in enumerate(found.times if found is not None else ()):
                if found is None or time <= self._now - FRESH:
                    continue
                value = float(found.values[position, 0, station])
                beyond = (value - leaf.value) * (1 if leaf.operator in (">=", ">") else -1)
                if not beyond >= 0:
                    continue
                margin = beyond / (abs(leaf.value) or 1.0)
                if best is None or margin >= best[0]:
                    best = margin, GaugeReading(
                        station=self._stations.places[station][0], value=value, units=leaf.quantity.units, test=str(leaf), at=time)
        return best
