"""The residents' page: light, cacheable, readable without JavaScript, calm when nothing is in force."""

import html
import re
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
import shapely

from geo.zone import Zone, ZoneSet
from tests.corridor.conftest import until
from tests.web.conftest import World
from warning.level import Level
from warning.settings import Settings
from warning.web import public, sheets
from warning.web.pages import brief, environment
from warning.web.sheets import Press
from warning.web.snapshot import Snapshot

DISTRICTS = ("310101", "310104", "310105", "310106", "310107", "310109", "310110", "310112", "310113", "310114", "310115",
             "310116", "310117", "310118", "310120", "310151")


async def test_nothing_in_force_is_said_calmly(world: World) -> None:
    page = (await world.get("/")).text
    assert "当前没有生效的预警" in page
    assert "No warnings in force" in (await world.get("/en")).text


async def test_the_page_says_colour_in_words_and_shape_until_when_and_what_to_do(world: World) -> None:
    identifier = await world.warned(hours=3)
    for path in ("/", "/place/310115", f"/alert/{identifier}"):
        page = (await world.get(path)).text.partition("<main")[2]
        assert "红色" in page
        assert "■" in page
        assert "暴雨" in page
        assert "浦东新区" in page
        assert re.search(r"有效至 (9月20日 )?11:30", page), path  # 00:30 UTC + 3 h = 11:30 in Beijing
        assert re.search(r"<h[23]>怎么办</h[23]><p class=\"text\">[^<]+1\.", re.sub(r">\s+<", "><", page)), f"{path}: and what that is"
        assert f"/alert/{identifier}" in page or path.startswith("/alert/")
        assert '本页生成于 <time datetime="2024-09-20T00:30:00Z">9月20日 08:30</time>' in page, f"{path}: its age"


async def test_the_page_is_under_50_kB(world: World) -> None:  # noqa: N802  # the unit
    for code in DISTRICTS:
        await world.warned(zones=[code])
    page = await world.get("/")
    assert page.text.count("data-identifier") == 16
    assert len(page.content) <= 50_000, len(page.content)


async def test_with_a_country_in_force_every_page_is_light_and_every_county_is_found_with_its_colour(world: World) -> None:
    await world.warned(zones=["310115"], level="orange")
    [one] = (await world.app.state.public.snapshot(fresh=True)).in_force
    cities = [Zone(code=f"c{n}", name_zh=f"第{n}市", name_en=f"City {n}", level="city", geometry=shapely.box(n, 0, n + 1, 1)) for n in range(30)]
    counties = [Zone(code=f"d{n}", name_zh=f"第{n}县", name_en=f"County {n}", level="district", parent=f"c{n // 100}",
                     geometry=shapely.box(n / 100, 0, (n + 1) / 100, 1)) for n in range(3000)]
    # Each county by itself, and the last one red: the last of all, and not to be missed.
    in_force = tuple(replace(one, codes=frozenset({f"d{n}", f"c{n // 100}"}), alert=replace(
        one.alert, identifier=f"{one.alert.identifier}{n}", zones=(f"d{n}",), level=Level.RED if n == 2999 else Level.ORANGE)) for n in range(3000))
    press = Press(jinja=environment(), lang="zh", now=world.now, parts=replace(world.parts, zones=ZoneSet(zones=(*cities, *counties), origin="a test")))
    snapshot = Snapshot(version="v", in_force=in_force, lifted=())
    city, last = sheets.city(press, snapshot), sheets.place(press, snapshot, cities[-1])
    for page in (city, last):
        assert len(page.encode()) <= 50_000
        assert page.index("暴雨 · 红色预警") < page.index("暴雨 · 橙色预警")
    assert "另有 2940 条" in city, "the red one and 59 of 2,999"
    assert "另有 92 条" in last, "the red one and 7 of the 99 others of its city"
    assert set(re.findall(r'href="/place/(c\d+)"', city)) == {zone.code for zone in cities}
    told = dict(re.findall(r'href="/place/(d\d+)">[^<]+<span class="chip l(\d)"', last))
    assert told == {f"d{n}": "4" if n == 2999 else "3" for n in range(2900, 3000)}


async def test_alike_warnings_of_many_districts_are_one_card(world: World) -> None:
    for code in DISTRICTS[:4]:
        await world.warned(zones=[code], level="orange")
    page = (await world.get("/")).text
    assert page.count('<section class="card">') == 1


async def test_the_page_loads_nothing_from_elsewhere_and_runs_no_script_but_our_own_file(world: World) -> None:
    await world.warned()
    for path in ("/", "/en", "/place/310115", "/archive", "/login"):
        page = (await world.get(path)).text
        assert re.findall(r"<script[^>]*>", page) == ([] if path == "/login" else ['<script src="/page.js" defer>'])
        assert not re.findall(r'(?:src|href)="https?:', page), path


