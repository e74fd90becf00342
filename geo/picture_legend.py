"""The legend beside a map: a bar with its bounds and unit, and swatches with words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from geo.kernel import compiled
from geo.picture_canvas import HATCH, HATCH_COLOUR, UNKNOWN, lay, rim, strokes, wash, write
from geo.picture_layer import Entry
from geo.picture_ramp import Ramp
from geo.picture_text import width

_INK, _FAINT, _RULE = "#1b2430", "#5a6675", "#8c98a6"
_SWATCH_WIDE, _SWATCH_HIGH, _ROOM = 26, 18, 150

Image = NDArray[np.uint8]


def ramp_bar(image: Image, ramp: Ramp, left: int, top: int) -> int:
    """The coloured classes, highest above, each bound beside the line it is; returns where the next thing may begin."""
    write(image, ramp.title, left, top + 14, size=14, colour=_INK)
    write(image, ramp.unit, left + width(ramp.title, 14) + 8, top + 14, size=12, colour=_FAINT)
    top += 26
    shown = [place for place, colour in enumerate(ramp.colours) if colour]
    high = min(_SWATCH_HIGH, max((image.shape[0] - top - 190) // max(len(shown), 1), 8))
    for number, place in enumerate(reversed(shown)):
        row = top + number * high
        wash(image[row : row + high, left : left + _SWATCH_WIDE], ramp.colours[place])
    bottom: int = top + len(shown) * high
    rim(image, left, top, left + _SWATCH_WIDE, bottom, _RULE)
    for number, bound in enumerate(reversed(ramp.bounds)):
        # A bound above the highest shown class stands at the upper rim, one below the lowest at the lower.
        row = top + (number + (1 if ramp.colours[-1] else 0)) * high
        write(image, f"{bound:g}", left + _SWATCH_WIDE + 8, row + 4, size=12, colour=_INK)
    return bottom + 22


def entries(image: Image, lines: Sequence[Entry], left: int, top: int) -> None:
    """Swatches and their words, broken into lines where they are too long for the panel."""
    row = top
    for entry in lines:
        box = image[row : row + 14, left : left + _SWATCH_WIDE]
        if box.shape[0] < 14:
            return
        if entry.dot:
            _disc(image, left + _SWATCH_WIDE / 2, row + 7.0, entry.fill)
        else:
            _swatch(box, entry)
            rim(image, left, row, left + _SWATCH_WIDE, row + 14, entry.line or _RULE, 2 if entry.line else 1)
        for part in _broken(entry.text, _ROOM - _SWATCH_WIDE - 8, 12):
            write(image, part, left + _SWATCH_WIDE + 8, row + 11, size=12, colour=_INK)
            row += 16
        row += 8


def _swatch(box: Image, entry: Entry) -> None:
    if not entry.hatched:
        wash(box, entry.fill or "#ffffff")
        return
    mask = np.full(box.shape[:2], 255, dtype=np.uint8)
    wash(box, UNKNOWN)
    compiled("raster").stripes(mask, HATCH)
    lay(box, mask, entry.fill or HATCH_COLOUR)


def _disc(image: Image, x: float, y: float, colour: str) -> None:
    place = np.array([x]), np.array([y])
    strokes(image, (*place, *place), colour, 8.0)


def _broken(text: str, room: int, size: int) -> list[str]:
    """Lines that fit; Chinese may be broken anywhere, other words where there is a space."""
    found, line = list[str](), ""
    for word in _words(text):
        if line and width(line + word, size) > room:
            found.append(line.rstrip())
            line = word.lstrip()
        else:
            line += word
    return [*found, line] if line else found


def _words(text: str) -> list[str]:
    words, held = list[str](), ""
    for character in text:
        if character == " " or ord(character) > 0x2E7F:
            words += [held + character] if character == " " else [held, character] if held else [character]
            held = ""
        else:
            held += character
    return [*words, held] if held else words
