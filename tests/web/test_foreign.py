"""Role × area × action × address: whoever may do an act at home may not do it for a neighbour. An acting address missing from the tables fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.web.conftest import World
from tests.web.test_authorisation import OPEN, TABLE, by_hand
from warning.account import token_hash

HOME, ABROAD = "310120", "310115"
ROLES = {"submit": "forecaster", "sign": "approver", "office": "office", "operate": "approver"}
OWN = "its own things only: another account's are not found, whatever area"
WIDE: Mapping[str, str] = {
    "POST /api/packs/{pack}/sign": "a pack is bound to sites everywhere; two signatures, no area",
    "POST /api/packs/{pack}/withdraw": "stopping a pack is always allowed to whoever may sign one",
    "POST /api/subscriptions": "anybody may hear of any place; what is sent is public",
    "POST /api/subscriptions/preview": "the same, before saving", "POST /api/subscriptions/area": "reads a file, stores nothing",
    "POST /api/routes/{channel}/{route}": "a gateway serves every area",
    "POST /api/admin/requests": "two admins, no area", "POST /api/admin/requests/{request_id}": "two admins, no area",
    "POST /api/keys": OWN, "DELETE /api/keys/{key_id}": OWN,
    "POST /api/intake/cap": "partners, held to their own area by the intake desk (tests/corridor/test_intake)",
    "POST /api/intake/national": "the same",
    "POST /api/proposals/{proposal_id}/look": "reading; every desk sees every proposal",
    "POST /api/roster/import": "held row by row to the account's area (tests/warning/roster)",
    "POST /logout": "ends one's own session", "POST /me": "one's own account", "POST /login": "opens a session",
}
"""Acts that no area bounds, each with the reason."""
FOREIGN: Mapping[str, tuple[str, object, tuple[int, ...]]] = {
    "POST /api/alerts/{identifier}/retract": ("sign", {"reason": "by mistake"}, (403,)),
    "POST /api/proposals": ("submit", None, (403,)),
    "POST /api/proposals/{proposal_id}/submit": ("submit", {"revision": 1}, (403,)),
    "POST /api/proposals/{proposal_id}/approve": ("sign", {"revision": 2}, (403,)),
    "POST /api/proposals/{proposal_id}/return": ("sign", {"reason": "no"}, (403,)),
    "POST /api/proposals/{proposal_id}/dismiss": ("sign", {"reason": "no"}, (403,)),
    "POST /api/proposals/{proposal_id}/express": ("sign", {"revision": 1}, (403,)),
    "POST /api/proposals/{proposal_id}/notes": ("submit", {"text": "a word"}, (403,)),
    "POST /api/reviews/{identifier}": ("sign", {"verdict": "confirmed"}, (403, 404)),  # none is owed without a rule: test_api_consult has one, and its area
    "POST /api/deliveries/retry": ("operate", {"deliveries": "delivery"}, (403,)),
    "POST /api/deliveries/skip": ("operate", {"deliveries": "delivery", "reason": "called by telephone"}, (403,)),
    "POST /api/calls/{call_id}/answer": ("operate", {"by": "the mayor"}, (403,)),
    "POST /api/roster/contacts/{contact}/proof": ("office", {"how": "called"}, (403,)),
    "POST /api/responses/{response_id}/duties/{duty_id}/acknowledge": ("office", {}, (403,)),
    "POST /api/responses/{response_id}/duties/{duty_id}/checks/{check}": ("office", {}, (403,)),
    "POST /api/responses/{response_id}/duties/{duty_id}/done": ("office", {"remark": "done"}, (403,)),
    "POST /api/responses/{response_id}/close": ("operate", {"reason": "over"}, (403,)),
    "DELETE /api/subscriptions/{subscription_id}": ("office", None, (404,)),
    "PUT /api/subscriptions/{subscription_id}": ("office", {"name": "x", "channel": "webhook", "address": "https://203.0.113.9/x", "zones": [HOME]}, (404,)),
    "PATCH /api/subscriptions/{subscription_id}": ("office", {"name": "x"}, (404,)),
    "PUT /api/subscriptions/{subscription_id}/contacts": ("office", {"contacts": [{"name": "x", "channel": "webhook", "address": "https://203.0.113.9/x"}]}, (404,)),
    "POST /api/subscriptions/{subscription_id}/secret": ("office", {}, (404,)),
    "POST /api/subscriptions/{subscription_id}/pauses": ("office", {"start": "2024-09-21T00:00:00Z", "end": "2024-09-22T00:00:00Z"}, (404, 422)),
    "DELETE /api/subscriptions/{subscription_id}/pauses/{pause_id}": ("office", None, (404,)),
    "POST /api/subscriptions/{subscription_id}/tests": ("office", {}, (404,)),
    "POST /api/attempts/{delivery_id}/again": ("office", {}, (404,)),
}
"""Acts about a place or about somebody's own things: who tries it from abroad, with what, and how it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """One of each kind, all of the place that is not the neighbour's."""

    identifier: str
    open: UUID
    submitted: UUID
    subscription: int
    delivery: int
    response: str
    duty: int
    call: UUID
    contact: int


_ON_DUTY = """
WITH p AS (INSERT INTO roster_post (lane, zone, place, name, kind) VALUES ('exercise', :z, 'Pudong', 'duty room', 'responsible') RETURNING id),
  q AS (INSERT INTO roster_person (lane, key, name) VALUES ('exercise', 'k', 'Qu') RETURNING id),
  r AS (INSERT INTO roster_seat (post_id, person_id, rank) SELECT p.id, q.id, 0 FROM p, q)