async def test_the_etag_changes_with_the_active_set_only(world: World) -> None:
    first = await world.get("/")
    assert first.headers["cache-control"] == "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400", "a cache may go on with it for a day when the engine is down"
    again = await world.get("/", **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await world.warned()
    await world.app.state.public.snapshot(fresh=True)
    changed = await world.get("/", **{"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


async def test_a_drill_is_marked_as_one(world: World) -> None:
    await world.warned()
    for path in ("/", "/en", "/place/310115"):
        page = (await world.get(path)).text
        assert 'class="drillbar"' in page
        assert "演练" in page


def test_an_actual_deployment_is_not_the_default() -> None:
    assert Settings().status == "Exercise"


async def test_calm_is_said_with_the_time_at_which_it_was_known(world: World) -> None:
    page = (await world.get("/place/310101")).text  # 00:30 UTC is 08:30 in Beijing; a cache may hold it until tomorrow
    assert '截至 <time datetime="2024-09-20T00:30:00Z">9月20日 08:30</time>' in page
    assert 'As of <time datetime="2024-09-20T00:30:00Z">20 Sep 08:30</time>' in (await world.get("/en")).text


def test_what_to_do_is_never_cut_within_a_sentence_nor_at_a_space() -> None:
    steps = "1. 留在 高处。\n2. " + "不要驾车进入积水，" * 20 + "立即转移。\n3. 拨打110。"
    assert brief(steps, 1000) == steps
    assert brief("【演练】 " + "水" * 100, 60) == "【演练】 " + "水" * 54 + "…", "a space says nothing of where a Chinese sentence ends"
    assert brief(steps, 200) == steps[:steps.index("\n3.")] + "…"
    english = "1. Stay on high ground. 2. Do not drive into water. 3. Call 110 when trapped."
    assert brief(english, 60) == "1. Stay on high ground. 2. Do not drive into water.…"


async def test_a_warning_that_is_over_says_so_before_anything_else_and_bears_no_colour(world: World) -> None:
    identifier = await world.warned(hours=1)
    page = (await world.get(f"/alert/{identifier}")).text
    assert 'class="bar l4"' in page
    assert "不再有效" not in page
    await world.move(timedelta(hours=2))
    for path, words in ((f"/alert/{identifier}", "此预警已过期，不再有效。"), (f"/en/alert/{identifier}", "This warning has run out and no longer counts.")):
        page = (await world.get(path)).text
        assert 'class="bar over"' in page
        assert "bar l4" not in page
        assert page.index(words) < page.index("<h2")


async def test_words_that_are_not_in_the_page_s_language_are_marked_for_a_screen_reader(world: World) -> None:
    identifier = await world.warned(zones=["310115"])
    assert ' lang="zh' not in (await world.get(f"/en/alert/{identifier}")).text.partition("<main")[2]
    await world.execute("UPDATE alert SET cap_xml = replace(cap_xml, 'en-US', 'fr-FR')")  # a partner's, without English
    for path in ("/en", "/en/place/310115", f"/en/alert/{identifier}"):
        assert '<p class="text" lang="zh-CN">' in (await world.get(path)).text, path


async def test_a_district_shows_its_own_and_its_citys_warnings_only(world: World) -> None:
    await world.warned(zones=["310115"])
    city = await world.warned(zones=["310000"], level="yellow")
    huangpu = (await world.get("/place/310101")).text
    assert re.findall(r'data-identifier="([^"]+)"', huangpu) == [city]
    assert (await world.get("/place/310115")).text.count("data-identifier") == 2
    assert (await world.get("/place/424242")).status_code == 404


async def test_an_alerts_page_says_when_it_was_replaced_or_lifted(world: World) -> None:
    first = await world.warned()
    assert "生效中" in (await world.get(f"/alert/{first}")).text
    cancel = await world.warned(action="cancel", replaces=first)
    old = (await world.get(f"/alert/{first}")).text
    assert "已解除" in old
    assert cancel in old
    assert "最近解除" in (await world.get("/")).text


async def test_the_archive_keeps_what_is_over(world: World) -> None:
    identifier = await world.warned(hours=1)
    await world.move(timedelta(hours=2))
    page = (await world.get("/archive")).text
    assert identifier in page
    assert "已过期" in page


async def test_the_archive_s_next_page_misses_none_of_those_issued_in_one_second(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [await world.warned(zones=[code]) for code in DISTRICTS[:5]]
    await world.execute("UPDATE alert SET sent = :at", {"at": world.now})
    monkeypatch.setattr(public, "ARCHIVE_PAGE", 2)
    path, told = "/archive", list[str]()
    for _ in range(4):
        page = (await world.get(path)).text
        told += re.findall(r'href="/alert/([^"]+)"', page)
        if (following := re.search(r'href="(/archive\?[^"]+)"', page)) is None:
            break
        path = html.unescape(following[1])
    assert told == sorted(made)


async def test_words_of_a_warning_cannot_carry_markup(world: World) -> None:
    proposal = await world.proposed()
    read = (await world.get(f"/api/proposals/{proposal}", "fu")).json()
    assert read["texts"]["zh-CN"]["headline"] == "标题"
    await world.warned()
    await world.execute("UPDATE alert SET cap_xml = replace(cap_xml, '<instruction>', '<instruction>&lt;script&gt;alert(1)&lt;/script&gt;')")
    await world.app.state.public.snapshot(fresh=True)
    page = (await world.get("/place/310115")).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


async def test_without_its_database_the_page_that_was_made_last_is_served_with_its_age_and_nothing_else_is_guessed(
    world: World, server_url: str
) -> None:
    await world.warned()
    await world.app.state.public.snapshot(fresh=True)
    page = (await world.get("/")).text
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {world.parts.database.url.partition('?')[0].rsplit('/', 1)[1]} WITH (FORCE)")

    async def away() -> bool:
        return (await world.get("/api/warned?lat=31.22&lon=121.54")).status_code == 503

    await until(away)
    again = await world.get("/")
    assert (again.status_code, again.text) == (200, page)
    assert 'data-until="' in again.text
    assert (await world.get("/place/310115")).status_code == 503, "it was never made: unknown is not calm"
