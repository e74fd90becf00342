"""Overlay: which share of each zone lies in which cell, exact cell × polygon areas."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array

from geo import overlay_store
from geo.grid import Grid
from geo.kernel import compiled, split
from geo.zone import Zone

# Relative tolerances: far above the rounding of the arithmetic, far below any area a rule could notice.
_SLIVER = 1e-10
_WHOLE = 1e-7
_TURNS = np.array([-360.0, 0.0, 360.0])

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


class OverlayError(ValueError):
    """This grid cannot be laid over zones; the message names its kind or what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlay:
    """``shares`` (zones × cells, CSR): area of (zone ∩ cell) / area of the zone; a cell is ``row * nx + col``.

    A row sums to ``coverage`` of its zone: 1 when the grid covers it, less when part of it lies outside the grid, and
    nobody can say anything of that part. A zone that touches a cell only in a corner or along an edge has no entry.
    """

    grid: Grid
    zones: tuple[Zone, ...]
    shares: csr_array[np.float64]
    coverage: Floats

    def cells(self, zone: int) -> Indices:
        """Flat indices of the cells with a share in the zone at this position."""
        start, stop = self.shares.indptr[zone], self.shares.indptr[zone + 1]
        return np.asarray(self.shares.indices[start:stop], dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """Key of the cache: the zones themselves are told apart by the fingerprint of their borders."""

    grid: Grid
    fingerprint: bytes
    store: Path | None = field(compare=False)
    zones: tuple[Zone, ...] = field(compare=False)


def overlay(grid: Grid, zones: Sequence[Zone], *, store: Path | None = None) -> Overlay:
    """Lay ``zones`` (WGS 84, valid polygons) over a regular grid; the sixteen latest results are kept.

    With ``store``, a folder, results are also kept on disk, by the fingerprint of grid and borders (``geo.overlay_store``).
    Areas are spherical: everything is done in the cylindrical equal-area plane (longitude, sin latitude), in which
    cells stay rectangles and areas are proportional to those on the sphere, so shares of a covered zone sum to one.
    Polygon edges are first cut to a cell's length, which keeps them on the straight lon/lat line they stand for.
    The area in each cell is Green's theorem on the pieces of the border (as font renderers do it), so the work grows
    with the length of the border, not with the area.
    Raises OverlayError for grids that are not ``regular_ll``.
    """
    if not grid.regular:
        raise OverlayError(f"a {grid.kind} grid cannot be laid over zones, only regular_ll; regrid the source to regular_ll")
    if not (grid.dlat > 0 and grid.dlon > 0):
        raise OverlayError(f"grid {grid.describe()}: steps must be positive, turn its rows so that row 0 is the southernmost")
    own = tuple(zones)
    return _overlay(_Request(grid=grid, fingerprint=_fingerprint(_Same(own)), store=store, zones=own))


def forget() -> None:
    """Drops what is kept in memory: the next question is answered as after a fresh start."""
    _overlay.cache_clear()
    _fingerprint.cache_clear()


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A tuple known by identity: the thousands of borders of a deployment are read once, not at every question.

    ``tuple(zones)`` of a tuple is that tuple, and zones do not change.
    """

    zones: tuple[Zone, ...]

    def __hash__(self) -> int:
        return id(self.zones)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.zones is self.zones


@lru_cache(maxsize=16)
def _fingerprint(same: _Same) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    borders = shapely.to_wkb(np.array([zone.geometry for zone in same.zones], dtype=object))
    for zone, border in zip(same.zones, borders, strict=True):
        found.update(zone.code.encode() + b"\0" + border)
    return found.digest()


@lru_cache(maxsize=16)
def _overlay(request: _Request) -> Overlay:
    grid, zones = request.grid, request.zones
    name = f"{request.fingerprint.hex()}-{hashlib.blake2b(repr(grid).encode(), digest_size=8).hexdigest()}"
    shape = (len(zones), grid.ny * grid.nx)
    kept = None if request.store is None else overlay_store.load(request.store, name, shape)
    shares = kept
    if shares is None:
        shares = _shares(grid, zones, shape)
        if request.store is not None:
            overlay_store.save(request.store, name, shares)
    coverage: Floats = np.asarray(shares.sum(axis=1), dtype=np.float64).ravel()
    coverage[np.abs(coverage - 1) < _WHOLE] = 1.0
    return Overlay(grid=grid, zones=zones, shares=shares, coverage=coverage)


def _shares(grid: Grid, zones: tuple[Zone, ...], shape: tuple[int, int]) -> csr_array[np.float64]:
    if not zones:
        return csr_array(shape, dtype=np.float64)
    places, lines, first_edge = _border(np.array([zone.geometry for zone in zones], dtype=object))
    xs, ys = _edges(grid)
    areas, counts = np.zeros(len(zones)), np.zeros(len(zones), dtype=np.int64)
    step = max(grid.dlat, grid.dlon)
    pieces: list[tuple[int, Indices, Floats]] = []

    def work(start: int, stop: int) -> None:
        # A grid may run from 0 to 360 while zones use -180..180, so each zone is also tried a turn to either side.
        cells, found = compiled("cover").cover(places, lines, first_edge, step, _TURNS, xs, ys, _SLIVER, areas, counts, start, stop)
        pieces.append((start, cells, found))

    split(work, len(zones), steps=len(lines) * 20)
    pieces.sort(key=lambda piece: piece[0])
    rows = np.repeat(np.arange(len(zones)), counts)
    values = np.concatenate([found for _, _, found in pieces]) / areas[rows]
    # What differs from one only by rounding is one: "known" must not fail for the last bit.
    total = np.bincount(rows, weights=values, minlength=len(zones))
    values /= np.where(np.abs(total - 1) < _WHOLE, total, 1.0)[rows]
    shares = csr_array((values, (rows, np.concatenate([cells for _, cells, _ in pieces]))), shape=shape)
    shares.sort_indices()
    return shares


def _edges(grid: Grid) -> tuple[Floats, Floats]:
    """Cell edges in the equal-area plane: x of nx + 1 columns, y of ny + 1 rows."""
    lon = grid.lon0 + (np.arange(grid.nx + 1) - 0.5) * grid.dlon
    lat = np.clip(grid.lat0 + (np.arange(grid.ny + 1) - 0.5) * grid.dlat, -90.0, 90.0)
    return lon.astype(np.float64), _equal_area(lat)


def _equal_area(lat: Floats) -> Floats:
    return np.degrees(np.sin(np.radians(lat))).astype(np.float64)


def _border(zones: NDArray[np.object_]) -> tuple[Floats, Indices, Indices]:
    """The places (longitude, latitude) of all borders, at which of them an edge to the next begins, zone by zone, and where each zone's begin.

    Outer rings clockwise, holes counter-clockwise.
    """
    parts, zone_of_part = shapely.get_parts(zones, return_index=True)
    rings, part_of_ring = shapely.get_rings(shapely.orient_polygons(parts, exterior_cw=True), return_index=True)
    places, ring = shapely.get_coordinates(rings, return_index=True)
    lines = np.flatnonzero(ring[1:] == ring[:-1])
    zone = zone_of_part[part_of_ring[ring[lines]]]
    return places, lines, np.searchsorted(zone, np.arange(len(zones) + 1)).astype(np.int64)
