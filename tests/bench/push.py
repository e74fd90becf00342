"""A warning on a real browser's screen: Firefox subscribes by the app's own page at a push service of this machine; then a warning is signed, updated and lifted.

Nothing is stood in for but whose the push service is: the browser makes the keys, the product seals and signs, the browser opens it and wakes the app's worker, which
fetches the text and shows it.
"""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from tests.bench.firefox import FIREFOX, Firefox, firefox
from tests.bench.measure import Effort, Row, Timing, rows
from tests.bench.push_service import push_service
from warning.store.server import EmbeddedServer

_SHOWN = """navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
  .then((all) => all.map((one) => ({title: one.title, version: one.data.version, over: one.data.over})))"""
_CLEARED = "navigator.serviceWorker.ready.then((worker) => worker.getNotifications()).then((all) => all.forEach((one) => one.close()))"
_SUBSCRIBE = """(() => { const form = document.querySelector('#app form'), place = form.elements.place;
  place.value = [...place.options].find((one) => one.textContent.includes('浦东')).value; form.requestSubmit() })()"""
_HELD = "document.querySelectorAll('#mine li').length"


def run(effort: Effort) -> list[Row]:
    """Needs Firefox; without one the row says so."""
    if FIREFOX is None:
        return rows("push", "s", [Timing(subject="xiaoxishu, signed → on the screen", value=None, note="no Firefox")])
    times = effort.pick(full=7, quick=1)
    push_port, tab_port = _free(), _free()
    taken: dict[str, list[float]] = {"new": [], "updated": [], "lifted": []}
    with tempfile.TemporaryDirectory(prefix="xxs-", dir="/tmp") as profile, push_service(push_port) as service, _serving() as base, firefox(
            Path(profile), tab_port, push_port) as browser:
        browser.go(f"{base}/app")
        browser.run("navigator.serviceWorker.ready.then(() => 1)")
        browser.run(_SUBSCRIBE)
        _until(lambda: browser.run(_HELD) == 1)
        for _ in range(times):
            first = _signed(base, "orange")
            taken["new"].append(_shown(browser, lambda one: one["version"] == 1 and not one["over"]))
            second = _signed(base, "red", action="update", replaces=first)
            taken["updated"].append(_shown(browser, lambda one: one["version"] == 2 and "红色" in one["title"]))
            _signed(base, "red", action="cancel", replaces=second)
            taken["lifted"].append(_shown(browser, lambda one: one["version"] == 3 and one["over"]))
            browser.run(_CLEARED)
        version, answers = browser.version, list(service.answers)
    if set(answers) != {100}:
        raise RuntimeError(f"Firefox did not take every message: {answers}")
    return rows("push", "s", [
        Timing(subject=f"xiaoxishu, {act} → on the screen", value=median(found), note=f"Firefox {version}, {times} times, slowest {max(found):.2f} s") for act, found in taken.items()])


def _shown(browser: Firefox, wanted: Callable[[Any], bool]) -> float:
    """Seconds from the signature's answer until the one notification on the screen is what is wanted."""
    started = time.perf_counter()

    def there() -> bool:
        found: Any = browser.run(_SHOWN)
        return len(found) == 1 and wanted(found[0])

    _until(there)
    return time.perf_counter() - started


def _signed(base: str, level: str, *, action: str = "new", replaces: str | None = None) -> str:
    """By two people; its identifier."""
    at, now = {name: {"Authorization": f"Bearer token-{name}"} for name in ("fu", "lin")}, datetime.now(UTC)
    with httpx.Client(base_url=base, timeout=60) as http:
        made = http.post("/api/proposals", headers=at["fu"], json={
            "issuer": "310000", "hazard": "rainstorm", "event_code": "11B03", "level": level, "zones": ["310115"], "onset": now.isoformat(),
            "expires": (now + timedelta(hours=3)).isoformat(), "action": action, "replaces": replaces,
            "note": "" if action == "new" else "by order of the drill"}).raise_for_status().json()["id"]
        http.post(f"/api/proposals/{made}/submit", headers=at["fu"], json={"revision": 1}).raise_for_status()
        signed = http.post(f"/api/proposals/{made}/approve", headers=at["lin"], json={"revision": 2}).raise_for_status()
    return str(signed.json()["identifier"])


def _until(true: Callable[[], bool], *, within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {within_s:.0f} s")
        time.sleep(0.02)


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _serving() -> Iterator[str]:
    """The residents' server of the browser tests, with a worker of its own and gateways that are the drill's."""
    port = _free()
    with tempfile.TemporaryDirectory(prefix="xxs-", dir="/tmp") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        server = EmbeddedServer(Path(folder) / "pg")
        process = subprocess.Popen([sys.executable, "-m", "tests.web.resident_server", server.open(), str(port), str(data)])
        try:
            _until(lambda: _answers(port), within_s=180)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)
            server.close()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
