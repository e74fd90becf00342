"""The map's borders and colours as they travel: whole numbers that give the outline back, a digit a zone, and one name for one content."""

import gzip
import json

import numpy as np
import pytest
import shapely

from geo.zone import Zone, ZoneSet
from warning.web.console.ground import Ground, ground_of, painted
from warning.web.console.papers import MOST, Papers


def zone(code: str, west: float, south: float, side: float, *, level: str = "district", parent: str = "") -> Zone:
    return Zone(code=code, name_zh=f"区{code}", name_en=f"Zone {code}", level=level, parent=parent, geometry=shapely.box(west, south, west + side, south + side))


def country() -> ZoneSet:
    """Two districts of a degree, two streets in the first, and a third so small that a country's coarsest sheet cannot hold it."""
    return ZoneSet(origin="test", zones=(
        zone("01", 100, 30, 20), zone("02", 120, 30, 20), zone("03", 139.9995, 49.9995, 0.0002),
        zone("0101", 101, 31, 1, level="street", parent="01"), zone("0102", 103, 31, 1, level="street", parent="01")))


def rings(ground: Ground, sheet: int, number: int) -> list[list[tuple[float, float]]]:
    """As the browser reads them: degrees again."""
    told = json.loads(gzip.decompress(ground.sheet(sheet, "en")))
    found = []
    for steps in told["rings"][number]:
        corners = np.cumsum(np.reshape(steps, (-1, 2)), axis=0) * told["unit"]
        found.append([(round(float(x) - 180, 4), round(float(y), 4)) for x, y in corners])
    return found


def test_borders_come_back_within_a_quarter_of_their_sheets_tolerance_and_the_smallest_place_stays() -> None:
    ground = ground_of(country())
    # 40 degrees from west to east in 1,200 parts, then four times finer until 0.002; streets where 1 degree is 18 pixels.
    assert [(round(one.tolerance, 5), one.below) for one in ground.sheets] == [(0.03333, None), (0.00833, None), (0.00208, None), (0.00052, None), (0.0005, pytest.approx(1 / 18))]
    [west] = rings(ground, 0, 0)
    assert shapely.Polygon(west).symmetric_difference(shapely.box(100, 30, 120, 50)).area < 4 * 20 * 0.0334 / 4
    [tiny] = rings(ground, 0, 2)
    assert shapely.Polygon(tiny).area == pytest.approx((2 * 0.033333 / 4) ** 2, rel=0.01), "a square of two units stands for what is smaller"
    assert shapely.distance(shapely.Polygon(tiny), shapely.Point(139.9996, 49.9996)) == 0
    told = json.loads(gzip.decompress(ground.sheet(4, "zh")))
    assert (told["first"], told["codes"], told["names"]) == (3, ["0101", "0102"], ["区0101", "区0102"])
    assert "names" not in json.loads(gzip.decompress(ground.sheet(1, "zh"))), "names are sent once"


def test_a_zone_with_a_hole_keeps_it_with_the_outer_ring_turned_one_way_and_the_hole_the_other() -> None:
    shape = shapely.Polygon([(0, 0), (4, 0), (4, 4), (0, 4)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    ground = ground_of(ZoneSet(origin="test", zones=(Zone(code="1", name_zh="一", name_en="One", level="district", geometry=shape),)))
    outer, hole = rings(ground, 0, 0)
    assert shapely.LinearRing(outer).is_ccw != shapely.LinearRing(hole).is_ccw, "filled by the non-zero rule, so that neighbours that overlap by a hair leave no hole"


def test_another_border_or_another_name_is_another_address() -> None:
    first = ground_of(country())
    moved = [zone("01", 100, 30, 20.001), *country().zones[1:]]
    renamed = [Zone(code="01", name_zh="新名", name_en="Zone 01", level="district", geometry=country().zones[0].geometry), *country().zones[1:]]
    assert ground_of(country()).version == first.version
    assert len({first.version, *(ground_of(ZoneSet(origin="test", zones=tuple(other))).version for other in (moved, renamed))}) == 3


@pytest.mark.parametrize(("levels", "digits"), [
    ({}, "00000"),
    ({"01": 3}, "f0000"),                          # 3 × 5 = 15
    ({"0101": 4}, "400k0"),                        # a part of 01 at 4, and the street itself 4 × 5 = 20
    ({"01": 2, "0101": 4, "0102": 2}, "e00k0"),    # 2 × 5 + 4; the other street has its district's colour already
    ({"01": 4, "0101": 1}, "k0000"),               # what is weaker inside adds nothing
    ({"02": 1, "99": 4}, "05000"),                 # no zone of this map
])
def test_each_zone_is_a_digit_of_its_own_level_and_of_a_stronger_one_inside(levels: dict[str, int], digits: str) -> None:
    assert painted(ground_of(country()), levels) == digits


def test_a_paper_is_named_by_its_content_and_the_oldest_makes_room() -> None:
    papers = Papers()
    first = papers.put({"zones": "0"})
    name = first.removeprefix("/console/paper/").removesuffix(".json")
    assert papers.put({"zones": "0"}) == first
    assert gzip.decompress(papers.get(name) or b"") == b'{"zones":"0"}'
    for number in range(MOST):
        papers.put({"zones": str(number + 1)})
    assert papers.get(name) is None
