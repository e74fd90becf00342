"""Text: words as coverage of pixels, in a font that comes with the package, for a bare machine has none for Chinese."""

import importlib.util
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

# Noto Sans SC (SIL Open Font License 1.1), 30,000 Chinese characters and Latin, from a wheel of 17 MB.
_PACKAGE, _FILE = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"

Mask = NDArray[np.uint8]


class FontMissing(RuntimeError):
    """The font's package is not installed; the message names the command that mends it."""


def font_file() -> Path:
    """The font that pictures are lettered in; it is in no system folder. Raises FontMissing."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise FontMissing("no font for Chinese text: pip install pylopdf-fonts-zh-cn")
    return Path(found.origin).with_name(_FILE)


@lru_cache(maxsize=4096)
def width(text: str, size: int) -> int:
    """Pixels that ``text`` takes at ``size`` pixels."""
    return round(_font(size).getlength(text))


@lru_cache(maxsize=1024)
def lettering(text: str, size: int, grown: int = 0) -> tuple[Mask, int, int]:
    """The coverage of ``text``, and where its upper left corner lies from the start of its base line (right, down).

    ``grown`` pixels are added all round, for a halo.
    """
    font = _font(size)
    left, top, right, bottom = (round(edge) for edge in font.getbbox(text, anchor="ls", stroke_width=grown))
    image = Image.new("L", (max(right - left, 1), max(bottom - top, 1)))
    ImageDraw.Draw(image).text((-left, -top), text, font=font, fill=255, anchor="ls", stroke_width=grown)
    mask = np.asarray(image).copy()
    mask.setflags(write=False)
    return mask, left, top


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    # The plain layout engine: the other depends on a library that not every machine has, and pictures would differ.
    return ImageFont.truetype(str(font_file()), size, layout_engine=ImageFont.Layout.BASIC)
