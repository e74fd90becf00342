"""Responses over the API: opened by a warning, taken and done by the posts, closed by a person."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from tests.web.conftest import World
from warning.account import Account, token_hash
from warning.response.errand import word_of
from warning.web.words import explained


async def followed(world: World) -> list[dict[str, Any]]:
    await world.parts.response.follow()
    found: list[dict[str, Any]] = (await world.get("/api/responses", "fu")).json()
    return found


async def notices(world: World) -> list[str]:
    async with world.parts.database.begin() as connection:
        return [row.text for row in await connection.execute(text("SELECT text FROM notice WHERE cleared_at IS NULL AND key LIKE 'duty %' ORDER BY key"))]


async def office_of(world: World, area: str) -> None:
    await world.execute("INSERT INTO account (name, role, token_hash, area) VALUES ('qu', 'office', :h, :a)", {"h": token_hash("token-qu"), "a": area})


def duty(response: dict[str, Any], key: str, zone: str = "310115") -> dict[str, Any]:
    (found,) = (one for one in response["duties"] if one["key"] == key and one["zone"] == zone)
    return dict(found)


async def test_a_warning_opens_the_response_of_its_colour_with_the_duties_of_that_level_and_below(world: World) -> None:
    identifier = await world.warned(level="yellow", zones=("310115", "310120"))
    (one,) = await followed(world)
    assert (one["plan"], one["level"], one["warning"], one["state"], one["identifier"]) == ("flood-control", "III", "yellow", "open", identifier)
    assert sorted((duty["key"], duty["zone"]) for duty in one["duties"]) == [
        ("command-room", ""), ("pumps", "310115"), ("pumps", "310120"), ("underpasses", "310115"), ("underpasses", "310120"),
        ("work-sites", "310115"), ("work-sites", "310120")]
    assert await world.parts.response.follow() == 0
    assert len(await followed(world)) == 1


async def test_a_warning_that_no_plan_answers_to_opens_nothing(world: World) -> None:
    await world.warned(hazard="heat", code="11B09", level="red")
    assert await followed(world) == []


async def test_the_response_rises_and_falls_with_the_warning_but_what_is_in_hand_is_brought_to_its_end(world: World) -> None:
    first = await world.warned(level="blue")
    (one,) = await followed(world)
    assert one["level"] == "IV"
    second = await world.warned(level="orange", action="update", replaces=first)
    (one,) = await followed(world)
    assert one["level"] == "II"
    path = f"/api/responses/{one['id']}/duties"
    assert (await world.post(f"{path}/{duty(one, 'people-moved')['id']}/acknowledge", "lin")).status_code == 200
    await world.warned(level="blue", action="update", replaces=second)
    (one,) = await followed(world)
    assert one["level"] == "IV"
    assert {each["key"]: each["state"] for each in one["duties"]} == {
        "command-room": "waiting", "pumps": "waiting", "underpasses": "not_needed", "work-sites": "not_needed", "people-moved": "acknowledged"}


async def test_the_end_of_the_warning_does_not_end_the_response_a_person_does(world: World) -> None:
    first = await world.warned(level="red")
    await followed(world)
    await world.warned(level="red", action="cancel", replaces=first)
    (one,) = await followed(world)
    assert one["state"] == "over"
    path = f"/api/responses/{one['id']}/close"
    assert (await world.post(path, "fu", {"reason": " "})).status_code == 422
    closed = await world.post(path, "fu", {"reason": "water has gone down"})
    assert (closed.json()["state"], closed.json()["closed_by"]) == ("closed", "fu")
    assert await followed(world) == []
    assert [each["reason"] for each in (await world.get("/api/responses?closed=true", "fu")).json()] == ["water has gone down"]
    assert (await world.post(path, "fu", {"reason": "again"})).status_code == 409


async def test_a_warning_that_runs_out_leaves_the_response_to_be_closed(world: World) -> None:
    await world.warned(level="blue", hours=3)
    await followed(world)
    await world.move(timedelta(hours=3))
    (one,) = await followed(world)
    assert one["state"] == "over"


async def test_a_closed_response_opens_again_only_when_the_warning_rises(world: World) -> None:
    first = await world.warned(level="yellow")
    (one,) = await followed(world)
    await world.post(f"/api/responses/{one['id']}/close", "fu", {"reason": "all is done"})
    second = await world.warned(level="blue", action="update", replaces=first)
    assert await followed(world) == []
    await world.warned(level="red", action="update", replaces=second)
    (again,) = await followed(world)
    assert (again["id"], again["level"], again["state"], again["closed_at"]) == (one["id"], "I", "open", None)


async def test_a_duty_is_done_when_its_list_is_ticked_or_somebody_says_why_not(world: World) -> None:
    await world.warned(level="blue")
    (one,) = await followed(world)
    pumps = duty(one, "pumps")
    path = f"/api/responses/{one['id']}/duties/{pumps['id']}"
    refused = await world.post(f"{path}/done", "lin", {})
    assert refused.status_code == 422
    assert "inland water level lowered; pump trucks and crews on call" in refused.json()["detail"]
    ticked = duty((await world.post(f"{path}/checks/0", "lin")).json(), "pumps")
    assert (ticked["state"], ticked["acknowledged_by"], ticked["checks"][0]["ticked_by"], ticked["checks"][1]["ticked_by"]) == (
        "acknowledged", "lin", "lin", "")
    assert (await world.post(f"{path}/checks/2", "lin")).status_code == 422
    done = duty((await world.post(f"{path}/done", "lin", {"remark": "one truck is under repair"})).json(), "pumps")
    assert (done["state"], done["done_by_whom"], done["remark"]) == ("done", "lin", "one truck is under repair")
    assert (await world.post(f"{path}/acknowledge", "fu")).status_code == 409


async def test_a_line_ticked_twice_keeps_the_first_name(world: World) -> None:
    await world.warned(level="blue")
    (one,) = await followed(world)
    path = f"/api/responses/{one['id']}/duties/{duty(one, 'pumps')['id']}/checks/0"
    await world.post(path, "lin")
    again = await world.post(path, "fu")
    assert duty(again.json(), "pumps")["checks"][0]["ticked_by"] == "lin"


async def test_an_office_sees_and_takes_the_duties_of_its_own_zones_only(world: World) -> None:
    await office_of(world, "310120")
    await world.warned(level="yellow", zones=("310115",))
    (one,) = await followed(world)
    assert (await world.get("/api/responses", "qu")).json() == []
    assert (await world.get(f"/api/responses/{one['id']}", "qu")).status_code == 404
    assert (await world.post(f"/api/responses/{one['id']}/duties/{duty(one, 'pumps')['id']}/acknowledge", "qu")).status_code == 403
    await world.warned(level="yellow", zones=("310115", "310120"), hazard="typhoon", code="11B01")
    await followed(world)
    (own,) = (await world.get("/api/responses", "qu")).json()
    assert {each["zone"] for each in own["duties"]} == {"", "310120"}
    path = f"/api/responses/{own['id']}/duties"
    assert (await world.post(f"{path}/{duty(own, 'pumps', '310120')['id']}/acknowledge", "qu")).status_code == 200
    assert (await world.post(f"{path}/{duty(own, 'command-room', '')['id']}/acknowledge", "qu")).status_code == 403  # the whole area's
    assert (await world.post(f"/api/responses/{own['id']}/close", "qu", {"reason": "over"})).status_code == 403


async def test_a_duty_that_nobody_takes_in_time_is_an_operators_notice_until_somebody_does(world: World) -> None:
    await world.warned(level="blue")
    (one,) = await followed(world)
    await world.move(timedelta(minutes=4, seconds=59))
    await followed(world)
    assert await notices(world) == []
    await world.move(timedelta(seconds=1))  # five minutes for the duty room, ten for the pumps
    (one,) = await followed(world)
    [told] = await notices(world)
    assert explained(told, "zh") == "【演练】响应 flood-control，防汛指挥部值班室：值班人员到岗，接通各区视频会商：逾期无人承担"
    assert explained(told, "en") == (
        "[EXERCISE] response flood-control, flood command duty room: Man the duty room and connect the districts by video: nobody has taken charge in time")
    assert [each["key"] for each in one["duties"] if each["late"]] == ["command-room"]
    await world.post(f"/api/responses/{one['id']}/duties/{duty(one, 'command-room', '')['id']}/acknowledge", "lin")
    assert await notices(world) == []
    await world.move(timedelta(minutes=25))  # half an hour in all: it should be done
    await followed(world)
    assert [one.partition(": ")[2].endswith("not done in time") for one in await notices(world)].count(True) == 1


async def test_a_duty_that_waits_again_is_told_again(world: World) -> None:
    first = await world.warned(level="orange")
    await followed(world)
    await world.move(timedelta(minutes=6))
    await followed(world)
    late = await notices(world)
    assert any("head of the street or town" in one for one in late)
    second = await world.warned(level="blue", action="update", replaces=first)
    await followed(world)
    assert not any("head of the street or town" in one for one in await notices(world))
    await world.warned(level="orange", action="update", replaces=second)
    await followed(world)
    await world.move(timedelta(minutes=6))
    await followed(world)
    assert any("head of the street or town" in one for one in await notices(world))


async def test_an_office_without_an_area_has_no_duty_and_a_forecaster_of_heat_none_of_a_flood(world: World) -> None:
    await world.execute("INSERT INTO account (name, role, token_hash, hazards) VALUES ('re', 'forecaster', :h, ARRAY['heat'])", {"h": token_hash("token-re")})
    await world.warned(level="blue")
    (one,) = await followed(world)
    path = f"/api/responses/{one['id']}/duties/{duty(one, 'pumps')['id']}/acknowledge"
    assert (await world.get("/api/responses", "office")).json() == []
    assert [(await world.post(path, who)).status_code for who in ("office", "re", "lin")] == [403, 403, 200]


async def test_every_act_is_in_the_audit_log(world: World) -> None:
    await world.warned(level="blue")
    (one,) = await followed(world)
    path = f"/api/responses/{one['id']}/duties/{duty(one, 'command-room', '')['id']}"
    await world.post(f"{path}/acknowledge", "lin")
    await world.post(f"{path}/done", "lin", {"remark": "by telephone"})
    await world.post(f"/api/responses/{one['id']}/close", "fu", {"reason": "over"})
    async with world.parts.database.begin() as connection:
        rows = (await connection.execute(text("SELECT who, act FROM audit WHERE object = :o ORDER BY id"), {"o": f"response {one['id']}"})).all()
    assert [tuple(row) for row in rows] == [("rule", "open response"), ("lin", "acknowledge duty"), ("lin", "done duty"), ("fu", "close response")]


async def test_shelters_are_there_for_everybody(world: World) -> None:
    found = (await world.get("/api/shelters.geojson")).json()
    assert [one["properties"]["code"] for one in found["features"]] == ["example-pudong", "example-fengxian", "example-park"]


async def letter_of(world: World, post: str = "浦东新区防汛责任人") -> str:
    """The address behind the link of this post's message."""
    async with world.parts.database.begin() as connection:
        number = (await connection.execute(text("SELECT id FROM duty_letter WHERE post = :p"), {"p": post})).scalar_one()
    return f"/api/duty/{word_of(world.parts.secret, number)}"


