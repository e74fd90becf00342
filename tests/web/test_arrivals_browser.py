"""Partners' alerts as people use the page: read, passed on or refused by whoever may, in headless Chromium."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.arrivals_server import SENDER, WORDS
from tests.web.browsing import CHROMIUM, LAPTOP, broken, fits, picture, served, signed_in
from warning.account import token_hash

pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")


@pytest.fixture(scope="module")
def databases() -> list[str]:
    """The URL of the site's database, once it is there."""
    return []


@pytest.fixture(scope="module")
def arrivals_site(server_url: str, tmp_path_factory: pytest.TempPathFactory, databases: list[str]) -> Iterator[str]:
    with served(server_url, tmp_path_factory, "tests.web.arrivals_server", databases=databases) as base:
        yield base


def entry(page: Page, number: int) -> None:
    page.locator("button.entry", has_text=f"{SENDER}_202409200830{number:02d}").click()
    page.locator(".arrived h2", has_text=f"{SENDER}_202409200830{number:02d}").wait_for()


def fate(site: str, number: int) -> dict[str, Any]:  # JSON
    found = httpx.get(f"{site}/api/intake", headers={"Authorization": "Bearer token-lin"}, timeout=60).json()
    [one] = [one for one in found if one["identifier"].endswith(f"{number:02d}")]
    return dict(one)


def test_what_came_stands_with_its_worth_what_was_mended_what_it_means_and_why(arrivals_site: str, browser: Browser, tmp_path: Path) -> None:
    elsewhere: list[str] = []
    page = signed_in(browser, arrivals_site, "token-wang", elsewhere)
    said = {
        "en": (("waits for us", 2), "passed on", "kept on record only", "refused", "signed ones at once, agreed by ann, bob", "severity 'severe' read as Severe",
               "area: no place of ours is named", "sender: zhejiang may not speak for 32000041600000", "Fengxian"),
        "zh": (("待本单位决定", 2), "已转发", "仅存档", "已拒收", "签名有效者自动转发，协议人：ann、bob", "severity“severe”按 Severe 读取",
               "没有涉及本单位的区域", "zhejiang 无权代表 32000041600000", "奉贤区")}
    for lang, (waiting, out, kept, refused, agreed, mended, nowhere, stranger, place) in said.items():
        page.goto(f"{arrivals_site}/console/?lang={lang}")
        page.get_by_role("link", name="Partners" if lang == "en" else "外来预警").click()
        page.locator("button.entry").first.wait_for()
        states = page.locator("button.entry .fate").all_inner_texts()
        assert states[:2] == [waiting[0]] * waiting[1]
        assert sorted(states[2:]) == sorted((out, kept, refused))
        expect(page.get_by_role("region", name="Partners" if lang == "en" else "往来单位").first).to_contain_text(agreed)
        entry(page, 3)
        expect(page.locator(".arrived")).to_contain_text(mended)
        expect(page.locator(".arrived")).to_contain_text(place)
        expect(page.locator(".arrived .check .good")).to_contain_text("✓")
        expect(page.locator(".arrived .check .good")).to_have_css("border-left-width", "4px")
        page.locator(".arrived summary", has_text="words" if lang == "en" else "原话").click()
        expect(page.locator(".arrived .said").first).to_contain_text(WORDS)  # a partner's tags are words
        for size in ({"width": 390, "height": 844}, LAPTOP):
            page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dict is one
            page.wait_for_function("[...document.querySelectorAll('.q-loading-bar')].every(one => getComputedStyle(one).opacity === '0')")
            assert fits(page)
            box = page.locator(".partners td").last.bounding_box()  # when the feed was read last: nobody has to push the table aside
            assert box is not None
            assert box["x"] + box["width"] <= size["width"]
            picture(page, f"arrivals-{lang}-{size['width']}", tmp_path, whole=True)
        entry(page, 4)
        expect(page.locator(".arrived")).to_contain_text(nowhere)
        entry(page, 5)
        expect(page.locator(".arrived")).to_contain_text(stranger)
        picture(page, f"arrivals-refused-{lang}", tmp_path, whole=True)
        assert page.get_by_role("button", name="签发并转发").or_(page.get_by_role("button", name="Sign and pass on")).count() == 0, "a viewer decides nothing"
        assert page.locator(".arrived pre").count() == 0, "nor reads a document that may not be for everybody"
    assert broken(page) == []
    assert "arrival=" in page.url, "what was chosen outlives a reload"
    assert page.get_by_text("系统原文").count() == 0
    assert elsewhere == []
    page.context.close()


