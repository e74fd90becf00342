"""The console with 10,000 warned zones and 50 open consoles: cold pages in Chromium, their weight, and whether the map stays fluid.

The 50 are real websocket clients of the main page (its own protocol, by python-socketio): the server does all its work for each of them,
only nobody draws. The pages are then opened one after the other in Chromium with an empty cache.
"""

import asyncio
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from threading import Event, Thread

import httpx
import socketio
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.bench.measure import Effort, Goal, Row, Timing, rows
from warning.store.server import EmbeddedServer

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
OPEN = 50
_PAGES = {"desk": ("/console/", ".board .pane"), "compose": ("/console/compose", "main"), "wall": ("/console/wall", ".wall li"), "city": ("/", "main h1, main h2"),
          "archive": ("/archive", "main")}
# Frames while the map is dragged to and fro for two seconds, and the longest time that nothing could be drawn.
_FRAMES = """() => new Promise((done) => { const at = document.querySelector('.leaflet-container'), box = at.getBoundingClientRect();
  let frames = 0, longest = 0, last = performance.now(); const start = last, x = box.x + box.width / 2, y = box.y + box.height / 2;
  const send = (type, dx) => (type === 'mousedown' ? at : document).dispatchEvent(new MouseEvent(type, {bubbles: true, clientX: x + dx, clientY: y, button: 0, buttons: 1}));
  send('mousedown', 0);
  const frame = (now) => { frames++; longest = Math.max(longest, now - last); last = now; send('mousemove', 90 * Math.sin((now - start) / 160));
    if (now - start < 2000) requestAnimationFrame(frame); else { send('mouseup', 0); done([frames / ((now - start) / 1000), longest]) } };
  requestAnimationFrame(frame) })"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """One cold opening: until what the page is for stands there, and what came over the wire."""

    seconds: float
    kib: float


def run(effort: Effort) -> list[Row]:
    """Needs Chromium; without one the row says so."""
    if not Path(CHROMIUM).exists():
        return rows("console", "s", [Timing(subject="xiaoxishu", value=None, note="no Chromium")])
    times = effort.pick(full=20, quick=3)
    with _serving() as base:
        cookie = _signed_in(base)
        with _consoles(base, cookie, effort.pick(full=OPEN, quick=10)) as clients, sync_playwright() as play:
            chromium = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            timings = []
            for name, (path, waits) in _PAGES.items():
                found = [_open(chromium, base, cookie, path, waits) for _ in range(times)]
                print(f"      {name}: {', '.join(f'{one.seconds:.2f}' for one in found)} s, {found[-1].kib:,.0f} KiB", file=sys.stderr, flush=True)
                p95 = quantiles([one.seconds for one in found], n=20)[18] if len(found) > 1 else found[0].seconds
                timings.append(Timing(
                    subject=f"xiaoxishu {name}, p95 of {times}", value=p95, note=f"cold, {found[-1].kib:,.0f} KiB over the wire, {clients} consoles open"))
            fluid = _fluid(chromium, base, cookie)
            chromium.close()
    return [*rows("console", "s", timings, goal=Goal(value=1.0)), *rows("console map", "frames/s", [fluid], goal=Goal(value=30))]


def _open(chromium: Browser, base: str, cookie: str, path: str, waits: str) -> Opened:
    page = _page(chromium, base, cookie)
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    taken: list[float] = []
    wire.on("Network.loadingFinished", lambda event: taken.append(event["encodedDataLength"]))
    started = time.perf_counter()
    page.goto(base + path, wait_until="commit")
    page.locator(waits).first.wait_for(timeout=60_000)
    seconds = time.perf_counter() - started
    page.wait_for_load_state("load")
    page.context.close()
    return Opened(seconds=seconds, kib=sum(taken) / 1024)


def _fluid(chromium: Browser, base: str, cookie: str) -> Timing:
    """A server that is too busy lets the page load itself anew; then there is nothing to measure."""
    page = _page(chromium, base, cookie)
    page.goto(f"{base}/console/")
    page.locator(".leaflet-container").wait_for(timeout=60_000)
    page.wait_for_timeout(3000)
    try:
        rate, longest = page.evaluate(_FRAMES)
    except Error:
        return Timing(subject="xiaoxishu 2,875 counties dragged", value=None, note="the page was loaded anew meanwhile: the machine is too busy")
    finally:
        page.context.close()
    return Timing(subject="xiaoxishu 2,875 counties dragged", value=float(rate), note=f"longest frame {longest:.0f} ms, software rendering")


def _page(chromium: Browser, base: str, cookie: str) -> Page:
    context = chromium.new_context(viewport={"width": 1366, "height": 768})
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": base}])
    return context.new_page()


def _signed_in(base: str) -> str:
    answer = httpx.post(f"{base}/login", data={"token": "token-fu"}, headers={"Origin": base}, timeout=60)
    name, value = next(iter(answer.cookies.items()))
    return f"{name}={value}"


@contextmanager
def _consoles(base: str, cookie: str, count: int) -> Iterator[int]:
    """``count`` consoles in a thread of their own; each has had its page and answers the server's pings."""
    ready, end = Event(), Event()
    thread = Thread(target=lambda: asyncio.run(_hold(base, cookie, count, ready, end)), daemon=True)
    thread.start()
    if not ready.wait(300):
        raise RuntimeError("the consoles could not be opened")
    yield count
    end.set()
    thread.join(30)


async def _hold(base: str, cookie: str, count: int, ready: Event, end: Event) -> None:
    clients = []
    async with httpx.AsyncClient(headers={"Cookie": cookie}, timeout=120) as http:
        for number in range(count):
            html = (await http.get(f"{base}/console/")).text
            query = json.loads(re.search(r"query: (\{.*?\})", html)[1].replace("'", '"').replace("True", "true"))  # type: ignore[index]  # without it there is no page
            client = socketio.AsyncClient()
            asked = "&".join(f"{key}={str(value).lower() if isinstance(value, bool) else value}" for key, value in query.items())
            await client.connect(f"{base}?{asked}&tab_id=bench{number}&document_id=bench{number}", headers={"Cookie": cookie}, transports=["websocket"],
                                 socketio_path="/console/_nicegui_ws/socket.io", wait_timeout=60)
            clients.append(client)
    ready.set()
    await asyncio.to_thread(end.wait)
    for client in clients:
        await client.disconnect()


@contextmanager
def _serving() -> Iterator[str]:
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
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
        server.close()
        shutil.rmtree(folder, ignore_errors=True)
