"""Server-sent events: what happens comes in order, and who was away hears what he has missed."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.web.conftest import World
from warning.web import events
from warning.web.events import EventBoard

Told = tuple[str, str, dict[str, Any]]


def board_of(world: World) -> EventBoard:
    board: EventBoard = world.app.state.events
    return board


async def next_of(stream: AsyncIterator[str], count: int) -> list[Told]:
    """(id, event, data) of so many events; fails after a minute."""
    found: list[Told] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            lines = (await anext(stream)).splitlines()
            said = dict(line.split(": ", 1) for line in lines if line and not line.startswith(":"))
            if "data" in said:
                found.append((said["id"], said["event"], json.loads(said["data"])))
    return found


async def test_a_warning_is_new_then_updated_then_ended(world: World) -> None:
    stream = board_of(world).listen("")
    assert "retry" in await anext(stream)
    first = await world.warned(zones=["310115"], level="orange")
    [(_, act, data)] = await next_of(stream, 1)
    assert (act, data["identifier"], data["level"], data["zones"]) == ("new", first, "orange", ["310115"])
    await world.move(timedelta(minutes=1))
    second = await world.warned(zones=["310115"], level="red", action="update", replaces=first)
    [(_, act, data)] = await next_of(stream, 1)
    assert (act, data["identifier"], data["version"]) == ("updated", second, 2)
    await world.move(timedelta(minutes=1))
    await world.warned(zones=["310115"], action="cancel", replaces=second)
    [(_, act, data)] = await next_of(stream, 1)
    assert (act, data["reason"], data["event_id"]) == ("ended", "lifted", data["event_id"])
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_a_warning_that_runs_out_has_ended_too(world: World) -> None:
    identifier = await world.warned(zones=["310115"], hours=1)
    stream = board_of(world).listen("")
    await anext(stream)
    await world.move(timedelta(hours=1))
    [(_, act, data)] = await next_of(stream, 1)
    assert (act, data["reason"], data["identifier"]) == ("ended", "expired", identifier)
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_who_was_away_hears_first_what_was_missed(world: World) -> None:
    stream = board_of(world).listen("")
    await anext(stream)
    made = [await world.warned(zones=["310115"])]
    [(last, _, _)] = await next_of(stream, 1)
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
    for zone in ("310116", "310120"):
        await world.move(timedelta(minutes=1))
        made.append(await world.warned(zones=[zone]))
    await world.app.state.public.snapshot(fresh=True)  # others listen: what is new to him is not new here
    again = board_of(world).listen(last)
    assert [data["identifier"] for _, _, data in await next_of(again, 2)] == made[1:]
    await again.aclose()  # type: ignore[attr-defined]  # it is a generator


_LATE = """INSERT INTO alert SELECT (jsonb_populate_record(a, jsonb_build_object('identifier', 'late', 'event_id', gen_random_uuid()))).* FROM alert a"""


async def test_what_was_signed_first_but_committed_last_is_missed_neither_by_who_listens_nor_by_who_comes_back(world: World, database_url: str) -> None:
    stream = board_of(world).listen("")
    await anext(stream)
    first = await world.warned(zones=["310116"])
    await next_of(stream, 1)
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute(_LATE)
        await world.move(timedelta(seconds=30))
        second = await world.warned(zones=["310115"])
        [(last, _, data)] = await next_of(stream, 1)
        assert data["identifier"] == second
    [(_, _, data)] = await next_of(stream, 1)
    assert data["identifier"] == "late"
    again = board_of(world).listen(last)
    assert {data["identifier"] for _, _, data in await next_of(again, 2)} == {first, "late"}, "one that was told comes twice rather than that one never does"
    for one in (stream, again):
        await one.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_an_id_that_says_nothing_or_is_too_old_asks_to_read_anew(world: World) -> None:
    for last in ("nonsense", "1-31000041600000_20010909094640"):
        stream = board_of(world).listen(last)
        [(_, act, data)] = await next_of(stream, 1)
        assert (act, data) == ("reset", {"read": "/api/alerts.geojson"})
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_who_missed_more_than_is_kept_is_told_to_read_anew_instead_of_a_part(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEPT", 2)
    stream = board_of(world).listen("")
    await anext(stream)
    made = [await world.warned(zones=["310115"])]
    [(last, _, _)] = await next_of(stream, 1)
    for zone in ("310116", "310120", "310117"):
        await world.move(timedelta(minutes=1))
        made.append(await world.warned(zones=[zone]))
    away = board_of(world).listen(last)
    for told in (await next_of(away, 1), await next_of(stream, 1)):
        [(_, act, data)] = told
        assert (act, data) == ("reset", {"read": "/api/alerts.geojson"}), "who was away, and who listened while four came at once"
    for one in (away, stream):
        await one.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_a_slow_listener_that_more_went_past_than_is_kept_is_told_to_read_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEPT", 2)
    board = EventBoard(world.parts, world.app.state.public)
    slow = board.listen("")
    await anext(slow)
    for zone in ("310115", "310116", "310117"):
        await world.move(timedelta(minutes=2))
        await world.warned(zones=[zone])
        await world.app.state.public.snapshot(fresh=True)
        quick = board.listen("")
        await anext(quick)  # whoever listens reads the ledger for all
        await quick.aclose()  # type: ignore[attr-defined]  # it is a generator
    [(_, act, _)] = await next_of(slow, 1)
    assert act == "reset", "the first of the three is no longer there to be told"
    await slow.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_the_address_answers_as_an_event_stream_and_refuses_the_one_too_many(world: World) -> None:
    board = board_of(world)
    board.listeners = 2000
    answer = await world.get("/api/events")
    assert answer.status_code == 429
    assert "Retry-After" in answer.headers
    described = (await world.get("/openapi.json")).json()["paths"]["/api/events"]["get"]["responses"]["200"]["content"]
    assert "text/event-stream" in described
