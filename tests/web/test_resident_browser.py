"""What a resident does, in headless Chromium and in both languages: reads, asks, registers by code, gets pushes, loses the network.

Pictures at 390 and 1366 px lie in the test's folder. The pushes went through the engine, the push service of the drill and the phone's key;
what was decrypted is handed to the real service worker.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, ViewportSize, expect

from tests.web.browsing import CHROMIUM, broken, comes_true, served

PHONE: ViewportSize = {"width": 390, "height": 844}
LAPTOP: ViewportSize = {"width": 1366, "height": 768}
PUDONG = {"latitude": 31.2243, "longitude": 121.5447}
NUMBER = "8613900000001"

pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")


@pytest.fixture(scope="module")
def site(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(server_url, tmp_path_factory, "tests.web.resident_server") as base:
        yield base


def warned(site: str, *, level: str = "orange", zones: tuple[str, ...] = ("310115",), action: str = "new", replaces: str | None = None) -> str:
    """A warning by the way of every warning, two people's; its identifier."""
    now = datetime.now(UTC)

    def post(path: str, who: str, body: dict[str, object]) -> dict[str, Any]:
        answer = httpx.post(site + path, json=body, headers={"Authorization": f"Bearer token-{who}"}, timeout=30)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    made = post("/api/proposals", "fu", {
        "issuer": "310000", "hazard": "rainstorm", "event_code": "11B03", "level": level, "zones": list(zones), "onset": now.isoformat(),
        "expires": (now + timedelta(hours=3)).isoformat(), "action": action, "replaces": replaces, "note": "" if action == "new" else "by order of the drill"})
    post(f"/api/proposals/{made['id']}/submit", "fu", {"revision": 1})
    identifier = str(post(f"/api/proposals/{made['id']}/approve", "lin", {"revision": 2})["identifier"])
    _until(lambda: httpx.get(f"{site}/public/versions/{identifier}", timeout=60).is_success)  # residents see it
    return identifier


@pytest.mark.parametrize(("base", "lang", "button", "link"), [
    ("", "zh", "我在的地方有预警吗？", "浦东新区"), ("/en", "en", "Am I warned here?", "Pudong New Area")])
def test_a_resident_asks_whether_there_is_a_warning_here_and_only_a_cell_leaves_the_phone(
    site: str, browser: Browser, tmp_path: Path, base: str, lang: str, button: str, link: str
) -> None:
    identifier = warned(site)
    context = browser.new_context(viewport=PHONE, geolocation=PUDONG, permissions=["geolocation"])  # type: ignore[arg-type]  # a plain dict is one
    page = context.new_page()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.goto(f"{site}{base or '/'}")
    page.get_by_role("button", name=button).click()
    page.locator("#here a").first.wait_for()
    assert page.locator("#here a").first.get_attribute("href") == f"{base}/alert/{identifier}"
    assert page.locator("#here a").first.get_attribute("class") == "l3", "in its colour"
    [asked] = [url for url in sent if "/api/warned" in url]
    assert asked.endswith("?coarse=true&lat=31.225&lon=121.545"), "the middle of the cell, not the place"
    _pictures(page, tmp_path, f"city-{lang}")
    assert broken(page) == []
    page.goto(f"{site}{base}/place/310115")
    assert link in page.title()
    _pictures(page, tmp_path, f"place-{lang}")
    assert broken(page) == []
    context.close()
    _lift(site, identifier)


@pytest.mark.parametrize(("base", "button", "said"), [("", "我在的地方有预警吗？", "这不等于平安"), ("/en", "Am I warned here?", "This is no all-clear")])
def test_whoever_stands_outside_of_every_zone_is_never_told_that_all_is_well(site: str, browser: Browser, base: str, button: str, said: str) -> None:
    with browser.new_context(viewport=PHONE, geolocation={"latitude": 0.0, "longitude": 0.0}, permissions=["geolocation"]) as context:
        page = context.new_page()
        page.goto(f"{site}{base or '/'}")
        page.get_by_role("button", name=button).click()
        answer = page.locator("#here").get_by_role("status")
        expect(answer).to_contain_text(said)
        expect(answer).not_to_contain_text(re.compile("没有生效|no warnings"))


