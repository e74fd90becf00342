"""Alerts over the API: what was issued, how fast it went out, what became of it."""

import json
from datetime import timedelta

from tests.web.conftest import World
from warning.capxml import read, read_feed


async def test_an_alert_that_was_never_issued_is_404(world: World) -> None:
    answer = await world.get("/api/alerts/31000041600000_20240920000000")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) == {"title", "status", "detail", "next_step"}
    assert "31000041600000_20240920000000" in answer.json()["detail"]


async def test_an_issued_alert_is_listed_with_names_in_both_languages(world: World) -> None:
    identifier = await world.warned()
    [alert] = (await world.get("/api/alerts?active=true")).json()
    assert alert["identifier"] == identifier
    assert (alert["state"], alert["level"], alert["status"], alert["version"]) == ("in_force", "red", "Exercise", 1)
    assert alert["zones"] == [{"code": "310115", "name": {"zh": "浦东新区", "en": alert["zones"][0]["name"]["en"]}}]
    assert alert["hazard_name"]["zh"] == "暴雨"


async def test_an_alert_that_has_expired_is_not_active(world: World) -> None:
    await world.warned(hours=2)
    await world.move(timedelta(hours=2))
    assert (await world.get("/api/alerts?active=true")).json() == []
    assert (await world.get("/api/alerts")).json()[0]["state"] == "expired"


async def test_a_lifted_alert_is_lifted_and_names_its_cancel(world: World) -> None:
    first = await world.warned()
    cancel = await world.warned(action="cancel", replaces=first)
    states = {a["identifier"]: (a["state"], a["newest"], a["version"]) for a in (await world.get("/api/alerts")).json()}
    assert states == {first: ("lifted", cancel, 1), cancel: ("lifted", cancel, 2)}


async def test_a_question_about_a_district_finds_what_is_warned_for_its_city(world: World) -> None:
    city = await world.warned(zones=["310000"], level="yellow")
    await world.warned(zones=["310115"])
    found = (await world.get("/api/alerts?active=true&zone=310101")).json()
    assert [alert["identifier"] for alert in found] == [city]
    assert (await world.get("/api/alerts?zone=999999")).status_code == 404


async def test_the_hazard_filter_keeps_only_that_hazard(world: World) -> None:
    await world.warned()
    assert (await world.get("/api/alerts?hazard=gale")).json() == []
    assert len((await world.get("/api/alerts?hazard=rainstorm")).json()) == 1


async def test_the_cap_document_is_the_signed_one_and_never_changes(world: World) -> None:
    identifier = await world.warned()
    answer = await world.get(f"/api/alerts/{identifier}.xml")
    assert answer.headers["content-type"].startswith("application/cap+xml")
    assert "immutable" in answer.headers["cache-control"]
    alert = read(answer.content).alert
    assert alert.identifier == identifier
    assert [info.language for info in alert.infos] == ["zh-CN", "en-US"]


