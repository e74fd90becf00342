"""The OGC addresses against models of the standards that others wrote (geojson-pydantic, edr-pydantic), and their requirements by name."""

from datetime import timedelta
from typing import Any

import pytest
from edr_pydantic.collections import Collection, Collections
from edr_pydantic.parameter import Parameters
from geojson_pydantic import FeatureCollection

from tests.web.conftest import World
from warning.web.headers import cleaned

PUDONG, OUTSIDE = "POINT(121.54 31.22)", "POINT(0 0)"
CITY_BOX, SEA_BOX = "121.4,31.1,121.7,31.3", "125,25,126,26"


async def read(world: World, path: str) -> Any:
    answer = await world.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    return answer.json()


async def found(world: World, path: str) -> list[str]:
    document = await read(world, path)
    FeatureCollection.model_validate(document)
    assert document["numberReturned"] == len(document["features"])
    return [one["id"] for one in document["features"]]


def rels(document: dict[str, Any]) -> dict[str, str]:
    return {one["rel"]: one["href"] for one in document["links"]}


async def test_from_the_landing_page_every_link_leads_to_a_document(world: World) -> None:
    landing = rels(await read(world, "/ogc/"))
    assert {"self", "service-desc", "conformance", "data"} <= set(landing)
    for href in (landing["conformance"], landing["data"], landing["self"]):
        await read(world, href.removeprefix("http://faces.test"))
    described = (await world.get("/openapi.json")).json()["paths"]
    assert {"/ogc/", "/ogc/conformance", "/ogc/collections", "/ogc/collections/{name}/items", "/ogc/collections/{name}/position"} <= set(described)
    classes = (await read(world, "/ogc/conformance"))["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in classes
    assert not any(one.endswith("/oas30") for one in classes), "ours is OpenAPI 3.1"


async def test_the_collections_are_what_both_standards_say(world: World) -> None:
    document = await read(world, "/ogc/collections")
    shared = [{key: value for key, value in one.items() if key != "itemType"} for one in document["collections"]]  # which only Features knows
    Collections.model_validate(document | {"collections": shared})
    for own, one in zip(shared, document["collections"], strict=True):
        Collection.model_validate(own)
        assert await read(world, f"/ogc/collections/{one['id']}") == one
        west, south, east, north = one["extent"]["spatial"]["bbox"][0]
        assert west < 121.5 < east
        assert south < 31.2 < north
        assert {"items", "self", "http://www.opengis.net/def/rel/ogc/1.0/queryables"} <= set(rels(one))
        assert (await world.get(f"{one['data_queries']['position']['link']['href'].removeprefix('http://faces.test')}?coords={PUDONG}")).status_code == 200
        queryables = await read(world, rels(one)["http://www.opengis.net/def/rel/ogc/1.0/queryables"].removeprefix("http://faces.test"))
        assert set(queryables["properties"]) == {"hazard", "level", "zone"}
        assert "rainstorm" in queryables["properties"]["hazard"]["enum"]
    assert (await world.get("/ogc/collections/nothing")).status_code == 404
    assert (await world.get("/ogc/collections/nothing/items")).status_code == 404


async def test_items_are_chosen_by_box_time_and_property(world: World) -> None:
    first = await world.warned(zones=["310115"], level="red")
    other = await world.warned(zones=["310151"], level="yellow", hazard="gale", code="11B06")
    items = "/ogc/collections/active/items"
    assert set(await found(world, items)) == {first, other}
    assert await found(world, f"{items}?bbox={CITY_BOX}") == [first]
    assert await found(world, f"{items}?bbox=121.4,31.1,-10,121.7,31.3,10") == [first], "heights are let pass"
    assert await found(world, f"{items}?bbox={SEA_BOX}") == []
    assert await found(world, f"{items}?bbox=170,-10,-170,10") == [], "over the antimeridian"
    assert await found(world, f"{items}?hazard=gale") == [other]
    assert await found(world, f"{items}?level=red") == [first]
    assert await found(world, f"{items}?zone=310151") == [other]
    assert await found(world, f"{items}?datetime=2024-09-20T00:30:00Z") != []
    assert await found(world, f"{items}?datetime=2020-01-01T00:00:00Z/2020-01-02T00:00:00Z") == []


async def test_a_past_warning_is_found_at_the_time_for_which_that_version_was_valid(world: World) -> None:
    first = await world.warned(zones=["310115"], hours=3)  # from 00:30
    await world.move(timedelta(hours=1))
    second = await world.warned(zones=["310115"], hours=3, action="update", replaces=first)  # from 01:30 to 04:30
    await world.move(timedelta(hours=5))
    items = "/ogc/collections/warnings/items"
    assert await found(world, "/ogc/collections/active/items") == []
    assert await found(world, items) == [second, first]
    assert await found(world, f"{items}?datetime=2024-09-20T01:00:00Z") == [first]
    assert await found(world, f"{items}?datetime=2024-09-20T10:00:00%2B08:00") == [second], "02:00 UTC"
    assert await found(world, f"{items}?datetime=2024-09-20T04:00:00Z/..") == [second]
    assert await found(world, f"{items}?datetime=../2024-09-20T00:00:00Z") == []
    one = await read(world, f"{items}/{first}")
    assert (one["type"], one["id"], one["properties"]["state"]) == ("Feature", first, "superseded")
    assert (await world.get(f"/ogc/collections/active/items/{first}")).status_code == 404


async def test_a_long_answer_comes_in_pages_and_no_warning_is_missed_or_told_twice(world: World) -> None:
    made = {await world.warned(zones=[code]) for code in ("310115", "310116", "310117", "310118", "310120")}
    path, told = "/ogc/collections/active/items?limit=2", []
    for _ in range(5):
        told += await found(world, path)
        links = rels(await read(world, path))
        if "next" not in links:
            break
        path = links["next"].removeprefix("http://faces.test")
    assert sorted(told) == sorted(made)
    assert "next" not in rels(await read(world, "/ogc/collections/active/items?limit=5")), "all five are told: nothing comes after them"


async def test_between_two_pages_one_ends_one_grows_and_one_comes_and_no_place_is_missed(world: World) -> None:
    codes = ("310115", "310116", "310117", "310118", "310120")
    made = {code: await world.warned(zones=[code]) for code in codes}
    first = await read(world, "/ogc/collections/active/items?limit=2")
    told = [one["id"] for one in first["features"]]
    left = [code for code in codes if made[code] not in told]
    await world.move(timedelta(minutes=1))
    await world.warned(action="cancel", replaces=told[0], zones=[code for code in codes if made[code] == told[0]])
    await world.warned(action="update", replaces=made[left[0]], zones=[left[0]], hours=6)
    await world.warned(zones=["310151"])
    path = rels(first)["next"].removeprefix("http://faces.test")
    while path:
        page = await read(world, path)
        told += [one["id"] for one in page["features"]]
        path = rels(page).get("next", "").removeprefix("http://faces.test")
    assert sorted(told) == sorted(made.values()), "each as it was when the first page was asked for, each once"


async def test_an_offset_counts_what_is_asked_for_and_nothing_else(world: World) -> None:
    inside = [await world.warned(zones=["310115"]), await world.warned(zones=["310115"], hazard="gale", code="11B06")]
    await world.move(timedelta(minutes=1))
    await world.warned(zones=["310151"])  # newer, and not in the box
    items = f"/ogc/collections/active/items?bbox={CITY_BOX}"
    whole = await found(world, items)
    assert sorted(whole) == sorted(inside)
    assert await found(world, f"{items}&offset=1") == whole[1:]
    assert "next" not in rels(await read(world, f"{items}&offset=1&limit=1"))


@pytest.mark.parametrize("query", [
    "bbox=1,2,3", "bbox=a,b,c,d", "bbox=1,50,2,40", "limit=0", "limit=-1", "limit=many", "datetime=yesterday", "datetime=2024-09-20",
    "datetime=2024-09-20T00:00:00", "datetime=../..", "datetime=2024-09-21T00:00:00Z/2024-09-20T00:00:00Z", "level=purple", "colour=red", "f=html", "offset=-1", "cursor=2", "cursor=2024-09-20T00:00:00Z~now~x"])
async def test_a_parameter_that_is_unknown_or_not_valid_is_a_400_that_names_it(world: World, query: str) -> None:
    answer = await world.get(f"/ogc/collections/active/items?{query}")
    assert answer.status_code == 400, query
    assert query.partition("=")[0] in answer.json()["detail"]


async def test_no_address_of_the_standard_takes_a_parameter_that_it_does_not_name(world: World) -> None:
    identifier = await world.warned()
    for path in ("/ogc/", "/ogc/conformance", "/ogc/collections", "/ogc/collections/active", "/ogc/collections/active/queryables",
                 f"/ogc/collections/active/items/{identifier}"):
        assert (await world.get(f"{path}?f=json")).status_code == 200, path
        for wrong in ("colour=red", "f=html"):
            answer = await world.get(f"{path}?{wrong}")
            assert answer.status_code == 400, f"/req/core/query-param-unknown: {path}?{wrong}"
            assert wrong.partition("=")[0] in answer.json()["detail"]


async def test_a_limit_above_the_most_gives_the_most(world: World) -> None:
    await world.warned()
    assert len(await found(world, "/ogc/collections/active/items?limit=100000")) == 1


async def test_edr_says_what_is_in_force_at_a_point(world: World) -> None:
    identifier = await world.warned(zones=["310115"])
    document = await read(world, f"/ogc/collections/active/position?coords={PUDONG}&parameter-name=level,hazard&f=GeoJSON")
    FeatureCollection.model_validate(document)
    Parameters.model_validate(document["parameters"])
    assert set(document["parameters"]) == {"level", "hazard"}
    [one] = document["features"]
    assert one["id"] == identifier
    assert one["geometry"] == {"type": "Point", "coordinates": [121.54, 31.22]}
    assert {"datetime", "label", "parameter-name", "edrqueryendpoint"} <= set(one["properties"])
    assert (one["properties"]["level"], one["properties"]["parameter-name"]) == ("red", ["level", "hazard"])
    beside = await read(world, "/ogc/collections/active/position?coords=POINT(121.47 31.23)")
    assert beside["features"] == []
    past = await read(world, f"/ogc/collections/warnings/position?coords={PUDONG}&datetime=2020-01-01T00:00:00Z/..")
    assert [one["id"] for one in past["features"]] == [identifier]


async def test_a_point_where_nobody_warns_is_not_answered_as_if_it_were_calm(world: World) -> None:
    answer = await world.get(f"/ogc/collections/active/position?coords={OUTSIDE}")
    assert answer.status_code == 404
    assert "no all-clear" in answer.json()["detail"]


@pytest.mark.parametrize("query", ["", "coords=here", "coords=POINT(200 95)", "coords=POINT EMPTY", "coords=LINESTRING(0 0,1 1)",
                                   f"coords={PUDONG}&parameter-name=rain", f"coords={PUDONG}&crs=EPSG:3857", f"coords={PUDONG}&z=0"])
async def test_a_position_query_that_is_not_valid_is_a_400(world: World, query: str) -> None:
    assert (await world.get(f"/ogc/collections/active/position?{query}")).status_code == 400


def test_a_position_asked_for_never_reaches_the_access_log() -> None:
    assert cleaned("/ogc/collections/active/position?coords=POINT(121.54%2031.22)") == "/ogc/collections/active/position"
    assert cleaned("/ogc/collections/active/items?bbox=1,2,3,4") == "/ogc/collections/active/items?bbox=1,2,3,4"


async def test_what_is_in_force_is_one_geojson_document_with_a_version(world: World) -> None:
    identifier = await world.warned(zones=["310115"])
    answer = await world.get("/api/alerts.geojson")
    FeatureCollection.model_validate(answer.json())
    assert [one["id"] for one in answer.json()["features"]] == [identifier]
    again = await world.get("/api/alerts.geojson", **{"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    ring = answer.json()["features"][0]["geometry"]["coordinates"]
    first = ring[0][0] if answer.json()["features"][0]["geometry"]["type"] == "MultiPolygon" else ring[0]
    area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(first, first[1:], strict=False))
    assert area > 0, "RFC 7946 §3.1.6: exterior rings counter-clockwise"
