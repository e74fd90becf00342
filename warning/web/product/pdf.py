"""PDF: a sheet as one page with real text and lines, so that print and screen readers get more than pixels."""

from io import BytesIO
from math import cos, radians, sin

import pydyf
import shapely
from shapely.geometry.base import BaseGeometry

from geo.picture_canvas import rgb
from geo.picture_text import width
from warning.web.product.ink import Box, Ground, Ink, Sheet, Slanted, Words
from warning.web.product.raster import SLANT_DEGREES
from warning.web.product.typeface import Typeface, embedded, typeface

A4_WIDE_PT = 595.28
_FILLED, _OUTLINED = 0, 1


def pdf(sheet: Sheet, *, title: str) -> bytes:
    """One page whose shorter side is that of A4; the same sheet gives the same bytes. Raises FontMissing."""
    scale = A4_WIDE_PT / min(sheet.wide, sheet.high)
    face = typeface(ink.text for ink in sheet.ink if isinstance(ink, Words | Slanted))
    document, page = pydyf.PDF(), pydyf.Stream(compress=True)
    shades: dict[float, str] = {}
    # From here on one unit is a pixel of the sheet, and down is down.
    page.set_matrix(scale, 0, 0, -scale, 0, sheet.high * scale)
    for ink in sheet.ink:
        _lay(page, ink, face, shades)
    document.add_object(page)
    font = embedded(document, face)
    document.add_page(pydyf.Dictionary({
        "Type": "/Page", "Parent": document.pages.reference, "Contents": page.reference,
        "MediaBox": pydyf.Array([0, 0, round(sheet.wide * scale, 2), round(sheet.high * scale, 2)]),
        "Resources": pydyf.Dictionary({
            "Font": pydyf.Dictionary({"F": font.reference}),
            "ExtGState": pydyf.Dictionary({
                name: pydyf.Dictionary({"ca": opacity, "CA": opacity}) for opacity, name in shades.items()})})}))
    document.info["Title"] = pydyf.String(title)
    document.catalog["Lang"] = pydyf.String("zh-CN")
    out = BytesIO()
    document.write(out)
    return out.getvalue()


def _lay(page: pydyf.Stream, ink: Ink, face: Typeface, shades: dict[float, str]) -> None:
    page.push_state()
    match ink:
        case Box():
            _colour(page, ink.fill)
            page.rectangle(ink.x, ink.y, ink.wide, ink.high)
            page.fill()
        case Words():
            if ink.halo:
                _colour(page, "#ffffff", stroke=True)
                page.set_line_width(2 * ink.halo)
                page.set_line_join(1)
                _text(page, face, ink.text, ink.size, ink.x, ink.y, mode=_OUTLINED)
            _colour(page, ink.colour)
            _text(page, face, ink.text, ink.size, ink.x, ink.y)
        case Ground():
            page.rectangle(*ink.frame)
            page.clip()
            page.end()
            _shade(page, ink.opacity, shades)
            if ink.fill:
                _colour(page, ink.fill)
                # Where two overlap it is coloured once.
                _path(page, shapely.union_all(ink.geometries))
                page.fill(even_odd=True)
            if ink.line:
                _colour(page, ink.line, stroke=True)
                page.set_line_width(ink.width)
                page.set_line_join(1)
                for shape in ink.geometries:
                    _path(page, shape)
                    page.stroke()
        case Slanted():
            _shade(page, ink.opacity, shades)
            _colour(page, ink.colour)
            back, down = width(ink.text, ink.size) / 2, ink.size * 0.36
            _text(page, face, ink.text, ink.size, ink.x, ink.y, degrees=SLANT_DEGREES, back=back, down=down)
    page.pop_state()


def _text(
    page: pydyf.Stream, face: Typeface, text: str, size: int, x: float, y: float, *, mode: int = _FILLED, degrees: float = 0.0,
    back: float = 0.0, down: float = 0.0,
) -> None:
    """With its base line at ``y``, upright although down is down; ``back`` and ``down`` move it along its own slant.

    As long as the picture's letters are, which stand on whole pixels: what was wrapped for one fits in the other.
    """
    turn = radians(degrees)
    across, rise = cos(turn), sin(turn)
    page.begin_text()
    page.set_font_size("F", size)
    page.set_text_rendering(mode)
    page.set_text_matrix(across, -rise, -rise, -across, x - back * across + down * rise, y + back * rise + down * across)
    natural = face.length(text) * size
    page.stream.append(f"{100 * width(text, size) / natural if natural else 100:.2f} Tz")
    page.stream.append(f"{face.shown(text)} Tj")
    page.end_text()


def _path(page: pydyf.Stream, shape: BaseGeometry) -> None:
    """Rings of polygons; holes are left out by the even-odd rule."""
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    for ring in shapely.get_rings(polygons) if polygons else ():
        (x, y), *rest = shapely.get_coordinates(ring).round(1).tolist()
        page.move_to(x, y)
        for across, down in rest[:-1]:
            page.line_to(across, down)
        page.close()


def _colour(page: pydyf.Stream, colour: str, *, stroke: bool = False) -> None:
    red, green, blue = rgb(colour)
    page.set_color_rgb(round(red / 255, 4), round(green / 255, 4), round(blue / 255, 4), stroke=stroke)


def _shade(page: pydyf.Stream, opacity: float, shades: dict[float, str]) -> None:
    page.set_state(shades.setdefault(opacity, f"G{len(shades)}"))