async def test_the_feed_carries_what_is_in_force_and_is_not_sent_twice(world: World) -> None:
    identifier = await world.warned()
    answer = await world.get("/api/feed.atom")
    assert [result.alert.identifier for result in read_feed(answer.content)] == [identifier]
    again = await world.get("/api/feed.atom", **{"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_timeline_measures_each_stage_against_the_ten_minutes(world: World) -> None:
    identifier = await world.warned()
    body = (await world.get(f"/api/alerts/{identifier}/timeline")).json()
    assert body["promise_s"] == 600
    assert [stage["stage"] for stage in body["stages"]] == ["arrival", "propose", "submit", "approve", "issue"]
    assert not body["done"]  # its audience has not been worked out yet
    assert body["in_time"] is None
    await world.parts.dispatch.expand(identifier)
    body = (await world.get(f"/api/alerts/{identifier}/timeline")).json()
    assert body["done"]
    assert body["in_time"]
    assert not any(stage["late"] for stage in body["stages"])


async def test_a_failed_delivery_is_shown_with_its_next_step_and_without_its_address(world: World) -> None:
    await _subscribe(world, "office of Pudong", "https://203.0.113.7/hook")
    identifier = await world.warned()
    await world.parts.dispatch.expand(identifier)
    await world.execute("UPDATE delivery SET state = 'failed', reason = 'gone', evidence = 'HTTP 410'")
    answer = await world.get(f"/api/alerts/{identifier}/deliveries", "wang")
    body = answer.json()
    assert body["counts"] == {"webhook": {"failed": 1}}
    [failed] = body["failed"]
    assert (failed["recipient"], failed["reason"], failed["evidence"]) == ("office of Pudong", "gone", "HTTP 410")
    assert "register again" in failed["next_step"]
    assert "203.0.113.7" not in answer.text


async def test_which_office_has_acknowledged_is_not_told_to_everybody(world: World) -> None:
    made = await world.post("/api/subscriptions", "office", {
        "name": "office of Pudong", "channel": "webhook", "address": "https://203.0.113.7/hook", "secret": "x" * 16})
    identifier = await world.warned()
    links = await world.parts.answer.call(identifier, [made.json()["id"]])
    await world.http.post("/api/ack/" + links[made.json()["id"]].rsplit("/", 1)[1], data={"by": "duty officer"})
    for who, shown in ((None, "office"), ("wang", "office of Pudong")):
        stages = (await world.get(f"/api/alerts/{identifier}/timeline", who)).json()["stages"]
        assert [row["channel"] for row in stages if row["stage"] == "acknowledge"] == [shown]


async def test_an_operator_retries_what_failed_and_a_viewer_may_not(world: World) -> None:
    await _subscribe(world, "office", "https://203.0.113.7/hook")
    identifier = await world.warned()
    await world.parts.dispatch.expand(identifier)
    await world.execute("UPDATE delivery SET state = 'failed', reason = 'timeout'")
    body = (await world.get(f"/api/alerts/{identifier}/deliveries", "fu")).json()
    ids = {"deliveries": [body["failed"][0]["id"]]}
    assert (await world.post("/api/deliveries/retry", "wang", ids)).status_code == 403
    assert (await world.post("/api/deliveries/retry", "fu", ids)).json() == {"retried": 1}
    counts = (await world.get(f"/api/alerts/{identifier}/deliveries", "fu")).json()["counts"]
    assert counts == {"webhook": {"queued": 1}}


async def test_the_published_version_is_what_the_page_really_shows(world: World) -> None:
    first = await world.warned()
    assert (await world.get(f"/public/versions/{first}")).json() == {"identifier": first, "version": 1}
    assert f'data-identifier="{first}"' in (await world.get("/")).text
    cancel = await world.warned(action="cancel", replaces=first)
    assert (await world.get(f"/public/versions/{cancel}")).json() == {"identifier": cancel, "version": 2}
    assert (await world.get(f"/public/versions/{first}")).status_code == 404
    page = (await world.get("/")).text
    assert f'data-identifier="{first}"' not in page
    assert f'data-identifier="{cancel}"' in page


async def test_the_api_describes_itself_and_its_page_loads_nothing_from_elsewhere(world: World) -> None:
    paths = (await world.get("/openapi.json")).json()["paths"]
    for path in ("/api/alerts", "/api/alerts/{identifier}", "/api/alerts/{identifier}.xml", "/api/alerts/{identifier}/timeline",
                 "/api/proposals", "/api/proposals/{proposal_id}/approve", "/api/subscriptions", "/api/registrations",
                 "/api/ack/{token}", "/api/warned", "/api/health", "/metrics", "/public/versions/{identifier}"):
        assert path in paths, path
    docs = (await world.get("/docs")).text
    assert "/api/alerts/{identifier}/timeline" in docs
    assert "<script" not in docs
    json.dumps(paths)


async def _subscribe(world: World, name: str, address: str) -> None:
    answer = await world.post("/api/subscriptions", "office", {"name": name, "channel": "webhook", "address": address, "secret": "x" * 16})
    assert answer.status_code == 201, answer.text
