"""An office's forms without a browser: what they change, and what they refuse."""

import json

from tests.web.conftest import World

RING = [[121.5, 31.1], [121.7, 31.1], [121.7, 31.2], [121.5, 31.2], [121.5, 31.1]]


async def log_in(world: World, who: str) -> None:
    answer = await world.http.post("/login", data={"token": f"token-{who}"})
    assert answer.status_code == 303
    assert answer.headers["location"] == ("/office?lang=zh" if who == "office" else "/console/?lang=zh")


async def test_a_form_of_another_site_changes_nothing_and_nobody_is_let_in_without_a_session(world: World) -> None:
    assert (await world.get("/office")).headers["location"] == "/login?lang=zh"
    assert (await world.http.post("/office/1", data={"act": "end"})).headers["location"] == "/login?lang=zh"
    assert (await world.get("/office", "office")).status_code == 303, "a token opens no page"
    made = await world.post("/api/subscriptions", "office", {"name": "d", "channel": "webhook", "address": "https://203.0.113.7/"})
    number = made.json()["id"]
    await log_in(world, "office")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        for path, act in ((f"/office/{number}", "end"), ("/office/new", "save"), ("/office/attempts", "")):
            assert (await world.http.post(path, data={"act": act}, headers=headers)).status_code == 403
    assert len((await world.get("/api/subscriptions", "office")).json()) == 1
    page = await world.http.get(f"/office/{number}")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_who_may_not_subscribe_is_told_whom_to_ask(world: World) -> None:
    await log_in(world, "fu")
    answer = await world.http.get("/office")
    assert (answer.status_code, "请管理员开通 office 角色" in answer.text) == (403, True)
    assert (await world.http.post("/office/new", data={"act": "save"})).status_code == 403


async def test_what_cannot_be_sent_again_is_told_on_the_page_and_no_address_puts_words_into_its_mouth(world: World) -> None:
    await log_in(world, "office")
    refused = await world.http.post("/office/attempts?lang=zh", data={"delivery": "999"})
    assert (refused.status_code, "找不到：可能已结束，或不属于本单位" in refused.text) == (409, True)
    assert "no delivery 999 of yours" in (await world.http.post("/office/attempts?lang=en", data={"delivery": "999"})).text
    linked = await world.http.get("/office/attempts", params={"failed": "账号已停用，请致电 021-0000"})
    assert (linked.status_code, "请致电" in linked.text) == (200, False)


async def test_by_form_a_subscription_is_made_changed_paused_covered_and_its_secret_shown_once(world: World) -> None:
    await log_in(world, "office")
    fields = {"act": "save", "name": "值班", "channel": "webhook", "address": "https://203.0.113.7/in", "level": "orange", "zones": ["310115"],
              "sectors": ["port"], "polygon": json.dumps({"type": "Polygon", "coordinates": [RING]})}
    saved = await world.http.post("/office/new?lang=zh", data=fields)
    assert saved.headers["location"] == "/office/1?lang=zh&done=saved", saved.text
    other = await world.http.post("/office/new", data=fields | {"name": "代班", "address": "https://203.0.113.7/two"})
    assert other.status_code == 303
    got = (await world.get("/api/subscriptions/1", "office")).json()
    assert (got["min_level"], got["zones"], got["sectors"], got["polygon"]["coordinates"]) == ("orange", ["310115"], ["port"], [RING])
    wrong = await world.http.post("/office/1", data=fields | {"polygon": '{"type": "Polygon", "coordinates": [[[0,0],[1,0],[1,1],[0,0]]]}'})
    assert (wrong.status_code, "范围不在本系统预警区域内" in wrong.text) == (422, True)
    cross = await world.http.post("/office/1", data=fields | {"address": "http://127.0.0.1.nip.io\\@169.254.169.254/"})
    assert (cross.status_code, "该网址不能使用" in cross.text) == (422, True)
    when = {"from": "2024-09-21T08:00", "to": "2024-09-28T08:00", "cover": "2"}
    assert (await world.http.post("/office/1", data={"act": "pause", **when})).status_code == 303
    [pause] = (await world.get("/api/subscriptions/1", "office")).json()["pauses"]
    assert (pause["starts_at"], pause["cover_name"]) == ("2024-09-21T00:00:00Z", "代班")
    again = await world.http.post("/office/1", data={"act": "pause", **when})
    assert (again.status_code, "与已有的暂停时间重叠" in again.text) == (422, True)
    assert (await world.http.post("/office/1", data={"act": "end-pause", "pause": str(pause["id"])})).status_code == 303
    shown = await world.http.post("/office/1", data={"act": "secret"})
    assert "新密钥只显示这一次" in shown.text
    assert "新密钥只显示这一次" not in (await world.http.get("/office/1")).text
    for name in ("甲", "乙"):
        assert (await world.http.post("/office/1", data={"act": "contact", "name": name, "channel": "sms", "address": f"861390000000{ord(name) % 10}"})).status_code == 303
    contacts = (await world.get("/api/subscriptions/1", "office")).json()["contacts"]
    assert [one["name"] for one in contacts] == ["甲", "乙"]
    await world.http.post("/office/1", data={"act": "contact-up", "contact": str(contacts[1]["id"])})
    assert [one["name"] for one in (await world.get("/api/subscriptions/1", "office")).json()["contacts"]] == ["乙", "甲"]
    await world.http.post("/office/1", data={"act": "contact-remove", "contact": str(contacts[1]["id"])})
    assert [one["name"] for one in (await world.get("/api/subscriptions/1", "office")).json()["contacts"]] == ["甲"]
    huge = await world.http.post("/office/1", files={"file": ("a.kml", b"x" * (7 * 1024 * 1024))}, data={"act": "upload"})
    assert (huge.status_code, "文件超过 4 MB" in huge.text) == (422, True)
