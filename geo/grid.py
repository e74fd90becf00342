"""Grid: where the cells of a field lie."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A lattice of cells.

    Only ``kind="regular_ll"`` can be overlaid with zones: ``lat0``/``lon0`` (degrees, WGS 84) are the *centre* of
    the south-western cell, ``dlat``/``dlon`` are positive steps, row 0 is the southernmost, longitudes lie in
    [-180, 180) at ``lon0`` and rise from there. Readers turn rows and longitudes round until this holds.
    Other kinds (``regular_gg``, ``lambert``, ``rotated_ll`` …) keep shape and name only, with NaN geometry, so that an
    inventory can show them and an overlay can refuse them by name.
    """

    kind: str
    ny: int
    nx: int
    lat0: float = math.nan
    lon0: float = math.nan
    dlat: float = math.nan
    dlon: float = math.nan

    @property
    def shape(self) -> tuple[int, int]:
        return self.ny, self.nx

    @property
    def regular(self) -> bool:
        return self.kind == "regular_ll"

    @cached_property
    def lats(self) -> NDArray[np.floating]:
        """Cell centres south to north, degrees, shape (ny,)."""
        return self.lat0 + self.dlat * np.arange(self.ny, dtype=np.float64)

    @cached_property
    def lons(self) -> NDArray[np.floating]:
        """Cell centres west to east, degrees, shape (nx,)."""
        return self.lon0 + self.dlon * np.arange(self.nx, dtype=np.float64)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Outer edges (west, south, east, north), degrees."""
        west, south = self.lon0 - self.dlon / 2, self.lat0 - self.dlat / 2
        return west, south, west + self.nx * self.dlon, south + self.ny * self.dlat

    def cell_box(self, row: int, col: int) -> tuple[float, float, float, float]:
        """Edges of one cell (west, south, east, north), degrees."""
        west = self.lon0 + (col - 0.5) * self.dlon
        south = self.lat0 + (row - 0.5) * self.dlat
        return west, south, west + self.dlon, south + self.dlat

    def describe(self) -> str:
        """One line for people: ``regular_ll 131x141 0.01° 30.6..31.9N 120.8..122.2E``."""
        if not self.regular:
            return f"{self.kind} {self.ny}x{self.nx}"
        north, east = self.lat0 + (self.ny - 1) * self.dlat, self.lon0 + (self.nx - 1) * self.dlon
        return f"{self.kind} {self.ny}x{self.nx} {self.dlat:g}° {self.lat0:g}..{north:g}N {self.lon0:g}..{east:g}E"
