"""Admin acts by two people, and keys for programs that may less than their account."""

import pytest
from sqlalchemy import text

from tests.web.conftest import World

NEW = {"act": "add", "name": "li.lei", "role": "forecaster", "area": "310115", "hazards": ["rainstorm"]}


async def second_admin(world: World) -> None:
    await world.execute("INSERT INTO account (name, role, token_hash) VALUES ('second', 'admin', encode(sha256('token-second'), 'hex'))")


async def test_an_account_exists_only_after_a_second_admin_has_confirmed_it(world: World) -> None:
    await second_admin(world)
    asked = await world.post("/api/admin/requests", "root", NEW)
    assert asked.status_code == 201, asked.text
    path = f"/api/admin/requests/{asked.json()['id']}"
    [shown] = (await world.get("/api/admin/requests", "second")).json()
    assert (shown["name"], shown["asked_by"], shown["detail"]["area"]) == ("li.lei", "root", "310115")
    own = await world.post(path, "root", {"confirmed": True})
    assert own.status_code == 403
    assert "a second admin" in own.json()["detail"]
    token = (await world.post(path, "second", {"confirmed": True})).json()["token"]
    assert (await world.get("/api/proposals", Authorization=f"Bearer {token}")).status_code == 200
    assert (await world.post(path, "second", {"confirmed": True})).status_code == 409
    async with world.parts.database.begin() as connection:
        trail = [tuple(row) for row in await connection.execute(text("SELECT who, act FROM audit ORDER BY id"))]
    assert trail == [("root", "ask to add"), ("root, confirmed by second", "account")]


async def test_who_asked_may_take_it_back_and_a_second_admin_may_refuse(world: World) -> None:
    await second_admin(world)
    for who in ("root", "second"):
        asked = (await world.post("/api/admin/requests", "root", NEW)).json()["id"]
        assert (await world.post(f"/api/admin/requests/{asked}", who, {"confirmed": False})).json() == {"token": None}
    assert (await world.get("/api/admin/requests", "second")).json() == []


async def test_withdrawing_needs_two_as_well(world: World) -> None:
    await second_admin(world)
    asked = (await world.post("/api/admin/requests", "root", {"act": "withdraw", "name": "fu"})).json()["id"]
    assert (await world.get("/api/proposals", "fu")).status_code == 200
    await world.post(f"/api/admin/requests/{asked}", "second", {"confirmed": True})
    assert (await world.get("/api/proposals", "fu")).status_code == 401


async def key_of(world: World, who: str, scopes: list[str]) -> str:
    made = await world.post("/api/keys", who, {"label": "reader", "scopes": scopes})
    assert made.status_code == 201, made.text
    return str(made.json()["key"])


async def test_a_key_may_what_its_scopes_say_and_nothing_else(world: World) -> None:
    key = {"Authorization": f"Bearer {await key_of(world, 'lin', ['view'])}"}
    assert (await world.http.get("/api/proposals", headers=key)).status_code == 200
    proposal = await world.proposed()
    refused = await world.http.post(f"/api/proposals/{proposal}/submit", headers=key, json={"revision": 1})
    assert refused.status_code == 403
    assert "this key of lin may view, not submit" in refused.json()["detail"]
    await world.post(f"/api/proposals/{proposal}/submit", "fu", {"revision": 1})
    assert (await world.http.post(f"/api/proposals/{proposal}/approve", headers=key, json={"revision": 2})).status_code == 403
    assert (await world.http.post("/api/keys", headers=key, json={"label": "x", "scopes": ["view"]})).status_code == 403


async def test_a_key_never_has_more_than_its_account(world: World) -> None:
    refused = await world.post("/api/keys", "wang", {"label": "x", "scopes": ["view", "approve"]})
    assert refused.status_code == 422
    assert "wang may not approve" in refused.json()["detail"]


@pytest.mark.parametrize("end", ["ended by its owner", "over", "account withdrawn"])
async def test_a_key_ends(world: World, end: str) -> None:
    key = {"Authorization": f"Bearer {await key_of(world, 'fu', ['view'])}"}
    [shown] = (await world.get("/api/keys", "fu")).json()
    assert (shown["label"], shown["scopes"], shown["used_at"]) == ("reader", ["view"], None)
    assert (await world.http.get("/api/proposals", headers=key)).status_code == 200
    assert (await world.get("/api/keys", "fu")).json()[0]["used_at"] is not None
    match end:
        case "ended by its owner":
            assert (await world.http.delete(f"/api/keys/{shown['id']}", headers={"Authorization": "Bearer token-fu"})).status_code == 204
        case "over":
            await world.execute("UPDATE api_key SET expires_at = clock_timestamp()")
        case "account withdrawn":
            await world.execute("UPDATE account SET active = false WHERE name = 'fu'")
    assert (await world.http.get("/api/proposals", headers=key)).status_code == 401


async def test_a_key_of_somebody_else_cannot_be_ended(world: World) -> None:
    await key_of(world, "fu", ["view"])
    [shown] = (await world.get("/api/keys", "fu")).json()
    assert (await world.http.delete(f"/api/keys/{shown['id']}", headers={"Authorization": "Bearer token-lin"})).status_code == 404
