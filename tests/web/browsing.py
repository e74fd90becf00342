"""A face in a process of its own: the fixture ``site`` of the console, signing in by a browser, and pictures to be kept."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.database import fresh
from tests.ports import own_port

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
PHONE, LAPTOP = {"width": 360, "height": 740}, {"width": 1366, "height": 768}
_START_S = 240.0
expect.set_options(timeout=30_000)  # a guard, not a measure: CI machines are slow
KEPT = os.environ.get("SCREENSHOTS", "")
"""A folder for pictures of the faces, e.g. ``SCREENSHOTS=var/screenshots pytest tests/web``; empty = each test's own folder."""


def picture(page: Page, name: str, folder: Path, *, whole: bool = False) -> None:
    """``name``.png in the folder that was asked for, else in the test's own."""
    place = Path(KEPT) if KEPT else folder
    place.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=place / f"{name}.png", full_page=whole, animations="disabled")


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
            try:
                process.wait(60)
            finally:
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
