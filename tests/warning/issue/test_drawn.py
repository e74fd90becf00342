"""Ground drawn by hand, on squares."""

import pytest
import shapely
from shapely import box
from shapely.geometry import mapping, shape

from warning.errors import Invalid
from warning.issue.drawn import minus, rings_of, round_of


def test_one_polygon_minus_another_keeps_its_hole_and_cap_gets_rings_that_leave_the_hole_out() -> None:
    ring = minus(mapping(box(0, 0, 4, 4)), mapping(box(1, 1, 3, 3)))
    assert shape(dict(ring)).area == 12
    polygons = [shapely.Polygon(one) for one in rings_of(shape(dict(ring)))]
    assert sum(one.area for one in polygons) == 12
    assert not any(one.contains(shapely.Point(2, 2)) for one in polygons)
    assert shapely.union_all(polygons).equals(shape(dict(ring)))


def test_what_falls_in_two_stays_in_two_and_nothing_left_is_refused() -> None:
    cut = minus(mapping(box(0, 0, 3, 1)), mapping(box(1, 0, 2, 1)))
    assert cut["type"] == "MultiPolygon"
    assert len(rings_of(shape(dict(cut)))) == 2
    with pytest.raises(Invalid, match="nothing is left"):
        minus(mapping(box(0, 0, 1, 1)), mapping(box(-1, -1, 2, 2)))


@pytest.mark.parametrize(("value", "said"), [
    ({"lat": 31, "lon": 121}, "circle: {"),
    ({"lat": 31, "lon": 121, "km": 0}, "km is above 0"),
    ({"lat": 31, "lon": 121, "km": 501}, "at most 500"),
    ({"lat": 95, "lon": 121, "km": 1}, "no place that can be warned"),
    ({"lat": "31", "lon": 121, "km": 1}, "are numbers"),
])
def test_a_circle_that_is_none_is_refused_by_its_number(value: dict[str, object], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        round_of(value)


def test_a_circle_is_as_wide_as_it_says_at_its_own_latitude() -> None:
    # 111.195 km a degree: 11.1195 km are 0.1 degree up, and 0.2 across at 60° north, where a degree is half as long.
    west, south, east, north = round_of({"lat": 60, "lon": 10, "km": 11.1195}).ground.bounds
    assert east - west == pytest.approx(0.4)
    assert north - south == pytest.approx(0.2)
