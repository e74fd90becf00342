"""Map data: what the console's map shows of a payload: its fields cut to the deployment's ground, its gauges, its cyclones' tracks."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from feeds.errors import FeedError, PartlyRead
from feeds.format import read
from feeds.override import Overrides
from feeds.reading import Contents, Reading
from feeds.table import Tables
from geo.field import GridField
from geo.observation import Observation
from geo.picture_layer import Extent
from geo.track import Track
from geo.zone import ZoneSet

_ROOM = 0.15
_SHOWN = ("instant", "sum", "mean", "max", "min")
"""What a forecaster reads as a map; chances and members have the page that explains a proposal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapData:
    """``faults`` say what of the file could not be read, so that a map without it is not taken for a calm one."""

    fields: tuple[GridField, ...] = ()
    observations: tuple[Observation, ...] = ()
    tracks: tuple[Track, ...] = ()
    faults: tuple[str, ...] = ()


def extent_of(zones: ZoneSet) -> Extent:
    """The deployment's ground with room around it, so that what is on its way is seen."""
    return Extent.of([zone.geometry for zone in zones], margin=_ROOM)


def map_data(path: Path, source: str, *, overrides: Overrides, tables: Tables, extent: Extent) -> MapData:
    """Whatever of the file can be shown; a file that is not there or cannot be read is a fault, not an exception."""
    readings: list[Reading] = []
    faults: tuple[str, ...] = ()
    try:
        readings.extend(read(path, source=source, overrides=overrides, tables=tables))
    except PartlyRead as error:
        faults = error.faults
    except (FeedError, OSError, ValueError) as error:  # a library's own complaint about a file is a ValueError
        faults = (f"{path.name}: {error}",)
    found = Contents.of(readings, faults=faults)
    return MapData(
        fields=tuple(_cut(found.fields, extent)), tracks=found.tracks, faults=faults,
        observations=tuple(one for one in found.observations if extent.west <= one.lon <= extent.east and extent.south <= one.lat <= extent.north))


def _cut(fields: Iterable[GridField], extent: Extent) -> Iterable[GridField]:
    for field in fields:
        grid = field.grid
        if field.member is not None or field.statistic not in _SHOWN or not grid.regular:
            continue
        rows = np.flatnonzero((grid.lats + grid.dlat >= extent.south) & (grid.lats - grid.dlat <= extent.north))
        # A grid may run past the date line: columns are counted eastward from the window's western edge.
        east = (grid.lons - extent.west + grid.dlon) % 360.0 - grid.dlon
        columns = np.flatnonzero((east >= -grid.dlon) & (east <= extent.east - extent.west + grid.dlon))
        if not len(rows) or not len(columns) or np.any(np.diff(columns) != 1):
            continue
        south, west = int(rows[0]), int(columns[0])
        part = np.asarray(field.values[south : int(rows[-1]) + 1, west : int(columns[-1]) + 1], dtype=np.float32).copy()
        lon0 = (grid.lon0 + west * grid.dlon + 180.0) % 360.0 - 180.0
        yield replace(field, values=part, grid=replace(
            grid, ny=part.shape[0], nx=part.shape[1], lat0=grid.lat0 + south * grid.dlat, lon0=lon0))
