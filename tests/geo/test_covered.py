"""Shares of zones, by hand on squares."""

import pytest
from shapely import box

from geo.covered import area_km2, covered
from geo.zone import Zone


def zone(code: str, west: float, south: float, east: float, north: float) -> Zone:
    return Zone(code=code, name_zh=code, name_en=code, level="district", geometry=box(west, south, east, north))


def test_a_quarter_of_a_square_is_a_quarter_and_a_neighbour_met_at_its_border_is_not_touched() -> None:
    zones = [zone("a", 0, -1, 2, 1), zone("b", 2, -1, 4, 1)]
    [one] = covered(box(1, 0, 2, 1), zones)
    assert one.zone.code == "a"
    assert one.share == pytest.approx(0.25, abs=1e-12)


def test_a_degree_square_at_the_equator_and_at_sixty_degrees_north() -> None:
    # R² · Δλ · (sin φ₂ - sin φ₁): 6371.0088² · 0.0174533 · 0.0174524 = 12363.7; at 60°: (sin 61° - sin 60°) = 0.0085943
    assert area_km2(box(0, 0, 1, 1)) == pytest.approx(12_363.7, abs=0.5)
    assert area_km2(box(0, 60, 1, 61)) == pytest.approx(6_088.4, abs=0.5)


def test_the_most_covered_stands_first() -> None:
    zones = [zone("a", 0, 0, 1, 1), zone("b", 1, 0, 2, 1)]
    assert [one.zone.code for one in covered(box(0.9, 0, 2, 1), zones)] == ["b", "a"]
