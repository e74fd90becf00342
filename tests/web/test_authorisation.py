"""Who may ask what: every address × every role, and area × hazard, against tables written by hand."""

from datetime import timedelta
from uuid import uuid4

import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import text

from tests.web.conftest import TOKENS, World
from warning.account import ROLES, token_hash
from warning.errors import NotFound
from warning.store.accounts import accounts, withdraw

CALLERS = ("nobody", "viewer", "forecaster", "approver", "office", "admin")

# "+" may, "-" is refused (403), "?" must say who they are (401); in the order of CALLERS.
OPEN = "++++++"
STAFF = "?+++++"
AREA_ACT = "?-++-+"  # the same, of acts: an office without an area has no duty
AREA = "?+++-+"  # the office of this test has no area: what an office with one may is in test_api_roster.py
TABLE = {
    "GET /api/alerts": OPEN,
    "GET /api/alerts/{identifier}.xml": OPEN,
    "GET /api/alerts/{identifier}": OPEN,
    "GET /api/alerts/{identifier}/timeline": OPEN,
    "GET /api/alerts/{identifier}/deliveries": STAFF,
    "GET /api/feed.atom": OPEN, "GET /api/alerts.geojson": OPEN, "GET /page.js": OPEN,
    "GET /api/events": OPEN, "GET /ogc/": OPEN, "GET /ogc/conformance": OPEN, "GET /ogc/collections": OPEN, "GET /ogc/collections/{name}": OPEN,
    "GET /ogc/collections/{name}/queryables": OPEN, "GET /ogc/collections/{name}/items": OPEN,
    "GET /ogc/collections/{name}/items/{identifier}": OPEN, "GET /ogc/collections/{name}/position": OPEN,
    "GET /api/alerts/{identifier}/text": OPEN, "GET /app": OPEN, "GET /en/app": OPEN, "GET /offline": OPEN, "GET /en/offline": OPEN,
    "GET /app.webmanifest": OPEN, "GET /en/app.webmanifest": OPEN, "GET /icons/{side}.png": OPEN, "GET /sw.js": OPEN, "GET /app.js": OPEN,
    "GET /register": OPEN, "GET /en/register": OPEN, "POST /register": OPEN, "POST /en/register": OPEN, "POST /register/confirm": OPEN,
    "POST /en/register/confirm": OPEN, "POST /register/end": OPEN, "POST /en/register/end": OPEN,
    "GET /api/certificates.pem": OPEN,
    "GET /api/proposals": STAFF,
    "GET /api/proposals/{proposal_id}": STAFF,
    "GET /api/proposals/{proposal_id}/explain": STAFF,
    "GET /api/proposals/{proposal_id}/explain.png": STAFF,
    "GET /api/proposals/{proposal_id}/reach": STAFF,
    "GET /api/alerts/{identifier}/reach": STAFF,
    "GET /api/alerts/{identifier}/progress": STAFF,
    "GET /api/alerts/{identifier}/dead-letters": STAFF,
    "POST /api/alerts/{identifier}/retract": "?-++--",
    "POST /api/proposals": "?-++--",
    "POST /api/proposals/{proposal_id}/submit": "?-++--",
    "POST /api/proposals/{proposal_id}/approve": "?--+--",
    "POST /api/proposals/{proposal_id}/return": "?--+--",
    "POST /api/proposals/{proposal_id}/dismiss": "?-++--",
    "POST /api/proposals/{proposal_id}/express": "?-----",  # no rule of the fast lane in this deployment; tests/web/test_api_consult.py has one
    "POST /api/proposals/{proposal_id}/look": STAFF,
    "GET /api/proposals/{proposal_id}/notes": STAFF,
    "POST /api/proposals/{proposal_id}/notes": "?-++--",
    "GET /api/reviews": STAFF,
    "POST /api/reviews/{identifier}": "?--+--",
    "GET /api/authorities": STAFF,
    "GET /api/fields": STAFF,
    "GET /api/fields/{key}.png": STAFF,
    "GET /api/packs": STAFF,
    "GET /api/notices": STAFF,
    "POST /api/packs/{pack}/sign": "?-++--",
    "POST /api/packs/{pack}/withdraw": "?-++--",
    "POST /api/subscriptions": "?---++",
    "GET /api/subscriptions": "?---++",
    "DELETE /api/subscriptions/{subscription_id}": "?---++",
    "GET /api/subscriptions/{subscription_id}": "?---++",
    "PUT /api/subscriptions/{subscription_id}": "?---++",
    "PATCH /api/subscriptions/{subscription_id}": "?---++",
    "PUT /api/subscriptions/{subscription_id}/contacts": "?---++",
    "POST /api/subscriptions/{subscription_id}/secret": "?---++",
    "POST /api/subscriptions/{subscription_id}/pauses": "?---++",
    "DELETE /api/subscriptions/{subscription_id}/pauses/{pause_id}": "?---++",
    "POST /api/subscriptions/preview": "?---++",
    "GET /api/subscriptions/{subscription_id}/preview": "?---++",
    "POST /api/subscriptions/{subscription_id}/tests": "?---++",
    "GET /api/subscriptions/{subscription_id}/tests": "?---++",
    "POST /api/subscriptions/area": "?---++",
    "GET /api/subscriptions/{subscription_id}/feed.atom": "?---++",
    "GET /api/attempts": "?---++",
    "GET /api/attempts.csv": "?---++",
    "POST /api/attempts/{delivery_id}/again": "?---++",
    "GET /api/test-ack/{token}": OPEN,
    "POST /api/test-ack/{token}": OPEN,
    "GET /api/webhook-keys": OPEN,
    "POST /api/registrations": OPEN,
    "POST /api/registrations/confirm": OPEN, "POST /api/registrations/places": OPEN, "POST /api/registrations/end": OPEN,
    "GET /api/warned": OPEN,
    "GET /api/zones.geojson": OPEN,
    "GET /api/rules/{rule_set}": OPEN,
    "GET /api/calls": AREA, "GET /api/calls/export.csv": AREA, "GET /api/calls/export.pdf": AREA,
    "POST /api/calls/{call_id}/answer": "?-++-+",
    "GET /api/roster": AREA, "GET /api/roster/gaps": AREA, "GET /api/roster/score": AREA,
    "POST /api/roster/import": "?----+", "GET /api/roster/export.csv": "?----+", "POST /api/roster/contacts/{contact}/proof": "?----+",
    "POST /api/roster/contacts/{contact}/test": "?----+", "GET /api/roster/contacts/{contact}/test": "?----+", "POST /api/roster/tests": "?----+",
    "GET /api/duty/{token}": OPEN, "POST /api/duty/{token}": OPEN,
    "GET /api/ack/{token}": OPEN,
    "POST /api/ack/{token}": OPEN,
    "GET /api/health": OPEN,
    "GET /api/feeds": STAFF,
    "GET /api/push-key": OPEN,
    "POST /api/deliveries/retry": "?-++-+",
    "POST /api/deliveries/skip": "?-++-+",
    "GET /api/routes": STAFF,
    "POST /api/routes/{channel}/{route}": "?-++-+",
    "GET /api/responses": STAFF,
    "GET /api/responses/{response_id}": STAFF,
    "POST /api/responses/{response_id}/duties/{duty_id}/acknowledge": AREA_ACT,
    "POST /api/responses/{response_id}/duties/{duty_id}/checks/{check}": AREA_ACT,
    "POST /api/responses/{response_id}/duties/{duty_id}/done": AREA_ACT,
    "POST /api/responses/{response_id}/close": "?-++-+",
    "GET /api/shelters.geojson": OPEN,
    "GET /api/heartbeat": OPEN,
    "GET /metrics": OPEN,
    "GET /": OPEN, "GET /en": OPEN, "GET /place/{code}": OPEN, "GET /en/place/{code}": OPEN,
    "GET /alert/{identifier}": OPEN, "GET /en/alert/{identifier}": OPEN, "GET /archive": OPEN, "GET /en/archive": OPEN,
    "GET /public/versions/{identifier}": OPEN,
    "GET /alerts/{identifier}/product.png": OPEN, "GET /alerts/{identifier}/product.pdf": OPEN,
    "GET /docs": OPEN, "GET /login": OPEN, "POST /logout": OPEN, "GET /me": OPEN, "POST /me": OPEN,  # without a session: to the log-in
    "POST /login": OPEN,  # 401 for a token that is not known; that is its own test
    "GET /office": OPEN, "GET /office/new": OPEN, "POST /office/new": OPEN, "GET /office/{number}": OPEN, "POST /office/{number}": OPEN,
    "GET /office/attempts": OPEN, "POST /office/attempts": OPEN, "GET /office/attempts.csv": OPEN, "GET /office/office.js": OPEN,
    "GET /api/plugin.json": OPEN, "GET /plugin": OPEN, "GET /plugin.js": OPEN,
    "GET /login/oidc": OPEN, "GET /login/oidc/back": OPEN,
    "POST /api/intake/cap": "??????", "POST /api/intake/national": "??????",  # partners only: no account opens it
    "GET /api/intake": "?+++-+",  # what has come in may be forged: an office reads what went out
    "POST /api/admin/requests": "?----+",
    "GET /api/admin/requests": "?----+",
    "POST /api/admin/requests/{request_id}": "?----+",
    "GET /api/keys": "?+++++",
    "POST /api/keys": "?+++++",
    "DELETE /api/keys/{key_id}": "?+++++",
    "GET /openapi.json": OPEN,
}