async def rostered(world: World) -> None:
    words = "区划代码,区划名称,岗位,姓名,手机\n310115,浦东新区,防汛责任人,王一,13800000001\n310000,上海市,市防汛办,赵总,13800000009\n"
    await world.parts.rosters.bring([("roster.csv", words.encode())], account=Account(name="root", role="admin"))


async def test_a_post_takes_ticks_and_ends_its_duties_behind_the_link_of_its_message_without_an_account(world: World) -> None:
    await rostered(world)
    await world.warned(level="blue")
    await followed(world)
    path = await letter_of(world)
    page = await world.http.get(path)
    assert page.headers["cache-control"] == "no-store"
    assert "【演练】防汛防台应急响应Ⅳ级" in page.text
    assert "[EXERCISE] Flood and typhoon response, level IV" in page.text
    assert "预降内河水位，泵车待命" in page.text
    assert "接通各区视频会商" not in page.text  # the city's duty is none of its own
    taken = await world.http.post(path, data={"act": "take", "by": "王一"})
    assert taken.status_code == 200
    assert "王一（浦东新区防汛责任人）" in taken.text
    assert (await world.http.post(path, data={"act": "take", "by": "王一"})).status_code == 409
    (one,) = (await world.get("/api/responses", "fu")).json()
    pumps = duty(one, "pumps")
    assert (pumps["held_by"], pumps["state"], pumps["acknowledged_by"]) == (["浦东新区防汛责任人"], "acknowledged", "王一（浦东新区防汛责任人）")
    assert one["counts"] == {"waiting": 1, "acknowledged": 1, "done": 0, "late": 0}
    refused = await world.http.post(path, data={"act": "done", "by": "王一", "duty": str(pumps["id"])})
    assert refused.status_code == 422
    assert "say why this is left undone" in refused.text
    for check in "01":
        assert (await world.http.post(path, data={"act": "tick", "by": "王一", "duty": str(pumps["id"]), "check": check})).status_code == 200
    done = await world.http.post(path, json={"act": "done", "by": "王一", "duty": pumps["id"]}, headers={"Accept": "application/json"})
    assert [(one["key"], one["state"], one["done_by_whom"]) for one in done.json()["duties"]] == [("pumps", "done", "王一（浦东新区防汛责任人）")]
    other = duty(one, "command-room", "")["id"]
    assert (await world.http.post(path, json={"act": "done", "by": "王一", "duty": other, "remark": "x"}, headers={"Accept": "application/json"})).status_code == 404
    assert (await world.http.get("/api/duty/" + "0" * 64)).status_code == 404
    assert (await world.http.post(path, data={"act": "burn", "by": "王一"})).status_code == 422


async def test_a_duty_of_every_street_is_one_for_each_that_has_such_a_post(world: World) -> None:
    words = "区划代码,区划名称,岗位,姓名,手机\n" + "".join(f"31011514{n},街镇{n},防汛责任人,人{n},1380000000{n}\n" for n in range(3))
    await world.parts.rosters.bring([("roster.csv", words.encode())], account=Account(name="root", role="admin"))
    await world.warned(level="orange")
    (one,) = await followed(world)
    moved = {each["zone"]: each["held_by"] for each in one["duties"] if each["key"] == "people-moved"}
    assert moved == {f"31011514{n}": [f"街镇{n}防汛责任人"] for n in range(3)}
