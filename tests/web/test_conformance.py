"""What programs and media fetch, against public schemas and clients that others wrote: Atom (RFC 4287), GeoJSON (RFC 7946), OGC API – Features and EDR. CAP has its XSD in test_cap_*."""

import asyncio
import copy
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import feedparser
import jsonschema_rs
import pytest
import uvicorn
from edr_pydantic.collections import Collection
from owslib.ogcapi.edr import EnvironmentalDataRetrieval
from owslib.ogcapi.features import Features
from pydantic import ValidationError

from tests.ports import own_port
from tests.web import atomrules, ogcrules
from tests.web.conftest import World, opened_world
from warning.web.export import export

HERE, ELSEWHERE = "121.54 31.22", "121.47 31.23"
FEATURE = jsonschema_rs.validator_for(json.loads((files("pystac.validation.jsonschemas.geojson") / "Feature.json").read_text()))
"""The schema https://geojson.org/schema/Feature.json, as the package pystac-core ships it."""


async def read(world: World, path: str, who: str | None = None) -> bytes:
    answer = await world.get(path, who)
    assert answer.status_code == 200, answer.text
    return answer.content


# Atom

async def test_each_feed_is_as_rfc_4287_says_and_a_reader_finds_its_warnings(world: World, tmp_path: Path) -> None:
    made = (await world.post("/api/subscriptions", "office", {
        "name": "应急办", "channel": "webhook", "address": "https://203.0.113.7/1", "zones": ["310115"]})).json()["id"]
    assert atomrules.faults(await read(world, "/api/feed.atom")) == [], "nothing in force"
    wanted = {await world.warned(zones=["310115"], level="red"), await world.warned(zones=["310115"], level="yellow", hazard="gale", code="11B06")}
    await world.app.state.public.snapshot(fresh=True)
    await export(world.parts, tmp_path / "copy", good_for=world.now - world.now)
    for path, content in (
        ("/api/feed.atom", await read(world, "/api/feed.atom")), ("/api/feed.atom?lang=en", await read(world, "/api/feed.atom?lang=en")),
        (f"/api/subscriptions/{made}/feed.atom?lang=en", await read(world, f"/api/subscriptions/{made}/feed.atom?lang=en", "office")),
        ("/api/feed.atom", (tmp_path / "copy" / "api" / "feed.atom").read_bytes()),
    ):
        assert atomrules.faults(content) == [], path
        seen = feedparser.parse(content)
        assert not seen.bozo, path
        assert (seen.version, len(seen.entries)) == ("atom10", 2)
        assert seen.feed.id == f"http://faces.test{path}", "§4.2.6: one id for one feed; the languages are two"
        assert [one.href for one in seen.feed.links if one.rel == "self"] == [seen.feed.id]
        assert {one.link for one in seen.entries} == {f"http://faces.test/api/alerts/{name}.xml" for name in wanted}
        assert all(one.summary and one.updated_parsed and one.author for one in seen.entries)


BROKEN_FEEDS: list[tuple[str, str, str]] = [
    ("<title>预警信息</title>", "", "§4.1.1: 0 atom:title"),
    ("<title>预警信息</title>", "<title>a</title><title>b</title>", "§4.1.1: 2 atom:title"), ('rel="self"', 'rel="related"', "§4.1.1: no link"),
    ("<updated>2024-09-20T00:30:00+00:00</updated>", "<updated>2024-09-20 00:30:00Z</updated>", "§3.3"),
    ("<updated>2024-09-20T00:30:00+00:00</updated>", "<updated>2024-02-30T00:30:00Z</updated>", "§3.3"),
    ("<id>http://faces.test/", "<id>/", "§4.2.6"), (' href="http://faces.test/api/feed.atom"', "", "§4.2.7.1"), ("<name>预警信息</name>", "", "§3.2"),
    ('<category term="11B03"/>', "<category/>", "§4.2.2.1"), ("<summary>", '<summary type="plain">', "§3.1.1"), ("<summary>", "<summary><b/>", "§3.1.1.1"),
    ('type="application/cap+xml"><', 'type="text"><', "§4.1.3.3"), ('type="application/cap+xml"><', 'type="cap"><', "§4.1.3.1"),
    ("<entry>", "<entry><published>2024-09-20T00:30:00Z</published>", "§4.1.2: 2 atom:published"), ("<entry>", "<entry><begin/>", "§4.1.2: atom:begin"),
    ("<entry>", '<entry><link href="http://faces.test/x" type="application/cap+xml"/>', "§4.1.2: two alternate"), ('xml:lang="zh-CN"', 'xml:lang="zh_CN"', "§2")]


async def test_a_feed_that_breaks_a_clause_is_found_out(world: World) -> None:
    await world.warned(zones=["310115"])
    whole = (await read(world, "/api/feed.atom")).decode()
    for good, bad, clause in BROKEN_FEEDS:
        assert good in whole, good
        found = atomrules.faults(whole.replace(good, bad, 1).encode())
        assert any(one.startswith(clause) for one in found), (good, bad, found)
    assert any(one.startswith("§4.1.1: neither") for one in atomrules.faults(re.sub("<author>.*?</author>", "", whole).encode()))
    entry = whole[whole.index("<entry>"):whole.index("</entry>") + len("</entry>")]
    assert any(one.startswith("§4.1.1.1") for one in atomrules.faults(whole.replace(entry, entry * 2).encode()))


