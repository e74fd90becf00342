"""The area of a warning as a forecaster draws it on the map, corner by corner."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.web.browsing import CHROMIUM, picture, signed_in, site
from tests.web.test_console_browser import km2

__all__ = ["site"]  # a fixture
pytestmark = pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")
_SLOW_MS = 60_000


def test_a_polygon_is_drawn_corner_by_corner_and_another_is_added_or_taken_away(site: str, browser: Browser, tmp_path: Path) -> None:
    page = signed_in(browser, site, "token-fu", [])
    page.goto(f"{site}/console/compose?lang=en")
    page.get_by_text("draw on the map").click()
    page.locator("a.leaflet-draw-draw-polygon").wait_for(timeout=_SLOW_MS)
    page.wait_for_timeout(1000)
    board, drawn = page.locator(".zonemap-map").last, page.get_by_text("drawn ground", exact=False).first
    polygon(page, board, ((-60, 0), (0, -60), (0, 0)))
    expect(drawn).to_be_visible(timeout=_SLOW_MS)
    first = km2(drawn.inner_text())
    page.get_by_text("add the next", exact=True).click()
    polygon(page, board, ((30, 0), (90, 0), (90, 60)))  # half of a square of sixty pixels, too, and apart from the first
    expect(drawn).not_to_contain_text(f"{first:,.1f}", timeout=_SLOW_MS)
    both = km2(drawn.inner_text())
    assert both == pytest.approx(first * 2, rel=0.02), "to a pixel"
    page.get_by_text("take the next away", exact=True).click()
    polygon(page, board, ((10, -10), (110, -10), (110, 90)))  # over all of the second, and nothing of the first
    expect(drawn).not_to_contain_text(f"{both:,.1f}", timeout=_SLOW_MS)
    assert km2(drawn.inner_text()) == pytest.approx(first, rel=0.001)
    expect(page.locator(".zonemap .leaflet-popup")).to_have_count(0)  # a click is a corner here, and tells of no place
    picture(page, "area-polygon", tmp_path)
    # It is kept over a reload, as all that is typed, and dropped by one button.
    page.reload()
    expect(drawn).to_contain_text(f"{first:,.1f}", timeout=_SLOW_MS)
    page.get_by_role("button", name="drop my changes").click()
    expect(page.get_by_text("nothing is drawn: whole zones are warned")).to_be_visible(timeout=_SLOW_MS)
    page.context.close()


def polygon(page: Page, board: Locator, corners: tuple[tuple[int, int], ...]) -> None:
    """Clicked corner by corner, in pixels from a place on the board, and closed at the first. Leaflet's tool takes no click within 50 ms of the last one; people are slower, a test is not."""
    page.locator("a.leaflet-draw-draw-polygon").click()
    box, corner_marks = board.bounding_box(), page.locator(".leaflet-editing-icon")
    assert box is not None
    for count, (right, down) in enumerate((*corners, corners[0]), 1):
        page.wait_for_timeout(300)
        board.click(position={"x": box["width"] * 0.42 + right, "y": box["height"] * 0.6 + down}, delay=40)
        expect(corner_marks).to_have_count(count if count <= len(corners) else 0, timeout=_SLOW_MS)
