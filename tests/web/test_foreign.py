"""Role × area × action × address: whoever may do an act at home may not do it for a neighbour. An acting address missing from the tables fails."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from tests.web.conftest import World, opened_world
from tests.web.test_authorisation import OPEN, TABLE, by_hand
from warning.account import token_hash
from warning.settings import FastLaneSettings

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
    "POST /api/roster/tests": "asks the contacts of the account's own area, whatever that is",
    "POST /api/roster/import": "held row by row to the account's area (tests/warning/roster)",
    "POST /logout": "ends one's own session", "POST /me": "one's own account", "POST /login": "opens a session",
}
"""Acts that no area bounds, each with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Who may do it at home and tries it abroad, with what; how it is refused there. ``strangers``: of another place, or of another hazard."""

    who: tuple[str, ...]
    body: object = None
    refused: tuple[int, ...] = (403,)
    strangers: tuple[str, ...] = ("neighbour", "other")
    on: str = ""
    """Which of Things the address names, where there are several of the kind."""


_HOOK = {"name": "x", "channel": "webhook", "address": "https://203.0.113.9/x"}
_DESK = ("operate",)
_OFFICE = ("office",)
FOREIGN: Mapping[str, Deed] = {
    "POST /api/attempts/{delivery_id}/again": Deed(who=_OFFICE, body={}, refused=(404,)),  # the first: what others do may send it by itself
    "POST /api/proposals": Deed(who=("submit", "sign")),
    "POST /api/proposals/{proposal_id}/submit": Deed(who=("submit", "sign"), body={"revision": 1}, on="to_submit"),
    "POST /api/proposals/{proposal_id}/approve": Deed(who=("sign",), body={"revision": 2}, on="to_approve"),
    "POST /api/proposals/{proposal_id}/return": Deed(who=("sign",), body={"reason": "no"}, on="to_return"),
    "POST /api/proposals/{proposal_id}/dismiss": Deed(who=("submit", "sign"), body={"reason": "no"}, on="to_dismiss"),
    "POST /api/proposals/{proposal_id}/express": Deed(who=("sign",), body={"revision": 1}, on="to_express"),
    "POST /api/proposals/{proposal_id}/notes": Deed(who=("submit", "sign"), body={"text": "a word"}, on="to_note"),
    "POST /api/reviews/{identifier}": Deed(who=("sign",), body={"verdict": "confirmed"}),
    "POST /api/deliveries/retry": Deed(who=_DESK, body={"deliveries": "to_retry"}),
    "POST /api/deliveries/skip": Deed(who=_DESK, body={"deliveries": "to_skip", "reason": "called by telephone"}),
    "POST /api/calls/{call_id}/answer": Deed(who=("operate", "office"), body={"by": "the mayor"}),
    "POST /api/roster/contacts/{contact}/proof": Deed(who=_OFFICE, body={"how": "called"}, strangers=("neighbour",)),
    "POST /api/roster/contacts/{contact}/test": Deed(who=_OFFICE, strangers=("neighbour",)),
    "POST /api/responses/{response_id}/duties/{duty_id}/acknowledge": Deed(who=("operate", "office"), body={}),
    "POST /api/responses/{response_id}/duties/{duty_id}/checks/{check}": Deed(who=("operate", "office"), body={}),
    "POST /api/responses/{response_id}/duties/{duty_id}/done": Deed(who=("operate", "office"), body={"remark": "done"}),
    "POST /api/responses/{response_id}/close": Deed(who=_DESK, body={"reason": "over"}),
    "PUT /api/subscriptions/{subscription_id}": Deed(who=_OFFICE, body=_HOOK | {"zones": [ABROAD]}, refused=(404,)),
    "PATCH /api/subscriptions/{subscription_id}": Deed(who=_OFFICE, body={"name": "x"}, refused=(404,)),
    "PUT /api/subscriptions/{subscription_id}/contacts": Deed(who=_OFFICE, body={"contacts": [_HOOK | {"name": "y"}]}, refused=(404,)),
    "POST /api/subscriptions/{subscription_id}/secret": Deed(who=_OFFICE, body={}, refused=(404,)),
    "POST /api/subscriptions/{subscription_id}/pauses": Deed(
        who=_OFFICE, body={"starts_at": "2024-09-23T00:00:00Z", "ends_at": "2024-09-24T00:00:00Z"}, refused=(404,)),
    "DELETE /api/subscriptions/{subscription_id}/pauses/{pause_id}": Deed(who=_OFFICE, refused=(404,)),
    "POST /api/subscriptions/{subscription_id}/tests": Deed(who=_OFFICE, body={}, refused=(404,)),
    "DELETE /api/subscriptions/{subscription_id}": Deed(who=_OFFICE, refused=(404,)),
    "POST /api/alerts/{identifier}/retract": Deed(who=("sign",), body={"reason": "by mistake"}),  # the last: it ends what stands before
}
"""Acts about a place or about somebody's own things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Things:
    """One of each kind and one for each deed that uses it up, all of the place that is not the neighbour's."""

    identifier: str
    subscription: int
    pause: int
    response: str
    duty: int
    call: UUID
    contact: int
    again: int
    each: Mapping[str, object]
    """By the word that a deed has in ``on`` or in its body."""


