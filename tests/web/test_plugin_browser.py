"""The plug-in on other people's pages: what it shows in a browser, and what it says when it does not know."""

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from tests.web.conftest import CHROMIUM

ROOT = Path(__file__).parents[2]
browsed = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def platform(office_site: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of docs/examples on a host of its own, as a city's platform is."""
    folder = tmp_path_factory.mktemp("platform")
    page = (ROOT / "docs" / "examples" / "plugin.html").read_text(encoding="utf-8")
    assert page.count("https://warnings.example") == 3
    (folder / "index.html").write_text(page.replace("https://warnings.example", office_site), encoding="utf-8")
    tag = f'<!doctype html><meta charset="utf-8"><body><script src="{office_site}/plugin.js" data-area="310115" data-lang="zh" data-every="1"></script>'
    (folder / "quick.html").write_text(tag, encoding="utf-8")
    (folder / "calm.html").write_text(tag.replace("310115", "310151").replace('data-lang="zh"', 'data-lang="en"'), encoding="utf-8")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def opened(chromium: Browser, url: str, width: int = 390) -> Page:
    page = chromium.new_context(viewport=ViewportSize(width=width, height=844)).new_page()
    page.goto(url)
    return page


@browsed
def test_the_page_of_the_manual_shows_the_warnings_by_script_and_not_in_a_frame_it_was_not_given(
    chromium: Browser, platform: str, office_site: str, tmp_path: Path
) -> None:
    for width in (390, 1366):
        page = opened(chromium, platform, width)
        warned = page.locator(".xiaoxishu a.red")
        expect(warned).to_be_visible()
        expect(warned).to_contain_text("暴雨红色预警")
        expect(warned).to_contain_text("前发布")
        expect(page.locator(".xiaoxishu .stripe")).to_have_text("演练 DRILL这不是真实预警，请勿采取行动")
        expect(page.locator("#fallback")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=tmp_path / f"plugin-{width}.png", full_page=True)
        # This platform's host is not among frame_ancestors: the browser keeps the frame empty.
        assert page.frames[1].url == "chrome-error://chromewebdata/"
        page.context.close()
    page = opened(chromium, f"{office_site}/plugin?area=310115&lang=en")
    expect(page.locator(".xiaoxishu a.red")).to_be_visible()
    # A page that is among them ('self' unless the settings say otherwise) holds the frame, and the warnings are in it.
    page.route(f"{office_site}/held.html", lambda route: route.fulfill(
        content_type="text/html", body='<iframe src="/plugin?area=310115&lang=zh" title="预警" width="380" height="400"></iframe>'))
    page.goto(f"{office_site}/held.html")
    expect(page.frame_locator("iframe").locator(".xiaoxishu a.red")).to_contain_text("暴雨红色预警")
    page.context.close()


@browsed
def test_without_a_connection_it_goes_grey_says_since_when_and_never_gives_an_all_clear(chromium: Browser, platform: str, tmp_path: Path) -> None:
    page = opened(chromium, f"{platform}/quick.html")
    expect(page.locator("a.red")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.context.set_offline(True)
    loud = page.get_by_role("alert")
    expect(loud).to_contain_text("起与预警服务失去连接")
    expect(loud).to_contain_text("以下内容可能已过时")
    expect(page.locator(".grey a.red"), "what was known is still shown, in grey").to_be_visible()
    page.screenshot(path=tmp_path / "plugin-lost.png")
    page.context.set_offline(False)
    expect(loud).to_have_count(0)
    page.context.close()


@browsed
def test_calm_is_said_only_of_what_was_just_heard(chromium: Browser, platform: str) -> None:
    page = chromium.new_context().new_page()
    empty = ('{"generated_at": "%s", "status": "Actual", "drill": false, "area": {"zh": "", "en": ""}, "blind_since": %s,'
             ' "silent_sources": 0, "alerts": []}')
    seconds, ticking = count(), [True]
    now = ["2099-01-01T00:00:00Z"]

    def answer(route: Route) -> None:
        if ticking[0]:
            now[0] = f"2099-01-01T00:00:{next(seconds) % 60:02d}Z"
        route.fulfill(status=200, body=empty % (now[0], "null"), headers={"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"})

    page.route("**/api/plugin.json*", answer)
    page.goto(f"{platform}/calm.html")
    expect(page.locator(".calm")).to_have_text("No warnings in force")
    ticking[0] = False
    assert page.locator(".stripe").count() == 0
    # The same answer for ever, as out of a cache: it is no news, and the calm is taken back.
    expect(page.get_by_role("alert")).to_contain_text("It is unknown whether there are warnings")
    assert page.locator(".calm").count() == 0
    page.close()
    page = chromium.new_context().new_page()
    page.route("**/api/plugin.json*", lambda route: route.fulfill(
        status=200, body=empty % ("2099-01-01T00:00:00Z", '"2098-12-31T23:00:00Z"'), headers={"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}))
    page.goto(f"{platform}/calm.html")
    expect(page.locator(".loud").first).to_contain_text("No data since")
    assert page.locator(".calm").count() == 0
    page.close()
    page = chromium.new_context().new_page()
    page.route("**/api/plugin.json*", lambda route: route.fulfill(status=503, body="{}"))
    page.goto(f"{platform}/calm.html")
    expect(page.locator(".dim")).to_contain_text("it is not known yet")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    assert page.locator(".calm").count() == 0
    page.close()