def test_a_page_that_is_left_open_shows_what_was_issued_since_and_grows_young_again_when_nothing_was(site: str, browser: Browser) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(f"{site}/place/310151")
    expect(page.locator(".calm")).to_be_visible()
    page.evaluate("document.documentElement.dataset.until = '2020-01-01T00:00:00Z'; window.mark = true")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert comes_true(page, "Date.parse(document.documentElement.dataset.until) > Date.now()")
    assert page.evaluate("window.mark"), "nothing has changed: the reader is left in peace"
    expect(page.locator("#stale")).to_be_hidden()
    identifier = warned(site, zones=("310151",))
    page.evaluate("document.documentElement.dataset.until = '2020-01-01T00:00:00Z'")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(f'[data-identifier="{identifier}"]')).to_be_visible()
    page.close()
    _lift(site, identifier)


@pytest.mark.parametrize("base", ["", "/en"])
def test_a_resident_registers_by_a_code_without_javascript_and_ends_it_again(site: str, browser: Browser, tmp_path: Path, base: str) -> None:
    english = base == "/en"
    number = NUMBER[:-1] + ("2" if english else "1")
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}{base}/register")
    page.locator("input[name=address]").fill("12")
    page.locator("form.ack button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.locator("input[name=address]").fill(f"+{number[:2]} {number[2:]}" if english else number[2:])
    page.locator("select[name=place]").select_option("310115")
    page.locator("select[name=min_level]").select_option("orange")
    page.locator("input[name=quiet_from]").fill("22:00")
    page.locator("input[name=quiet_until]").fill("07:00")
    page.screenshot(path=tmp_path / f"register{base.replace('/', '-')}.png", full_page=True)
    page.locator("form.ack button").click()
    page.locator("input[name=code]").wait_for()
    page.locator("input[name=code]").fill("000000" if _code(site, number) != "000000" else "111111")
    page.locator("form.ack button").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.locator("input[name=code]").fill(_code(site, number))
    page.locator("form.ack button").click()
    held = page.locator("ul.held li")
    expect(held).to_contain_text("Pudong New Area" if english else "浦东新区")
    expect(held).to_contain_text("22:00-07:00")
    page.screenshot(path=tmp_path / f"registered{base.replace('/', '-')}.png", full_page=True)
    held.get_by_role("button").click()
    expect(page.locator("ul.held li")).to_have_count(0)
    context.close()


def test_pushes_are_shown_replaced_and_cleared_by_the_real_service_worker(site: str, browser: Browser, tmp_path: Path) -> None:
    context, page, worker = _app(site, browser, "/app")
    page.locator("select[name=place]").select_option("310115")
    page.locator("select[name=min_level]").select_option("blue")
    page.get_by_role("button", name="开启通知并保存").click()
    page.get_by_text("已保存").wait_for()
    assert "浦东新区 · 全部灾种" in page.locator("#mine li").inner_text()
    page.locator("select[name=place]").select_option("310120")
    page.get_by_role("button", name="开启通知并保存").click()
    page.locator("#mine li").nth(1).wait_for()
    _pictures(page, tmp_path, "app-zh")
    assert broken(page) == []

    first = warned(site, level="orange", zones=("310115", "310120"))
    note = _pushed(site, 1)
    assert (note["id"], note.get("body")) == (first, None), "the push carries an id, the phone fetches the text"
    worker.deliver(note)
    [shown] = _notifications(page, 1)
    assert "暴雨橙色预警" in shown["title"]
    assert "浦东新区" in shown["body"]

    second = warned(site, level="red", zones=("310115", "310120"), action="update", replaces=first)
    worker.deliver(_pushed(site, 2))
    [shown] = _until(lambda: [one for one in _notifications(page, 1) if "红色" in one["title"]])
    assert (shown["tag"], shown["version"], shown["over"]) == (note["event"], 2, False), "two places, one notification; the update takes its place"
    worker.deliver(note)  # out of order: what is older changes nothing
    page.wait_for_timeout(300)
    assert [one["version"] for one in _notifications(page, 1)] == [2]

    warned(site, level="red", zones=("310115", "310120"), action="cancel", replaces=second)
    worker.deliver(_pushed(site, 3))
    [over] = _until(lambda: [one for one in _notifications(page, 1) if one["over"]])
    assert "解除" in over["title"]
    assert over["silent"]

    past = {**note, "event": "e-past", "status": "Actual", "expires": f"{datetime.now(UTC) - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"}
    worker.deliver(past)  # the phone was away when it ran out, and nobody sends an end of that
    _notifications(page, 2)
    context.new_page().goto(site)
    assert [one["over"] for one in _notifications(page, 1)] == [True], "what has run out leaves the screen, the news of an end stays"

    page.locator("input[name=quiet_from]").fill("22:00")
    page.get_by_role("button", name="开启通知并保存").click()
    expect(page.get_by_role("status")).to_contain_text("免打扰：请填写两个不同的时间")
    page.route("**/api/registrations", lambda route: route.fulfill(status=422, json={"detail": "quiet: two different times", "next_step": ""}))
    page.locator("input[name=quiet_until]").fill("07:00")
    page.get_by_role("button", name="开启通知并保存").click()
    expect(page.get_by_role("status")).to_have_text("没有成功。请检查网络后再试；仍不行时请登记短信。")
    expect(page.get_by_role("button", name="开启通知并保存")).to_be_enabled()

    page.get_by_role("button", name="删除 浦东新区").click()
    _until(lambda: page.locator("#mine li").count() == 1)
    context.close()


def test_what_is_chosen_in_the_app_is_what_is_kept_and_only_a_cell_leaves_the_phone(site: str, browser: Browser) -> None:
    context, page, _ = _app(site, browser, "/en/app", phone="chooser")
    context.grant_permissions(["notifications", "geolocation"], origin=site)
    context.set_geolocation(PUDONG)  # type: ignore[arg-type]  # a plain dict is one
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url + (request.post_data or "")))
    page.get_by_role("button", name="Use where I am now").click()
    expect(page.locator("select[name=place] option").first).to_have_text("Where I am now (Pudong New Area)")
    page.locator("select[name=min_level]").select_option("orange")
    page.locator("summary").click()
    page.get_by_label("rainstorm").check()
    page.locator("input[name=quiet_from]").fill("22:00")
    page.locator("input[name=quiet_until]").fill("07:00")
    page.get_by_role("button", name="Turn notifications on").click()
    expect(page.locator("#mine li span")).to_have_text("Pudong New Area · rainstorm · Orange and above · Quiet hours 22:00-07:00")
    assert any("coarse=true&lat=31.225&lon=121.545" in one for one in sent), "the middle of the cell"
    assert [one for one in sent if "31.2243" in one or "121.5447" in one] == [], "the place itself stays on the phone"
    held = page.evaluate("() => navigator.serviceWorker.ready.then(one => one.pushManager.getSubscription()).then(JSON.stringify)")
    kept = httpx.post(f"{site}/api/registrations/places", json={"channel": "push", "address": held}, timeout=60).json()
    assert [(one["cell"], one["language"], one["hazards"], one["min_level"], one["quiet"]) for one in kept] == [
        ("c3122_12154", "en-US", ["rainstorm"], "orange", "22:00-07:00")]
    context.close()


