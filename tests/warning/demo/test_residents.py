"""Residents of the drill: exact counts, coarse places, exercise addresses."""

import base64
import json
import math

import numpy as np
import pytest
import shapely

from geo.districts import shanghai
from geo.zone import Zone
from warning.demo.residents import ChannelShares, addresses, apportion, draw, push_keys
from warning.errors import Invalid
from warning.level import Level


def zone(code: str, geometry: shapely.Polygon | shapely.MultiPolygon) -> Zone:
    return Zone(code=code, name_zh="", name_en="", level="district", parent="310000", geometry=geometry)


def boxes() -> list[Zone]:
    """The sixteen districts as squares of 0.05° in a row, each five cells wide."""
    return [zone(district.code, shapely.box(121 + 0.05 * n, 31, 121.05 + 0.05 * n, 31.05)) for n, district in enumerate(shanghai().districts)]


TWO = [zone("310115", shapely.box(121.50, 31.20, 121.52, 31.22)), zone("310120", shapely.box(121.60, 30.90, 121.61, 30.91))]


def test_the_census_adds_up_to_the_published_city() -> None:
    assert sum(district.population_2020 for district in shanghai().districts) == 24_870_895


def test_largest_remainder_by_hand() -> None:
    # 10 split 5:3:1 of 9: quotas 5.56, 3.33, 1.11; whole 5, 3, 1; the one left goes to .56.
    assert apportion(10, [5, 3, 1]) == [6, 3, 1]
    # Equal remainders: the earlier ones.
    assert apportion(2, [1, 1, 1]) == [1, 1, 0]
    assert apportion(0, [5, 3]) == [0, 0]


@pytest.mark.parametrize("n", [0, 1, 7, 1000, 99_999])
def test_the_districts_add_up_to_exactly_n(n: int) -> None:
    assert len(draw(n, boxes(), seed=3)) == n


def test_pudong_gets_its_share_of_the_census() -> None:
    # 5,681,512 / 24,870,895 of 100,000 = 22,844.02
    drawn = draw(100_000, boxes(), seed=3)
    assert int((drawn.district == "310115").sum()) == 22_844


def test_two_districts_alone_share_all_residents_between_them() -> None:
    # 5,681,512 : 1,140,872 of 1,000 = 832.78 : 167.22
    drawn = draw(1000, TWO, seed=1)
    assert int((drawn.district == "310115").sum()) == 833
    assert int((drawn.district == "310120").sum()) == 167


def test_only_the_coarse_cell_is_kept() -> None:
    drawn = draw(1000, TWO, seed=1)
    assert set(drawn.cell[drawn.district == "310120"].tolist()) == {"c3090_12160"}
    assert set(drawn.cell[drawn.district == "310115"].tolist()) == {"c3120_12150", "c3120_12151", "c3121_12150", "c3121_12151"}
    first = draw(1, [TWO[1]], seed=1)
    assert (first.lat_cell_centre[0], first.lon_cell_centre[0]) == pytest.approx((30.905, 121.605))


def test_places_are_uniform_over_the_polygon() -> None:
    # A triangle: the half nearer to its broad side, cut at half the height, holds 3/4 of the area.
    triangle = zone("310115", shapely.Polygon([(121, 31), (121.4, 31), (121, 31.4)]))
    drawn = draw(20_000, [triangle], seed=2)
    south = float((drawn.lat_cell_centre < 31.2).mean())
    assert south == pytest.approx(0.75, abs=4 * math.sqrt(0.75 * 0.25 / 20_000))


def test_a_district_of_two_islands_has_nobody_on_the_water() -> None:
    islands = zone("310151", shapely.MultiPolygon([shapely.box(121, 31, 121.02, 31.02), shapely.box(121.1, 31.1, 121.14, 31.12)]))
    drawn = draw(3000, [islands], seed=2)
    assert set(drawn.cell.tolist()) == {f"c{row}_{col}" for row in (3100, 3101) for col in (12100, 12101)} | {
        f"c{row}_{col}" for row in (3110, 3111) for col in (12110, 12111, 12112, 12113)
    }


def test_channels_languages_and_levels_follow_their_shares() -> None:
    n = 100_000
    drawn = draw(n, boxes(), seed=5)
    for values, word, share in (
        (drawn.channel, "sms", 0.20), (drawn.channel, "webpush", 0.08), (drawn.channel, "email", 0.02), (drawn.channel, "none", 0.70),
        (drawn.language, "en-US", 0.10), (drawn.language, "zh-CN", 0.90),
    ):  # fmt: skip
        assert float((values == word).mean()) == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / n)), word
    assert float((drawn.min_level == Level.YELLOW).mean()) == pytest.approx(0.70, abs=0.006)


def test_the_same_seed_draws_the_same_people_and_another_seed_others() -> None:
    first, again, other = (draw(500, TWO, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.cell, again.cell)
    assert np.array_equal(first.channel, again.channel)
    assert not np.array_equal(first.channel, other.channel)


def test_addresses_are_of_the_drill_only_and_nobody_has_two() -> None:
    drawn = draw(3000, TWO, seed=1, shares=ChannelShares(sms=0.4, webpush=0.3, email=0.3))
    keys = push_keys(1)
    found = dict(addresses(drawn, push_base="http://127.0.0.1:9/push/", keys=keys))
    assert len(found) == len(set(found.values())) == 3000
    pool = {key.p256dh for key in keys}
    for row, address in found.items():
        match drawn.channel[row]:
            case "sms":
                assert address.startswith("8619900")
                assert len(address) == 13
            case "email":
                assert address == f"r{row}@residents.example"
            case _:
                push = json.loads(address)
                assert push["endpoint"] == f"http://127.0.0.1:9/push/{row}"
                assert push["keys"]["p256dh"] in pool


def test_who_reads_only_the_public_page_has_no_address() -> None:
    drawn = draw(100, TWO, seed=1, shares=ChannelShares(sms=0, webpush=0, email=0))
    assert list(addresses(drawn, push_base="http://127.0.0.1:9", keys=push_keys(1))) == []


def test_a_million_phones_are_all_there_are() -> None:
    drawn = draw(1_000_001, [TWO[1]], seed=1, shares=ChannelShares(sms=1, webpush=0, email=0))
    with pytest.raises(Invalid, match="1000001 residents have SMS and the drill range holds 1000000"):
        next(addresses(drawn, push_base="http://127.0.0.1:9", keys=()))


def test_push_keys_are_sixteen_points_on_p256_that_the_sink_can_open() -> None:
    keys = push_keys(1)
    assert len({key.p256dh for key in keys}) == 16
    point = base64.urlsafe_b64decode(keys[0].p256dh + "=")
    assert len(point) == 65
    assert point[0] == 4
    numbers = keys[0].private.public_key().public_numbers()
    assert point[1:] == numbers.x.to_bytes(32) + numbers.y.to_bytes(32)
    assert len(base64.urlsafe_b64decode(keys[0].auth + "==")) == 16
    assert [key.p256dh for key in push_keys(1)] == [key.p256dh for key in keys]


def test_a_zone_without_a_census_figure_is_named() -> None:
    with pytest.raises(Invalid, match="999999"):
        draw(10, [zone("999999", shapely.box(121, 31, 122, 32))], seed=1)


def test_shares_above_one_are_refused() -> None:
    with pytest.raises(Invalid, match="pass 1 together"):
        ChannelShares(sms=0.9, webpush=0.2)