_ON_DUTY = """
WITH p AS (INSERT INTO roster_post (lane, zone, place, name, kind) VALUES ('exercise', :z, 'Pudong', 'duty room', 'responsible') RETURNING id),
  q AS (INSERT INTO roster_person (lane, key, name) VALUES ('exercise', 'k', 'Qu') RETURNING id),
  r AS (INSERT INTO roster_seat (post_id, person_id, rank) SELECT p.id, q.id, 0 FROM p, q),
  s AS (INSERT INTO subscription (kind, lane, name, channel, address, zones, standby)
        VALUES ('duty', 'exercise', 'Qu（叫应）', 'webhook', 'https://203.0.113.7/qu', ARRAY[:z], true) RETURNING id)
INSERT INTO roster_contact (person_id, subscription_id, rank) SELECT q.id, s.id, 0 FROM q, s RETURNING id
"""


def acting(world: World) -> set[str]:
    """Every address that changes something and asks who is there."""
    return {f"{method.upper()} {path}" for path, methods in world.app.openapi()["paths"].items() for method in methods
            if method != "get" and TABLE[f"{method.upper()} {path}"] != OPEN}


async def things(world: World) -> Things:
    subscriptions = []
    for at in range(3):
        made = await world.post("/api/subscriptions", "home-office", {
            "name": f"duty {at}", "channel": "webhook", "address": f"https://203.0.113.7/hook{at}", "zones": [ABROAD]})
        assert made.status_code == 201, made.text
        subscriptions.append(made.json()["id"])
    paused = await world.post(f"/api/subscriptions/{subscriptions[0]}/pauses", "home-office", {
        "starts_at": "2024-09-21T00:00:00Z", "ends_at": "2024-09-22T00:00:00Z"})
    assert paused.status_code == 201, paused.text
    identifier = await world.warned(zones=(ABROAD,))
    await world.parts.dispatch.expand(identifier)
    await world.parts.response.follow()
    async with world.parts.database.begin() as connection:
        deliveries = list((await connection.execute(text("SELECT id FROM delivery WHERE subscription_id = ANY(:s) ORDER BY id"), {"s": subscriptions})).scalars())
        await connection.execute(text("UPDATE delivery SET state = 'failed', reason = 'unreachable'"))
        contact = (await connection.execute(text(_ON_DUTY), {"z": ABROAD})).scalar_one()
        duty = (await connection.execute(text("SELECT min(id) FROM response_duty WHERE zone = :z"), {"z": ABROAD})).scalar_one()
        await connection.execute(text("INSERT INTO fast_review (identifier, issued_by, issued_at, due_at) VALUES (:i, 'zhao', :at, :at)"),
                                 {"i": identifier, "at": world.now})
    # A call of the post itself, which an office of the place may enter an answer for; offices that subscribed have calls without a place.
    await world.parts.dispatch.expand(await world.warned(zones=(ABROAD,), hazard="gale", code="11B06"))
    async with world.parts.database.begin() as connection:
        call = (await connection.execute(text("SELECT id FROM duty_call WHERE zone = :z"), {"z": ABROAD})).scalars().first()
        await connection.execute(text("UPDATE delivery SET state = 'delivered', reason = '' WHERE id = :d"), {"d": deliveries[0]})
    assert call is not None
    response = next(one["id"] for one in (await world.get("/api/responses", "root")).json() if one["identifier"] == identifier)
    each: dict[str, object] = {one: await world.proposed(zone=ABROAD) for one in ("to_submit", "to_approve", "to_return", "to_dismiss", "to_express", "to_note")}
    await world.execute("UPDATE proposal SET status = 'submitted', submitted_by = 'zhao', submitted_at = :at, revision = 2 WHERE id = ANY(:ids)",
                        {"at": world.now, "ids": [each["to_approve"], each["to_return"]]})
    return Things(identifier=identifier, subscription=subscriptions[0], pause=paused.json()["id"], response=response, duty=duty, call=call,
                  contact=contact, again=deliveries[0], each=each | {"to_retry": deliveries[1], "to_skip": deliveries[2]})