# GeoJSON

def geojson_faults(document: Any) -> list[str]:
    """By the public schema, feature for feature, and by what it cannot say."""
    features = [document] if document["type"] == "Feature" else document["features"]
    found = [f"{error.message} at {error.instance_path}" for one in features for error in FEATURE.iter_errors(one)]
    for one in () if found else features:
        geometry = one["geometry"]
        if geometry is None or geometry["type"] == "Point":
            continue
        for polygon in [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]:
            for number, ring in enumerate(polygon):
                if ring[0] != ring[-1]:
                    found.append("RFC 7946 §3.1.6: a ring that does not close")
                if (_area(ring) > 0) != (number == 0):
                    found.append("RFC 7946 §3.1.6: a ring that turns the wrong way")
    return found + (["RFC 7946 §4: crs is no member any more"] if "crs" in document else [])


def _area(ring: list[list[float]]) -> float:
    """Twice the area, positive when counter-clockwise."""
    return sum(x1 * y2 - x2 * y1 for (x1, y1, *_), (x2, y2, *_) in zip(ring, ring[1:], strict=False))


async def test_every_geojson_document_is_valid_by_the_public_schema_of_geojson_org(world: World) -> None:
    identifier = await world.warned(zones=["310115", "310151"])
    for path in ("/api/alerts.geojson", "/api/zones.geojson", "/ogc/collections/active/items", "/ogc/collections/warnings/items", f"/ogc/collections/active/items/{identifier}",
                 f"/ogc/collections/active/position?coords=POINT({HERE})"):
        document = json.loads(await read(world, path))
        assert document["type"] == "Feature" or document["features"], path
        assert geojson_faults(document) == [], path


async def test_a_geojson_document_that_is_broken_is_found_out(world: World) -> None:
    await world.warned(zones=["310115"])
    whole = json.loads(await read(world, "/api/alerts.geojson"))

    def ring(document: Any) -> list[list[float]]:
        geometry = document["features"][0]["geometry"]
        found: list[list[float]] = geometry["coordinates"][0] if geometry["type"] == "Polygon" else geometry["coordinates"][0][0]
        return found

    breaks: list[Callable[[Any], object]] = [
        lambda one: one["features"][0].pop("properties"), lambda one: one["features"][0].pop("geometry"), lambda one: one["features"][0]["geometry"].update(type="Area"),
        lambda one: ring(one).__delitem__(slice(3, None)), lambda one: ring(one)[0].pop(), lambda one: ring(one).reverse(), lambda one: ring(one).pop(),
        lambda one: one.update(crs={"type": "name"}), lambda one: one["features"][0].update(id=None)]
    for broken in breaks:
        document = copy.deepcopy(whole)
        broken(document)
        assert geojson_faults(document) != []


# OGC API

