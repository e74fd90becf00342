"""What a resident, a forecaster and an approver see and do, in headless Chromium; pictures lie in the test's folder."""

import re
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.web.browsing import CHROMIUM, LAPTOP, PHONE, broken, comes_true, fits, picture, signed_in, site

__all__ = ["site"]  # a fixture

pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")


def test_the_page_works_without_javascript(site: str, browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]  # a plain dict is one
    page = context.new_page()
    page.goto(site)
    assert page.get_by_role("heading", name="生效中的预警").is_visible()
    picture(page, "city-360", tmp_path, whole=True)
    page.get_by_role("link", name="浦东新区").first.click()
    expect(page.get_by_text("怎么办").first).to_be_visible()
    picture(page, "alert-360", tmp_path, whole=True)
    page.goto(f"{site}/en/place/310115")
    picture(page, "place-en-360", tmp_path, whole=True)
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_runs_off_the_side_of_a_small_phone(site: str, browser: Browser, tmp_path: Path, scheme: str) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type]  # a plain dict and word
    page = context.new_page()
    for name, path in (("city", "/"), ("place", "/place/310115"), ("archive", "/archive"), ("login", "/login")):
        page.goto(site + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        picture(page, f"{name}-{scheme}", tmp_path, whole=True)
    page.set_viewport_size(LAPTOP)  # type: ignore[arg-type]  # a plain dict is one
    page.goto(site)
    picture(page, f"city-1366-{scheme}", tmp_path)
    context.close()


def test_every_word_of_the_page_stands_out_from_its_ground(site: str, browser: Browser) -> None:
    """WCAG 2.2 AA, 1.4.3: 4.5 to 1 for text, counted from the computed colours."""
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport=PHONE, color_scheme=scheme)  # type: ignore[arg-type]  # a plain dict and word
        page = context.new_page()
        for path in ("/", "/place/310115", "/archive"):
            page.goto(site + path)
            assert page.evaluate(_CONTRAST) == [], (scheme, path)
        context.close()


