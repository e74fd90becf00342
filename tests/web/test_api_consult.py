"""Consultation, the fast lane and its reviews, the look before the signature, and registers, over the API."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.web.conftest import World, opened_world
from warning.account import token_hash
from warning.level import Level
from warning.settings import FastLaneSettings

RULE = FastLaneSettings(hazards=("rainstorm",), review_within_s=600)


@pytest.fixture
async def fast(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with opened_world(database_url, tmp_path, fast_lane=(RULE,)) as made:
        await added(made, "zhao", area="310115")
        yield made


async def added(world: World, name: str, *, role: str = "approver", area: str = "", hazards: tuple[str, ...] = ()) -> None:
    await world.execute("INSERT INTO account (name, role, token_hash, area, hazards) VALUES (:n, :r, :h, :a, :z)",
                        {"n": name, "r": role, "h": token_hash(f"token-{name}"), "a": area, "z": list(hazards)})


async def test_one_signature_goes_out_at_once_and_the_review_is_shown_until_somebody_else_has_done_it(fast: World) -> None:
    red = f"/api/proposals/{await fast.proposed()}"
    assert (await fast.post(f"{red}/express", "fu", {"revision": 1})).status_code == 403, "no rule for forecasters"
    signed = await fast.post(f"{red}/express", "lin", {"revision": 1, "status": "Exercise"})
    assert signed.status_code == 200, signed.text
    identifier = signed.json()["identifier"]
    assert (await fast.get(f"/api/alerts/{identifier}")).json()["status"] == "Exercise"
    await fast.move(timedelta(seconds=601))
    [owed] = (await fast.get("/api/reviews", "wang")).json()
    assert (owed["identifier"], owed["issued_by"], owed["overdue"]) == (identifier, "lin", True)
    own = await fast.post(f"/api/reviews/{identifier}", "lin", {"verdict": "confirmed"})
    assert (own.status_code, "second person" in own.text) == (403, True)
    assert (await fast.post(f"/api/reviews/{identifier}", "fu", {"verdict": "confirmed"})).status_code == 403
    bare = await fast.post(f"/api/reviews/{identifier}", "zhao", {"verdict": "contested"})
    assert (bare.status_code, "say what is wrong" in bare.text) == (422, True)
    assert len((await fast.get("/api/reviews", "wang")).json()) == 1
    assert (await fast.post(f"/api/reviews/{identifier}", "zhao", {"verdict": "contested", "remark": "too wide"})).status_code == 200
    assert (await fast.get("/api/reviews", "wang")).json() == []
    assert (await fast.post(f"/api/reviews/{identifier}", "zhao", {"verdict": "confirmed"})).status_code == 409
    async with fast.parts.database.begin() as connection:
        acts = (await connection.execute(text("SELECT who, act FROM audit WHERE object = :o ORDER BY id"), {"o": f"alert {identifier}"})).all()
    assert [tuple(row) for row in acts] == [("lin", "express"), ("zhao", "review")]


async def test_the_fast_lane_is_held_to_area_and_hazard(fast: World) -> None:
    await added(fast, "chen", area="310116")
    await added(fast, "wu", hazards=("heat",))
    red = f"/api/proposals/{await fast.proposed()}"
    for who in ("chen", "wu"):
        assert (await fast.post(f"{red}/express", who, {"revision": 1})).status_code == 403, who
    weaker = f"/api/proposals/{await fast.proposed(zone='310118', level=Level.ORANGE)}"
    assert (await fast.post(f"{weaker}/express", "lin", {"revision": 1})).status_code == 403
    assert (await fast.post(f"{red}/express", "zhao", {"revision": 7})).status_code in (403, 409), "another revision than it is"
    signed = await fast.post(f"{red}/express", "zhao", {"revision": 1})
    assert signed.status_code == 200, signed.text
    review = f"/api/reviews/{signed.json()['identifier']}"
    for who in ("chen", "wu"):
        assert (await fast.post(review, who, {"verdict": "confirmed"})).status_code == 403, who
    assert (await fast.post(review, "lin", {"verdict": "confirmed"})).status_code == 200


async def test_a_drill_is_not_switched_to_live_by_any_word_of_the_api(fast: World) -> None:
    live = {"status": "Actual"}
    hand = {"issuer": "310000", "hazard": "rainstorm", "event_code": "11B03", "level": "red", "zones": ["310115"],
            "onset": fast.now.isoformat(), "expires": (fast.now + timedelta(hours=3)).isoformat()}
    composed = await fast.post("/api/proposals", "fu", hand | live)
    assert (composed.status_code, "a drill cannot be switched to live" in composed.text) == (422, True)
    path = f"/api/proposals/{await fast.proposed()}"
    assert (await fast.post(f"{path}/submit", "fu", {"revision": 1, "changes": live})).status_code == 422
    assert (await fast.post(f"{path}/express", "lin", {"revision": 1, **live})).status_code == 409
    assert (await fast.post(f"{path}/submit", "fu", {"revision": 1})).status_code == 200
    taken = await fast.post(f"{path}/approve", "lin", {"revision": 2, **live})
    assert (taken.status_code, "this is an Exercise" in taken.text) == (409, True)
    assert (await fast.get("/api/alerts")).json() == []


async def test_notes_are_seen_by_all_and_never_taken_back(fast: World) -> None:
    proposal = await fast.proposed()
    path = f"/api/proposals/{proposal}/notes"
    await added(fast, "chen", area="310116", role="forecaster")
    await added(fast, "shi", area="310115104", role="forecaster")  # a town of the district
    assert (await fast.post(path, "fu", {"text": "  佘山雨量与预报一致  "})).status_code == 201
    assert (await fast.post(path, "shi", {"text": "river at 3.1 m"})).status_code == 201
    assert (await fast.post(path, "chen", {"text": "not my district"})).status_code == 403
    assert (await fast.post(path, "wang", {"text": "a viewer reads"})).status_code == 403
    assert [(one["who"], one["text"]) for one in (await fast.get(path, "wang")).json()] == [("fu", "佘山雨量与预报一致"), ("shi", "river at 3.1 m")]
    for sql in ("UPDATE proposal_note SET text = 'x'", "DELETE FROM proposal_note", "TRUNCATE proposal_note"):
        with pytest.raises(DBAPIError, match="never changed or taken back"):
            await fast.execute(sql)


async def test_the_look_shows_each_channel_s_own_words_and_lengths_and_stores_nothing(fast: World) -> None:
    path = f"/api/proposals/{await fast.proposed()}"
    square = {"type": "Polygon", "coordinates": [[[121.6, 31.1], [121.7, 31.1], [121.7, 31.2], [121.6, 31.2], [121.6, 31.1]]]}
    words = {"headline": "上海市浦东新区气象台发布暴雨红色预警信号", "description": "浦东新区，暴雨红色预警。", "instruction": "不要外出。"}
    seen = await fast.post(f"{path}/look", "wang", {"changes": {"polygon": square, "texts": {"zh-CN": words}}})
    assert seen.status_code == 200, seen.text
    found = seen.json()
    sms, mail = (next(one for one in found["channels"] if (one["channel"], one["language"]) == (name, "zh-CN")) for name in ("sms", "webhook"))
    assert sms["text"].startswith("【上海预警】")
    assert sms["alphabet"] == "UCS-2"
    assert sms["units"] == len(sms["text"])
    assert sms["segments"] == (1 if sms["units"] <= 70 else -(-sms["units"] // 67))
    assert "不要外出。" in mail["text"]
    assert [one["code"] for one in found["covered"]] == ["310115"]
    assert 0.05 < found["covered"][0]["share"] < 0.12, "some 106 km² of Pudong's 1,210"
    assert found["unlike"], "the English text still says it in full, the Chinese one is edited: no drill's mark"
    assert (await fast.get(path, "fu")).json()["revision"] == 1


async def test_registers_are_shown(fast: World) -> None:
    found = (await fast.get("/api/authorities", "wang")).json()
    [city] = [one for one in found if one["code"] == "310000"]
    assert (city["name_zh"], city["registered"], city["own_templates"]) == ("上海中心气象台", [], [])
