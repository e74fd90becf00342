"""The roster and the calls over the API: each to whoever's area it is, whole or not at all, and nothing that bites."""

import csv
import io

import httpx
import pypdfium2
import pytest

from tests.web.conftest import World
from warning.account import token_hash

PEOPLE = """区划代码,区划名称,岗位,姓名,手机,webhook
310115,浦东新区,防汛责任人,王一,13800000001,https://203.0.113.7/wang
310116,金山区,防汛责任人,=1+1,13800000002,
"""
LIST = ("GET", "/api/roster"), ("GET", "/api/roster/gaps"), ("GET", "/api/roster/score"), ("GET", "/api/calls"), ("GET", "/api/calls/export.csv")


async def office(world: World, area: str) -> str:
    name = f"o{area}"
    await world.execute("INSERT INTO account (name, role, token_hash, area) VALUES (:n, 'office', :h, :a)", {"n": name, "h": token_hash(f"token-{name}"), "a": area})
    return name


async def bring(world: World, who: str, words: str = PEOPLE, **form: str) -> httpx.Response:
    return await world.http.post("/api/roster/import", headers={"Authorization": f"Bearer token-{who}"}, data=form, files={"file": ("roster.csv", words.encode())})


async def test_a_list_is_brought_in_as_a_whole_and_read_back_with_its_numbers_masked(world: World) -> None:
    dry = (await bring(world, "root", dry_run="true")).json()
    assert (dry["imported"], dry["new"], (await world.get("/api/roster", "root")).json()) == (False, 2, [])
    done = (await bring(world, "root")).json()
    assert (done["imported"], done["rows"], done["new"], done["changed"], done["faults"]) == (True, 2, 2, 0, [])
    pudong, _ = (await world.get("/api/roster", "wang")).json()
    assert (pudong["place"], pudong["kind_name"]["zh"], pudong["people"][0]["name"]) == ("浦东新区", "责任人", "王一")
    assert [one["address"] for one in pudong["people"][0]["contacts"]] == ["htt…ang", "861…001"]
    again = (await bring(world, "root")).json()
    assert (again["new"], again["changed"]) == (0, 2)
    whole = (await bring(world, "root", PEOPLE.rsplit("310116", 1)[0], whole="true")).json()
    assert (whole["changed"], whole["ended"]) == (1, 1)
    assert [post["zone"] for post in (await world.get("/api/roster", "root")).json()] == ["310115"]


async def test_one_wrong_row_and_nothing_is_imported(world: World) -> None:
    refused = (await bring(world, "root", PEOPLE + "31011x,,,,1,\n")).json()
    assert refused["imported"] is False
    assert [(one["row"], one["column"], one["what"]["en"]) for one in refused["faults"]] == [
        (4, "区划代码", "'31011x' is no zone code"), (4, "岗位", "is empty"), (4, "姓名", "is empty"), (4, "手机", "'1' is no telephone number")]
    assert refused["faults"][0]["mend"]["zh"] == "填 6、9 或 12 位代码，如 310115140"
    assert (await world.get("/api/roster", "root")).json() == []


async def test_an_office_keeps_and_sees_its_own_area_and_no_other(world: World) -> None:
    pudong, nowhere = await office(world, "310115"), "office"
    assert (await bring(world, pudong)).json()["imported"] is False  # Jinshan stands in the file
    assert (await bring(world, pudong, PEOPLE.rsplit("310116", 1)[0])).json()["imported"] is True
    assert (await bring(world, "root")).json()["imported"] is True
    identifier = await world.warned(zones=["310115", "310116"], level="red")
    await world.parts.dispatch.expand(identifier)
    assert [post["zone"] for post in (await world.get("/api/roster", pudong)).json()] == ["310115"]
    mine = (await world.get("/api/calls", pudong)).json()
    assert [call["post"] for call in mine] == ["浦东新区防汛责任人"]
    everybody = (await world.get("/api/calls", "wang")).json()
    other = next(call["id"] for call in everybody if call["zone"] == "310116")
    assert (await world.post(f"/api/calls/{other}/answer", pudong, {"by": "王一"})).status_code == 403
    done = await world.post(f"/api/calls/{mine[0]['id']}/answer", pudong, {"by": "王一", "note": "座机"})
    assert (done.status_code, done.json()["posts"]) == (200, ["浦东新区防汛责任人"])
    assert (await world.post(f"/api/calls/{mine[0]['id']}/answer", pudong, {"by": "王一"})).status_code == 409
    exported = (await world.get("/api/roster/export.csv", pudong)).text
    assert "8613800000001" in exported
    assert "8613800000002" not in exported
    for method, path in LIST:
        assert (await world.http.request(method, path, headers={"Authorization": f"Bearer token-{nowhere}"})).status_code == 403, path
    # A neighbour's contact is no business of theirs.
    contact = next(post for post in (await world.get("/api/roster", "root")).json() if post["zone"] == "310116")["people"][0]["contacts"][0]["id"]
    assert (await world.post(f"/api/roster/contacts/{contact}/proof", pudong, {"how": "x"})).status_code == 403
    assert (await world.post(f"/api/roster/contacts/{contact}/proof", "root", {"how": "answered a test call"})).status_code == 204
    assert [gap["person"] for gap in (await world.get("/api/roster/gaps", "root")).json() if gap["gap"] == "unproved"] == ["王一", "王一"]


