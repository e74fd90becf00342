"""Subscriptions, acknowledgements, places, health and metrics over the API."""

import base64
import logging
from dataclasses import replace
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.web.conftest import World
from warning.keyring import push_keys
from warning.settings import ChannelSettings, Settings
from warning.web.headers import HidePlaces, cleaned

HOOK = {"name": "office of Pudong", "channel": "webhook", "address": "https://203.0.113.7/hook", "zones": ["310115"]}


async def test_an_office_subscribes_lists_and_ends_its_own(world: World) -> None:
    made = await world.post("/api/subscriptions", "office", HOOK)
    assert made.status_code == 201, made.text
    assert (await world.post("/api/subscriptions", "office", HOOK)).json() == made.json()  # the same again is the same
    [held] = (await world.get("/api/subscriptions", "office")).json()
    assert (held["id"], held["min_level"], held["zones"]) == (made.json()["id"], "blue", ["310115"])
    ended = await world.http.delete(f"/api/subscriptions/{held['id']}", headers={"Authorization": "Bearer token-office"})
    assert ended.status_code == 204
    assert (await world.get("/api/subscriptions", "office")).json() == []


async def test_a_forecaster_may_not_subscribe_for_an_office(world: World) -> None:
    assert (await world.post("/api/subscriptions", "fu", HOOK)).status_code == 403


async def test_an_unknown_zone_is_refused_by_name(world: World) -> None:
    answer = await world.post("/api/subscriptions", "office", {**HOOK, "zones": ["990000"]})
    assert answer.status_code == 422
    assert "990000" in answer.json()["detail"]


async def test_a_refused_registration_repeats_neither_number_nor_place(world: World) -> None:
    body = {"channel": "sms", "address": "8613800000000", "lat": "north of here", "lon": 121.5}
    answer = await world.post("/api/registrations", body=body)
    assert answer.status_code == 422
    assert "lat" in answer.json()["detail"]
    assert "8613800000000" not in answer.text
    assert "north of here" not in answer.text


async def test_a_resident_registers_without_a_token(world: World) -> None:
    answer = await world.post("/api/registrations", body={"channel": "sms", "address": "8613800000000", "lat": 31.23, "lon": 121.48})
    assert answer.status_code == 202, answer.text
    assert answer.json()["id"] is None


async def test_a_link_scanner_does_not_acknowledge(world: World) -> None:
    path = await _called(world)
    opened = await world.get(path)
    assert opened.status_code == 200
    assert 'method="post"' in opened.text
    assert "【演练】" in opened.text  # whoever opens it reads what it is about, for whom, and that it is a drill
    assert "[EXERCISE] " in opened.text
    assert "office of Pudong" in opened.text
    assert (await world.get("/api/ack/wrong")).status_code == 404
    assert (await world.http.head(path)).status_code in (200, 405)
    read = await world.http.post(path, data={"by": "duty officer"}, headers={"Accept": "application/json"})
    assert read.status_code == 200, read.text  # it was still open: neither GET nor HEAD had answered
    assert read.json()["post"] == "office of Pudong"


async def test_a_second_acknowledgement_is_a_conflict_and_a_wrong_token_is_404(world: World) -> None:
    path = await _called(world)
    json = {"Accept": "application/json"}
    assert (await world.http.post(path, json={"by": "Chen"}, headers=json)).status_code == 200
    assert (await world.http.post(path, json={"by": "Chen"}, headers=json)).status_code == 409
    assert (await world.http.post("/api/ack/wrong", json={"by": "Chen"}, headers=json)).status_code == 404
    assert (await world.http.post("/api/ack/wrong", data={"by": "Chen"})).status_code == 404


async def test_the_answer_page_says_which_warning_and_which_post_in_the_reader_s_language(world: World) -> None:
    path = await _called(world)
    zh, en = (await world.http.get(path)).text, (await world.http.get(f"{path}?lang=en")).text
    for page, said in ((zh, ("暴雨 · 红色预警", "有效至", "应答岗位：office of Pudong", "浦东新区")), (en, ("Rainstorm · Red warning", "until", "For: office of Pudong"))):
        assert [words for words in said if words not in page] == []
    assert "Acknowledge" not in zh
    unknown = await world.http.get("/api/ack/nothing")
    assert unknown.status_code == 404
    assert "链接无效：请使用最新一条消息里的链接" in unknown.text
    assert "<form" not in unknown.text
    empty = await world.http.post(f"{path}?lang=en", data={"by": " "})
    assert (empty.status_code, "say in 1 to 100 characters who answers" in empty.text, "<form" in empty.text) == (422, True, True)


