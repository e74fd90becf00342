"""Layers: what a picture shows, from the ground up; places in degrees WGS 84, sizes in pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.grid import Grid
from geo.picture_ramp import Colour, Ramp


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldLayer:
    """``values`` (ny, nx) on a regular grid, each cell in the colour of its class; unknown ones are hatched, never left white."""

    grid: Grid
    values: NDArray[np.floating]
    ramp: Ramp
    opacity: float = 0.85


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneLayer:
    """Polygons with holes: filled when ``fill`` is a colour, outlined when ``line`` is one, ``hatched`` instead of evenly filled."""

    geometries: Sequence[BaseGeometry]
    fill: Colour = ""
    line: Colour = ""
    width: float = 1.2
    opacity: float = 0.5
    hatched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineLayer:
    """Lines, or the borders of polygons."""

    geometries: Sequence[BaseGeometry]
    colour: Colour
    width: float = 1.5
    opacity: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PointLayer:
    """Discs with a white rim at (longitude, latitude)."""

    points: Sequence[tuple[float, float]]
    colour: Colour
    radius: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelLayer:
    """Words centred on (longitude, latitude, text), with a white halo; of two that overlap the one named first stands."""

    labels: Sequence[tuple[float, float, str]]
    colour: Colour = "#1b2430"
    size: int = 13


Layer = FieldLayer | ZoneLayer | LineLayer | PointLayer | LabelLayer


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What the picture must show, degrees; it shows more on the sides where the paper is wider or higher."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        if not (self.west < self.east and -89 <= self.south < self.north <= 89):
            raise ValueError(f"extent {self.west}..{self.east}E {self.south}..{self.north}N encloses nothing; give west < east and south < north")

    @classmethod
    def of(cls, geometries: Sequence[BaseGeometry], *, margin: float = 0.06) -> "Extent":
        """Round all of them, with a ``margin`` as a part of the larger side."""
        bounds = np.array([geometry.bounds for geometry in geometries if not geometry.is_empty])
        if not len(bounds):
            raise ValueError("no geometry to draw a map round")
        (west, south), (east, north) = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
        room = margin * max(east - west, north - south, 0.01)
        return cls(west=float(west - room), south=float(south - room), east=float(east + room), north=float(north + room))


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filled mark before the title, such as the level of a warning."""

    text: str
    background: Colour
    ink: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the legend: a swatch, or a ``dot`` as points are drawn, and what it means."""

    text: str
    fill: Colour = ""
    line: Colour = ""
    hatched: bool = False
    dot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """Beside the map: the bar of ``ramp`` and the ``entries``; beneath it the ``notes`` (source, time), from the left, and ``mark`` on the right."""

    ramp: Ramp | None = None
    entries: Sequence[Entry] = ()
    notes: Sequence[str] = ()
    mark: str = ""
