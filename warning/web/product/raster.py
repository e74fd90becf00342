"""Raster: a sheet as PNG, by the rasteriser of the maps."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from geo.picture_canvas import Window, draw, fill, lay, wash, write
from geo.picture_png import png
from geo.picture_text import lettering
from warning.web.product.ink import Box, Ground, Ink, Sheet, Slanted, Words

SLANT_DEGREES = 30


def raster(sheet: Sheet) -> bytes:
    """The same sheet gives the same bytes."""
    image = np.empty((sheet.high, sheet.wide, 3), dtype=np.uint8)
    wash(image, "#ffffff")
    for ink in sheet.ink:
        _lay(image, ink)
    return png(image)


def _lay(image: NDArray[np.uint8], ink: Ink) -> None:
    match ink:
        case Box():
            wash(image[ink.y : ink.y + ink.high, ink.x : ink.x + ink.wide], ink.fill)
        case Words():
            write(image, ink.text, ink.x, ink.y, size=ink.size, colour=ink.colour, halo=ink.halo)
        case Ground():
            x, y, wide, high = ink.frame
            # A window whose degrees are the pixels of the sheet.
            at = Window(image=image[y : y + high, x : x + wide], west=float(x), north=float(y), scale=1.0, rise=-1.0)
            if ink.fill:
                fill(at, ink.geometries, ink.fill, ink.opacity)
            if ink.line:
                draw(at, ink.geometries, ink.line, ink.width, ink.opacity)
        case Slanted():
            _slant(image, ink)


def _slant(image: NDArray[np.uint8], ink: Slanted) -> None:
    straight, _, _ = lettering(ink.text, ink.size)
    mask = np.asarray(Image.fromarray(straight).rotate(SLANT_DEGREES, expand=True, resample=Image.Resampling.BILINEAR))
    rows, columns = mask.shape
    top, left = ink.y - rows // 2, ink.x - columns // 2
    shown = mask[max(-top, 0) : max(image.shape[0] - top, 0), max(-left, 0) : max(image.shape[1] - left, 0)]
    if shown.size:
        lay(image[max(top, 0) :, max(left, 0) :][: shown.shape[0], : shown.shape[1]], np.ascontiguousarray(shown), ink.colour, ink.opacity)