async def test_an_acknowledgement_without_a_name_is_refused(world: World) -> None:
    path = await _called(world)
    assert (await world.http.post(path, data={"by": " "})).status_code == 422
    for content in (b"{}", b'["by"]', b"{"):
        answer = await world.http.post(path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, content


async def test_a_place_inside_a_warned_district_is_warned_and_its_neighbour_is_not(world: World) -> None:
    identifier = await world.warned(zones=["310115"])
    inside = (await world.get("/api/warned?lat=31.22&lon=121.54")).json()
    assert inside["warned"]
    assert [alert["identifier"] for alert in inside["alerts"]] == [identifier]
    assert inside["place"]["code"] == "310115"
    outside = (await world.get("/api/warned?lat=31.23&lon=121.47")).json()
    assert (outside["warned"], outside["place"]["code"]) == (False, "310101")
    for asked, field in (("lat=91&lon=0", "lat"), ("lat=0&lon=-180.5", "lon"), ("lat=nan&lon=0", "lat"), ("lat=31.2x&lon=0", "lat"), ("lon=121", "lat"),
                         ("lat=31.22&lon=121.54&coarse=perhaps", "coarse")):
        refused = await world.get(f"/api/warned?{asked}")
        assert (refused.status_code, refused.json()["detail"].partition(":")[0]) == (422, f"query.{field}")
        assert "31.2" not in refused.json()["detail"].replace("31.23", "")


async def test_what_has_expired_warns_nobody(world: World) -> None:
    await world.warned(zones=["310115"], hours=1)
    assert (await world.get("/api/warned?lat=31.22&lon=121.54")).json()["warned"]
    await world.move(timedelta(hours=1))
    await world.app.state.public.snapshot(fresh=True)
    assert not (await world.get("/api/warned?lat=31.22&lon=121.54")).json()["warned"]


def test_a_position_and_an_answer_token_never_reach_the_access_log() -> None:
    record = logging.LogRecord(
        "uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', ("10.0.0.1:5", "GET", "/api/warned?lat=31.2&lon=121.5", "1.1", 200), None)
    assert HidePlaces().filter(record)
    assert "31.2" not in record.getMessage()
    assert cleaned("/api/ack/secret") == "/api/ack/…"
    assert cleaned("/api/alerts?zone=310115") == "/api/alerts?zone=310115"


async def test_the_zones_are_geojson_and_the_rules_a_table(world: World) -> None:
    zones = (await world.get("/api/zones.geojson?level=district")).json()
    assert zones["type"] == "FeatureCollection"
    assert len(zones["features"]) == 16
    assert (await world.get("/api/zones.geojson?level=moon")).status_code == 404
    rules = (await world.get("/api/rules/shanghai-2019")).json()
    assert {"row", "level", "condition", "source_zh", "source_en", "confidence"} <= set(rules[0])
    assert (await world.get("/api/rules/atlantis")).status_code == 404


async def test_health_names_what_an_operator_should_look_at(world: World) -> None:
    assert (await world.get("/api/health")).json()["status"] == "ok"
    await world.execute(
        "INSERT INTO notice (key, text, next_step, at) VALUES ('feed radar', 'no data for 40 min', 'call the radar desk', :at)",
        {"at": world.now})
    body = (await world.get("/api/health", "wang")).json()
    assert body["status"] == "degraded"
    assert body["notices"][0]["next_step"] == "call the radar desk"


async def test_what_notices_say_is_for_those_who_may_look(world: World) -> None:
    await world.execute(
        "INSERT INTO notice (key, text, next_step, at) VALUES ('callout 7', 'the office of Pudong has not answered', 'call it', :at)",
        {"at": world.now})
    answer = await world.get("/api/health")
    assert (answer.json()["notice_count"], answer.json()["notices"]) == (1, [])
    assert "Pudong" not in answer.text
    assert (await world.get("/api/health", Authorization="Bearer nonsense")).status_code == 401


async def test_a_browser_that_wants_pushes_is_given_the_key_of_the_channel(world: World) -> None:
    assert (await world.get("/api/push-key")).status_code == 404  # this deployment pushes to nobody
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    channel = ChannelSettings(name="push", kind="webpush", options={
        "lane": "exercise", "vapid_private_key": pem, "vapid_subject": "mailto:a@b.example"})
    world.app.state.parts = replace(world.parts, push_keys=push_keys(Settings(channels=(channel,))))
    found = (await world.get("/api/push-key")).json()
    raw = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert found == {"channel": "push", "key": base64.urlsafe_b64encode(raw).rstrip(b"=").decode()}


async def test_metrics_count_deliveries_and_proposals(world: World) -> None:
    await world.post("/api/subscriptions", "office", HOOK)
    identifier = await world.warned()
    await world.parts.dispatch.expand(identifier)
    text = (await world.get("/metrics")).text
    assert 'xiaoxishu_deliveries{channel="webhook",state="queued"} 1.0' in text
    assert 'xiaoxishu_proposals{status="issued"} 1.0' in text
    assert 'xiaoxishu_stage_seconds{channel="",stage="approve"}' in text


async def test_every_answer_carries_the_security_headers(world: World) -> None:
    for path in ("/", "/api/alerts", "/api/alerts/none", "/login"):
        headers = (await world.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


async def test_logging_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use(world: World) -> None:
    assert (await world.http.post("/login", data={"token": "wrong"})).status_code == 401
    answer = await world.http.post("/login", data={"token": "token-fu"})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "token-fu" not in cookie


async def test_the_cookie_does_not_open_the_api(world: World) -> None:
    await world.http.post("/login", data={"token": "token-fu"})
    assert (await world.get("/api/proposals")).status_code == 401


async def _called(world: World) -> str:
    """The path of an answer link that an office got."""
    made = await world.post("/api/subscriptions", "office", HOOK)
    identifier = await world.warned()
    links = await world.parts.answer.call(identifier, [made.json()["id"]])
    return "/api/ack/" + links[made.json()["id"]].rsplit("/", 1)[1]
