"""Icon: the app's picture, drawn by ourselves: a message tree, whose branches end in the four colours of warnings."""

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw

GROUND, TRUNK = "#0b2f5c", "#ffffff"
LEAVES = ((0.24, 0.40, "#3f8cff"), (0.42, 0.24, "#ffd83d"), (0.60, 0.24, "#ff9a1f"), (0.78, 0.40, "#e5343a"))
"""Middle (x, y) as shares of the side, and colour."""
_FOOT, _FORK = (0.51, 0.80), (0.51, 0.56)
_OVER = 4
"""Drawn so many times larger and made small, so that edges are smooth."""


@lru_cache(maxsize=8)
def icon(side: int) -> bytes:
    """A square PNG; its ground fills it, so that every platform may cut its own shape (the tree stays inside the safe four fifths)."""
    large = side * _OVER
    image = Image.new("RGB", (large, large), GROUND)
    draw = ImageDraw.Draw(image)
    width = round(large * 0.055)

    def at(x: float, y: float) -> tuple[float, float]:
        return x * large, y * large

    def joint(x: float, y: float, radius: float, fill: str) -> None:
        draw.ellipse((*at(x - radius, y - radius), *at(x + radius, y + radius)), fill=fill)

    draw.line([at(*_FOOT), at(*_FORK)], fill=TRUNK, width=width)
    for x, y, _ in LEAVES:
        draw.line([at(*_FORK), at(x, y)], fill=TRUNK, width=width)
    for x, y in (_FOOT, _FORK):
        joint(x, y, 0.0275, TRUNK)
    for x, y, colour in LEAVES:
        joint(x, y, 0.095, TRUNK)
        joint(x, y, 0.078, colour)
    kept = BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(kept, "PNG", optimize=True)
    return kept.getvalue()