async def test_a_call_says_who_was_called_when_and_what_comes_next(world: World) -> None:
    await bring(world, "root")
    await world.parts.dispatch.expand(await world.warned(zones=["310115"], level="orange"))
    [call] = (await world.get("/api/calls?open=true", "wang")).json()
    assert (call["state"], call["level"], call["took_s"]) == ("waiting", "orange", 0.0)
    assert [(one["name"], one["channel"], one["state"]) for one in call["attempts"]] == [
        ("王一", "webhook", "called"), ("王一", "sms", "planned"), ("duty room", "", "planned")]
    assert call["next"]["channel"] == "sms"
    assert call["next"]["due_at"] == "2024-09-20T00:32:00Z"


async def test_what_is_taken_away_bites_no_spreadsheet_and_is_a_pdf_with_words(world: World) -> None:
    await bring(world, "root")
    await world.parts.dispatch.expand(await world.warned(zones=["310115", "310116"], level="red"))
    [call] = [one for one in (await world.get("/api/calls", "wang")).json() if one["zone"] == "310115"]
    await world.post(f"/api/calls/{call['id']}/answer", "lin", {"by": "=HYPERLINK(\"http://x\")"})
    table = await world.get("/api/calls/export.csv", "wang")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert rows[0][:3] == ["预警", "岗位", "状态"]
    assert {row[5] for row in rows[1:]} == {"", "'=HYPERLINK(\"http://x\")"}
    assert "'=1+1" in (await world.get("/api/roster/export.csv", "root")).text
    document = pypdfium2.PdfDocument((await world.get("/api/calls/export.pdf?lang=zh", "wang")).content)
    words = document[0].get_textpage().get_text_range()
    assert "浦东新区防汛责任人" in words
    assert "演练 DRILL" in words


@pytest.mark.parametrize("path", ["/api/calls/export.pdf", "/api/calls/export.csv"])
async def test_a_board_without_calls_can_be_filed_too(world: World, path: str) -> None:
    assert (await world.get(path, "wang")).status_code == 200


async def test_gaps_are_told_to_the_operators_before_they_matter_and_cleared_when_mended(world: World) -> None:
    await bring(world, "root", "区划代码,岗位,姓名,手机\n310115,防汛责任人,王一,\n")
    async def told() -> list[str]:
        return [one["text"] for one in (await world.get("/api/health", "root")).json().get("notices", []) if "联系方式" in one["text"]]

    assert len(await told()) == 1
    await bring(world, "root", "区划代码,岗位,姓名,手机\n310115,防汛责任人,王一,13800000001\n")
    assert await told() == []


async def test_a_test_message_is_asked_for_by_contact_or_for_all_that_need_proof_and_its_state_is_read_back(world: World) -> None:
    await bring(world, "root")
    numbers = [one["id"] for post in (await world.get("/api/roster", "root")).json() for person in post["people"] for one in person["contacts"]]
    assert (await world.get(f"/api/roster/contacts/{numbers[0]}/test", "root")).status_code == 404
    assert (await world.post(f"/api/roster/contacts/{numbers[0]}/test", "root")).status_code == 202
    newest = (await world.get(f"/api/roster/contacts/{numbers[0]}/test", "root")).json()
    assert (newest["state"], newest["asked_by"], newest["answered_at"]) == ("waiting", "root", None)
    again = await world.post(f"/api/roster/contacts/{numbers[0]}/test", "root")
    assert again.status_code == 429
    assert int(again.headers["retry-after"]) > 500
    done = (await world.post("/api/roster/tests", "root")).json()
    assert (sorted(done["asked"]), [one["contact"] for one in done["held_back"]]) == (sorted(numbers[1:]), [numbers[0]])
