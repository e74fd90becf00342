"""The field board: what the map can show of the newest data, kept once per process however many consoles are open."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from geo.field import GridField
from geo.glass import Glass, glass
from geo.observation import Observation
from geo.picture_layer import Extent
from geo.picture_ramp import Ramp
from geo.portrait import ramp_of
from geo.track import Track
from warning.errors import NotFound
from warning.store.payloads import Kept, newest_payloads
from warning.watch.mapdata import MapData, extent_of
from warning.web.parts import Parts

MOST_FRAMES, MOST_LAYERS, MOST_PICTURES = 72, 12, 160
_BEFORE = timedelta(hours=3)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One moment of a layer; ``key`` names its picture and changes with its data."""

    key: str
    field: GridField


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layer:
    """The moments of one quantity of one source, in order of time; one ramp for all, so that a colour means the same at every moment."""

    key: str
    variable: str
    source: str
    window: timedelta | None
    units: str
    ramp: Ramp
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Board:
    """``version`` is another for every change. ``faults``: what could not be read, and is therefore not on the map."""

    version: int = 0
    layers: tuple[Layer, ...] = ()
    gauges: tuple[Observation, ...] = ()
    tracks: tuple[Track, ...] = ()
    faults: tuple[str, ...] = ()
    pictured: Mapping[str, tuple[Layer, GridField]] = field(default_factory=dict)


class FieldBoard:
    """Reads a payload when it has become the newest, in the background: no page waits for a file."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.extent: Extent = extent_of(parts.zones)
        self._read: dict[UUID, tuple[str, MapData]] = {}
        self._board = Board()
        self._loading: asyncio.Task[None] | None = None
        self._pictures: OrderedDict[str, Glass] = OrderedDict()

    async def board(self, *, wait: bool = False) -> Board:
        """As it stands; new payloads are begun to be read. ``wait`` until they have been."""
        wanted = await newest_payloads(self._parts.database)
        if {one.id for one in wanted} != set(self._read) and (self._loading is None or self._loading.done()):
            self._loading = asyncio.create_task(self._load(wanted), name="the map's fields")
        if wait and self._loading is not None:
            await self._loading
        return self._board

    async def picture(self, key: str) -> Glass:
        """Drawn once. Raises NotFound for a moment that is not on the board any more."""
        if key not in self._pictures:
            found = (await self.board(wait=key not in self._board.pictured)).pictured.get(key)
            if found is None:
                raise NotFound(f"no picture {key}: newer data have come; GET /api/fields lists what there is")
            layer, shown = found
            self._pictures[key] = await asyncio.to_thread(glass, shown.grid, shown.values, layer.ramp, self.extent)
            while len(self._pictures) > MOST_PICTURES:
                self._pictures.popitem(last=False)
        self._pictures.move_to_end(key)
        return self._pictures[key]

    async def _load(self, wanted: Sequence[Kept]) -> None:
        kept = {one.id: self._read[one.id] for one in wanted if one.id in self._read}
        for one in wanted:
            if one.id not in kept:
                kept[one.id] = (one.source, await asyncio.to_thread(self._parts.map_data, one.path, one.source))
        self._read = {one.id: kept[one.id] for one in wanted}
        self._board = await asyncio.to_thread(board_of, [data for _, data in self._read.values()], self._board.version + 1)


def board_of(read: Sequence[MapData], version: int) -> Board:
    """Pure: what has been read, oldest first, put in order."""
    layers = _layers([shown for data in read for shown in data.fields])
    newest: dict[tuple[str, str], Observation] = {}
    for data in read:
        for one in data.observations:
            key = one.station, one.variable
            if key not in newest or one.valid_time >= newest[key].valid_time:
                newest[key] = one
    tracks = {(track.number or track.name, track.centre): track for data in read for track in data.tracks}
    return Board(
        version=version, layers=layers, gauges=tuple(newest.values()), tracks=tuple(tracks.values()),
        faults=tuple(dict.fromkeys(fault for data in read for fault in data.faults)),
        pictured={frame.key: (layer, frame.field) for layer in layers for frame in layer.frames})


def _layers(fields: Sequence[GridField]) -> tuple[Layer, ...]:
    """Of each quantity the newest run's moments ahead and the analyses of its last hours; of two of one moment the newer run."""
    groups: dict[tuple[str, str, str, timedelta], list[GridField]] = {}
    for shown in fields:
        groups.setdefault((shown.provenance.source, shown.variable, shown.statistic, shown.window or timedelta()), []).append(shown)
    made = []
    for (source, variable, statistic, window), group in groups.items():
        run = max(shown.run_time for shown in group)
        at: dict[datetime, GridField] = {}
        for shown in sorted(group, key=lambda one: one.run_time):
            if shown.valid_time > run - _BEFORE and (shown.run_time == run or shown.lead <= timedelta()):
                at[shown.valid_time] = shown
        moments = [at[moment] for moment in sorted(at)][:MOST_FRAMES]
        name = f"{source}/{variable}/{statistic}/{window.total_seconds():g}"
        made.append(Layer(
            key=name, variable=variable, source=source, window=window or None, units=moments[0].units,
            ramp=ramp_of(moments[0], _span(moments)), frames=tuple(Frame(key=_key(name, one), field=one) for one in moments)))
    return tuple(sorted(made, key=lambda layer: (_RANK.get(layer.variable, len(_RANK)), layer.source, layer.key)))[:MOST_LAYERS]


_RANK = {name: place for place, name in enumerate((
    "rain", "wind_gust", "wind_speed", "snow_water", "visibility", "air_temperature", "road_temperature", "ground_temperature"))}
"""What is looked at first."""


def _span(moments: Sequence[GridField]) -> list[float]:
    """Lowest and highest of all moments, so that they share one scale."""
    known = [float(edge(one.values[np.isfinite(one.values)])) for one in moments if np.isfinite(one.values).any() for edge in (np.min, np.max)]
    return [min(known), max(known)] if known else []


def _key(name: str, shown: GridField) -> str:
    """What a picture hangs on: the file it came from and the moment in it."""
    told = f"{name}|{shown.run_time.isoformat()}|{shown.valid_time.isoformat()}|{shown.provenance.path}|{shown.provenance.index}"
    return hashlib.sha256(told.encode()).hexdigest()[:20]
