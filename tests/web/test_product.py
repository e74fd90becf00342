"""The product page: a picture and a PDF of a warning, from the alert as it was issued; open to everybody, and a drill on every sheet."""

import re
from datetime import timedelta
from io import BytesIO

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from tests.web.conftest import World
from warning.web.product.wrap import fitted, wrapped

RED, PURPLE = (196, 22, 28), (111, 58, 160)


async def picture(world: World, identifier: str, size: str = "portrait") -> Image.Image:
    answer = await world.get(f"/alerts/{identifier}/product.png?size={size}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text[:200]
    return Image.open(BytesIO(answer.content)).convert("RGB")


async def page(world: World, identifier: str, size: str = "a4") -> pypdfium2.PdfPage:
    answer = await world.get(f"/alerts/{identifier}/product.pdf?size={size}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text[:200]
    return pypdfium2.PdfDocument(answer.content)[0]


def words(sheet: pypdfium2.PdfPage) -> str:
    return re.sub(r"\s+", "", str(sheet.get_textpage().get_text_range()))


@pytest.mark.parametrize(("size", "pixels"), [("portrait", (1080, 1920)), ("landscape", (1920, 1080)), ("a4", (1240, 1754))])
async def test_the_picture_has_the_size_of_its_screen_the_colour_of_its_level_and_a_drills_band(
    world: World, size: str, pixels: tuple[int, int]
) -> None:
    image = await picture(world, await world.warned(), size)
    assert image.size == pixels
    assert image.getpixel((8, 90)) == PURPLE, "the band of the drill"
    assert image.getpixel((8, 110)) == RED, "the head is in the level's colour"
    red = (np.asarray(image)[400:] == RED).all(axis=2).sum()
    assert red == 0, "the warned zone is drawn over the map's ground, not as a flat patch"


async def test_the_pdf_says_in_real_text_what_the_alert_says_in_both_languages(world: World) -> None:
    identifier = await world.warned(zones=["310115", "310120"])
    sheet = await page(world, identifier)
    assert sheet.get_size() == pytest.approx((595.28, 842.03), abs=0.1)  # 1754/1240 of A4's width
    said = words(sheet)
    for part in ("演练：这不是真实预警，请勿采取行动", "DRILL:thisisnotarealwarning", "暴雨红色预警", "Redrainstormwarning", "范围：浦东新区、奉贤区",
                 "Where:PudongNewArea,Fengxian", "防御指南", "2024年9月20日08:30发布，有效至2024年9月20日11:30", "Issued20Sep202408:30",
                 "上海中心气象台", identifier, f"http://faces.test/alert/{identifier}"):
        assert part in said, part


async def test_the_pdf_looks_like_the_picture_each_with_letters_of_its_own(world: World) -> None:
    """Two warnings one after the other: a letter that only one of them needs stands in both of their files."""
    for hazard, code, level in (("rainstorm", "11B03", "red"), ("gale", "11B06", "yellow")):
        identifier = await world.warned(hazard=hazard, code=code, level=level)
        sheet = await page(world, identifier)
        drawn = sheet.render(scale=1240 / sheet.get_size()[0]).to_pil().convert("L").resize((310, 438), Image.Resampling.BOX)
        image = (await picture(world, identifier, "a4")).convert("L").resize((310, 438), Image.Resampling.BOX)
        off = np.abs(np.asarray(drawn, dtype=np.float64) - np.asarray(image))
        assert off.mean() < 3.5, hazard
        assert (off > 100).mean() < 2e-4, f"{hazard}: a letter of the PDF is another than the picture's"


async def test_a_page_is_made_once_for_a_version_and_anew_when_the_warning_is_lifted(world: World) -> None:
    identifier = await world.warned()
    path = f"/alerts/{identifier}/product.png"
    first = await world.get(path)
    assert (await world.get(path)).content == first.content
    same = await world.get(path, **{"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    end = await world.warned(action="cancel", replaces=identifier)
    lifted = await world.get(path, **{"If-None-Match": first.headers["etag"]})
    assert lifted.status_code == 200
    assert lifted.content != first.content
    assert "已解除LIFTED" in words(await page(world, identifier))
    said = words(await page(world, end))
    assert "解除暴雨红色预警" in said
    assert "Redrainstormwarninglifted" in said
    assert "已解除" not in said


async def test_a_warning_that_is_over_says_so(world: World) -> None:
    identifier = await world.warned(hours=1)
    await world.move(timedelta(hours=2))
    assert "已过期EXPIRED" in words(await page(world, identifier))


async def test_an_alert_of_another_status_is_on_no_public_page(world: World) -> None:
    identifier = await world.warned()
    await world.execute("UPDATE alert SET status = 'Test' WHERE identifier = :i", {"i": identifier})
    for kind in ("png", "pdf"):
        assert (await world.get(f"/alerts/{identifier}/product.{kind}")).status_code == 404
        assert (await world.get(f"/alerts/none/product.{kind}")).status_code == 404
    assert (await world.get(f"/alerts/{identifier}/product.png?size=poster")).status_code == 422


async def test_residents_find_picture_and_pdf_on_the_alerts_page(world: World) -> None:
    identifier = await world.warned()
    html = (await world.get(f"/alert/{identifier}")).text
    for link in ("product.png", "product.png?size=landscape", "product.pdf"):
        assert f'href="/alerts/{identifier}/{link}"' in html


def test_chinese_breaks_anywhere_but_before_a_closing_mark_and_english_between_words() -> None:
    # At 20 pixels a Chinese character is 20 wide: five of them fill 100.
    assert wrapped("暴雨将影响浦东", size=20, room=100) == ["暴雨将影响", "浦东"]
    assert wrapped("暴雨将影响，浦东", size=20, room=100) == ["暴雨将影", "响，浦东"]
    assert wrapped("stay on high ground", size=20, room=110) == ["stay on", "high", "ground"]
    assert wrapped("一\n二", size=20, room=100) == ["一", "二"]


def test_what_does_not_fit_at_the_smallest_size_ends_with_an_ellipsis() -> None:
    size, [lines] = fitted([("暴" * 100, 1.0)], room=200, high=60, largest=40, smallest=20)
    # Two lines of ten characters of 20 pixels fit into 60 pixels at 29 from line to line.
    assert (size, lines) == (20, ["暴" * 10, "暴" * 9 + "…"])
