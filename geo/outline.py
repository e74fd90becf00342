"""Outline: few clean rings that cover every exceeding cell or every zone, fit for a CAP polygon."""

from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.grid import Grid
from geo.trace import trace
from geo.zone import Zone

_DECIMALS = 4
_QUANTUM = 10.0**-_DECIMALS
# Kilometres per degree of latitude; for areas of holes that is exact enough.
_KM_PER_DEGREE = 111.2
# Rings are given a margin first: rounding moves a corner by up to half a quantum each way, 0.71 quanta in all.
_MARGIN = _QUANTUM
# How much coarser the next try is: a little near the goal, a lot while rings are many times too long.
_GROWTH, _LEAP = 1.8, 4.0
_FAR = 4
# Of the margin that a ring is given before it is simplified, simplifying may eat this share; arcs cost up to 0.15 of it.
_EATEN = 0.6

Outline = Polygon | MultiPolygon


class OutlineError(ValueError):
    """Nothing to draw round, or a grid without places."""


def outline_cells(
    grid: Grid, cells: Iterable[int], *, max_vertices: int = 100, min_hole_km2: float = 25.0
) -> Outline:
    """The area of ``cells`` (flat indices, row * nx + col), every one covered, touching ones united.

    WGS 84 degrees rounded to 4 decimals after a margin of one ten-thousandth (11 m), so that covering holds after the
    rounding; at most ``max_vertices`` points a ring, counting the closing one. Holes under ``min_hole_km2`` are filled.
    Parts are as many as there are: drawing scattered cells together would warn those between them.
    Raises OutlineError without cells, for cells outside the grid and for grids that are not ``regular_ll``.
    """
    if not grid.regular:
        raise OutlineError(f"a {grid.kind} grid has no cell borders to draw; regrid the source to regular_ll")
    flat = np.unique(np.fromiter(cells, dtype=np.int64))
    if not len(flat) or flat[0] < 0 or flat[-1] >= grid.ny * grid.nx:
        raise OutlineError(f"no cells, or cells outside {grid.describe()}; give flat indices row * nx + col")
    mask = np.zeros(grid.ny * grid.nx, dtype=np.bool_)
    mask[flat] = True
    return _outline(trace(grid, mask.reshape(grid.shape)), max_vertices, min_hole_km2)


def outline_zones(
    zones: Sequence[Zone], *, max_vertices: int = 100, min_hole_km2: float = 25.0
) -> Outline:
    """The union of ``zones``, every one covered; rings as in ``outline_cells``. Raises OutlineError without zones."""
    if not zones:
        raise OutlineError("no zones to draw round")
    return _outline(shapely.union_all([zone.geometry for zone in zones]), max_vertices, min_hole_km2)


def _outline(area: BaseGeometry, max_vertices: int, min_hole_km2: float) -> Outline:
    """Simplify with growing tolerances until all rings are short, round, and prove that the area is covered.

    When the tolerance outgrows the area, bounding boxes stand at the end of the road: four corners each, united.
    """
    if max_vertices < 5:
        raise OutlineError(f"max_vertices is {max_vertices}; a closed ring round any area needs 5")
    simple: BaseGeometry = MultiPolygon([_without_small_holes(part, min_hole_km2) for part in _polygons(area)])
    west, south, east, north = area.bounds
    tolerance = 0.0
    while tolerance < max(east - west, north - south):
        candidate = _rounded(_simplified(simple, tolerance, max_vertices), min_hole_km2)
        if _longest(candidate) <= max_vertices and candidate.is_valid and candidate.covers(area):
            return candidate
        growth = _LEAP if _longest(candidate) > _FAR * max_vertices else _GROWTH
        tolerance = max(tolerance * growth, 5 * _QUANTUM)
    candidate = _rounded(_boxed(area), min_hole_km2)
    while _longest(candidate) > max_vertices:
        candidate = _rounded(_boxed(candidate), min_hole_km2)
    return candidate


def _simplified(area: BaseGeometry, tolerance: float, max_vertices: int) -> BaseGeometry:
    """An area round ``area`` with a border that strays by about the tolerance; parts that are short already stay.

    Widening by twice the tolerance and narrowing by one closes gaps and inlets and leaves a margin of one tolerance on
    both sides of every ring, holes too, of which simplifying eats less than there is.
    """
    if not tolerance:
        return area
    parts = _polygons(area)
    drawn: list[BaseGeometry] = [part for part in parts if _longest(part) <= max_vertices]
    for part in [part for part in parts if _longest(part) > max_vertices]:
        closed = part.buffer(2 * tolerance, quad_segs=2).buffer(-tolerance, quad_segs=2)
        round_it = closed.simplify(_EATEN * tolerance)
        hull = part.convex_hull
        drawn.append(hull if round_it.area > hull.area and _longest(hull) <= max_vertices else round_it)
    return shapely.union_all(drawn)


def _rounded(area: BaseGeometry, min_hole_km2: float) -> Outline:
    """A margin outward, then coordinates on the lattice of 4 decimals; valid, small holes filled."""
    # GEOS divides by zero inside a mitre between collinear edges, harmlessly; NumPy would warn of it.
    with np.errstate(divide="ignore", invalid="ignore"):
        grown = area.buffer(_MARGIN, join_style="mitre")
    # set_precision keeps it valid; its coordinates may differ from the nearest decimals in the last bit.
    snapped = shapely.transform(shapely.set_precision(grown, _QUANTUM), lambda xy: np.round(xy, _DECIMALS))
    parts = [_without_small_holes(part, min_hole_km2) for part in _polygons(snapped)]
    whole = shapely.transform(shapely.union_all(parts), lambda xy: np.round(xy, _DECIMALS))
    polygons = _polygons(whole)
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def _without_small_holes(part: Polygon, min_hole_km2: float) -> Polygon:
    kept = [ring for ring in part.interiors if _km2(Polygon(ring)) >= min_hole_km2]
    return part if len(kept) == len(part.interiors) else Polygon(part.exterior, kept)


def _km2(area: BaseGeometry) -> float:
    _, south, _, north = area.bounds
    return float(area.area * _KM_PER_DEGREE**2 * np.cos(np.radians((south + north) / 2)))


def _boxed(area: BaseGeometry) -> BaseGeometry:
    return shapely.union_all([shapely.box(*part.bounds) for part in _polygons(area)])


def _longest(area: BaseGeometry) -> int:
    """Points of the longest ring, the closing one included."""
    rings = [ring for part in _polygons(area) for ring in (part.exterior, *part.interiors)]
    return max((len(ring.coords) for ring in rings), default=0)


def _polygons(area: BaseGeometry) -> list[Polygon]:
    return [part for part in shapely.get_parts(area) if isinstance(part, Polygon) and not part.is_empty]
