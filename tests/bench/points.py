"""Points: which of 25 million residents stand in a district, in 400 cells and on a ragged coast, ours against shapely."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.points.index import PointIndex
from geo.points.writer import PointWriter
from geo.shanghai import shanghai_zones
from tests.bench.measure import Effort, Goal, Row, Timing, median_s, rows

_PUDONG = "310115"
_STEP = 0.0025
_CELL = 4
"""A cell of 0.01° is four by four of the index's."""
_VERTICES = 1_887
_TREE_LIMIT = 2_000_000
Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Residents:
    """Nobody's places: drawn from a seed, gathered in towns as people are."""

    ids: Ids
    xs: Floats
    ys: Floats


def run(effort: Effort) -> list[Row]:
    """Every subject's ids are compared before anything is timed; asking includes copying the ids out. What is promised is promised of 25 M."""
    crowd = residents(effort.pick(full=25_000_000, quick=1_000_000))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writer = PointWriter(folder / "warm")
        writer.rebuild(crowd.ids[:100], crowd.xs[:100], crowd.ys[:100], step=_STEP)
        writer.close()
        writer = PointWriter(folder / "index")
        built = median_s(lambda: writer.rebuild(crowd.ids, crowd.xs, crowd.ys, step=_STEP), repeats=effort.pick(full=3, quick=1), warm=False)
        writer.close()
        reopened = median_s(lambda: PointIndex(folder / "index"), repeats=5)
        index = PointIndex(folder / "index")
        cells = populous(index)
        ground = shapely.union_all([shapely.box(c / 100, r / 100, (c + 1) / 100, (r + 1) / 100) for r, c in cells])
        tree = shapely.STRtree(np.asarray(shapely.points(crowd.xs, crowd.ys))) if len(crowd.ids) <= _TREE_LIMIT else None
        coast = ragged(shanghai_zones()[_PUDONG].geometry, 20_000)
        district = ragged(shanghai_zones()[_PUDONG].geometry, _VERTICES)
        many = f"{len(crowd.ids) / 1e6:g} M residents"
        found = _asked(f"points, {many} in a district, {len(shapely.get_coordinates(district)):,} vertices", crowd, tree, district,
                       lambda: index.inside(district).ids(), effort, goal=25)
        found += _asked(f"points, {many} in {len(cells)} cells", crowd, tree, ground,
                        lambda: index.in_cells(cells, coarser=_CELL).ids(), effort, goal=50)
        found += _asked(f"points, {many} in a coast, {len(shapely.get_coordinates(coast)):,} vertices", crowd, tree, coast,
                        lambda: index.inside(coast).ids(), effort, goal=50)
    found += rows(f"points, index of {many}, build", "s", [Timing(subject="geo.points", value=built, note="sorted, on the disk (fsync)")],
                  goal=Goal(value=5.0))
    return found + rows(f"points, index of {many}, reopen", "s", [Timing(subject="geo.points", value=reopened, note="memory map")], goal=Goal(value=0.1))


def _asked(
    workload: str, crowd: Residents, tree: shapely.STRtree | None, polygon: BaseGeometry, ours: Callable[[], Ids], effort: Effort, *, goal: float,
) -> list[Row]:
    shapely.prepare(polygon)
    subjects: list[tuple[str, Callable[[], Ids]]] = [
        ("shapely intersects_xy, prepared", lambda: np.flatnonzero(shapely.intersects_xy(polygon, crowd.xs, crowd.ys))),
        ("shapely, those in the bounds alone", lambda: within_bounds(crowd, polygon)),
    ]
    if tree is not None:
        subjects.append(("shapely STRtree of points", lambda: np.sort(tree.query(polygon, predicate="intersects"))))
    expected = np.sort(ours())
    for subject, ask in subjects:
        if not np.array_equal(ask(), expected):
            raise AssertionError(f"{workload}: ours and the ids of {subject} are not the same: one of the two is wrong, do not compare their times")
    times = [Timing(subject=subject, value=median_s(ask, repeats=effort.pick(full=3, quick=2), warm=False)) for subject, ask in subjects]
    if tree is None:
        times.append(Timing(subject="shapely STRtree of points", value=None, note="not run: so many point objects need about 6 GB; see --quick"))
    own = Timing(subject="geo.points", value=median_s(ours, repeats=15), note=f"{len(expected):,} ids")
    return rows(workload, "s", [own], times, goal=None if effort.quick else Goal(ratio=goal))


def within_bounds(crowd: Residents, polygon: BaseGeometry) -> Ids:
    """The careful way without an index: only who stands in the polygon's bounds is tried."""
    west, south, east, north = polygon.bounds
    near = np.flatnonzero((crowd.xs >= west) & (crowd.xs <= east) & (crowd.ys >= south) & (crowd.ys <= north))
    return np.asarray(near[shapely.intersects_xy(polygon, crowd.xs[near], crowd.ys[near])])


def residents(count: int) -> Residents:
    """Towns of very different size, and every tenth in the open country."""
    rng = np.random.default_rng(4)
    towns = 400
    weight = rng.pareto(1.2, towns) + 0.1
    town = rng.choice(towns, size=count, p=weight / weight.sum())
    spread = rng.uniform(0.005, 0.04, towns)[town]
    xs = rng.uniform(120.9, 122.0, towns)[town] + rng.normal(0, 1, count) * spread
    ys = rng.uniform(30.7, 31.8, towns)[town] + rng.normal(0, 1, count) * spread
    country = rng.random(count) < 0.1
    xs[country], ys[country] = rng.uniform(120.8, 122.2, country.sum()), rng.uniform(30.6, 31.9, country.sum())
    return Residents(ids=np.arange(count), xs=xs, ys=ys)


def populous(index: PointIndex) -> list[tuple[int, int]]:
    """400 cells of 0.01° round the middle of the city, 20 by 20."""
    row, column = int(31.2 * 100), int(121.45 * 100)
    taken = [(r, c) for r in range(row - 10, row + 10) for c in range(column - 10, column + 10)]
    if index.in_cells(taken, coarser=_CELL).count == 0:
        raise AssertionError("nobody lives in the cells that are to be asked for")
    return taken


def ragged(polygon: BaseGeometry, vertices: int) -> BaseGeometry:
    """The polygon with about so many vertices: its longest ring cut finer, each new vertex pushed by up to 20 m."""
    ring = max(shapely.get_parts(polygon), key=lambda part: part.area).exterior
    rng = np.random.default_rng(5)
    fine = shapely.get_coordinates(shapely.line_interpolate_point(ring, np.linspace(0, ring.length, vertices, endpoint=False)))
    # A push that makes the ring cross itself would leave no valid polygon to compare: smaller ones until none does.
    for push in (2e-4, 1e-4, 5e-5, 1e-5, 0.0):
        shape = shapely.Polygon(fine + rng.uniform(-push, push, fine.shape))
        if shape.is_valid:
            return shape
    raise AssertionError("the district itself is not valid")