INSERT INTO roster_contact (person_id, subscription_id, rank) SELECT q.id, :s, 0 FROM q RETURNING id
"""


def acting(world: World) -> set[str]:
    """Every address that changes something and asks who is there."""
    return {f"{method.upper()} {path}" for path, methods in world.app.openapi()["paths"].items() for method in methods
            if method != "get" and TABLE[f"{method.upper()} {path}"] != OPEN}


async def things(world: World) -> Things:
    made = await world.post("/api/subscriptions", "office", {
        "name": "duty", "channel": "webhook", "address": "https://203.0.113.7/hook", "zones": [ABROAD]})
    assert made.status_code == 201, made.text
    identifier = await world.warned(zones=(ABROAD,))
    await world.parts.dispatch.expand(identifier)
    await world.parts.response.follow()
    await world.parts.answer.call(identifier, [made.json()["id"]])
    async with world.parts.database.begin() as connection:
        delivery = (await connection.execute(text("SELECT min(id) FROM delivery"))).scalar_one()
        await connection.execute(text("UPDATE delivery SET state = 'failed', reason = 'unreachable'"))
        contact = (await connection.execute(text(_ON_DUTY), {"z": ABROAD, "s": made.json()["id"]})).scalar_one()
        call = (await connection.execute(text("SELECT id FROM duty_call"))).scalar_one()
        duty = (await connection.execute(text("SELECT min(id) FROM response_duty WHERE zone = :z"), {"z": ABROAD})).scalar_one()
    (response,) = (await world.get("/api/responses", "root")).json()
    submitted = await world.proposed(zone=ABROAD)
    await world.execute("UPDATE proposal SET status = 'submitted', submitted_by = 'zhao', submitted_at = :at, revision = 2 WHERE id = :id",
                        {"at": world.now, "id": submitted})
    return Things(identifier=identifier, open=await world.proposed(zone=ABROAD), submitted=submitted, subscription=made.json()["id"], delivery=delivery,
                  response=response["id"], duty=duty, call=call, contact=contact)


async def neighbours(world: World) -> None:
    for act, role in ROLES.items():
        await world.execute("INSERT INTO account (name, role, token_hash, area) VALUES (:n, :r, :h, :a)",
                            {"n": f"neighbour-{act}", "r": role, "h": token_hash(f"token-neighbour-{act}"), "a": HOME})


def test_no_act_stands_in_both_tables() -> None:
    assert set(WIDE) & set(FOREIGN) == set()


async def test_every_acting_address_is_in_one_of_the_tables(world: World) -> None:
    assert sorted(acting(world) - set(WIDE) - set(FOREIGN)) == []
    assert sorted(set(FOREIGN) - acting(world)) == []


async def test_nobody_acts_for_a_neighbour(world: World) -> None:
    there = await things(world)
    await neighbours(world)
    before = await state(world)
    wrong = []
    for address, (who, body, refused) in FOREIGN.items():
        method, path = address.split(" ")
        proposal = there.submitted if path.endswith(("/approve", "/return")) else there.open
        url = path.format(
            identifier=there.identifier, proposal_id=proposal, subscription_id=there.subscription, delivery_id=there.delivery, pause_id=1,
            response_id=there.response, duty_id=there.duty, check=0, call_id=there.call, contact=there.contact)
        sent: Any = by_hand(world, zones=(ABROAD,)) if address == "POST /api/proposals" else body
        if isinstance(sent, dict) and sent.get("deliveries") == "delivery":
            sent = {**sent, "deliveries": [there.delivery]}
        answer = await world.http.request(method, url, headers={"Authorization": f"Bearer token-neighbour-{who}"}, json=sent)
        if answer.status_code not in refused:
            wrong.append(f"{address}: {answer.status_code} {answer.text[:160]}")
    assert wrong == []
    assert await state(world) == before


async def state(world: World) -> list[tuple[object, ...]]:
    """What the acts could have changed."""
    async with world.parts.database.begin() as connection:
        return [tuple(row) for row in await connection.execute(text(
            "SELECT 'p', id::text, status, revision::text FROM proposal UNION ALL SELECT 'd', id::text, state, attempts::text FROM delivery "
            "UNION ALL SELECT 's', id::text, name, active::text FROM subscription WHERE kind = 'office' "
            "UNION ALL SELECT 'r', id::text, state, '' FROM response UNION ALL SELECT 'y', id::text, state, '' FROM response_duty ORDER BY 1, 2"))]


@pytest.mark.parametrize("act", ["submit", "sign"])
async def test_at_home_the_same_account_may(world: World, act: str) -> None:
    """The table proves nothing if the neighbour could do nothing anywhere."""
    await neighbours(world)
    home = await world.proposed(zone=HOME)
    made = await world.http.post(f"/api/proposals/{home}/dismiss", headers={"Authorization": f"Bearer token-neighbour-{act}"}, json={"reason": "no"})
    assert made.status_code == 200, made.text