def about_to_sign(browser: Browser, site: str, token: str) -> Page:
    """The page of an approver who has typed the word and only has to press Enter."""
    page = signed_in(browser, site, token, [])
    page.goto(f"{site}/console/arrivals")
    page.locator("button.entry").first.wait_for()
    entry(page, 2)
    type_the_word(page)
    return page


def type_the_word(page: Page) -> None:
    page.get_by_role("button", name="签发并转发").click()
    page.get_by_label("请键入“演练”或 DRILL 以确认").fill("演练")
    expect(page.get_by_role("button", name="确认签发")).to_be_enabled()


def test_who_has_lost_the_role_while_the_page_is_open_signs_nothing_and_is_told_so(arrivals_site: str, browser: Browser, databases: list[str]) -> None:
    """By the open page's own connection: the page was made for an approver, and the click is asked as who the cookie names now."""
    with psycopg.connect(databases[0], autocommit=True) as connection:
        for name, role in (("zhao", "approver"), ("second", "admin")):
            connection.execute("INSERT INTO account (name, role, token_hash) VALUES (%s, %s, %s)", (name, role, token_hash(f"token-{name}")))
        page = about_to_sign(browser, arrivals_site, "token-zhao")
        connection.execute("UPDATE account SET role = 'viewer' WHERE name = 'zhao'")
        page.keyboard.press("Enter")
        page.get_by_text("该账号无权在此区域签发此灾种").wait_for()
        assert page.get_by_text("已签发并转发").count() == 0
        connection.execute("UPDATE account SET role = 'approver' WHERE name = 'zhao'")
    # As it is really done: two admins renew the account in another role, and its sessions end.
    type_the_word(page)
    asked = httpx.post(f"{arrivals_site}/api/admin/requests", headers={"Authorization": "Bearer token-root"}, json={"act": "add", "name": "zhao", "role": "viewer"}, timeout=60)
    done = httpx.post(f"{arrivals_site}/api/admin/requests/{asked.json()['id']}", headers={"Authorization": "Bearer token-second"}, json={"confirmed": True}, timeout=60)
    assert done.status_code == 200, done.text
    page.keyboard.press("Enter")
    page.wait_for_url("**/login*", timeout=30_000)
    assert fate(arrivals_site, 2)["alerts"] == []
    page.context.close()


def test_an_approver_passes_one_on_by_keyboard_and_refuses_another_with_a_reason(arrivals_site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, arrivals_site, "token-lin", [])
    page.goto(f"{arrivals_site}/console/arrivals")
    page.locator("button.entry").first.wait_for()
    first = page.locator("button.entry.waits", has_text="浦东新区")
    page.keyboard.press("j")
    while not first.evaluate("one => one === document.activeElement"):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator(".arrived h2", has_text=f"{SENDER}_20240920083002").wait_for()
    expect(first).to_be_focused()
    page.locator(".arrived summary", has_text="原始文件").click()
    expect(page.locator(".arrived pre")).to_contain_text(f"<identifier>{SENDER}_20240920083002</identifier>")
    release = page.get_by_role("button", name="签发并转发")
    release.focus()
    page.keyboard.press("Enter")
    page.get_by_label("请键入“演练”或 DRILL 以确认").fill("演练")
    picture(page, "arrivals-confirm", tmp_path)
    page.keyboard.press("Enter")
    expect(page.locator(".arrived .became")).to_contain_text("已转发")
    [alert] = fate(arrivals_site, 2)["alerts"]
    expect(page.locator(".arrived .became a").first).to_have_text(str(alert))

    entry(page, 3)
    page.get_by_role("button", name="不转发").click()
    page.get_by_role("dialog").get_by_role("button", name="不转发").click()
    page.get_by_text("请填写理由").wait_for()
    page.get_by_label("理由").fill("奉贤已自行发布")
    page.keyboard.press("Enter")
    expect(page.locator(".arrived .became")).to_contain_text("lin")
    expect(page.locator(".arrived .became")).to_contain_text("奉贤已自行发布")
    expect(page.locator("button.entry", has_text="奉贤区").locator(".fate")).to_have_text("本单位不转发")
    expect(page.locator("button.entry.waits")).to_have_count(0)
    found = fate(arrivals_site, 3)
    assert found["alerts"] == []
    [proposal] = found["proposals"]
    assert httpx.get(f"{arrivals_site}/api/proposals/{proposal}", headers={"Authorization": "Bearer token-lin"}, timeout=60).json()["status"] == "dismissed"
    picture(page, "arrivals-after", tmp_path, whole=True)
    page.context.close()
