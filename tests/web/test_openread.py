"""What is open is open for every page of the web, for HEAD and for whoever has it already; a wrong question is never answered with silence."""

import gzip

import httpx
import pytest

from tests.web.conftest import World

PROGRAMS = ("/api/feed.atom", "/api/alerts.geojson", "/api/alerts?active=true", "/api/warned?lat=31.22&lon=121.54", "/api/zones.geojson", "/api/heartbeat",
            "/api/rules/shanghai-2019", "/ogc/", "/ogc/collections/active/items", "/ogc/collections/active/position?coords=POINT(121.54 31.22)", "/openapi.json")
PEOPLE = ("/", "/en", "/place/310115", "/archive", "/app", "/register", "/page.js", "/icons/96.png")


async def test_a_page_of_anybody_may_read_what_is_open_and_why_it_was_refused(world: World) -> None:
    identifier = await world.warned(zones=["310115"])
    for path in (*PROGRAMS, f"/api/alerts/{identifier}.xml", f"/api/alerts/{identifier}", f"/api/alerts/{identifier}/text"):
        answer = await world.get(path, Origin="https://media.example")
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*"), path
    for path, status in (("/api/alerts/none.xml", 404), ("/api/warned?lat=x", 422), ("/ogc/collections/active/items?colour=red", 400)):
        answer = await world.get(path)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, "*"), path
    asked = await world.http.options("/api/alerts.geojson", headers={
        "Origin": "https://media.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"})
    assert asked.is_success
    assert "If-None-Match" in asked.headers["access-control-allow-headers"]
    for path in ("/api/proposals", "/api/subscriptions", "/me", "/login", "/"):
        assert "access-control-allow-origin" not in (await world.get(path, "fu")).headers, f"{path} is not for others' pages"


async def test_head_says_of_everything_what_get_would_and_no_more(world: World) -> None:
    await world.warned(zones=["310115"])
    for path in (*PROGRAMS, *PEOPLE, "/api/alerts/none.xml"):
        whole, head = await world.get(path), await world.http.head(path)
        assert (head.status_code, head.content) == (whole.status_code, b""), path
        assert head.headers["content-type"] == whole.headers["content-type"], path
        assert head.headers["content-length"] == whole.headers["content-length"] or path == "/api/heartbeat", path
        assert head.headers.get("etag") == whole.headers.get("etag"), path


async def test_head_of_the_stream_ends(world: World) -> None:
    head = await world.http.head("/api/events")
    assert head.headers["content-type"].startswith("text/event-stream")
    assert world.app.state.events.listeners == 0


async def test_whoever_has_it_already_is_told_so_in_every_form_of_the_question(world: World) -> None:
    await world.warned(zones=["310115"])
    for path in ("/", "/api/feed.atom", "/api/alerts.geojson", "/api/alerts?active=true"):
        whole = await world.get(path)
        tag = whole.headers["etag"]
        assert tag.startswith('W/"'), "packed and plain are one version, not the same bytes"
        for asked in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
            again = await world.get(path, **{"If-None-Match": asked})
            assert (again.status_code, again.content) == (304, b""), (path, asked)
        other = tag[:-1] + 'x"'
        assert (await world.get(path, **{"If-None-Match": other})).status_code == 200


@pytest.mark.parametrize("path", ["/api/feed.atom", "/api/alerts.geojson"])
async def test_the_feeds_are_packed_for_whoever_takes_that_and_made_once_for_a_version(world: World, path: str) -> None:
    await world.warned(zones=["310115"])
    plain = await world.get(path, **{"Accept-Encoding": "identity"})
    async with world.http.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(packed) == plain.content, "the same moment: it was not made anew"
    assert len(packed) < len(plain.content) / 2


async def test_a_misspelt_question_is_refused_and_not_answered_as_if_it_were_calm(world: World) -> None:
    await world.warned(zones=["310115"])
    for query, told in (("activ=true", "active, hazard, limit, status, zone"), ("active=true&hazard=rainstrom", "rainstorm"), ("zone=999", "/api/zones.geojson")):
        answer: httpx.Response = await world.get(f"/api/alerts?{query}")
        assert answer.status_code in (404, 422), query
        assert told in answer.json()["detail"], query
    assert len((await world.get("/api/alerts?active=true&hazard=rainstorm")).json()) == 1
    assert (await world.get("/api/alerts?active=true&hazard=gale")).json() == []


async def test_a_signature_that_came_late_is_in_what_is_served(world: World) -> None:
    identifier = await world.warned(zones=["310115"])
    await world.execute("INSERT INTO alert_signature (identifier, fault) VALUES (:i, 'no key') ON CONFLICT (identifier) DO UPDATE SET fault = 'no key'", {"i": identifier})
    board = world.app.state.public
    assert [one.alert.signing_fault for one in (await board.snapshot(fresh=True)).in_force] == ["no key"]
    await world.execute("UPDATE alert_signature SET fault = '', document = '<signed/>'")
    assert [(one.alert.signing_fault, one.alert.signed_xml) for one in (await board.snapshot(fresh=True)).in_force] == [("", "<signed/>")]
