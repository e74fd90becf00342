"""Stations: measurements of many places as fields on a "grid" of places, so that rules read them as they read cells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.observation import Observation, Quality
from geo.zone import Zone

#: The ``Provenance.source`` of fields of stations and of what is analysed from them.
GAUGES = "gauges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stations:
    """Measurements that passed the checks, as fields of shape (1, S); ``places`` are (name, lon, lat), only ever appended.

    ``recent`` are the checked observations of the last ``remembered`` hours, the rejected too: later checks look back
    at them. Fields are kept for ``reach``.
    """

    places: tuple[tuple[str, float, float], ...] = ()
    fields: tuple[GridField, ...] = ()
    recent: tuple[Observation, ...] = ()
    reach: timedelta = timedelta(hours=97)
    remembered: timedelta = timedelta(hours=6)

    @property
    def grid(self) -> Grid:
        return grid_of(len(self.places))

    @property
    def lons(self) -> NDArray[np.float64]:
        return np.array([lon for _, lon, _ in self.places], dtype=np.float64)

    @property
    def lats(self) -> NDArray[np.float64]:
        return np.array([lat for _, _, lat in self.places], dtype=np.float64)

    def with_checked(self, checked: Iterable[Observation]) -> tuple["Stations", tuple[GridField, ...]]:
        """The stations with more observations, and the fields that are new or have changed; only GOOD values go in.

        A value that comes again replaces the earlier one; a station that moved (1e-4°) is another place.
        """
        new = tuple(checked)
        if not new:
            return self, ()
        index = {place: number for number, place in enumerate(self.places)}
        for one in new:
            index.setdefault(_place(one), len(index))
        fields = {_key(field): _widened(field, len(index)) for field in self.fields}
        touched: dict[tuple[object, ...], None] = {}
        for one in (one for one in new if one.quality is Quality.GOOD):
            key = (one.variable, one.units, one.valid_time, one.window, one.statistic)
            if key not in touched:
                touched[key] = None
                fields[key] = _copied(fields[key]) if key in fields else _empty(one, len(index))
            fields[key].values[0, index[_place(one)]] = one.value
        newest = max(one.valid_time for one in (*self.recent, *new))
        again = {_same(one) for one in new}
        recent = tuple(one for one in self.recent if _same(one) not in again) + new
        kept = {key: field for key, field in fields.items() if field.valid_time > newest - self.reach}
        grown = replace(
            self, places=tuple(index), fields=tuple(kept.values()),
            recent=tuple(one for one in recent if one.valid_time > newest - self.remembered))
        return grown, tuple(fields[key] for key in touched)

    def inside(self, zones: Sequence[Zone]) -> list[NDArray[np.int64]]:
        """For each zone the positions of the stations in it."""
        tree = shapely.STRtree([shapely.Point(lon, lat) for _, lon, lat in self.places])
        return [np.sort(tree.query(zone.geometry, predicate="intersects")).astype(np.int64) for zone in zones]


def grid_of(count: int) -> Grid:
    """A grid that has places and no lattice: it cannot be laid over zones."""
    return Grid(kind="stations", ny=1, nx=count)


def _place(one: Observation) -> tuple[str, float, float]:
    return one.station, round(one.lon, 4), round(one.lat, 4)


def _same(one: Observation) -> tuple[object, ...]:
    return (*_place(one), one.variable, one.window, one.statistic, one.valid_time)


def _key(field: GridField) -> tuple[object, ...]:
    return field.variable, field.units, field.valid_time, field.window, field.statistic


def _widened(field: GridField, count: int) -> GridField:
    missing = count - field.grid.nx
    if not missing:
        return field
    return replace(field, values=np.pad(field.values, ((0, 0), (0, missing)), constant_values=np.nan), grid=grid_of(count))


def _copied(field: GridField) -> GridField:
    return replace(field, values=field.values.copy())


def _empty(one: Observation, count: int) -> GridField:
    return GridField(
        variable=one.variable, units=one.units, values=np.full((1, count), np.nan, dtype=np.float32), grid=grid_of(count),
        valid_time=one.valid_time, run_time=one.valid_time, window=one.window, statistic=one.statistic,
        provenance=Provenance(source=GAUGES, path=one.provenance.path))