def addresses(world: World) -> set[str]:
    """Every method and path that the application answers to, those outside of the OpenAPI too; HEAD goes with GET."""
    return {
        f"{method} {route.path}" for route in iter_route_contexts(world.app.routes) for method in route.methods or ()
        if method != "HEAD"}


async def test_every_address_of_the_application_is_in_the_table(world: World) -> None:
    found = addresses(world)
    described = {f"{method.upper()} {path}" for path, methods in world.app.openapi()["paths"].items() for method in methods}
    assert described <= found
    assert sorted(found ^ set(TABLE)) == []


def test_the_table_speaks_of_every_role() -> None:
    assert set(CALLERS) == {"nobody", *ROLES}
    assert {len(row) for row in TABLE.values()} == {len(CALLERS)}


@pytest.mark.parametrize("caller", CALLERS)
async def test_every_address_answers_a_role_as_the_table_says(world: World, caller: str) -> None:
    who = next((name for name, role in TOKENS.items() if role == caller), None)
    identifier = await world.warned()
    await world.execute("INSERT INTO fast_review (identifier, issued_by, issued_at, due_at) VALUES (:i, 'zhao', :at, :at)",
                        {"i": identifier, "at": world.now})
    wrong = []
    for address, row in TABLE.items():
        if address in ("POST /login", "GET /api/events"):  # the events never end: tests/web/test_events.py
            continue
        method, path = address.split(" ")
        proposal = await world.proposed()
        if path.endswith(("/approve", "/return")):
            # Somebody else has submitted it, so that only the role is asked about.
            await world.execute("UPDATE proposal SET status = 'submitted', submitted_by = 'zhao', submitted_at = :at WHERE id = :id",
                                {"at": world.now, "id": proposal})
        url = path.format(identifier=identifier, proposal_id=proposal, subscription_id=1, rule_set="shanghai-2019", token="x", code="310115", request_id=uuid4(), key_id=uuid4(), channel="sms", route="a", side=192, name="active", pack="crane-wind", pause_id=1, delivery_id=1, response_id=uuid4(), duty_id=1, check=0, key="0", call_id=uuid4(), contact=1, number=1)
        head = {} if who is None else {"Authorization": f"Bearer token-{who}"}
        answer = await world.http.request(
            method, url, headers=head, json=body(world, method, path) if method in ("POST", "PUT", "PATCH") and path != "/logout" else None,
            params={"lat": "31.2", "lon": "121.5"} if path == "/api/warned" else None)
        got = {401: "?", 403: "-"}.get(answer.status_code, "+")
        if got != row[CALLERS.index(caller)] or answer.status_code >= 500:
            wrong.append(f"{address}: {answer.status_code} {answer.text[:80]}")
    assert wrong == []


