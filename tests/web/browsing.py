"""A face in a process of its own: the fixture ``site`` of the console, signing in by a browser, and pictures to be kept."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Request, expect

from tests.database import fresh
from tests.ports import own_port

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PHONE, LAPTOP = {"width": 360, "height": 740}, {"width": 1366, "height": 768}
_START_S = 240.0
expect.set_options(timeout=60_000)  # a guard, not a measure: CI machines are slow
KEPT = os.environ.get("SCREENSHOTS", "")
"""A folder for pictures of the faces, e.g. ``SCREENSHOTS=var/screenshots pytest tests/web``; empty = each test's own folder."""


def picture(page: Page, name: str, folder: Path, *, whole: bool = False, after_ms: int = 0) -> None:
    """``name``.png in the folder that was asked for, else in the test's own. ``after_ms``: what a map needs to be drawn, if the picture is kept."""
    if KEPT:
        page.wait_for_timeout(after_ms)
    place = Path(KEPT) if KEPT else folder
    place.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=place / f"{name}.png", full_page=whole, animations="disabled")


def comes_true(page: Page, expression: str, *, within_s: float = 60.0) -> bool:
    """Whether an expression of JavaScript becomes true: a page of the console is filled, and laid out, after it is there."""
    deadline = time.monotonic() + within_s
    while not page.evaluate(f"(() => {{ try {{ return !!({expression}) }} catch {{ return false }} }})()"):
        if time.monotonic() > deadline:
            return False
        page.wait_for_timeout(50)
    return True


def fits(page: Page) -> bool:
    """Nothing runs off the side."""
    return comes_true(page, "document.documentElement.scrollWidth <= window.innerWidth")


def broken(page: Page, *, at_least: int = 1) -> list[str]:
    """Rules of WCAG 2.2 AA that the page breaks, once it holds still and so many rules have something to look at."""
    deadline = time.monotonic() + 60
    while True:
        assert comes_true(page, _STILL), "something moves for ever"
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).response
        if len(found["passes"]) >= at_least:
            return [f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found["violations"]]
        assert time.monotonic() < deadline, f"{page.url}: the page is hardly there"
        page.wait_for_timeout(100)


_STILL = "document.getAnimations().every((one) => one.playState !== 'running' || one.effect.getComputedTiming().endTime === Infinity)"


@pytest.fixture(scope="module")
def site(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(server_url, tmp_path_factory, "tests.web.console_server") as base:
        yield base


@contextmanager
def served(
    server_url: str, tmp_path_factory: pytest.TempPathFactory, module: str, *words: str, databases: list[str] | None = None,
) -> Iterator[str]:
    """The address of a server module with a database of its own, for as long as the block lasts; ``words`` are given to it. ``databases`` collects the URL."""
    url = fresh(server_url)
    if databases is not None:
        databases.append(url)
    folder = tmp_path_factory.mktemp(module.rpartition(".")[2])
    with own_port() as port, (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, url, str(port), str(folder), *words], cwd=Path(__file__).parents[2], stdout=log, stderr=log)
        try:
            base = f"http://127.0.0.1:{port}"
            _wait(base, process, folder / "log")
            yield base
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):  # how it ends is not what is tested with it
                process.wait(30)
            process.kill()
            process.wait()


def signed_in(browser: Browser, site: str, token: str, elsewhere: list[str]) -> Page:
    """A page of the console; ``elsewhere`` collects what it asked of other places than ``site``."""
    context = browser.new_context(viewport=LAPTOP)  # type: ignore[arg-type]  # a plain dict is one
    page = context.new_page()

    def watch(request: Request) -> None:
        if not request.url.startswith((site, "data:", "blob:")):
            elsewhere.append(request.url)

    page.on("request", watch)
    page.goto(f"{site}/login")
    if not page.get_by_label("访问令牌").is_visible():
        page.locator("details summary").first.click()  # the part for the first time, open in a drill only
    page.get_by_label("访问令牌").fill(token)
    page.get_by_role("button", name="登录").last.click()
    page.locator(".board").wait_for()
    return page


def _wait(base: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(log.read_text())
        try:
            if httpx.get(f"{base}/api/health", timeout=_START_S).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError("the web server did not answer\n" + log.read_text())
