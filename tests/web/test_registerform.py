"""What a resident types as an address is read as it was meant; a place of many is found by its name."""

import re
from dataclasses import replace

import pytest

from geo.zone import Zone, ZoneSet
from tests.web.conftest import World
from warning.web.registerform import typed


@pytest.mark.parametrize(("written", "read"), [
    ("13800001234", "8613800001234"), ("138 0000 1234", "8613800001234"), ("199-0000-1234", "8619900001234"), ("１３８００００１２３４", "8613800001234"),
    ("+86 138 0000 1234", "8613800001234"), ("8613800001234", "8613800001234"), ("008613800001234", "8613800001234"),
    ("+1 (380) 013-8000", "13800138000"), ("0013800138000", "13800138000"), ("12", "12"), ("anna-li@example.org", "anna-li@example.org")])
def test_a_mobile_of_eleven_digits_is_a_mainland_one_and_another_country_s_number_is_nobody_s_here(written: str, read: str) -> None:
    assert typed(written) == read


def country(world: World) -> World:
    """Shanghai's Pudong with two streets, and 2,875 counties in thirty cities, two of them of one name."""
    def zone(code: str, zh: str, en: str, level: str, parent: str) -> Zone:
        return Zone(code=code, name_zh=zh, name_en=en, level=level, parent=parent, geometry=world.parts.zones["310115"].geometry)

    cities = [zone(f"c{n}", f"第{n}市", f"City {n}", "city", "") for n in range(30)]
    counties = [zone(f"d{n}", "鼓楼区" if n in (150, 250) else f"第{n}县", "Gulou" if n in (150, 250) else f"County {n}", "district", f"c{n // 100}") for n in range(2875)]
    streets = [zone(f"s{n}", f"第{n}街道", f"Street {n}", "street", "310115") for n in range(2)]
    here = zone("310115", "浦东新区", "Pudong New Area", "district", "c0")
    world.app.state.parts = replace(world.parts, zones=ZoneSet(zones=(*cities, *counties, here, *streets), origin="a test"), push_keys={"push": "key"})
    return world


def options(page: str) -> dict[str, str]:
    """The places that may be chosen: code → name."""
    return dict(re.findall(r'<option value="([^"]+)" data-lat[^>]*>([^<]+)<', page))


async def test_in_a_country_a_place_is_found_by_its_name_without_javascript_and_every_page_is_light(world: World) -> None:
    country(world)
    for path in ("/app", "/register", "/en/app", "/en/register"):
        first = (await world.get(path)).text
        assert options(first) == {}
        assert f'<form class="find" method="get" action="{path}"' in first
        for words, places in (
            ("鼓楼", {"d150": "鼓楼区（第1市）", "d250": "鼓楼区（第2市）"}), ("鼓楼 第2市", {"d250": "鼓楼区（第2市）"}), ("gulou  CITY 1 ", {"d150": "鼓楼区（第1市）"}),
            ("浦东", {"310115": "浦东新区（第0市）", "s0": "第0街道（浦东新区）", "s1": "第1街道（浦东新区）"}), ("不存在", {})):
            page = (await world.http.get(path, params={"find": words})).text
            assert set(options(page)) == set(places), (path, words)
            assert options(page) == places or path.startswith("/en")
            assert ("没有找到" in page or "Nothing found" in page) == (not places)
            assert len(page.encode()) <= 50_000, path
        many = (await world.http.get(path, params={"find": "县"})).text
        assert len(many.encode()) <= 50_000, len(many.encode())
        assert len(options(many)) == 150
        assert "2723" in many, "of 2,873 counties so named"
    assert 'href="/en/app?find=%E9%BC%93%E6%A5%BC"' in (await world.get("/app?find=鼓楼")).text, "what was looked for stays in the other language"


async def test_a_form_that_was_filled_wrongly_keeps_the_place_that_was_found(world: World) -> None:
    country(world)
    filled = {"find": "浦东", "place": "s1", "channel": "sms", "address": "12", "min_level": "orange"}
    page = await world.http.post("/register", data=filled)
    assert page.status_code == 422
    assert re.search(r'<option value="s1"[^>]* selected>', page.text)
    assert 'name="find" required maxlength="60" value="浦东"' in page.text
    assert options((await world.http.post("/register", data={**filled, "find": ""})).text) == {"s1": "第1街道（浦东新区）"}, "also where the words are lost"
    asked = await world.http.post("/register", data={**filled, "address": "13800001234"})
    assert 'name="code"' in asked.text


async def test_a_city_lists_its_districts_at_once(world: World) -> None:
    world.app.state.parts = replace(world.parts, push_keys={"push": "key"})
    for path in ("/app", "/register"):
        page = (await world.get(path)).text
        assert set(options(page)) == {zone.code for zone in world.parts.zones.at("district")}
        assert 'class="find"' not in page