def body(world: World, method: str, path: str) -> dict[str, object]:
    match path:
        case "/api/proposals":
            return by_hand(world)
        case "/api/subscriptions":
            return {"name": "post", "channel": "webhook", "address": "https://203.0.113.7/hook", "zones": ["310115"]}
        case "/api/subscriptions/{subscription_id}":
            return {"name": "post", "channel": "webhook", "address": "https://203.0.113.7/hook"} if method == "PUT" else {"min_level": "red"}
        case "/api/subscriptions/{subscription_id}/contacts":
            return {"contacts": []}
        case "/api/subscriptions/{subscription_id}/pauses":
            return {"starts_at": world.now.isoformat(), "ends_at": (world.now + timedelta(hours=1)).isoformat()}
        case "/api/subscriptions/{subscription_id}/secret" | "/api/subscriptions/preview" | "/api/test-ack/{token}":
            return {}
        case "/api/registrations":
            return {"channel": "sms", "address": "8613800000000", "lat": 31.23, "lon": 121.48}
        case "/api/registrations/confirm":
            return {"request": str(uuid4()), "code": "000000"}
        case "/api/registrations/places":
            return {"pass": "unknown"}
        case "/api/registrations/end":
            return {"pass": "unknown", "place": 0}
        case "/api/deliveries/retry":
            return {"deliveries": [1]}
        case "/api/deliveries/skip":
            return {"deliveries": [1], "reason": "seen"}
        case "/api/admin/requests":
            return {"act": "withdraw", "name": "nobody.there"}
        case "/api/admin/requests/{request_id}":
            return {"confirmed": False}
        case "/api/calls/{call_id}/answer":
            return {"by": "duty officer"}
        case "/api/roster/contacts/{contact}/proof":
            return {"how": "answered a test call"}
        case "/api/duty/{token}":
            return {"by": "duty officer", "act": "take"}
        case "/api/keys":
            return {"label": "reader", "scopes": ["view"]}
        case "/api/routes/{channel}/{route}":
            return {"act": "try"}
        case "/api/proposals/{proposal_id}/notes":
            return {"text": "the gauge at Sheshan agrees"}
        case "/api/proposals/{proposal_id}/look":
            return {}
        case "/api/reviews/{identifier}":
            return {"verdict": "confirmed"}
        case "/api/proposals/{proposal_id}/express":
            return {"revision": 1}
        case "/api/proposals/{proposal_id}/submit" | "/api/proposals/{proposal_id}/approve":
            return {"revision": 1}
        case "/api/responses/{response_id}/duties/{duty_id}/done":
            return {"remark": "seen"}
        case _:
            return {"reason": "seen"}