def test_a_phone_without_the_network_shows_the_short_text_and_never_a_calm_page(site: str, browser: Browser, tmp_path: Path) -> None:
    context, page, worker = _app(site, browser, "/en/app")
    expect(page.get_by_role("heading", name="Notifications on this phone")).to_be_visible()
    _pictures(page, tmp_path, "app-en")
    note = {"id": "31000041600000_20240920083000", "event": "e1", "msg_type": "Alert", "version": 1, "status": "Exercise", "level": 4,
            "lang": "en-US", "ends": False, "expires": "2024-09-20T06:30:00+00:00", "title": "[DRILL] Rainstorm red warning issued"}
    worker.deliver(note)  # no such warning here: the fetch fails as it does in a dead network
    [shown] = _notifications(page, 1)
    assert (shown["title"], shown["body"]) == (note["title"], "Open for what to do.")
    context.set_offline(True)
    for path, said in (("/en/place/310115", "UNKNOWN"), ("/place/310115", "这不等于平安")):
        page.goto(site + path)
        assert said in page.content()
        assert "calm" not in page.locator("body").inner_html()
    page.screenshot(path=tmp_path / "offline.png")
    context.close()


def test_the_app_can_be_installed_and_its_pages_are_light(site: str) -> None:
    manifest = httpx.get(f"{site}/app.webmanifest", timeout=60).json()
    assert (manifest["display"], manifest["start_url"], manifest["scope"]) == ("standalone", "/app", "/")
    for icon in manifest["icons"]:
        picture = httpx.get(site + icon["src"], timeout=60).content
        side = int(icon["sizes"].split("x")[0])
        assert picture[:8] == b"\x89PNG\r\n\x1a\n"
        assert (int.from_bytes(picture[16:20]), int.from_bytes(picture[20:24])) == (side, side)
    for path in ("/", "/en", "/place/310115", "/app", "/en/app", "/register", "/offline"):
        assert len(httpx.get(site + path, headers={"Accept-Encoding": "identity"}, timeout=60).content) <= 50_000, path
    script = httpx.get(f"{site}/sw.js", timeout=60)
    assert script.headers["cache-control"] == "no-cache"


