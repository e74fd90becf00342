"""Who overlaps a place is whom GEOS finds an area of intersection for, whatever the shapes."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo.overlapping import overlapping, polygons


@given(st.integers(0, 10**6), st.booleans(), st.booleans())
@settings(max_examples=80, deadline=None)
def test_overlapping_is_an_intersection_with_area(seed: int, neat: bool, holed: bool) -> None:
    rng = np.random.default_rng(seed)
    ground = _shape(rng, 3.0, neat)
    if holed:
        ground = ground.difference(shapely.box(-1, -1, 1, 1)).union(shapely.box(8, 8, 9, 9))
    parts = [part for part in shapely.get_parts(ground) if part.geom_type == "Polygon"]
    ground = shapely.MultiPolygon(parts)
    shapes = [_shape(rng, size, neat) for size in (0.1, 0.5, 1.0, 3.0, 20.0) for _ in range(12)]
    # Neighbours edge to edge, cells that touch by a corner, and what lies in a hole.
    shapes += [shapely.box(x, y, x + 1, y + 1) for x in range(-3, 3) for y in range(-3, 3)] + [shapely.Polygon()]
    expected = [number for number, shape in enumerate(shapes) if shape.intersection(ground).area > 0]
    assert overlapping(polygons(np.array(shapes, dtype=np.object_)), ground).tolist() == expected


def _shape(rng: np.random.Generator, size: float, neat: bool) -> BaseGeometry:
    """A valid ring of up to twelve corners; ``neat``: on whole numbers, so that shapes meet in edges and corners."""
    corners = rng.uniform(-4, 4, 2) + rng.uniform(-size, size, (int(rng.integers(3, 12)), 2))
    shape = shapely.convex_hull(shapely.MultiPoint(np.round(corners) if neat else corners))
    return shape if shape.geom_type == "Polygon" else shapely.box(0, 0, 1, 1)


def test_nobody_asked_and_nobody_near() -> None:
    none = polygons(np.array([], dtype=np.object_))
    assert overlapping(none, shapely.box(0, 0, 1, 1)).tolist() == []
    far = polygons(np.array([shapely.box(5, 5, 6, 6), shapely.box(1, 0, 2, 1)], dtype=np.object_))
    assert overlapping(far, shapely.box(0, 0, 1, 1)).tolist() == []
