"""Audience: which of 10,000 office polygons a warned district concerns, ours against shapely's STRtree."""

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.shanghai import shanghai_zones
from tests.bench.measure import Effort, Goal, Row, Timing, median_s, rows
from tests.bench.shanghai import GRID
from warning.dispatch.audience import Interest, Offices, Reach, in_area, offices, reach
from warning.level import Level

_OFFICES = 10_000
_VERTICES = 24
_PUDONG = "310115"


def run(effort: Effort) -> list[Row]:
    """Pudong is warned; the tree and our outlines are made beforehand, as they are kept from alert to alert. Both must name the same offices."""
    polygons = _polygons()
    where = reach([_PUDONG], shanghai_zones())
    asked = offices([
        Interest(subscription_id=number, hazards=(), min_level=Level.BLUE, zones=(), polygon=polygon) for number, polygon in enumerate(polygons)
    ])
    tree = shapely.STRtree(polygons)
    if matched(asked, where) != touched(tree, where):
        raise AssertionError("ours and the tree's offices are not the same: one of the two is wrong, do not compare their times")
    repeats = effort.pick(full=21, quick=9)
    return rows(
        f"audience, {_OFFICES:,} polygons, {len(shapely.get_coordinates(where.ground)):,} vertices", "ms",
        [Timing(subject="dispatch.audience.in_area", value=1000 * median_s(lambda: matched(asked, where), repeats=repeats),
                note="made beforehand; touching does not count")],
        [Timing(subject="shapely STRtree", value=1000 * median_s(lambda: touched(tree, where), repeats=repeats), note="built beforehand; touching counts")],
        goal=Goal(ratio=1.0),
    )


def matched(asked: Offices, where: Reach) -> set[int]:
    return {interest.subscription_id for interest in in_area(asked, where)}


def touched(tree: shapely.STRtree, where: Reach) -> set[int]:
    return set(tree.query(where.ground, predicate="intersects").tolist())


def _polygons() -> NDArray[np.object_]:
    """Uneven rings of 0.5 to 3 km all over the grid."""
    rng = np.random.default_rng(2)
    west, south, east, north = GRID.bounds
    centre = np.column_stack((rng.uniform(west, east, _OFFICES), rng.uniform(south, north, _OFFICES)))
    turn = np.linspace(0, 2 * np.pi, _VERTICES, endpoint=False)
    radius = rng.uniform(0.005, 0.03, (_OFFICES, 1)) * rng.uniform(0.7, 1.0, (_OFFICES, _VERTICES))
    rings = centre[:, None, :] + np.stack((radius * np.cos(turn), radius * np.sin(turn)), axis=-1)
    return np.asarray(shapely.polygons(rings))
