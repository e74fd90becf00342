"""The point index answers as shapely does, whatever the polygon and wherever the people stand."""

import tempfile
from pathlib import Path

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import affine_transform
from shapely.geometry.base import BaseGeometry

from geo.points.index import PointIndex
from geo.points.inside import IN, UNSURE, stand_inside, stands
from geo.points.writer import PointWriter

SETTINGS = settings(max_examples=60, deadline=None)

# Whole numbers and halves meet vertices, edges and lines between cells on purpose; the others are anywhere.
corners = st.one_of(st.integers(-6, 6).map(float), st.integers(-12, 12).map(lambda n: n / 2), st.floats(-6, 6).map(lambda x: x + 1e-9))
steps = st.sampled_from([0.25, 0.5, 1.0, 3.0, 0.37])


@st.composite
def polygons(draw: st.DrawFn) -> BaseGeometry:
    """Stars with holes, slivers, several parts; whatever is left valid of them."""
    kind = draw(st.sampled_from(["any", "star", "sliver", "several"]))
    if kind == "any":
        ring = draw(st.lists(st.tuples(corners, corners), min_size=3, max_size=9))
        shape = shapely.make_valid(shapely.Polygon(ring))
    elif kind == "sliver":
        x, y, length = draw(corners), draw(corners), draw(st.floats(0.1, 9))
        thin = draw(st.sampled_from([1e-12, 1e-9, 1e-6, 1e-3]))
        shape = shapely.Polygon([(x, y), (x + length, y + length / 3), (x + length, y + length / 3 + thin)])
    else:
        rng = np.random.default_rng(draw(st.integers(0, 10**6)))
        stars = [_star(rng) for _ in range(3 if kind == "several" else 1)]
        shape = shapely.union_all(stars)
        if draw(st.booleans()):
            shape = shape.difference(affine_transform(stars[0], [0.5, 0, 0, 0.5, 0, 0]))
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts) if len(parts) != 1 else parts[0]


def _star(rng: np.random.Generator) -> BaseGeometry:
    count = int(rng.integers(3, 40))
    turn, radius = np.sort(rng.uniform(0, 2 * np.pi, count)), rng.uniform(0.3, 5, count)
    centre = rng.uniform(-2, 2, 2)
    return shapely.make_valid(shapely.Polygon(centre + np.column_stack((radius * np.cos(turn), radius * np.sin(turn)))))


def people(polygon: BaseGeometry, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """On a lattice, anywhere, on every vertex, along every edge, and a hair beside them."""
    rng = np.random.default_rng(seed)
    lattice = np.stack(np.meshgrid(np.arange(-6, 6.5, 0.5), np.arange(-6, 6.5, 0.5)), axis=-1).reshape(-1, 2)
    vertices = shapely.get_coordinates(polygon)
    if len(vertices) == 0:
        return lattice
    between = (vertices[1:] + vertices[:-1]) / 2
    near = np.concatenate((vertices, between))
    # A hair from zero is 5e-324, for which GEOS's own answers differ (its products underflow): 1e-300 is no place either.
    hairs = [np.where(np.abs(hair) < 1e-300, 0.0, hair) for hair in (np.nextafter(near, 9), np.nextafter(near, -9))]
    return np.concatenate((lattice, rng.uniform(-7, 7, (200, 2)), near, *hairs))


@SETTINGS
@given(polygons(), steps, st.integers(0, 10**6))
def test_the_ids_are_those_of_shapely_to_the_last_one(polygon: BaseGeometry, step: float, seed: int) -> None:
    places = people(polygon, seed)
    ids = np.arange(len(places)) * 3
    with tempfile.TemporaryDirectory() as name:
        writer = PointWriter(Path(name))
        # Half of them are registered later, and some of the first half elsewhere before.
        half = len(ids) // 2
        index = writer.rebuild(ids[:half], np.clip(places[:half, 0] + (ids[:half] % 2), -9, 9), places[:half, 1].copy(), step=step)
        writer.change(index, ids, places[:, 0], places[:, 1], np.zeros(len(ids), dtype=np.uint16), mark=1)
        expected = set(ids[shapely.intersects_xy(polygon, places[:, 0], places[:, 1])].tolist())
        beside = index.inside(polygon)
        writer.merge(index)
        sorted_in = index.inside(polygon)
        reopened = PointIndex(Path(name)).inside(polygon)
        writer.close()
    for found in (beside, sorted_in, reopened):
        assert set(found.ids().tolist()) == expected
        assert found.count == len(expected)
        assert sum(found.by_kind().values()) == len(expected)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(corners, corners), min_size=1, max_size=30), steps, st.integers(1, 4))
def test_everybody_stands_in_exactly_one_cell(places: list[tuple[float, float]], step: float, coarser: int) -> None:
    xs, ys = np.array(places).T.copy()
    with tempfile.TemporaryDirectory() as name:
        writer = PointWriter(Path(name))
        index = writer.rebuild(np.arange(len(xs)), xs, ys, step=step)
        cells = {(row // coarser, column // coarser) for row, column in index.cells(index.everyone())}
        told = [index.in_cells([cell], coarser=coarser).ids().tolist() for cell in cells]
        writer.close()
    assert sorted(sum(told, [])) == list(range(len(xs)))


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_the_compiled_kernel_says_what_the_same_lines_say_uncompiled(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ring = np.round(rng.uniform(-2, 2, (7, 2)), 1)
    edges = np.hstack((ring, np.roll(ring, -1, axis=0)))
    xs, ys = np.round(rng.uniform(-2, 2, (2, 200)), 1)
    whole, none = np.array([0]), np.zeros(1, dtype=np.bool_)
    arguments = (xs, ys, whole, np.array([200]), np.array([0, 7]), none, edges)
    for compiled, plain in zip(stand_inside(*arguments), stand_inside.py_func(*arguments), strict=True):
        assert np.array_equal(compiled, plain)


@given(st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_edges_sorted_into_strips_say_what_every_edge_tried_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Tenths of a degree: many people on vertices, on level edges and level with the ends of others.
    ring = np.round(rng.uniform(-2, 2, (int(rng.integers(6, 300)), 2)), 1)
    edges = np.hstack((ring, np.roll(ring, -1, axis=0)))
    xs, ys = np.round(rng.uniform(-1, 1, (2, 400)), 1)
    # A second run whose people stand on one parallel.
    begin, end, first = np.array([0, 300]), np.array([300, 400]), np.array([0, len(edges), 2 * len(edges)])
    ys[300:] = ys[0]
    odd = np.array([False, True])
    hits, doubts = stand_inside(xs, ys, begin, end, first, odd, np.concatenate((edges, edges)))
    said = np.array([stands(xs[p], ys[p], p >= 300, edges, 0, len(edges)) for p in range(400)])
    assert hits.tolist() == np.flatnonzero(said == IN).tolist()
    assert doubts.tolist() == np.flatnonzero(said == UNSURE).tolist()
