"""An office's own API: its subscription, files, preview, pull feed, tests and the portal, every fault as a problem."""

import json
from datetime import timedelta

from sqlalchemy import text

from tests.web.conftest import World
from warning.account import token_hash

RING = [[121.5, 31.1], [121.7, 31.1], [121.7, 31.2], [121.5, 31.2], [121.5, 31.1]]
DRAWN = {"type": "Polygon", "coordinates": [RING]}  # inside Pudong
HOOK = {"name": "duty", "channel": "webhook", "address": "https://203.0.113.7/hook", "zones": ["310115"]}


async def second_office(world: World) -> None:
    await world.execute("INSERT INTO account (name, role, token_hash) VALUES ('rival', 'office', :h)", {"h": token_hash("token-rival")})


async def made(world: World, **wish: object) -> int:
    answer = await world.post("/api/subscriptions", "office", HOOK | wish)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def call(world: World, method: str, path: str, who: str = "office", body: object = None, content: bytes | None = None) -> tuple[int, dict[str, object]]:
    answer = await world.http.request(
        method, path, headers={"Authorization": f"Bearer token-{who}"}, **({"content": content} if content is not None else {"json": body}))
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["next_step"]
    return answer.status_code, answer.json() if answer.content else {}


async def test_making_and_ending_a_subscription_is_in_the_audit_without_its_address(world: World) -> None:
    number = await made(world)
    assert (await call(world, "DELETE", f"/api/subscriptions/{number}"))[0] == 204
    async with world.parts.database.begin() as connection:
        rows = (await connection.execute(text("SELECT who, act, object, detail::text FROM audit ORDER BY id"))).all()
    assert [tuple(row)[:3] for row in rows] == [
        ("office", "subscribe", f"subscription {number}"), ("office", "end subscription", f"subscription {number}")]
    assert "203.0.113.7" not in str(rows)


async def test_an_office_puts_and_patches_its_own_and_another_office_finds_nothing_there(world: World) -> None:
    await second_office(world)
    number = await made(world, secret="a-secret-of-the-office")
    path = f"/api/subscriptions/{number}"
    assert await call(world, "PUT", path, body=HOOK | {"address": "", "polygon": DRAWN, "zones": [], "min_level": "orange"}) == (204, {})
    assert await call(world, "PATCH", path, body={"sectors": ["port"], "language": "en-US"}) == (204, {})
    _, got = await call(world, "GET", path)
    assert (got["name"], got["min_level"], got["polygon"], got["zones"], got["sectors"], got["language"], got["signed"]) == (
        "duty", "orange", DRAWN, [], ["port"], "en-US", True)
    assert "a-secret" not in json.dumps(got)
    asks: list[tuple[str, str, object]] = [
        ("GET", "", None), ("PUT", "", HOOK), ("PATCH", "", {"name": "x"}), ("PUT", "/contacts", {"contacts": []}), ("POST", "/secret", {}),
        ("POST", "/pauses", {"starts_at": world.now.isoformat(), "ends_at": (world.now + timedelta(days=1)).isoformat()}),
        ("DELETE", "/pauses/1", None), ("GET", "/preview", None), ("POST", "/tests", None), ("GET", "/tests", None), ("GET", "/feed.atom", None),
    ]
    for method, below, body in asks:
        status, told = await call(world, method, path + below, who="rival", body=body)
        assert (status, told["detail"]) == (404, f"no subscription {number} of yours"), (method, below)
    assert (await call(world, "GET", path))[1] == got


