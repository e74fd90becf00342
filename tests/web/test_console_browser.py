"""A forecaster and an approver decide: the field on the map, the area drawn, every channel's words, consultation, the fast lane and its review."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.browsing import CHROMIUM, comes_true, fits, picture, signed_in, site
from tests.web.conftest import TOKENS
from tests.web.test_authorisation import CALLERS
from tests.web.test_page_authorisation import CONSOLE, sign

__all__ = ["site"]  # a fixture
pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")
_SLOW_MS = 60_000
# Which levels lie on the map with their own colour and their marks beside it: opaque enough to be a fill, pixel by pixel.
_PATTERN = """() => { const at = document.querySelector('.leaflet-zones-pane canvas'), data = at.getContext('2d').getImageData(0, 0, at.width, at.height).data;
  const near = (i, [r, g, b]) => data[i + 3] > 60 && Math.abs(data[i] - r) < 14 && Math.abs(data[i + 1] - g) < 14 && Math.abs(data[i + 2] - b) < 14;
  const beside = (fill, ink) => { for (let i = 0; i < data.length - 24; i += 4) if (near(i, fill)) for (let j = i + 4; j <= i + 24; j += 4) if (near(j, ink)) return true; return false };
  return [beside([18, 87, 176], [255, 255, 255]) || 'blue has none here', beside([255, 216, 61], [26, 26, 26]), beside([255, 154, 31], [26, 26, 26]), beside([196, 22, 28], [255, 255, 255])] }"""


# The cells over threshold are outlined on their pane; then what is written and which lines are drawn is noted.
_CELLS = """() => { const at = document.querySelector('.leaflet-zones-pane canvas'), data = at.getContext('2d').getImageData(0, 0, at.width, at.height).data;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && Math.abs(data[i] - 43) < 8 && Math.abs(data[i + 1] - 10) < 8 && Math.abs(data[i + 2] - 61) < 8) return true }"""
_NOTED = """() => { const to = CanvasRenderingContext2D.prototype, {fillText, stroke} = to, noted = window.noted = {words: [], lines: []};
  to.fillText = function (...all) { noted.words.push(all[0]); return fillText.apply(this, all) };
  to.stroke = function (...all) { noted.lines.push(`${this.strokeStyle} ${this.lineWidth} ${this.getLineDash()}`); return stroke.apply(this, all) } }"""


def test_the_map_shows_the_field_through_time_and_what_is_unknown_as_unknown(site: str, browser: Browser, tmp_path: Path) -> None:
    elsewhere: list[str] = []
    page = signed_in(browser, site, "token-fu", elsewhere)
    glass = page.locator("img.glass")
    glass.wait_for(state="attached", timeout=_SLOW_MS)
    first = glass.get_attribute("src") or ""
    assert first.startswith("/console/field/")
    assert httpx.get(site + first, timeout=60).status_code == 401, "the picture is for whoever is signed in"
    when = page.locator(".when")
    expect(when).to_contain_text("8:30", timeout=_SLOW_MS)
    for _ in range(3):
        page.get_by_role("button", name="后一时次").click()
    expect(when).to_contain_text("+0.5 h")
    expect(glass).not_to_have_attribute("src", first)
    page.wait_for_function("document.querySelector('img.glass').naturalWidth > 300")
    # Rain over Songjiang is in colour; beyond the file's edge the picture is hatched, not clear.
    seen = page.evaluate("""() => { const img = document.querySelector('img.glass'), c = document.createElement('canvas');
      c.width = img.naturalWidth; c.height = img.naturalHeight; const x = c.getContext('2d'); x.drawImage(img, 0, 0);
      const at = (u, v) => Array.from(x.getImageData(Math.round(u * c.width), Math.round(v * c.height), 1, 1).data);
      return {edge: at(.01, .5), calm: at(.5, .9)} }""")
    assert seen["edge"][3] > 100
    assert seen["calm"][3] == 0
    for word in ("无资料（不代表平安）", "超过阈值的格点", "■ 红色"):
        expect(page.locator(".legend")).to_contain_text(word)
    assert page.evaluate(_PATTERN) == ["blue has none here", True, True, True], "red has white crosses, orange and yellow dark marks: told apart without colour"
    assert page.evaluate(_CELLS) is True
    expect(page.get_by_text("普拉桑").first).to_be_attached()
    # Gauges two kilometres apart: the strongest has its label, what it would cover is shown when it is pointed at.
    labels = page.locator(".leaflet-tooltip.gauge")
    expect(labels.filter(has_text="58371 2.6 毫米")).to_have_count(1)  # what newer data replaced fades for a fifth of a second
    expect(labels.filter(has_text="58371 2.6 毫米")).to_be_visible()
    shown = page.evaluate("[...document.querySelectorAll('.leaflet-tooltip.gauge')].map((one) => [one.textContent, one.getBoundingClientRect().toJSON()])")
    boxes = [box for _, box in shown]
    assert [(a, b) for a in boxes for b in boxes if a is not b and a["left"] < b["right"] and b["left"] < a["right"]
            and a["top"] < b["bottom"] and b["top"] < a["bottom"]] == []
    expect(labels.filter(has_text="58370 2.2 毫米")).to_have_count(0)
    [own] = [box for words, box in shown if words.startswith("58371")]
    picture(page, "decide-map", tmp_path)
    page.mouse.move(own["left"] - 18, own["top"] + own["height"] / 2)
    expect(labels.filter(has_text="58370 2.2 毫米")).to_be_visible()
    page.evaluate(_NOTED)
    page.locator("a.leaflet-control-zoom-in").click()
    page.wait_for_function("window.noted.words.length && window.noted.lines.length")
    page.locator("a.leaflet-control-zoom-out").click()
    assert comes_true(page, "window.noted.words.includes('■ 浦东新区')"), "the colour by its shape, too, and the place"
    assert comes_true(page, "['#111111 3 ', '#111111 3 6,7'].every((one) => window.noted.lines.includes(one))"), "the way it came, and dashed the way it will go"
    assert elsewhere == []
    page.context.close()


def test_a_place_is_found_clicked_and_listed_and_the_map_is_sent_once(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-fu", [])
    asked: list[tuple[str, int, str]] = []
    page.on("response", lambda answer: asked.append((answer.url.removeprefix(site), answer.status, answer.headers.get("cache-control", ""))))
    page.goto(f"{site}/console/?lang=en")
    shown = page.locator(".zonemap[data-drawn^='/console/paper/']")
    shown.wait_for(state="attached", timeout=_SLOW_MS)
    grounds = [one for one in asked if "/console/ground/" in one[0]]
    assert [(one[1], one[2]) for one in grounds] == [(200, "private, max-age=31536000, immutable")], "one sheet of borders, and no finer one before it is needed"
    # Clicked: the middle of Pudong's sign, where the red warning and the city's yellow one hold.
    page.get_by_role("searchbox", name="find a place or code").fill("310115")
    page.get_by_role("searchbox").press("Enter")
    told = page.locator(".leaflet-popup-content")
    expect(told).to_contain_text("Pudong New Area", timeout=_SLOW_MS)
    for word in ("Red", "rainstorm", "Yellow", "gale"):
        expect(told).to_contain_text(word, timeout=_SLOW_MS)
    picture(page, "map-place", tmp_path)
    page.keyboard.press("Escape")
    expect(told).to_have_count(0)
    page.locator(".zonemap-map").focus()
    page.keyboard.press("Enter")  # by keyboard alone: the place in the middle of the map
    expect(told).to_contain_text("Pudong New Area", timeout=_SLOW_MS)
    page.get_by_text("Places under a warning (16)").click()
    groups = page.locator(".zonemap-bar details > div")
    expect(groups).to_have_count(3)
    expect(groups.first).to_contain_text("■ Red (1)")
    expect(groups.first.get_by_role("button")).to_have_text(["Pudong New Area"])
    expect(groups.nth(1).get_by_role("button")).to_have_text(["Jinshan", "Fengxian"])
    # What is new comes without a reload: one paper, and not one border again.
    before, marked = page.locator(".zonemap").get_attribute("data-drawn"), page.evaluate("window.same = 1")
    asked.clear()
    warned(site, "310114", "orange")
    expect(groups.nth(1).get_by_role("button")).to_have_text(["Jiading", "Jinshan", "Fengxian"], timeout=_SLOW_MS)
    expect(page.locator(".zonemap")).not_to_have_attribute("data-drawn", before or "", timeout=_SLOW_MS)
    assert page.evaluate("window.same") == marked == 1
    assert {one[0].split("/")[2] for one in asked if one[0].startswith("/console/")} == {"paper"}
    page.context.close()


def test_texts_that_part_are_stopped_the_area_is_drawn_and_the_second_person_sees_what_was_changed(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-fu", [])
    page.locator(".entry", has_text="松江区").first.click()
    check = page.get_by_role("region", name="发布前核对")
    expect(check).to_contain_text("【上海预警】", timeout=_SLOW_MS)
    expect(check).to_contain_text(re.compile(r"短信 中文 \d+ / 402 字 UCS-2 · \d 条"))
    expect(check).to_contain_text("两种语言一致")
    page.get_by_label("中文 · 正文").fill("松江区雨势渐强，请注意。")
    expect(check).to_contain_text("中文正文未写明等级“红色”", timeout=_SLOW_MS)
    expect(check.locator("ins").first).to_be_attached()
    # A title without its colour could not be sent at all: it is told like every other difference, and no reason is asked for.
    title, why = page.get_by_label("中文 · 标题"), page.get_by_label("仍要发布的理由")
    expect(why).to_be_visible()
    title.fill("松江区雨势渐强")
    for said in ("说明理由也不能发布", "中文标题未写明等级“红色”", "中文标题未写明灾种“暴雨”", "中文正文未写明等级“红色”"):
        expect(check).to_contain_text(said, timeout=_SLOW_MS)
    expect(check).not_to_contain_text("目前无法核对")
    expect(why).to_be_hidden()
    picture(page, "check-unworded", tmp_path, whole=True)
    title.fill("")
    expect(why).to_be_visible(timeout=_SLOW_MS)
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_text("两种语言不一致：").last).to_be_visible()
    picture(page, "check-differs", tmp_path, whole=True)
    # A rectangle by hand, and a circle taken out of it: this polygon minus that.
    page.get_by_text("在地图上绘制").click()
    page.locator("a.leaflet-draw-draw-rectangle").wait_for(timeout=_SLOW_MS)
    page.wait_for_timeout(1000)
    board = page.locator(".zonemap-map").last
    board.scroll_into_view_if_needed()
    page.locator("a.leaflet-draw-draw-rectangle").click()
    edge = board.bounding_box()
    assert edge is not None
    middle, half = edge["x"] + edge["width"] * 0.42, edge["y"] + edge["height"] * 0.68
    page.mouse.move(middle - 12, half - 12)
    page.mouse.down()
    page.mouse.move(middle + 12, half + 12, steps=4)
    page.mouse.up()
    drawn = page.get_by_text("手绘面积")
    expect(drawn).to_be_visible(timeout=_SLOW_MS)
    page.get_by_text("重新绘制").click()
    circle(page, "31.02", "121.21", "6")
    expect(drawn).to_contain_text("圆形 31.02, 121.21, 6")
    whole = km2(drawn.inner_text())
    assert whole == pytest.approx(113.1, rel=0.01)
    page.get_by_text("减去下一笔", exact=True).click()
    circle(page, "31.02", "121.21", "3")
    expect(drawn).not_to_contain_text("圆形")
    assert km2(drawn.inner_text()) == pytest.approx(whole * 3 / 4, rel=0.01)
    expect(check).to_contain_text(re.compile(r"松江区\s*\d+\.\d%"), timeout=_SLOW_MS)
    picture(page, "area-drawn", tmp_path, whole=True)
    page.get_by_label("仍要发布的理由").fill("区防汛办要求沿用口径")
    page.get_by_role("button", name="提交", exact=True).click()
    page.get_by_text("待签发").first.wait_for(timeout=_SLOW_MS)

    approver = signed_in(browser, site, "token-lin", [])
    approver.locator(".entry", has_text="松江区").first.click()
    changes = approver.locator("table", has_text="提交时改动")
    for word in ("势渐强", "手绘范围", "区防汛办要求沿用口径"):
        expect(changes).to_contain_text(word, timeout=_SLOW_MS)
    approver.get_by_label("会商意见（不可修改或撤回）").fill("佘山站实测与预报一致")
    approver.get_by_role("button", name="记入").click()
    expect(page.get_by_role("log")).to_contain_text("佘山站实测与预报一致", timeout=_SLOW_MS)
    picture(approver, "second-signature", tmp_path, whole=True)
    approver.get_by_label("理由", exact=True).fill("范围过小，请再核对")
    approver.get_by_role("button", name="退回").click()
    expect(page.get_by_text("退回理由: 范围过小，请再核对")).to_be_visible(timeout=_SLOW_MS)
    page.context.close()
    approver.context.close()


def test_one_signature_in_a_hurry_is_a_drill_by_its_own_word_and_waits_for_somebody_else_to_review_it(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-lin", [])
    page.goto(f"{site}/console/?lang=en")
    page.locator(".entry", has_text="Chongming").first.click()
    page.get_by_role("button", name="Issue at once").click(timeout=_SLOW_MS)
    word, sign = page.get_by_label("Type DRILL or 演练 to confirm"), page.get_by_role("button", name="Approve now (Enter)")
    expect(page.get_by_text("A drill cannot be switched to live").first).to_be_visible()
    word.fill("Chongming")
    assert sign.is_disabled(), "the place's name confirms the real thing, not a drill"
    word.press("Enter")
    assert sign.is_visible()
    word.fill("drill")
    expect(sign).to_be_enabled()
    picture(page, "fast-lane", tmp_path)
    word.press("Enter")
    own = page.get_by_role("region", name="To review (fast lane)")
    expect(page.get_by_text("you issued it: somebody else reviews it")).to_be_visible(timeout=_SLOW_MS)
    assert own.get_by_role("button", name="Confirm").count() == 0
    [made] = [one for one in httpx.get(f"{site}/api/alerts?active=true&zone=310151&hazard=rainstorm", timeout=60).json() if one["zones"][0]["code"] == "310151"]
    assert made["status"] == "Exercise"
    other = signed_in(browser, site, "token-zhao", [])
    other.get_by_text("待复核（快速通道）").wait_for(timeout=_SLOW_MS)
    picture(other, "review-owed", tmp_path)
    other.get_by_role("button", name="复核无误").click()
    expect(page.get_by_text("you issued it: somebody else reviews it")).to_be_hidden(timeout=_SLOW_MS)
    page.context.close()
    other.context.close()


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("caller", "paths"), [
    ("nobody", tuple(CONSOLE)), ("office", tuple(CONSOLE)), ("viewer", ("/calls", "/roster", "/compose", "/routes")), ("forecaster", ("/calls", "/roster")),
    ("approver", ("/calls", "/roster")), ("admin", ("/calls", "/roster"))])
def test_the_console_opens_its_pages_to_a_session_as_the_table_says(site: str, caller: str, paths: tuple[str, ...]) -> None:
    alert = httpx.get(f"{site}/api/alerts", timeout=60).json()[0]["identifier"]
    who = next((name for name, role in TOKENS.items() if role == caller), None)
    wrong = []
    with httpx.Client(base_url=site, timeout=60) as http:
        if who is not None:
            assert http.post("/login", data={"token": f"token-{who}"}, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
        for path in paths:
            answer = http.get("/console" + path.format(proposal=UUID(int=0), identifier=alert, key="0", version="x", lang="zh", number=0, name="x", z=0, x=0, y=0))
            if (got := sign(answer, path)) != CONSOLE[path][CALLERS.index(caller)]:
                wrong.append(f"{path}: {got} {answer.status_code}")
    assert wrong == []


def test_the_form_of_the_main_page_comes_when_its_map_cannot_be_drawn(site: str, browser: Browser) -> None:
    page = signed_in(browser, site, "token-fu", [])
    page.route("**/console/paper/**", lambda route: route.abort())
    page.goto(f"{site}/console/?lang=en")
    expect(page.get_by_role("button", name="Submit", exact=True)).to_be_visible()
    assert page.locator(".zonemap[data-drawn^='/console/paper/']").count() == 0
    page.context.close()


def test_what_is_composed_in_english_is_checked_as_it_is_written_and_no_word_makes_it_live(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-fu", [])
    page.goto(f"{site}/console/compose?lang=en&status=Actual")
    page.get_by_text("Compose by hand").first.wait_for()
    assert page.get_by_text("LIVE", exact=True).count() == 0
    expect(page.get_by_text("Registered to issue: every hazard and colour in its zones")).to_be_visible()
    zones = page.get_by_label("zones", exact=True)
    for typed, offered in (("310114", "Jiading"), ("浦东", "Pudong New Area")):  # by its code, and by its other name; none was on the page
        zones.fill(typed)
        page.get_by_role("option", name=offered, exact=True).click(timeout=_SLOW_MS)
        expect(page.locator(".q-chip", has_text=offered)).to_be_visible()
    zones.fill("320500")
    expect(page.get_by_text("No zone that may be warned fits")).to_be_visible(timeout=_SLOW_MS)
    zones.press("Escape")
    expect(page.get_by_role("region", name="Check before signing")).to_contain_text("Jiading", timeout=_SLOW_MS)
    page.get_by_text("draw on the map").click()
    page.get_by_role("button", name="use this circle").wait_for(timeout=_SLOW_MS)
    circle(page, "31.1", "121.65", "8", "en")
    check = page.get_by_role("region", name="Check before signing")
    expect(check).to_contain_text("Both languages agree", timeout=_SLOW_MS)
    expect(check).to_contain_text("Pudong New Area")
    expect(check).to_contain_text("warnings this place has had in the last 12 h")
    assert fits(page)
    picture(page, "compose-checked", tmp_path, whole=True)
    page.get_by_role("button", name="Make the proposal").click()
    page.get_by_text("composed by hand").first.wait_for(timeout=_SLOW_MS)
    head = {"Authorization": "Bearer token-fu"}
    made = next(one for one in httpx.get(f"{site}/api/proposals", headers=head, timeout=60).json() if one["reason"] == "by_hand" and one["status"] == "open")
    assert (made["cap_status"], made["polygon"]["type"]) == ("Exercise", "Polygon")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site}/console/?lang=en&proposal={made['id']}")
    page.get_by_role("region", name="Check before signing").wait_for(timeout=_SLOW_MS)
    assert fits(page)
    picture(page, "desk-390", tmp_path, whole=True)
    page.context.close()


@pytest.mark.parametrize(("lang", "own", "said", "old"), [("zh", "zh-CN", "连接丢失", "新的提案和预警在这里看不到"), ("en", "en-US", "Connection lost", "what is new is not seen here")])
def test_a_desk_that_has_lost_its_server_says_over_its_whole_width_that_it_stands_still(site: str, browser: Browser, tmp_path: Path, lang: str, own: str, said: str, old: str) -> None:
    page = signed_in(browser, site, "token-fu", [])
    page.goto(f"{site}/console/?lang={lang}")
    page.get_by_role("banner").wait_for()
    assert page.evaluate("document.documentElement.lang") == own, "the language of the page is the reader's"
    page.wait_for_function("window.socket && window.socket.connected")
    page.evaluate("() => { window.socket.io.reconnection(false); window.socket.io.engine.close() }")
    alarm = page.get_by_role("alert").filter(has_text=said)
    expect(alarm).to_be_visible(timeout=_SLOW_MS)
    assert old in page.evaluate("getComputedStyle(document.getElementById('popup'), '::after').content")
    for width in (1366, 820, 390):
        page.set_viewport_size({"width": width, "height": 844})
        assert comes_true(page, f"""(() => {{ const box = document.getElementById('popup').getBoundingClientRect(), drill = document.querySelector('.drillbar');
          return box.left === 0 && box.width === {width} && Math.abs(box.top - drill.getBoundingClientRect().bottom) < 1 && drill.scrollHeight <= drill.clientHeight }})()""",
                          within_s=10), f"{width}: right below the words that it is a drill, which it never covers"
        picture(page, f"desk-alone-{lang}-{width}", tmp_path)
    page.context.close()


# The first entry of what is in force is marked the moment it is there: drawn anew, it would have lost its mark.
_MARKED = """new MutationObserver(() => { const one = document.querySelector('[data-left]'); if (one && !window.first) { window.first = one; one.marked = true } })
  .observe(document, {subtree: true, childList: true})"""


def test_the_main_page_opens_with_what_fills_a_screen_and_the_rest_comes_below_while_its_first_stays(site: str, browser: Browser) -> None:
    for zone in ("310101", "310104", "310105", "310106", "310107", "310109", "310110", "310112", "310113", "310151"):
        warned(site, zone, "blue")
    page = signed_in(browser, site, "token-fu", [])
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url.removeprefix(f"{site}/console/")))
    page.add_init_script(_MARKED)
    sent = page.request.get(f"{site}/console/").text()
    assert len(set(re.findall(r"data-left='([^']+)'", sent))) == 10
    total = len(httpx.get(f"{site}/api/alerts?active=true", timeout=60).json())
    assert total > 12
    asked.clear()
    page.goto(f"{site}/console/")
    expect(page.locator("[data-left]")).to_have_count(total, timeout=_SLOW_MS)
    assert page.evaluate("document.querySelector('[data-left]').marked") is True
    assert page.evaluate("document.body.classList.contains('drill') && getComputedStyle(document.body, '::after').borderTopWidth") == "6px"
    page.locator(".zonemap[data-drawn^='/console/paper/']").wait_for(state="attached", timeout=_SLOW_MS)
    shared = [one for one in asked if one.startswith(("ground/", "paper/"))]
    assert len(shared) == len(set(shared)) == 3, "the borders, the colours and the cells: by the head of the page, and not by the map once more"
    current = page.get_by_role("navigation", name="工作台各页").locator("[aria-current=page]")
    expect(current).to_have_text("待处理提案")
    page.context.close()


def warned(site: str, zone: str, level: str) -> None:
    """Two people warn a district of gale through the API."""
    at, made = {one: {"Authorization": f"Bearer token-{one}"} for one in ("fu", "lin")}, proposed(site, zone, level)
    httpx.post(f"{site}/api/proposals/{made}/submit", headers=at["fu"], json={"revision": 1}, timeout=60).raise_for_status()
    httpx.post(f"{site}/api/proposals/{made}/approve", headers=at["lin"], json={"revision": 2}, timeout=60).raise_for_status()


def proposed(site: str, zone: str, level: str) -> str:
    """Gale over a district for six hours, by fu's hand; the proposal's id."""
    onset = datetime(2024, 9, 20, 0, 30, tzinfo=UTC)
    return str(httpx.post(f"{site}/api/proposals", headers={"Authorization": "Bearer token-fu"}, timeout=60, json={
        "issuer": "310000", "hazard": "gale", "event_code": "11B06", "level": level, "zones": [zone], "onset": onset.isoformat(),
        "expires": (onset + timedelta(hours=6)).isoformat()}).raise_for_status().json()["id"])


def circle(page: Page, lat: str, lon: str, km: str, lang: str = "zh") -> None:
    names = ("纬度", "经度", "半径 km", "用此圆") if lang == "zh" else ("latitude", "longitude", "radius km", "use this circle")
    for name, value in zip(names, (lat, lon, km), strict=False):
        field = page.get_by_role("spinbutton", name=name)
        field.fill(value)
        field.blur()
    page.get_by_role("button", name=names[3]).click()


def km2(said: str) -> float:
    """``手绘面积 113.0 km²``."""
    found = re.search(r"([\d,.]+) km²", said)
    assert found is not None, said
    return float(found[1].replace(",", ""))