def test_every_page_is_light_and_without_a_fault_that_axe_finds_and_the_figures_are_kept(site: str, browser: Browser, tmp_path: Path) -> None:
    identifier = warned(site, zones=("310115", "310120"))
    figures: dict[str, dict[str, float]] = {}
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport=PHONE, color_scheme=scheme)
        page = context.new_page()
        for path in ("/", "/en", "/place/310115", "/en/place/310120", f"/alert/{identifier}", "/archive", "/app", "/register", "/en/register", "/offline"):
            page.goto(site + path)
            figures[f"{path} {scheme}"] = {
                "bytes": len(httpx.get(site + path, headers={"Accept-Encoding": "identity"}, timeout=60).content),
                "bytes_gzip": _packed(site + path),
                "interactive_ms": page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive"),
                "axe_violations": len(found := broken(page))}
            assert figures[f"{path} {scheme}"]["bytes"] <= 50_000, path
            assert found == [], f"{path} {scheme}"
            if scheme == "light":  # letters twice as large, as an old person sets them in the browser, on a small phone
                page.set_viewport_size({"width": 360, "height": 740})
                page.add_style_tag(content="html{font-size:200%}")
                assert page.evaluate("getComputedStyle(document.body).fontSize") == "34px", path
                assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
                page.screenshot(path=tmp_path / f"large{path.replace('/', '-')}.png", full_page=True)
                page.set_viewport_size(PHONE)
        context.close()
    (tmp_path / "figures.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
    _lift(site, identifier)


def test_a_copy_on_a_disk_calls_itself_old_when_its_time_is_over(site: str, browser: Browser, tmp_path: Path) -> None:
    """The engine is down: only a file server is left."""
    for path in ("/", "/page.js", "/place/310115"):
        name = tmp_path / "copy" / {"/": "index.html", "/page.js": "page.js", "/place/310115": "place.html"}[path]
        name.parent.mkdir(exist_ok=True)
        words = httpx.get(site + path, timeout=60).text.replace('"/page.js"', '"page.js"')
        past = f'data-until="{datetime.now(UTC) - timedelta(minutes=7):%Y-%m-%dT%H:%M:%SZ}"'
        name.write_text(re.sub(r'data-until="[^"]+"', past, words), encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path / "copy")))
    Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page(viewport=PHONE)
    page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
    note = page.locator("#stale")
    note.wait_for(state="visible")
    assert "本页已过时" in note.inner_text()
    assert re.search(r"\b[789] 分钟", note.inner_text())
    page.screenshot(path=tmp_path / "stale.png")
    page.close()
    server.shutdown()
    server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # the base class names it so
        """Nothing."""