async def accounts(world: World) -> None:
    """For each role one of the place itself, one of the neighbour's, and one of the place for another hazard."""
    for act, role in ROLES.items():
        for whose, area, hazards in (("home", ABROAD, []), ("neighbour", HOME, []), ("other", ABROAD, ["heat"])):
            await world.execute("INSERT INTO account (name, role, token_hash, area, hazards) VALUES (:n, :r, :h, :a, :z)",
                                {"n": f"{whose}-{act}", "r": role, "h": token_hash(f"token-{whose}-{act}"), "a": area, "z": hazards})


async def does(world: World, there: Things, address: str, who: str) -> tuple[int, str]:
    """The one request of a row, with the key of ``who``."""
    method, path = address.split(" ")
    deed = FOREIGN[address]
    url = path.format(
        identifier=there.identifier, proposal_id=there.each.get(deed.on), subscription_id=there.subscription, delivery_id=there.again,
        pause_id=there.pause, response_id=there.response, duty_id=there.duty, check=0, call_id=there.call, contact=there.contact)
    sent: Any = by_hand(world, zones=(ABROAD,)) if address == "POST /api/proposals" else deed.body
    if isinstance(sent, dict) and "deliveries" in sent:
        sent = {**sent, "deliveries": [there.each[sent["deliveries"]]]}
    answer = await world.http.request(method, url, headers={"Authorization": f"Bearer token-{who}"}, json=sent)
    return answer.status_code, answer.text[:160]


@pytest.fixture
async def fast(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """With a rule of the fast lane, so that only the place can be what refuses it."""
    async with opened_world(database_url, tmp_path, fast_lane=(FastLaneSettings(hazards=("rainstorm",)),)) as made:
        yield made


def test_no_act_stands_in_both_tables() -> None:
    assert set(WIDE) & set(FOREIGN) == set()


async def test_every_acting_address_is_in_one_of_the_tables(world: World) -> None:
    assert sorted(acting(world) - set(WIDE) - set(FOREIGN)) == []
    assert sorted(set(FOREIGN) - acting(world)) == []


async def test_nobody_acts_for_a_neighbour_and_each_act_is_open_to_those_of_the_place(fast: World) -> None:
    world = fast
    await accounts(world)
    there = await things(world)
    before = await state(world)
    wrong = []
    for address, deed in FOREIGN.items():
        for act in deed.who:
            for whose in deed.strangers:
                status, told = await does(world, there, address, f"{whose}-{act}")
                if status not in deed.refused:
                    wrong.append(f"{address} by {whose}-{act}: {status} {told}")
    assert wrong == []
    now = await state(world)
    assert sorted(table for table in before if before[table] != now[table]) == []
    # The same requests by those of the place: had one been malformed, or its thing not there, the refusal above would prove nothing.
    for address, deed in FOREIGN.items():
        status, told = await does(world, there, address, f"home-{deed.who[0]}")
        assert 200 <= status < 300, f"{address} by home-{deed.who[0]}: {status} {told}"
        after = await state(world)
        assert after != now, f"{address} changed nothing"
        now = after


async def state(world: World) -> dict[str, str]:
    """Of every table a digest of what stands in it, the audit trail and the jobs too: a refused act leaves no trace at all."""
    async with world.parts.database.begin() as connection:
        tables = (await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars().all()
        return {table: str((await connection.execute(text(
            f'SELECT count(*) || md5(coalesce(string_agg(md5(t::text), \'\' ORDER BY t::text), \'\')) FROM "{table}" t'))).scalar_one()) for table in tables}
