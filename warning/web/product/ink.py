"""Ink: what stands on a sheet, in pixels from its upper left corner; the image and the PDF draw the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A filled rectangle."""

    x: int
    y: int
    wide: int
    high: int
    fill: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One line of text that begins at ``x`` with its base line at ``y``; ``halo`` is a white rim."""

    x: int
    y: int
    text: str
    size: int
    colour: str
    halo: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Polygons in pixels of the sheet, cut off at the ``frame`` (x, y, wide, high)."""

    frame: tuple[int, int, int, int]
    geometries: Sequence[BaseGeometry]
    fill: str = ""
    line: str = ""
    width: float = 1.0
    opacity: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slanted:
    """A mark across the sheet, rising by 30 degrees, with its middle at ``x``, ``y``."""

    x: int
    y: int
    text: str
    size: int
    colour: str
    opacity: float


Ink = Box | Words | Ground | Slanted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """``wide`` × ``high`` pixels, laid one over the other in their order on white."""

    wide: int
    high: int
    ink: Sequence[Ink]