def by_hand(world: World, *, zones: tuple[str, ...] = ("310115",), hazard: str = "rainstorm", code: str = "11B03") -> dict[str, object]:
    return {"issuer": "310000", "hazard": hazard, "event_code": code, "level": "blue", "zones": list(zones),
            "onset": world.now.isoformat(), "expires": (world.now + timedelta(hours=3)).isoformat()}


@pytest.mark.parametrize(("area", "hazards", "zones", "hazard", "code", "status"), [
    ("310115", [], ("310115",), "rainstorm", "11B03", 201),
    ("310115", [], ("310116",), "rainstorm", "11B03", 403),  # a district cannot warn its neighbour
    ("310115", [], ("310115", "310116"), "rainstorm", "11B03", 403),
    ("310000", [], ("310115", "310116"), "rainstorm", "11B03", 201),
    ("", ["rainstorm"], ("310115",), "rainstorm", "11B03", 201),
    ("", ["heat"], ("310115",), "rainstorm", "11B03", 403),
    ("310115", ["rainstorm"], ("310116",), "rainstorm", "11B03", 403),
])
async def test_an_act_is_held_to_the_area_and_the_hazards_of_the_account(
    world: World, area: str, hazards: list[str], zones: tuple[str, ...], hazard: str, code: str, status: int
) -> None:
    async with world.parts.database.begin() as connection:
        await connection.execute(
            text("INSERT INTO account (name, role, token_hash, area, hazards) VALUES ('li', 'approver', :h, :a, :z)"),
            {"h": token_hash("token-li"), "a": area, "z": hazards})
    hand = by_hand(world, zones=zones, hazard=hazard, code=code)
    assert (await world.post("/api/proposals", "li", hand)).status_code == status
    done = 403 if status == 403 else 200
    for act in ("submit", "dismiss", "return", "approve"):
        made = await world.post("/api/proposals", "fu", hand)
        path = f"/api/proposals/{made.json()['id']}"
        if act in ("return", "approve"):
            assert (await world.post(f"{path}/submit", "fu", {"revision": 1})).status_code == 200
        answer = await world.post(
            f"{path}/{act}", "li", {"submit": {"revision": 1}, "approve": {"revision": 2}}.get(act, {"reason": "seen"}))
        assert answer.status_code == done, f"{act}: {answer.text}"


async def test_a_withdrawn_account_acts_no_more_at_once_and_the_act_is_written_down(world: World) -> None:
    assert (await world.get("/api/proposals", "lin")).status_code == 200
    await withdraw(world.parts.database, "lin", by="root", at=world.now)
    assert (await world.get("/api/proposals", "lin")).status_code == 401
    assert [one.name for one in await accounts(world.parts.database)] == ["fu", "office", "root", "wang"]
    async with world.parts.database.begin() as connection:
        row = (await connection.execute(text("SELECT who, act, object FROM audit"))).one()
    assert tuple(row) == ("root", "withdraw", "account lin")
    with pytest.raises(NotFound, match="no account lin that may act"):
        await withdraw(world.parts.database, "lin", by="root", at=world.now)
