"""A page of the console is sent whole, fits and is worked without a mouse; what is typed on it is lost to nobody, and what others do meanwhile is said."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.browsing import CHROMIUM, LAPTOP, comes_true, fits, picture, signed_in, site

__all__ = ["site"]
_SLOW_MS = 60_000
_browsed = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")


def test_no_page_carries_a_list_of_zones_nor_the_main_page_the_form_that_follows_its_map(site: str) -> None:
    with httpx.Client(base_url=site, follow_redirects=True) as console:
        console.post("/login", data={"token": "token-fu"})
        desk, compose = console.get("/console/").text, console.get("/console/compose").text
    assert '"tag":"nicegui-zonepick"' in compose
    assert "金山区" not in compose.replace("金山区气象", "")
    assert '"tag":"nicegui-zonemap"' in desk
    assert '"tag":"nicegui-zonepick"' not in desk
    assert '"tag":"q-slider"' not in desk, "nor the controls of its field, whose place is kept"
    assert "超过阈值的格点" in desk, "but what the map's signs mean"


def test_a_page_of_the_console_is_sent_whole_and_not_before_it_is_made(site: str) -> None:
    """What is added after the page was sent comes as text: its styles are late, and its scripts, such as the keys, never run."""
    proposal = httpx.get(f"{site}/api/proposals", headers={"Authorization": "Bearer token-fu"}, timeout=60).json()[0]["id"]
    with httpx.Client(base_url=site, follow_redirects=True, timeout=60) as console:
        console.post("/login", data={"token": "token-fu"})
        for path in ("/", "/compose", "/packs", "/arrivals", f"/explain/{proposal}", "/calls", "/roster", "/responses", "/routes", "/wall") * 3:
            answer = console.get(f"/console{path}")
            assert "id='keys-made'" in answer.text, path
            assert (answer.headers["x-content-type-options"], answer.headers["x-frame-options"], answer.headers["referrer-policy"]) == (
                "nosniff", "DENY", "no-referrer"), path
            assert {"default-src 'self'", "form-action 'self'", "frame-ancestors 'none'"} <= set(answer.headers["content-security-policy"].split("; ")), path


@_browsed
def test_what_is_typed_outlives_a_reload_and_the_other_language_follows_the_templates_and_is_submitted_once(site: str, browser: Browser, tmp_path: Path) -> None:
    own = "[EXERCISE] Gale Yellow Warning by the duty officer's own hand"
    words = proposal(site, composed(site, "310113", {}))["texts"]["en-US"]
    made = composed(site, "310113", {"en-US": {"headline": own, "description": words["description"], "instruction": words["instruction"]}})
    page = signed_in(browser, site, "token-fu", [])
    page.goto(f"{site}/console/?lang=zh&proposal={made}")
    title, colour = page.get_by_label("中文 · 标题"), page.get_by_role("combobox", name="等级")
    for word in ("橙色", "黄色"):
        colour.click(timeout=_SLOW_MS)
        page.get_by_role("option", name=word).click()
        expect(title).to_have_value(re.compile(word), timeout=_SLOW_MS)
    expect(page.get_by_label("English · 标题")).to_have_value(own)  # a person's words stay
    title.fill("")
    page.get_by_label("理由", exact=True).fill("值班长要求")
    page.get_by_label("中文 · 防御指南").fill("停止户外作业，注意防风。")
    expect(title).to_have_value(re.compile("大风黄色预警信号"), timeout=_SLOW_MS)  # left empty it is the template's again
    expect(page.get_by_role("region", name="发布前核对")).to_contain_text("注意防风。", timeout=_SLOW_MS)
    page.locator("a.language").click()
    expect(page.get_by_text("what you had changed and not submitted is shown again")).to_be_visible(timeout=_SLOW_MS)
    for field, words in (("中文 · instruction", "停止户外作业，注意防风。"), ("English · headline", own), ("reason", "值班长要求")):
        expect(page.get_by_label(field, exact=True)).to_have_value(words)
    picture(page, "draft", tmp_path, whole=True)
    page.get_by_role("button", name="Submit", exact=True).dblclick()
    expect(page.get_by_text("submitted by fu")).to_be_visible(timeout=_SLOW_MS)
    assert page.get_by_text("was changed meanwhile").count() == page.get_by_text("not submitted is shown again").count() == 0
    found = proposal(site, made)
    assert (found["revision"], found["changes"]["note"], "level" in found["changes"]) == (2, "值班长要求", False)
    assert found["changes"]["texts"]["en-US"]["headline"] == own
    assert found["changes"]["texts"]["zh-CN"]["instruction"] == "停止户外作业，注意防风。"
    page.context.close()


@_browsed
def test_what_another_person_did_meanwhile_is_said_and_nothing_is_put_in_its_place(site: str, browser: Browser, tmp_path: Path) -> None:
    made, word = composed(site, "310120", {}), "甲的指南"
    head = {"Authorization": "Bearer token-fu"}
    page = signed_in(browser, site, "token-fu", [])
    page.goto(f"{site}/console/?lang=zh&proposal={made}")
    page.get_by_label("中文 · 防御指南").fill(word, timeout=_SLOW_MS)
    expect(page.get_by_role("region", name="发布前核对")).to_contain_text(word, timeout=_SLOW_MS)
    changes = {"level": "orange", "zones": ["310116"]}
    httpx.post(f"{site}/api/proposals/{made}/submit", headers=head, json={"revision": 1, "changes": changes}, timeout=60).raise_for_status()
    expect(page.get_by_text("您有未提交的修改，没有采用")).to_be_visible(timeout=_SLOW_MS)
    # What goes out is what is shown, in the list and over the form, and not what it was proposed as.
    expect(page.locator(f"[data-proposal='{made}']")).to_contain_text(re.compile(r"橙色.*金山区", re.DOTALL))
    expect(page.locator("section[aria-label='依据']")).to_contain_text("大风 · 金山区")
    approver = signed_in(browser, site, "token-lin", [])
    approver.goto(f"{site}/console/?lang=zh&proposal={made}")
    approver.get_by_role("button", name="签发", exact=True).click(timeout=_SLOW_MS)
    expect(approver.get_by_role("dialog")).to_contain_text("橙色 · 大风 · 金山区")
    picture(approver, "confirm-submitted", tmp_path)
    approver.context.close()
    httpx.post(f"{site}/api/proposals/{made}/return", headers={"Authorization": "Bearer token-lin"}, json={"reason": "再核"}, timeout=60).raise_for_status()
    page.get_by_role("button", name="取回我的修改").click(timeout=_SLOW_MS)
    expect(page.get_by_label("中文 · 防御指南")).to_have_value(word, timeout=_SLOW_MS)
    page.get_by_role("button", name="放弃我的修改").click()
    expect(page.get_by_label("中文 · 防御指南")).not_to_have_value(word, timeout=_SLOW_MS)
    httpx.post(f"{site}/api/proposals/{made}/dismiss", headers=head, json={"reason": "演练结束"}, timeout=60).raise_for_status()
    expect(page.get_by_text("这份提案已不在待处理之列")).to_be_visible(timeout=_SLOW_MS)
    assert page.get_by_role("button", name="提交", exact=True).count() == 0, "no other proposal has slipped under the hand"
    picture(page, "gone", tmp_path)
    page.get_by_role("button", name="打开下一份提案").click()
    expect(page.get_by_role("region", name="发布前核对")).to_be_visible(timeout=_SLOW_MS)
    page.context.close()


@_browsed
def test_a_double_click_follows_up_and_composes_once(site: str, browser: Browser) -> None:
    page = signed_in(browser, site, "token-fu", [])
    before = waiting(site)
    page.get_by_role("button", name="延长: 大风 · 上海市").dblclick()
    page.wait_for_url("**/console/?*proposal=*")
    page.goto(f"{site}/console/compose?lang=en")
    zones = page.get_by_label("zones", exact=True)
    zones.fill("310112")
    page.get_by_role("option").first.click(timeout=_SLOW_MS)
    page.get_by_role("button", name="Make the proposal").dblclick()
    page.wait_for_url("**/console/?*proposal=*")
    page.get_by_role("button", name="Submit", exact=True).wait_for()
    assert waiting(site) == before + 2
    page.goto(f"{site}/console/compose?lang=en")
    page.get_by_text("Compose by hand").first.wait_for()
    assert page.get_by_text("not submitted is shown again").count() == page.locator(".q-chip").count() == 0, "what was made is no draft any more"
    page.context.request.post(f"{site}/logout", headers={"Origin": site})  # as if on another screen
    page.get_by_role("button", name="Make the proposal").click()
    expect(page.get_by_text("Your session has ended")).to_be_visible(timeout=_SLOW_MS)
    assert "lang=en" in page.url
    page.context.close()


# What has the focus is seen to have it, by a ring or by its field's own edge, and nothing lies over it.
_SEEN = """(() => { const at = document.activeElement, ring = getComputedStyle(at), field = at.closest('.q-field--focused .q-field__control'), box = (field || at).getBoundingClientRect();
  const edge = field && getComputedStyle(field, '::after'), over = document.elementFromPoint(box.left + box.width / 2, (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2);
  return ((ring.outlineStyle === 'solid' && parseFloat(ring.outlineWidth) >= 3) || (edge && parseFloat(edge.borderTopWidth) >= 2 && edge.borderTopColor.includes('11, 79, 168')))
    && over && (field || at).contains(over) })()"""



@_browsed
def test_a_proposal_is_opened_submitted_signed_and_issued_by_keyboard_alone(site: str, browser: Browser, tmp_path: Path) -> None:
    made = composed(site, "310104", {})
    for who, button, done in (("fu", "Submit", "submitted by fu"), ("lin", "Approve", "")):
        page = browser.new_context(viewport=LAPTOP).new_page()  # type: ignore[arg-type]  # a plain dict is one
        page.context.request.post(f"{site}/login", form={"token": f"token-{who}"})
        page.goto(f"{site}/console/?lang=en")
        page.locator(".board .check").first.wait_for()
        reached(page, "j", f"document.activeElement.dataset.proposal === '{made}'")
        page.keyboard.press("Enter")
        form = page.locator("section[aria-label=Evidence]")
        expect(form).to_contain_text("gale · Xuhui", timeout=_SLOW_MS)
        form.get_by_role("button", name=button, exact=True).wait_for()
        page.keyboard.press("e")
        assert comes_true(page, "document.activeElement.matches('section[aria-label=Evidence]')")
        assert comes_true(page, "document.activeElement.getBoundingClientRect().top >= document.querySelector('.drillbar').getBoundingClientRect().bottom"), (
            "what the form is about is not under the banner")
        picture(page, f"keyboard-{who}", tmp_path)
        reached(page, "Tab", f"document.activeElement.matches('.q-btn') && document.activeElement.textContent.trim() === '{button}'", "[aria-label=Evidence]")
        page.keyboard.press("Enter")
        if done:
            expect(form).to_contain_text(done, timeout=_SLOW_MS)
        else:
            assert comes_true(page, "document.activeElement.matches('[role=dialog] input')")
            page.keyboard.type("drill")
            expect(page.get_by_role("button", name="Approve now (Enter)")).to_be_enabled(timeout=_SLOW_MS)
            page.keyboard.press("Enter")
            page.get_by_role("button", name="Extend: gale · Xuhui").wait_for(timeout=_SLOW_MS)
        page.context.close()
    assert proposal(site, made)["status"] == "issued"


def reached(page: Page, key: str, aim: str, within: str = "") -> None:
    """Pressed until the aim has the focus; every stop on the way is seen, and of the part of the page that is meant."""
    for _ in range(60):
        page.keyboard.press(key)
        assert comes_true(page, _SEEN, within_s=10), page.evaluate("document.activeElement.outerHTML.slice(0, 300)")
        assert not within or page.evaluate(f"!!document.activeElement.closest('{within}')")
        if page.evaluate(aim):
            return
    raise AssertionError(f"{key} does not lead there")


@_browsed
def test_the_list_of_proposals_stays_beside_the_form_that_is_read_downwards_but_not_on_a_phone(site: str, browser: Browser, tmp_path: Path) -> None:
    for one in range(8):
        composed(site, ("310105", "310106", "310107", "310109")[one % 4], {})
    page = signed_in(browser, site, "token-fu", [])
    page.locator(".board .check").first.wait_for()
    page.evaluate("window.scrollTo(0, 900)")
    assert comes_true(page, "scrollY === 900")
    picture(page, "list-beside", tmp_path)
    box = page.locator("section[aria-label='待处理提案']").bounding_box()
    assert box is not None
    assert 40 <= box["y"] <= 60, "right below the banner of the drill"
    assert box["y"] + box["height"] <= 768
    last = page.locator("button.entry").last
    assert comes_true(page, "(() => { const all = document.querySelectorAll('button.entry'); const at = all[all.length - 1]; at.focus(); return at.getBoundingClientRect().bottom <= 768 })()")
    assert page.evaluate("scrollY") == 900, "the list has its own way down"
    last.click()
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("getComputedStyle(document.querySelector('.board > .pane')).position") == "static"
    page.context.close()


# Nothing of a pane stands out into its margin, which is 11 px wide.
_INSIDE = """[...document.querySelectorAll('.pane')].filter((one) => one.checkVisibility()).every((pane) => [...pane.children].every((one) => one.getBoundingClientRect().right <= pane.getBoundingClientRect().right - 6))"""


@_browsed
def test_nothing_runs_off_the_side_of_a_laptop_a_phone_or_a_tablet_held_either_way(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-fu", [])
    alert = httpx.get(f"{site}/api/alerts?active=true&hazard=rainstorm&zone=310115", timeout=60).json()[0]["identifier"]
    for path, filled in (("/", ".board .check"), ("/compose", ".check"), (f"/alert/{alert}", "main [role=region]"), ("/wall", ".wall .clock")):
        for lang in ("zh", "en"):
            page.goto(f"{site}/console{path}?lang={lang}")
            page.locator(filled).first.wait_for()
            for width, height in ((1366, 768), (390, 844), (820, 1180), (1180, 820)):
                page.set_viewport_size({"width": width, "height": height})
                assert comes_true(page, f"innerWidth === {width}")
                assert fits(page), (path, lang, width)
                assert comes_true(page, _INSIDE), (path, lang, width)
                picture(page, f"sides-{path.strip('/').partition('/')[0] or 'desk'}-{lang}-{width}", tmp_path, after_ms=500)
    page.context.close()


@_browsed
def test_the_wall_has_nothing_to_press_and_a_lost_connection_covers_it(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-wang", [])
    page.set_viewport_size({"width": 1920, "height": 1080})
    for theme in ("dark", "light"):
        page.goto(f"{site}/console/wall?theme={theme}")
        page.get_by_role("timer").wait_for()
        assert page.evaluate("[...document.querySelectorAll('button,input,a')].filter((at) => at.checkVisibility() && !at.matches('.skip')).length") == 0
        assert fits(page)
        # Of a screen of 1.43 m across, seen from five metres: letters of 25 mm and a clock of 120 mm.
        assert comes_true(page, "parseFloat(getComputedStyle(document.querySelector('.wall td')).fontSize) >= 34")
        assert comes_true(page, "parseFloat(getComputedStyle(document.querySelector('.wall .clock')).fontSize) >= 160")
        page.screenshot(path=tmp_path / f"wall-{theme}.png")
    blind = page.locator("#blind")
    expect(blind).to_be_hidden()
    page.evaluate("window.socket.disconnect()")
    blind.wait_for()
    expect(blind.get_by_text("CONNECTION LOST")).to_be_visible()
    page.screenshot(path=tmp_path / "wall-blind.png")
    page.context.close()


@_browsed
def test_what_failed_is_tried_again_by_one_button(site: str, browser: Browser) -> None:
    page = signed_in(browser, site, "token-fu", [])
    way = page.get_by_role("region", name="发送进度")
    again = way.get_by_role("button", name="重试 (1)")
    expect(way).to_contain_text("失败: 系统接口")
    again.click()
    expect(again).to_be_hidden(timeout=_SLOW_MS)
    expect(way).not_to_contain_text("失败")
    page.context.close()


@_browsed
def test_on_a_phone_what_is_in_force_is_drawn_when_it_is_scrolled_to_and_a_lift_says_of_what_it_asks_the_reason(
    site: str, browser: Browser, tmp_path: Path
) -> None:
    page = signed_in(browser, site, "token-fu", [])
    page.set_viewport_size({"width": 390, "height": 844})
    lift = page.get_by_role("button", name="解除: 暴雨 · 浦东新区")
    lift.scroll_into_view_if_needed()
    entry = page.locator("li.entry", has=lift)
    assert comes_true(page, "[...document.querySelectorAll('li.entry')].some((one) => one.textContent.includes('浦东新区') && one.checkVisibility({contentVisibilityAuto: true}))")
    whole, own = entry.bounding_box(), lift.bounding_box()
    assert whole is not None
    assert own is not None
    assert (whole["x"] + whole["width"] <= 390, whole["y"] < own["y"], own["y"] + own["height"] <= whole["y"] + whole["height"]) == (True, True, True)
    picture(page, "in-force-390", tmp_path)
    lift.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("■ 红色 · 暴雨 · 浦东新区")
    expect(dialog).to_contain_text("请说明为何直接解除")
    dialog.get_by_role("button", name="解除").click()
    expect(dialog).to_contain_text("请填写理由", timeout=_SLOW_MS)
    assert fits(page)
    picture(page, "lift-390", tmp_path)
    dialog.get_by_label("理由").fill("雨带已移出")
    dialog.get_by_role("button", name="解除").click()
    page.wait_for_url("**/console/?*proposal=*")
    form = page.locator("section[aria-label='依据']")
    expect(form).to_contain_text("解除 · 待提交", timeout=_SLOW_MS)
    expect(form).to_contain_text("理由: 雨带已移出")
    page.context.close()


def composed(site: str, zone: str, texts: dict[str, dict[str, str]]) -> str:
    """A proposal of gale, yellow, by fu's hand; its id."""
    onset = datetime(2024, 9, 20, 0, 30, tzinfo=UTC)
    return str(httpx.post(f"{site}/api/proposals", headers={"Authorization": "Bearer token-fu"}, timeout=60, json={
        "issuer": "310000", "hazard": "gale", "event_code": "11B06", "level": "yellow", "zones": [zone], "texts": texts, "onset": onset.isoformat(),
        "expires": (onset + timedelta(hours=6)).isoformat()}).raise_for_status().json()["id"])


def proposal(site: str, made: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{site}/api/proposals/{made}", headers={"Authorization": "Bearer token-fu"}, timeout=60).json()
    return found


def waiting(site: str) -> int:
    return len(httpx.get(f"{site}/api/proposals", headers={"Authorization": "Bearer token-fu"}, timeout=60).json())