class _Worker:
    """The service worker of a page, by the developer's protocol."""

    def __init__(self, cdp: CDPSession, origin: str) -> None:
        self._cdp = cdp
        self._origin = origin
        self._registrations: list[str] = []
        cdp.on("ServiceWorker.workerRegistrationUpdated", self._seen)
        cdp.send("ServiceWorker.enable")

    def _seen(self, event: dict[str, Any]) -> None:
        self._registrations += [one["registrationId"] for one in event["registrations"]]

    def deliver(self, note: dict[str, Any]) -> None:
        """As the push service would: the worker is woken by it."""
        self._cdp.send("ServiceWorker.deliverPushMessage", {
            "origin": self._origin, "registrationId": self._registrations[-1], "data": json.dumps(note, ensure_ascii=False)})


def _app(site: str, browser: Browser, path: str, *, phone: str = "phone") -> tuple[BrowserContext, Page, _Worker]:
    """The app's page with a push subscription of the drill's push service.

    ``PushManager.subscribe`` alone is stood in for: Chromium's own asks Google's service, which checks the browser in by its own protocol and wants keys that a distribution's
    Chromium is not built with; without the internet it fails with "push service not available". All the rest is real: the worker, the keys, the sealed note, the notification.
    """
    context = browser.new_context(viewport=PHONE, permissions=["notifications"])
    held = httpx.get(f"{site}/drill/subscription/{phone}", timeout=60).text
    context.add_init_script(
        f"const held = {held}; let on = false; const made = () => ({{toJSON: () => held}});"
        "PushManager.prototype.subscribe = async options => { if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new Error('key');"
        " on = true; return made(); };"
        "PushManager.prototype.getSubscription = async () => on ? made() : null;")
    page = context.new_page()
    worker = _Worker(context.new_cdp_session(page), site)
    page.goto(site + path)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    return context, page, worker


def _pushed(site: str, count: int) -> dict[str, Any]:
    """The newest note that reached the phone, once so many have come."""
    def came() -> dict[str, Any] | None:
        answer = httpx.get(f"{site}/drill/pushes/phone", timeout=60)
        return answer.json() if int(answer.headers["x-count"]) >= count else None

    found: dict[str, Any] = _until(came)
    return found


def _notifications(page: Page, count: int) -> list[dict[str, Any]]:
    def shown() -> list[dict[str, Any]] | None:
        found = page.evaluate(
            "() => navigator.serviceWorker.ready.then(one => one.getNotifications()).then(all => all.map(n => "
            "({title: n.title, body: n.body, tag: n.tag, silent: n.silent, version: n.data.version, over: n.data.over})))")
        return found if len(found) == count else None

    found: list[dict[str, Any]] = _until(shown)
    return found


def _code(site: str, number: str) -> str:
    def came() -> str | None:
        found = [match for one in httpx.get(f"{site}/drill/texts/{number}", timeout=60).json() for match in re.findall(r"(?:验证码|Code )(\d{6})", one)]
        return found[-1] if found else None

    code: str = _until(came)
    return code


def _lift(site: str, identifier: str) -> None:
    warned(site, action="cancel", replaces=identifier)


def _pictures(page: Page, folder: Path, name: str) -> None:
    for size in (LAPTOP, PHONE):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name
        page.screenshot(path=folder / f"{name}-{size['width']}.png", full_page=True)


def _packed(url: str) -> int:
    """Bytes on the wire to a browser, which takes gzip."""
    with httpx.stream("GET", url, headers={"Accept-Encoding": "gzip"}, timeout=60) as answer:
        return sum(len(part) for part in answer.iter_raw())


def _until(true: Callable[[], Any], *, within_s: float = 60.0) -> Any:
    deadline = time.monotonic() + within_s
    while not (found := true()):
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s"
        time.sleep(0.1)
    return found
