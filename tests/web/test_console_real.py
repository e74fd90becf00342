"""Where warnings are real: a drill beside them is confirmed otherwise, an end runs down, and a desk outlives its database."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, expect

from tests.web.browsing import CHROMIUM, picture, served, signed_in
from tests.web.test_console_browser import proposed, warned
from warning.web.console.confirm import says

_SLOW_MS = 60_000
_browsed = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")


@pytest.fixture(scope="module")
def real(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A deployment whose warnings are real: its address and its database's URL."""
    databases: list[str] = []
    with served(server_url, tmp_path_factory, "tests.web.console_server", "live", databases=databases) as base:
        yield base, databases[0]


@_browsed
def test_where_warnings_are_real_a_drill_beside_them_is_confirmed_by_other_words_and_another_key(
    real: tuple[str, str], browser: Browser, tmp_path: Path
) -> None:
    live, _ = real
    elsewhere: list[str] = []
    page = signed_in(browser, live, "token-lin", elsewhere)
    tile = page.locator("img.leaflet-tile").first  # the deployment's own file lies under the map, and nothing else
    expect(tile).to_have_attribute("src", re.compile(r"^/console/tiles/\w+/\d+/\d+/\d+$"), timeout=_SLOW_MS)
    page.wait_for_function("[...document.querySelectorAll('img.leaflet-tile')].some((one) => one.naturalWidth === 256)", timeout=_SLOW_MS)
    assert httpx.get(live + (tile.get_attribute("src") or ""), timeout=60).status_code == 401
    expect(page.locator(".zonemap")).to_contain_text("© 测绘院 (test)")
    picture(page, "map-tiles", tmp_path)
    assert elsewhere == []
    expect(page.locator(".live")).to_have_text("实战 LIVE")
    assert page.locator(".drillbar").count() == 0
    drill, actual = page.locator(".entry", has_text="演练 DRILL"), page.locator(".entry").filter(has_not_text="演练 DRILL")
    expect(drill).to_have_count(1)
    expect(actual).to_have_count(1)
    assert "drillentry" in (drill.get_attribute("class") or "")
    head = {"Authorization": "Bearer token-fu"}
    of = {one["cap_status"]: one["id"] for one in httpx.get(f"{live}/api/proposals", headers=head, timeout=60).json()}
    word, sign = page.get_by_role("dialog").get_by_role("textbox"), page.get_by_role("button", name="确认签发")
    page.goto(f"{live}/console/?proposal={of['Exercise']}")
    page.get_by_role("button", name="签发", exact=True).click(timeout=_SLOW_MS)
    expect(page.get_by_text("请键入“演练”或 DRILL 以确认").first).to_be_visible()
    word.fill("浦东新区")
    assert sign.is_disabled()
    edge = "getComputedStyle(document.querySelector('.confirm')).borderTopColor"
    assert page.evaluate(edge) == "rgb(111, 58, 160)"
    page.get_by_role("button", name="再看看").click()
    page.goto(f"{live}/console/?proposal={of['Actual']}")
    page.get_by_role("button", name="签发", exact=True).click(timeout=_SLOW_MS)
    expect(page.get_by_text("这是真实发布。请键入首个地名以确认： 浦东新区").first).to_be_visible()
    assert page.evaluate(edge) == "rgb(196, 22, 28)"
    for wrong in ("演练", "DRILL", "浦东"):
        word.fill(wrong)
        assert sign.is_disabled(), wrong
    word.fill("浦东新区")
    expect(sign).to_be_enabled()
    picture(page, "confirm-live", tmp_path)
    word.press("Enter")
    page.wait_for_timeout(500)
    assert httpx.get(f"{live}/api/alerts", timeout=60).json() == [], "the key of a drill signs nothing here"
    word.press("Control+Enter")
    expect(page.get_by_text("已签发").first).to_be_visible(timeout=_SLOW_MS)
    assert [one["status"] for one in httpx.get(f"{live}/api/alerts", timeout=60).json()] == ["Actual"]
    page.context.close()


@_browsed
def test_an_end_runs_down_and_a_desk_without_its_database_says_so_keeps_what_is_typed_and_comes_back_by_itself(
    real: tuple[str, str], server_url: str, browser: Browser, tmp_path: Path
) -> None:
    live, url = real
    name = url.partition("?")[0].rsplit("/", 1)[1]
    warned(live, "310112", "orange")
    page = signed_in(browser, live, "token-fu", [])
    left = page.locator("[data-left]", has_text="14:30")
    age = page.locator("[data-age]").first
    expect(left).to_have_text("有效至 14:30 · 剩余 6.0 小时")
    expect(age).to_have_text("资料时间 0 秒前")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE drill_clock SET at = at + interval '1 hour'")
    expect(left).to_have_text("有效至 14:30 · 剩余 5.0 小时")
    expect(age).to_have_text("资料时间 60 分钟前")
    made = proposed(live, "310113", "yellow")
    page.goto(f"{live}/console/?lang=zh&proposal={made}")
    guide, check, away = page.get_by_label("中文 · 防御指南"), page.get_by_role("region", name="发布前核对"), page.locator(".fault[role=alert]", has_text="数据库暂无响应")
    guide.fill("停止高空作业。")
    expect(check).to_contain_text("停止高空作业。")
    expect(away).to_be_hidden()
    with psycopg.connect(server_url, autocommit=True) as connection:
        try:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            expect(away).to_be_visible()
            guide.fill("停止高空作业，人员撤回室内。")
            expect(check).to_contain_text("目前无法核对： 数据库暂无响应")
            page.get_by_role("button", name="提交", exact=True).click()
            expect(page.locator(".q-notification", has_text="数据库暂无响应")).to_be_visible()
            picture(page, "database-away", tmp_path, whole=True)
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    expect(away).to_be_hidden()
    expect(check).to_contain_text("人员撤回室内。")
    expect(guide).to_have_value("停止高空作业，人员撤回室内。")
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_text("待签发").first).to_be_visible()
    found = httpx.get(f"{live}/api/proposals/{made}", headers={"Authorization": "Bearer token-fu"}, timeout=60).json()
    assert (found["status"], found["changes"]["texts"]["zh-CN"]["instruction"]) == ("submitted", "停止高空作业，人员撤回室内。")
    page.context.close()


@pytest.mark.parametrize(("typed", "drill", "yes"), [
    ("演练", True, True), (" drill ", True, True), ("浦东新区", True, False), ("", True, False),
    ("浦东新区", False, True), ("pudong new area", False, True), ("演练", False, False), ("DRILL", False, False), ("", False, False)])
def test_no_word_confirms_both_a_drill_and_the_real_thing(typed: str, drill: bool, yes: bool) -> None:
    assert says(typed, drill=drill, places=("浦东新区", "Pudong New Area")) is yes