FAULTS: list[tuple[str, str, object, int, str]] = [
    ("PUT", "", HOOK | {"channel": "sms", "address": "8613800000000"}, 422, "channel: stays webhook"),
    ("PUT", "", HOOK | {"address": "http://169.254.169.254/"}, 422, "link-local"),
    ("PUT", "", HOOK | {"address": "http://0x7f.1/"}, 422, "short, decimal, octal or hexadecimal"),
    ("PATCH", "", {}, 422, "name at least one field"),
    ("PATCH", "", {"polygon": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}}, 422, "lies outside of every zone"),
    ("PATCH", "", {"polygon": {"type": "Polygon", "coordinates": []}}, 422, "polygon: "),
    ("PATCH", "", {"sectors": ["circus"]}, 422, "sectors: 'circus' is unknown; there is aviation"),
    ("PUT", "/contacts", {"contacts": [{"name": "b", "channel": "sms", "address": "1"}]}, 422, "contacts.0.address: a phone number"),
    ("PUT", "/contacts", {"contacts": [{"name": "b", "channel": "webhook", "address": "http://[::ffff:169.254.169.254]/"}]}, 422, "contacts.0.address"),
    ("POST", "/pauses", {"starts_at": "2024-09-21T00:00:00Z", "ends_at": "2024-09-20T00:00:00Z"}, 422, "ends_at: later than"),
    ("POST", "/pauses", {"starts_at": "2024-09-21T00:00:00", "ends_at": "2024-09-22T00:00:00"}, 422, "timezone"),
    ("POST", "/secret", {"secret": "short"}, 422, "at least 16 characters"),
    ("DELETE", "/pauses/77", None, 404, "no pause 77 of yours"),
]


async def test_a_fault_is_a_problem_that_names_the_field(world: World) -> None:
    number = await made(world)
    for method, below, body, status, told in FAULTS:
        got, problem = await call(world, method, f"/api/subscriptions/{number}{below}", body=body)
        assert (got, told in str(problem["detail"])) == (status, True), f"{method} {below}: {problem}"


async def test_a_file_becomes_a_polygon_that_is_stored_as_it_came(world: World) -> None:
    status, area = await call(world, "POST", "/api/subscriptions/area", content=json.dumps(DRAWN).encode())
    assert (status, area["notes"], area["corners"]) == (200, [], 5)
    number = await made(world, polygon=area["polygon"], zones=[])
    assert (await call(world, "GET", f"/api/subscriptions/{number}"))[1]["polygon"] == area["polygon"]
    status, problem = await call(world, "POST", "/api/subscriptions/area", content=b" " * (4 * 1024 * 1024 + 1))
    assert (status, problem["detail"]) == (422, "file: is larger than 4 MB: simplify the borders, or leave out other layers")
    assert (await call(world, "POST", "/api/subscriptions/area", who="wang", content=b"{}"))[0] == 403


async def test_the_preview_says_before_saving_what_the_last_year_would_have_brought(world: World) -> None:
    here = await world.warned(level="red")
    await world.warned(zones=["310151"], level="red")
    await world.warned(hazard="gale", code="11B06", level="blue")
    status, found = await call(world, "POST", "/api/subscriptions/preview", body={"polygon": DRAWN, "min_level": "orange"})
    assert (status, found["total"], found["looked_at"]) == (200, 1, 3)
    assert [(one["identifier"], one["role"], one["level"]) for one in found["told"]] == [(here, "start", "red")]  # type: ignore[attr-defined]  # a list
    assert found["by_zone"] == [{"zone": "310115", "warnings": 1, "strongest": "red"}]
    async with world.parts.database.begin() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM subscription"))).scalar_one() == 0
    number = await made(world, polygon=DRAWN, zones=[], min_level="orange")
    assert (await call(world, "GET", f"/api/subscriptions/{number}/preview"))[1] == found


async def test_the_preview_is_what_dispatch_then_does(world: World) -> None:
    wishes: list[dict[str, object]] = [{"polygon": DRAWN, "zones": []}, {"zones": ["310116"]}, {"zones": [], "min_level": "orange"}, {"hazards": ["gale"], "zones": ["310000"]}]
    numbers = [await made(world, name=f"o{at}", **wish) for at, wish in enumerate(wishes)]
    for zones, level, hazard, code in ((["310115"], "red", "rainstorm", "11B03"), (["310000"], "yellow", "gale", "11B06"), (["310116"], "blue", "rainstorm", "11B03")):
        await world.parts.dispatch.expand(await world.warned(zones=zones, level=level, hazard=hazard, code=code))
    async with world.parts.database.begin() as connection:
        rows = (await connection.execute(text("SELECT subscription_id AS s, identifier AS i FROM delivery"))).all()
    for number in numbers:
        _, found = await call(world, "GET", f"/api/subscriptions/{number}/preview")
        assert {one["identifier"] for one in found["told"]} == {row.i for row in rows if row.s == number}  # type: ignore[attr-defined]  # a list