def test_the_console_asks_for_a_token(site: str, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(f"{site}/console/")
    assert "/login" in page.url
    page.get_by_label("访问令牌").fill("wrong")
    page.get_by_role("button", name="登录").last.click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.close()


def test_a_forecaster_submits_and_an_approver_signs_and_it_goes_out(site: str, browser: Browser, tmp_path: Path) -> None:
    elsewhere: list[str] = []
    forecaster = signed_in(browser, site, "token-fu", elsewhere)
    forecaster.locator(".zonemap[data-drawn^='/console/paper/']").wait_for(state="attached")
    forecaster.locator(".entry", has_text="崇明区").first.click()
    forecaster.get_by_text("170.2").first.wait_for()
    for place in ("location.href", "document.querySelector('a.language').href"):  # what was chosen outlives a reload, and the other language
        forecaster.wait_for_function(f"new URL({place}).searchParams.get('proposal')")
    picture(forecaster, "desk-forecaster", tmp_path, after_ms=1500)
    picture(forecaster, "desk-forecaster-full", tmp_path, whole=True)
    forecaster.get_by_role("button", name="提交", exact=True).click()
    forecaster.get_by_text("待签发").first.wait_for()

    approver = signed_in(browser, site, "token-lin", elsewhere)
    approver.locator(".entry", has_text="崇明区").first.click()
    approver.get_by_text("提交人 fu").wait_for()
    picture(approver, "desk-approver", tmp_path)
    approver.get_by_role("button", name="签发", exact=True).click()
    approver.get_by_text("演练签发").wait_for()
    sign = approver.get_by_role("button", name="确认签发")
    expect(sign, "a drill's own word is typed first").to_be_disabled()
    approver.get_by_label("请键入“演练”或 DRILL 以确认").fill("演练")
    picture(approver, "desk-confirm", tmp_path)
    sign.click()
    # Without a reload, and on the other person's screen as well.
    forecaster.locator(".entry", has_text="暴雨 · 崇明区").first.wait_for()
    expect(forecaster.get_by_role("status").filter(has_text="这份提案已签发：").get_by_role("link", name="暴雨 · 崇明区 · 查看发布过程")).to_be_visible()
    picture(forecaster, "desk-after", tmp_path, after_ms=1500)
    assert elsewhere == []
    forecaster.context.close()
    approver.context.close()


def test_a_viewer_has_no_buttons_to_sign_with(site: str, browser: Browser) -> None:
    viewer = signed_in(browser, site, "token-wang", [])
    viewer.locator(".entry").first.wait_for()
    assert viewer.get_by_role("button", name="提交", exact=True).count() == 0
    assert viewer.get_by_role("button", name="签发", exact=True).count() == 0
    viewer.context.close()


def test_an_open_cause_asks_the_forecaster_to_choose(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-fu", [])
    page.locator(".entry", has_text="台风或大风").first.click()
    page.get_by_text("成因待定").wait_for()
    picture(page, "desk-cause", tmp_path)
    page.get_by_role("button", name="提交", exact=True).click()
    page.get_by_text("请先选择灾种").wait_for()
    page.context.close()


def test_the_timeline_and_the_form_speak_english_too(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-fu", [])
    identifier = httpx.get(f"{site}/api/alerts?active=true&hazard=rainstorm&zone=310115", timeout=60).json()[0]["identifier"]
    page.goto(f"{site}/console/alert/{identifier}?lang=en")
    page.get_by_text("data arrived").wait_for()
    versions, way = page.get_by_role("region", name="Versions of the event"), page.get_by_role("region", name="The way out")
    expect(versions).to_contain_text(re.compile(r"■ Red.*Pudong New Area.*composed by hand.*fu .*→ lin ", re.DOTALL))
    for said in ("Residents by district", "Pudong New Area4 / 4", "text message delivered 3 · accepted 1", "first → last accepted"):
        expect(way).to_contain_text(said)
    for link, address in (("picture", "product.png"), ("picture 16:9", "product.png?size=landscape"), ("PDF", "product.pdf")):
        expect(page.get_by_role("link", name=link, exact=True)).to_have_attribute("href", f"/alerts/{identifier}/{address}")
    picture(page, "timeline-en", tmp_path)
    page.set_viewport_size({"width": 390, "height": 844})  # read downwards, nothing to be scrolled sideways
    assert comes_true(page, "[...document.querySelectorAll('main [role=region]')].length === 3"
                            " && [...document.querySelectorAll('main [role=region]')].every((at) => at.scrollWidth <= at.clientWidth)")
    picture(page, "timeline-en-390", tmp_path, whole=True)
    page.set_viewport_size(LAPTOP)  # type: ignore[arg-type]  # a plain dict is one
    page.goto(f"{site}/console/compose?lang=en")
    page.get_by_text("Compose by hand").first.wait_for()
    picture(page, "compose-en", tmp_path)
    page.goto(f"{site}/console/?lang=en")
    page.get_by_text("Proposals").first.wait_for()
    picture(page, "desk-en", tmp_path, after_ms=1500)
    page.context.close()


@pytest.mark.parametrize(("width", "lang", "said"), [(1366, "zh", "红色立即提出"), (820, "en", "red is proposed at once"), (390, "zh", "红色立即提出")])
def test_a_proposal_is_explained_on_a_page_that_fits_desk_tablet_and_phone(
    site: str, browser: Browser, tmp_path: Path, width: int, lang: str, said: str
) -> None:
    page = signed_in(browser, site, "token-fu", [])
    page.set_viewport_size({"width": width, "height": 1100})
    head = {"Authorization": "Bearer token-fu"}
    [made] = [p["id"] for p in httpx.get(f"{site}/api/proposals", headers=head, timeout=60).json() if p["zones"][0]["code"] == "310117"]
    page.goto(f"{site}/console/?lang={'en' if lang == 'zh' else 'zh'}&proposal={made}")
    if width < 640:  # a row of the evidence is read downwards
        assert comes_true(page, "(() => { const at = document.querySelector('[role=region][aria-label=Evidence]'); return at.scrollWidth <= at.clientWidth })()")
    page.locator("a.language").click()
    page.wait_for_url(f"**/console/?proposal={made}&lang={lang}")  # the other language keeps what was chosen
    page.get_by_role("link", name="为什么？" if lang == "zh" else "Why?").click()
    page.get_by_text(said).wait_for()
    page.locator("img[alt]").wait_for()
    page.locator("canvas").first.wait_for()
    assert comes_true(page, "document.querySelector('img[alt]').naturalWidth === 900")
    assert fits(page)
    ladder = page.locator(".ladder td > div").filter(has_text="150")
    assert max(cell["height"] for one in ladder.all() if (cell := one.bounding_box())) < 120, "a condition is read in lines, not in single characters"
    picture(page, f"explain-{lang}-{width}", tmp_path, whole=True)
    page.context.close()


def test_two_people_sign_a_pack_on_its_page_and_one_alone_cannot(site: str, browser: Browser, tmp_path: Path) -> None:
    for token, said in (("token-fu", "fu 已签署，待第二人"), ("token-lin", "fu、lin 已签署：发送中")):
        page = signed_in(browser, site, token, [])
        page.goto(f"{site}/console/packs")
        sign = page.get_by_role("button", name="签署 crane-wind")
        assert "_bft" not in page.inner_text("main"), "conditions are in a reader's words"
        sign.click()
        page.get_by_text(said).wait_for()
        expect(sign).to_be_hidden()
        assert fits(page)
        picture(page, f"packs-{token}", tmp_path)
        page.context.close()


@pytest.mark.parametrize(("width", "lang", "said"), [(1366, "zh", "✗ 无应答"), (390, "en", "✗ does not answer")])
def test_the_routes_stand_in_health_order_with_what_is_wrong_and_the_dead_letters_with_their_next_step(
    site: str, browser: Browser, tmp_path: Path, width: int, lang: str, said: str
) -> None:
    page = signed_in(browser, site, "token-lin", [])
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{site}/console/routes?lang={lang}")
    page.get_by_text(said).wait_for()
    expect(page.locator("tbody b")).to_have_text(["mobile", "spare", "telecom"])
    expect(page.get_by_text("检查网关后点重试" if lang == "zh" else "check the gateway").first).to_be_visible()
    assert fits(page)
    page.screenshot(path=tmp_path / f"routes-{lang}-{width}.png", full_page=True)
    assert page.evaluate(_CONTRAST) == []
    page.context.close()


def test_a_duty_is_taken_ticked_and_done_on_the_responses_page(site: str, browser: Browser, tmp_path: Path) -> None:
    elsewhere: list[str] = []
    page = signed_in(browser, site, "token-lin", elsewhere)
    page.goto(f"{site}/console/responses?lang=en")
    section = page.get_by_role("region", name="Flood and typhoon response level I").first
    section.wait_for()
    expect(section).to_contain_text("an example plan: put your own in its place")
    room = section.locator(".duty", has_text="flood command duty room")
    room.get_by_role("button", name="Take charge").click()
    expect(room).to_contain_text("in hand · lin")
    room.get_by_role("button", name="Done").click()
    page.get_by_text("say why this is left undone").wait_for()
    room.get_by_text("the officer in charge is present").click()
    expect(room.get_by_role("checkbox").first).to_be_disabled()
    room.get_by_label("why a line is left").fill("no district answers by video yet")
    room.get_by_role("button", name="Done").click()
    expect(room).to_contain_text("done · lin")
    expect(room).to_contain_text("no district answers by video yet")
    picture(page, "console-responses", tmp_path, whole=True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site}/console/responses")
    page.get_by_role("heading", name="应急响应", exact=True).wait_for()
    page.locator(".duty").first.wait_for()
    assert fits(page)
    picture(page, "console-responses-phone", tmp_path, whole=True)
    assert elsewhere == []


def test_an_operator_takes_a_route_out_with_a_reason_and_puts_it_in_again(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-lin", [])
    page.goto(f"{site}/console/routes")
    page.get_by_role("button", name="停用 telecom").click()
    page.get_by_role("button", name="停用", exact=True).click()
    page.get_by_text("请填写理由").wait_for()
    page.get_by_label("停用理由").fill("合约到期")
    page.screenshot(path=tmp_path / "route-out.png")
    page.get_by_role("button", name="停用", exact=True).click()
    page.get_by_text("最近指令: lin 停用 合约到期").wait_for()
    page.get_by_role("button", name="恢复 telecom").click()
    page.get_by_role("button", name="停用 telecom").wait_for()
    page.context.close()
    viewer = signed_in(browser, site, "token-wang", [])
    viewer.goto(f"{site}/console/routes")
    viewer.get_by_text("✗ 无应答").wait_for()
    assert viewer.get_by_role("button", name="停用").count() == 0
    viewer.context.close()


def test_where_city_and_district_differ_the_desk_page_says_so(site: str, browser: Browser) -> None:
    page = signed_in(browser, site, "token-fu", [])
    page.get_by_text("发布单位意见不一").wait_for()
    page.context.close()


def test_the_age_of_each_feed_stands_beside_the_decision_and_a_silent_one_is_marked(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-wang", [])
    fresh, silent = page.get_by_text("● nowcast · 资料时间"), page.get_by_text("▲ radar · 尚无资料 · 中断")
    fresh.wait_for()
    picture(page, "desk-feeds", tmp_path)
    expect(silent).to_be_visible()
    assert "fault" in (silent.get_attribute("class") or "")
    page.context.close()


def test_a_drill_cannot_be_overlooked_on_the_console(site: str, browser: Browser) -> None:
    page = signed_in(browser, site, "token-wang", [])
    expect(page.locator(".drillbar")).to_be_visible()
    expect(page).to_have_title(re.compile("演练"))
    assert page.evaluate("getComputedStyle(document.body, '::after').borderTopColor") == "rgb(111, 58, 160)"
    assert "演练 DRILL" in unquote(page.evaluate("getComputedStyle(document.body, '::after').backgroundImage"))
    page.goto(f"{site}/console/wall")
    expect(page.locator(".drillbar")).to_have_text(re.compile("演练 DRILL"))
    page.context.close()


def test_the_list_of_proposals_is_reached_by_keyboard(site: str, browser: Browser) -> None:
    page = signed_in(browser, site, "token-fu", [])
    page.locator(".entry").first.wait_for()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('entry')"):
            break
    assert page.evaluate("document.activeElement.classList.contains('entry')")
    page.context.close()


def test_what_is_in_force_is_followed_up_by_one_click_and_the_proposal_opens(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-fu", [])
    page.get_by_role("button", name="降级: 暴雨 · 奉贤区").click()
    page.wait_for_url("**/console/?*proposal=*")
    page.locator(".pane", has_text="更新 · 待提交").get_by_text("▲ 黄色").first.wait_for()
    page.get_by_role("button", name="撤回: 大风 · 上海市").click()
    page.get_by_role("dialog").get_by_label("理由").fill("误发")
    page.screenshot(path=tmp_path / "retract.png")
    page.get_by_role("dialog").get_by_role("button", name="撤回").click()
    page.get_by_text("解除 · 待签发").first.wait_for()
    page.context.close()


def test_a_failure_is_settled_with_a_reason_and_leaves_the_list(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-lin", [])
    way = page.get_by_role("region", name="发送进度")
    expect(way).to_contain_text("下一步: 检查网关后点重试；其间改用其他渠道")
    # The page that a notice names is a link; and the ten minutes run.
    expect(way.get_by_role("link", name="/console/responses").first).to_have_attribute("href", "/console/responses?lang=zh")
    clock = way.get_by_role("timer").first
    first = clock.inner_text()
    assert re.fullmatch(r"\d:\d\d", first)
    expect(clock).not_to_have_text(first)
    page.get_by_role("button", name="不再发送…: 系统接口").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("系统接口 · 浦东新区应急办")
    dialog.get_by_role("button", name="不再发送").click()
    dialog.get_by_text("请填写理由").wait_for()
    dialog.get_by_label("理由").fill("该站已停用")
    page.keyboard.press("Enter")
    page.get_by_text("已决定不再发送：").first.wait_for()
    page.screenshot(path=tmp_path / "settled.png")
    page.context.close()


def test_the_console_is_worked_by_keyboard_and_single_keys_stay_out_of_the_fields(site: str, browser: Browser) -> None:
    page = signed_in(browser, site, "token-fu", [])
    page.locator(".entry").first.wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.locator("main:focus").wait_for()
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_text("转到地图").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert comes_true(page, "[...document.querySelectorAll('button.entry')].indexOf(document.activeElement) === 1")
    page.keyboard.press("f")
    assert comes_true(page, "document.activeElement.getAttribute('aria-label') === '生效中的预警'")
    page.locator("button.entry", has_text="青浦区").click()
    page.get_by_text("暴雨 · 青浦区").first.wait_for()
    page.get_by_label("理由", exact=True).press_sequentially("2?l")
    assert page.get_by_label("理由", exact=True).input_value() == "2?l"
    assert "compose" not in page.url
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("l")
    page.get_by_text("Proposals").first.wait_for()
    page.keyboard.press("2")
    page.wait_for_url("**/console/compose*")
    assert "lang=en" in page.url
    page.context.close()


@pytest.mark.timeout(400)  # axe looks at every element of two dozen pages
def test_no_page_breaks_a_rule_of_wcag_2_2_aa_and_none_asks_for_anything_elsewhere(site: str, browser: Browser) -> None:
    """axe-core on every page, in Chinese on a laptop and in English on a phone; every request that leaves this machine is refused, and none was tried."""
    elsewhere: list[str] = []
    page = signed_in(browser, site, "token-fu", elsewhere)
    office = browser.new_context().new_page()
    office.request.post(f"{site}/login", form={"token": "token-office"})
    fonts: list[str] = []
    page.on("request", lambda request: fonts.append(request.url) if request.resource_type == "font" else None)
    page.context.route(lambda url: not url.startswith((site, "data:", "blob:")), lambda route: route.abort())
    identifier = httpx.get(f"{site}/api/alerts?active=true&hazard=rainstorm&zone=310115", timeout=60).json()[0]["identifier"]
    made = [p["id"] for p in httpx.get(f"{site}/api/proposals", headers={"Authorization": "Bearer token-fu"}, timeout=60).json() if p["zones"][0]["code"] == "310117"]
    console = ["/", "/compose", "/packs", "/arrivals", f"/explain/{made[0]}", f"/alert/{identifier}", "/calls", "/roster", "/responses", "/routes", "/wall?theme=dark", "/wall?theme=light",
               "/alert/nothing", "/nothing"]
    pages = [f"/console{path}{'&' if '?' in path else '?'}lang={lang}" for path in console for lang in ("zh", "en")]
    pages += ["/docs", *(f"{path}?lang={lang}" for path in ("/login", "/me", "/nowhere", "/api/ack/nothing") for lang in ("zh", "en"))]
    offices = [f"{path}?lang={lang}" for path in ("/office", "/office/new", "/office/1", "/office/attempts") for lang in ("zh", "en")]
    faults = []
    for path in [*pages, *offices]:  # residents' pages, and the link of a real call: test_resident_browser, test_calls_browser
        one = office if path in offices else page
        one.set_viewport_size(PHONE if path.endswith("en") else LAPTOP)  # type: ignore[arg-type]  # a plain dict is one
        one.goto(site + path)
        one.locator("main :is(h1,h2,p,section,form)").first.wait_for(state="attached")  # a page of the console fills after its main is there
        if path.startswith("/console/?"):
            one.locator(".board .check").first.wait_for()  # the form follows the map
        faults += [f"{path}: {fault}" for fault in broken(one, at_least=8)]
    assert faults == []
    assert elsewhere == fonts == []
    office.context.close()
    page.context.close()


_CONTRAST = """() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m };
  const light = ([r, g, b]) => { const f = v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 };
    return .2126 * f(r) + .7152 * f(g) + .0722 * f(b) };
  const bad = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), el = walker.currentNode.parentElement;
    if (!text || el.closest('svg, .drillbar, .skip, style')) continue;
    let ground = el; while (ground && parse(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
    const back = parse(ground ? getComputedStyle(ground).backgroundColor : 'rgb(255,255,255)');
    const a = light(parse(getComputedStyle(el).color)), b = light(back);
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) bad.push(text.slice(0, 20) + ' ' + ratio.toFixed(2));
  }
  return bad;
}"""
