"""The board of calls and the roster as people use them, in headless Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.web.browsing import CHROMIUM, LAPTOP, PHONE, broken, fits, picture, served, signed_in

pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")


@pytest.fixture(scope="module")
def calls_site(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(server_url, tmp_path_factory, "tests.web.calls_server") as base:
        yield base


def test_the_board_shows_who_has_not_answered_and_an_operator_enters_who_has(calls_site: str, browser: Browser, tmp_path: Path) -> None:
    elsewhere: list[str] = []
    page = signed_in(browser, calls_site, "token-lin", elsewhere)
    for lang in ("en", "zh"):
        page.goto(f"{calls_site}/console/calls?lang={lang}")
        page.locator(".call.overdue").first.wait_for()
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict is one
        assert fits(page)
        picture(page, f"calls-{lang}-360", tmp_path, whole=True, after_ms=300)
        page.set_viewport_size(LAPTOP)  # type: ignore[arg-type]  # a plain dict is one
        picture(page, f"calls-{lang}-1366", tmp_path, whole=True, after_ms=300)
        assert broken(page) == []
    expect(page.locator(".callsum b")).to_have_text(["2", "2", "1"])
    page.get_by_role("button", name="登记应答 浦东新区防汛责任人").click()
    page.get_by_label("何人应答").fill("王一")
    page.get_by_role("dialog").get_by_role("button", name="登记应答").click()
    page.locator(".call.answered", has_text="浦东新区防汛责任人").wait_for()
    expect(page.locator(".callsum b")).to_have_text(["1", "1", "2"])
    with page.expect_download() as kept:
        page.get_by_role("button", name="下载 PDF").click()
    assert Path(str(kept.value.path())).read_bytes().startswith(b"%PDF")
    assert elsewhere == []
    page.context.close()


def test_a_list_is_checked_before_it_is_taken_and_gaps_and_scores_stand_below(calls_site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, calls_site, "token-root", [])
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("区划代码,岗位,姓名,手机\n310115142,防汛责任人,钱八,12\n", encoding="utf-8")
    good = tmp_path / "good.csv"
    good.write_text("区划代码,区划名称,岗位,姓名,手机\n310115142,万祥镇,防汛责任人,钱八,13800000008\n", encoding="utf-8")
    for lang in ("en", "zh"):
        page.goto(f"{calls_site}/console/roster?lang={lang}")
        page.locator(".zonemap[data-drawn^='/console/paper/']").wait_for(state="attached")
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict is one
        assert fits(page)
        picture(page, f"roster-{lang}-360", tmp_path, whole=True, after_ms=500)
        page.set_viewport_size(LAPTOP)  # type: ignore[arg-type]  # a plain dict is one
        picture(page, f"roster-{lang}-1366", tmp_path, whole=True, after_ms=700)
        assert broken(page) == []
    expect(page.get_by_text("此人没有叫应可用的联系方式").first).to_be_visible()
    page.locator("input[type=file]").set_input_files(wrong)
    page.get_by_text("“12”不是电话号码").wait_for()
    picture(page, "roster-wrong", tmp_path)
    assert page.get_by_role("button", name="导入这份名录").count() == 0
    page.locator("input[type=file]").set_input_files(good)
    page.get_by_role("button", name="导入这份名录").click()
    page.get_by_text("万祥镇防汛责任人").first.wait_for()
    page.context.close()