@asynccontextmanager
async def open_world(database_url: str, folder: Path) -> AsyncIterator[tuple[World, str]]:
    """The same application on a port of this machine, for clients that speak only to a network."""
    async with AsyncExitStack() as stack:
        port = stack.enter_context(own_port())
        world = await stack.enter_async_context(opened_world(database_url, folder, public_url=f"http://127.0.0.1:{port}"))
        server = uvicorn.Server(uvicorn.Config(world.app, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off"))
        serving = asyncio.create_task(server.serve())
        try:
            while not server.started:  # noqa: ASYNC110  # it has no event to wait for
                await asyncio.sleep(0.01)
            yield world, f"http://127.0.0.1:{port}/ogc"
        finally:
            server.should_exit = True
            await serving


async def test_the_client_of_owslib_walks_features_and_edr_by_itself(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path) as (world, base):
        here, there = await world.warned(zones=["310115"]), await world.warned(zones=["310151"], level="yellow", hazard="gale", code="11B06")

        def walk() -> None:
            client = Features(base)
            assert client.feature_collections() == ["active", "warnings"]
            assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in client.conformance()["conformsTo"]
            assert set(client.collection_queryables("active")["properties"]) == {"hazard", "level", "zone"}
            ids = [{one["id"] for one in client.collection_items("active", **asked)["features"]} for asked in (
                {}, {"bbox": [121.4, 31.1, 121.7, 31.3]}, {"hazard": "gale"}, {"datetime_": "2020-01-01T00:00:00Z"})]
            assert ids == [{here, there}, {here}, {there}, set()]
            first = client.collection_items("warnings", limit=1)
            rest = client.collection_items("warnings", limit=1, offset=1)
            assert {first["features"][0]["id"], rest["features"][0]["id"]} == {here, there}
            assert client.collection_item("warnings", here)["properties"]["level"] == "red"
            with pytest.raises(RuntimeError, match="no collection"):
                client.collection("nothing")
            edr = EnvironmentalDataRetrieval(base)
            assert edr.data() == ["active", "warnings"]
            assert [one["id"] for one in edr.query_data("active", "position", coords=f"POINT({HERE})")["features"]] == [here]
            assert edr.query_data("active", "position", coords=f"POINT({ELSEWHERE})")["features"] == []

        await asyncio.to_thread(walk)


CHECKS: dict[str, Callable[[Any], list[str]]] = {
    "/ogc/": ogcrules.landing, "/ogc/conformance": ogcrules.conformance, "/ogc/collections": ogcrules.collections, "/ogc/collections/active": ogcrules.collection,
    "/ogc/collections/active/items": ogcrules.items, "/ogc/collections/active/items?limit=1": ogcrules.items, "/ogc/collections/warnings/items/{id}": ogcrules.item}


async def test_each_document_has_what_its_requirement_of_17_069_demands(world: World) -> None:
    identifier = await world.warned(zones=["310115"])
    for path, check in CHECKS.items():
        assert check(json.loads(await read(world, path.format(id=identifier)))) == [], path


BROKEN_DOCUMENTS: list[tuple[str, Callable[[Any], object], str]] = [
    ("/ogc/", lambda one: one.pop("links"), "/req/core/root-success"),
    ("/ogc/", lambda one: one.update(links=[link for link in one["links"] if not link["rel"].endswith("conformance")]), "/req/core/root-success: no link conformance"),
    ("/ogc/", lambda one: one.update(links=[link for link in one["links"] if not link["rel"].startswith("service")]), "/req/core/root-success: no link to the API"),
    ("/ogc/conformance", lambda one: one.update(conformsTo="core"), "/req/core/conformance-success"),
    ("/ogc/collections", lambda one: one.update(links=[]), "/req/core/fc-md-links"),
    ("/ogc/collections", lambda one: one.pop("collections"), "/req/core/fc-md-success"),
    ("/ogc/collections", lambda one: one["collections"][1].pop("id"), "/req/core/sfc-md-success"),
    ("/ogc/collections/active", lambda one: one["links"].pop(1), "/req/core/fc-md-items-links: no link items"),
    ("/ogc/collections/active", lambda one: one["links"][0].pop("href"), "/req/core/fc-md-items-links: a link without href"),
    ("/ogc/collections/active", lambda one: one["extent"]["spatial"]["bbox"][0].pop(), "/req/core/fc-md-extent"),
    ("/ogc/collections/active/items", lambda one: one["links"][0].pop("type"), "/req/core/fc-rel-type"),
    ("/ogc/collections/active/items", lambda one: one.update(numberReturned=7), "/req/core/fc-numberReturned"),
    ("/ogc/collections/active/items", lambda one: one.update(timeStamp="2024-09-20T08:30:00+08:00"), "/req/core/fc-timeStamp"),
    ("/ogc/collections/active/items", lambda one: one.update(features=None), "/req/geojson/content"),
    ("/ogc/collections/warnings/items/{id}", lambda one: one.pop("id"), "/req/geojson/content"),
    ("/ogc/collections/warnings/items/{id}", lambda one: one["links"].pop(), "/req/core/f-links: no link collection"),
]


async def test_a_document_that_breaks_a_requirement_is_found_out(world: World) -> None:
    identifier = await world.warned(zones=["310115"])
    for path, broken, requirement in BROKEN_DOCUMENTS:
        document = json.loads(await read(world, path.format(id=identifier)))
        broken(document)
        found = CHECKS[path](document)
        assert any(one.startswith(requirement) for one in found), (path, requirement, found)


async def test_the_definition_writes_the_parameters_of_items_as_17_069_does_and_a_string_for_a_number_is_found_out(world: World) -> None:
    path = "/ogc/collections/{name}/items"
    whole = json.loads(await read(world, "/openapi.json"))
    assert ogcrules.definition(whole, path) == []
    for name, broken in (("limit", {"schema": {"type": "string"}}), ("limit", {"schema": {"type": "integer", "minimum": 1}}), ("bbox", {"explode": True}), ("datetime", {"in": "path"})):
        document = copy.deepcopy(whole)
        next(one for one in document["paths"][path]["get"]["parameters"] if one["name"] == name).update(broken)
        assert ogcrules.definition(document, path) != [], (name, broken)


async def test_a_collection_without_its_extent_or_with_a_query_that_leads_nowhere_is_no_edr_collection(world: World) -> None:
    whole = json.loads(await read(world, "/ogc/collections/active"))
    assert whole.pop("itemType") == "feature", "of Features' collection.yaml; the model of EDR knows no members of others"
    Collection.model_validate(whole)
    for broken in (whole | {"extent": None}, whole | {"data_queries": {"position": {"link": {"rel": "data"}}}}, whole | {"links": "none"},
                   {key: value for key, value in whole.items() if key != "parameter_names"}):
        with pytest.raises(ValidationError):
            Collection.model_validate(broken)
