"""The residents' page: light, cacheable, readable without JavaScript, calm when nothing is in force."""

import re
from datetime import timedelta

import psycopg

from tests.corridor.conftest import until
from tests.web.conftest import World
from warning.settings import Settings

DISTRICTS = ("310101", "310104", "310105", "310106", "310107", "310109", "310110", "310112", "310113", "310114", "310115",
             "310116", "310117", "310118", "310120", "310151")


async def test_nothing_in_force_is_said_calmly(world: World) -> None:
    page = (await world.get("/")).text
    assert "当前没有生效的预警" in page
    assert "No warnings in force" in (await world.get("/en")).text


async def test_the_page_says_colour_in_words_and_shape_until_when_and_what_to_do(world: World) -> None:
    identifier = await world.warned(hours=3)
    page = (await world.get("/")).text
    assert "红色" in page
    assert "■" in page
    assert "暴雨" in page
    assert "浦东新区" in page
    assert "有效至 11:30" in page  # 00:30 UTC + 3 h = 11:30 in Beijing
    assert "怎么办" in page
    assert f"/alert/{identifier}" in page


async def test_the_page_is_under_50_kB(world: World) -> None:  # noqa: N802  # the unit
    for code in DISTRICTS:
        await world.warned(zones=[code])
    page = await world.get("/")
    assert page.text.count("data-identifier") == 16
    assert len(page.content) <= 50_000, len(page.content)


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
    assert first.headers["cache-control"].startswith("public")
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
