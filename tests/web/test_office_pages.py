"""An office's own pages in a browser: at 390 and 1366 px, by keyboard, in both languages."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.web.conftest import CHROMIUM

PHONE, LAPTOP = ViewportSize(width=390, height=844), ViewportSize(width=1366, height=768)
browsed = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")


def signed_in(chromium: Browser, site: str, size: ViewportSize, *, who: str = "office", scripts: bool = True) -> tuple[BrowserContext, Page]:
    context = chromium.new_context(viewport=size, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{site}/login")
    page.locator("input[name=token]").fill(f"token-{who}")
    page.locator("form:has(input[name=token]) button").click()
    page.wait_for_url("**/office**")
    return context, page


def wide(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


@browsed
@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["390", "1366"])
def test_every_page_fits_its_screen_in_both_languages_and_loads_nothing_from_elsewhere(
    chromium: Browser, office_site: str, size: ViewportSize, tmp_path: Path
) -> None:
    context, page = signed_in(chromium, office_site, size)
    asked: list[str] = []
    faults: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    for path in ("/office", "/office/new", "/office/1", "/office/attempts"):
        for lang in ("zh", "en"):
            page.goto(f"{office_site}{path}?lang={lang}")
            assert wide(page) <= size["width"], (path, lang)
            page.screenshot(path=tmp_path / f"{path.replace('/', '-')}-{lang}.png", full_page=True)
            if lang == "zh":
                left = re.sub(r"演练 DRILL|CSV|GeoJSON|Shapefile|KML/?KMZ|KMZ|KML|WGS-84|GPS|GCJ-02|JSON|CAP|MQTT|Webhook|webhook|HMAC-SHA256|HTTP|"
                              r"English|Atom|If-None-Match|Idempotency-Key|GET|MB|zip|trial/\S+|https?…\d+|/api/\S+|office|sms|\bC\b|\bs\b", "", page.inner_text("main"))
                assert re.findall(r"[A-Za-z]{3,}", left) == [], path
    assert [url for url in asked if not url.startswith(office_site)] == []
    assert faults == []
    context.close()


@browsed
def test_an_area_is_drawn_with_the_keyboard_alone_previewed_and_saved(chromium: Browser, office_site: str) -> None:
    context, page = signed_in(chromium, office_site, LAPTOP)
    page.goto(f"{office_site}/office/new?lang=en")
    page.get_by_label("Office or duty post").fill("by keyboard")
    page.locator("select[name=channel]").select_option("webhook")
    page.get_by_label("Address (URL").fill("https://203.0.113.9/in")
    page.locator("#area").focus()
    page.keyboard.press("Enter")
    for key, times in (("Shift+ArrowRight", 5), ("Shift+ArrowDown", 5), ("Shift+ArrowLeft", 5)):
        for _ in range(times):
            page.keyboard.press(key)
        page.keyboard.press("Enter")
    page.keyboard.press("c")
    drawn = json.loads(page.locator("#polygon").input_value())
    assert drawn["type"] == "Polygon"
    assert len(drawn["coordinates"][0]) == 5
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_be_in_viewport()  # the answer is looked at, not looked for
    assert json.loads(page.locator("#polygon").input_value()) == drawn, "a preview keeps what was drawn"
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved.").wait_for()
    assert json.loads(page.locator("#polygon").input_value()) == drawn
    page.locator("summary", has_text="End this subscription").click()
    page.locator("button[value=end]").click()
    page.wait_for_url("**/office?lang=en")
    expect(page.get_by_text("by keyboard")).to_have_count(0)
    context.close()


@browsed
def test_an_area_is_drawn_by_finger_a_corner_is_moved_and_zones_are_ticked_on_the_map(chromium: Browser, office_site: str) -> None:
    context, page = signed_in(chromium, office_site, PHONE)
    page.goto(f"{office_site}/office/new?lang=zh")
    box = page.locator("#area").bounding_box()
    assert box is not None
    page.get_by_role("button", name="画范围").click()
    for x, y in ((0.55, 0.45), (0.75, 0.45), (0.75, 0.6)):
        page.locator("#area").click(position={"x": box["width"] * x, "y": box["height"] * y})
    page.get_by_role("button", name="闭合").click()
    before = json.loads(page.locator("#polygon").input_value())["coordinates"][0]
    assert len(before) == 4
    corner = page.locator("#area circle").nth(1).bounding_box()
    assert corner is not None
    page.mouse.move(corner["x"] + corner["width"] / 2, corner["y"] + corner["height"] / 2)
    page.mouse.down()
    page.mouse.move(corner["x"] + 30, corner["y"] - 20, steps=4)
    page.mouse.up()
    after = json.loads(page.locator("#polygon").input_value())["coordinates"][0]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, True, True]
    page.locator('#area .z[data-code="310151"]').click(force=True)
    assert page.locator('input[name=zones][value="310151"]').is_checked()
    page.get_by_role("button", name="清除").click()
    assert page.locator("#polygon").input_value() == ""
    context.close()


@browsed
def test_without_scripts_a_file_is_read_a_bow_tie_is_mended_and_a_test_is_asked_for(chromium: Browser, office_site: str) -> None:
    context, page = signed_in(chromium, office_site, PHONE, scripts=False)
    page.goto(f"{office_site}/office/2?lang=zh")
    page.locator("summary", has_text="上传文件").click()
    bow = json.dumps({"type": "Polygon", "coordinates": [[[121.5, 31.1], [121.7, 31.2], [121.7, 31.1], [121.5, 31.2], [121.5, 31.1]]]}).encode()
    page.locator("input[type=file]").set_input_files({"name": "a.geojson", "mimeType": "application/json", "buffer": bow})
    page.get_by_role("button", name="读取到地图").click()
    expect(page.get_by_text("已读取，尚未保存")).to_be_visible()
    expect(page.get_by_text("边界自相交，已自动修正")).to_be_visible()
    assert page.locator("#area .d").get_attribute("d") not in (None, "")
    page.locator("summary", has_text="上传文件").click()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("../../etc/passwd", b"x")
    page.locator("input[type=file]").set_input_files({"name": "a.zip", "mimeType": "application/zip", "buffer": archive.getvalue()})
    page.get_by_role("button", name="读取到地图").click()
    expect(page.get_by_role("alert")).to_contain_text("压缩包中缺少 .shp 或 .shx")
    page.get_by_role("button", name="发送测试信息").click()
    expect(page.get_by_text("等待发送")).to_be_visible()
    context.close()


@browsed
def test_the_portal_is_filtered_and_what_failed_is_sent_again(chromium: Browser, office_site: str) -> None:
    context, page = signed_in(chromium, office_site, LAPTOP)
    page.goto(f"{office_site}/office/attempts?lang=en&outcome=lost")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="中文").click()
    page.wait_for_url("**/office/attempts?outcome=lost&lang=zh")  # the other language shows the same choice
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(f"{office_site}/office/attempts?lang=en&subscription=1")
    expect(page.get_by_text("HTTP 503")).to_be_visible()
    page.get_by_role("button", name="Send again").first.click()
    page.get_by_text("It is queued to be sent again.").wait_for()
    context.close()


@browsed
def test_another_office_sees_nothing_of_it(chromium: Browser, office_site: str) -> None:
    context, page = signed_in(chromium, office_site, LAPTOP, who="newcomer")
    page.get_by_text("还没有订阅").wait_for()
    page.goto(f"{office_site}/office/1")
    assert page.url.endswith("/office?lang=zh")
    page.goto(f"{office_site}/office/attempts")
    expect(page.get_by_text("没有符合条件的记录")).to_be_visible()
    assert "delivery" in page.request.get(f"{office_site}/office/attempts.csv").text()
    assert page.request.get(f"{office_site}/office/attempts.csv").text().count("\n") == 1
    answer = page.request.post(f"{office_site}/office/1", form={"act": "end"}, max_redirects=0)
    assert (answer.status, answer.headers["location"]) == (303, "/office?lang=zh")
    context.close()