async def test_the_pull_feed_holds_what_concerns_the_place_and_304_says_that_nothing_changed(world: World) -> None:
    number = await made(world, polygon=DRAWN, zones=[])
    here = await world.warned()
    elsewhere = await world.warned(zones=["310151"])
    path = f"/api/subscriptions/{number}/feed.atom"
    first = await world.get(path, "office")
    assert first.status_code == 200
    assert here in first.text
    assert elsewhere not in first.text
    again = await world.get(path, "office", **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await world.warned(zones=["310151"], hazard="gale", code="11B06")
    await world.app.state.public.snapshot(fresh=True)
    assert (await world.get(path, "office", **{"If-None-Match": first.headers["etag"]})).status_code == 304, "elsewhere's news are not this place's"
    await world.warned(hazard="gale", code="11B06")
    await world.app.state.public.snapshot(fresh=True)
    assert (await world.get(path, "office", **{"If-None-Match": first.headers["etag"]})).status_code == 200
    assert (await world.get(path)).status_code == 401


async def test_a_test_is_answered_by_a_person_on_a_page_or_by_a_program(world: World) -> None:
    number = await made(world)
    status, _ = await call(world, "POST", f"/api/subscriptions/{number}/tests")
    assert status == 202
    assert (await call(world, "GET", f"/api/subscriptions/{number}/tests"))[1][0]["state"] == "waiting"  # type: ignore[index]  # a list
    status, problem = await call(world, "POST", f"/api/subscriptions/{number}/tests")
    assert (status, str(problem["detail"]).split(":")[0]) == (429, "one test was asked for just now")
    await world.execute("UPDATE trial SET token_hash = :h", {"h": token_hash("word")})
    page = await world.get("/api/test-ack/word")
    assert (page.status_code, "这不是预警" in page.text) == (200, True)
    assert (await call(world, "GET", f"/api/subscriptions/{number}/tests"))[1][0]["answered_at"] is None  # type: ignore[index]  # a list
    done = await world.http.post("/api/test-ack/word", data={"by": "<b>li</b>"})
    assert (done.status_code, "duty" in done.text, "<b>" in done.text) == (200, True, False)
    assert (await world.http.post("/api/test-ack/word", json={"by": "x"}, headers={"Accept": "application/json"})).status_code == 409
    assert (await world.http.post("/api/test-ack/wrong", json={}, headers={"Accept": "application/json"})).status_code == 404
    assert (await call(world, "GET", f"/api/subscriptions/{number}/tests"))[1][0]["answered_by"] == "<b>li</b>"  # type: ignore[index]  # a list


async def test_the_portal_filters_pages_and_its_table_holds_no_formula(world: World) -> None:
    await second_office(world)
    number = await made(world, name='=HYPERLINK("http://203.0.113.1","x")')
    await world.execute("INSERT INTO trial (id, subscription_id, asked_by, token_hash, state, evidence, began_at) VALUES "
                        "(gen_random_uuid(), :n, 'office', 'a', 'accepted', 'HTTP 204', clock_timestamp() - interval '1 hour'), "
                        "(gen_random_uuid(), :n, 'office', 'b', 'rejected', '@SUM(1)', clock_timestamp())", {"n": number})
    newest = (await world.get("/api/attempts?limit=1", "office")).json()
    assert [(one["outcome"], one["http_status"], one["test"]) for one in newest] == [("rejected", None, True)]
    older = (await world.http.get("/api/attempts", params={"before": newest[0]["began_at"]}, headers={"Authorization": "Bearer token-office"})).json()
    assert [(one["outcome"], one["http_status"]) for one in older] == [("accepted", 204)]
    assert [one["outcome"] for one in (await world.get("/api/attempts?outcome=accepted&channel=webhook", "office")).json()] == ["accepted"]
    assert (await world.get("/api/attempts?channel=sms", "office")).json() == []
    table = await world.get("/api/attempts.csv", "office")
    assert "\"'=HYPERLINK" in table.text
    assert "'@SUM(1)" in table.text
    assert table.text.startswith("\ufeffdelivery,")
    assert (await world.get("/api/attempts", "rival")).json() == []
    assert (await world.get("/api/attempts.csv", "rival")).text.count("\n") == 1
    assert (await world.post("/api/attempts/0/again", "office")).status_code == 409
