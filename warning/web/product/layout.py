"""Layout: one warning on a sheet of one of three sizes: sign and title, map, words in both languages, times, issuer, a code to scan."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import segno
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.picture_canvas import Window, window
from geo.picture_layer import Extent
from geo.picture_text import width
from warning.level import Level
from warning.web.product.facts import Facts
from warning.web.product.ink import Box, Ground, Ink, Sheet, Slanted, Words
from warning.web.product.wrap import GAP, LEADING, fitted, wrapped

Size = Literal["portrait", "landscape", "a4"]
SIZES: dict[Size, tuple[int, int]] = {"portrait": (1080, 1920), "landscape": (1920, 1080), "a4": (1240, 1754)}
"""Pixels: the two ways a display hangs, and A4 at 150 dots an inch."""

COLOURS: dict[Level, tuple[str, str]] = {
    Level.BLUE: ("#1257b0", "#ffffff"), Level.YELLOW: ("#ffd83d", "#1a1a1a"), Level.ORANGE: ("#ff9a1f", "#1a1a1a"), Level.RED: ("#c4161c", "#ffffff")}
SHAPES: dict[Level, str] = {Level.BLUE: "●", Level.YELLOW: "▲", Level.ORANGE: "◆", Level.RED: "■"}
_INK, _SOFT, _LINE, _SEA, _LAND, _OVER, _DRILL = "#1b2430", "#4c5866", "#8c98a6", "#d5e3ee", "#f7f9fb", "#2f6b45", "#6f3aa0"
_EDGE = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    x: int
    y: int
    wide: int
    high: int


def layout(facts: Facts, size: Size) -> Sheet:
    """Everything is said in Chinese and English; a drill is named above, below and across."""
    wide, high = SIZES[size]
    ink: list[Ink] = []
    top = 0 if facts.mark is None else _drill_band(ink, facts, wide)
    head, foot = (220, 150) if size == "landscape" else (300, 190)
    _heading(ink, facts, _Frame(x=0, y=top, wide=wide, high=head))
    inner = _Frame(x=_EDGE, y=top + head + 28, wide=wide - 2 * _EDGE, high=high - top - head - 28 - foot - 20)
    if size == "landscape":
        half = round(inner.wide * 0.46)
        _map(ink, facts, _Frame(x=inner.x, y=inner.y, wide=half, high=inner.high))
        _texts(ink, facts, _Frame(x=inner.x + half + 40, y=inner.y, wide=inner.wide - half - 40, high=inner.high))
    else:
        share = round(inner.high * 0.42)
        _map(ink, facts, _Frame(x=inner.x, y=inner.y, wide=inner.wide, high=share))
        _texts(ink, facts, _Frame(x=inner.x, y=inner.y + share + 24, wide=inner.wide, high=inner.high - share - 24))
    _footing(ink, facts, _Frame(x=_EDGE, y=high - foot, wide=wide - 2 * _EDGE, high=foot))
    if facts.stamp is not None:
        ink.append(Slanted(x=wide // 2, y=high // 2, text=f"{facts.stamp[0]} {facts.stamp[1]}", size=wide // 11, colour="#1b2430", opacity=0.55))
    if facts.mark is not None:
        text, letter = f"{facts.mark[0]} {facts.mark[1]}", min(wide, high) // 8
        places = ((0.25, 0.6), (0.75, 0.6)) if size == "landscape" else ((0.5, 0.3), (0.5, 0.62), (0.5, 0.88))
        ink += [Slanted(x=round(wide * across), y=round(high * down), text=text, size=letter, colour=_DRILL, opacity=0.22)
                for across, down in places]
    return Sheet(wide=wide, high=high, ink=ink)


def _drill_band(ink: list[Ink], facts: Facts, wide: int) -> int:
    """The lines that nobody can overlook; how high they are."""
    zh, en = facts.mark or ("", "")
    ink.append(Box(x=0, y=0, wide=wide, high=96, fill=_DRILL))
    lines = (f"{zh}：这不是真实预警，请勿采取行动", f"{en}: this is not a real warning, take no action")
    for line, size, y in zip(lines, (36, 26), (46, 82), strict=True):
        ink.append(Words(x=(wide - width(line, size)) // 2, y=y, text=line, size=size, colour="#ffffff"))
    return 96


def _heading(ink: list[Ink], facts: Facts, at: _Frame) -> None:
    """The sign in its colour, the title beside it; an end-notice is not in the colour of what it ends."""
    ground, letters = (_OVER, "#ffffff") if facts.ends else COLOURS[facts.level]
    ink.append(Box(x=at.x, y=at.y, wide=at.wide, high=at.high, fill=ground))
    side = at.high - 2 * 32
    _sign(ink, facts, _Frame(x=_EDGE, y=at.y + 32, wide=side, high=side))
    x, room = _EDGE + side + 36, at.wide - 2 * _EDGE - side - 36
    lines = ((facts.title[0], round(at.high * 0.3), 0.40), (facts.title[1], round(at.high * 0.14), 0.61),
             (f"{facts.issuer[0]}  {facts.issuer[1]}", round(at.high * 0.1), 0.80))
    for text, largest, part in lines:
        size = next((size for size in range(largest, 17, -2) if width(text, size) <= room), 18)
        ink.append(Words(x=x, y=at.y + round(at.high * part), text=text, size=size, colour=letters))


def _sign(ink: list[Ink], facts: Facts, at: _Frame) -> None:
    """As the signal stands on Chinese screens: the hazard over its colour, here with the colour's shape and its English word."""
    ground, letters = COLOURS[facts.level]
    ink += [Box(x=at.x, y=at.y, wide=at.wide, high=at.high, fill="#ffffff"),
            Box(x=at.x + 6, y=at.y + 6, wide=at.wide - 12, high=at.high - 12, fill=ground)]
    for text, largest, part in (
            (facts.hazard[0], round(at.wide * 0.4), 0.5), (f"{SHAPES[facts.level]}{facts.level.zh}", round(at.wide * 0.17), 0.74),
            (facts.level.en.upper(), round(at.wide * 0.13), 0.91)):
        size = next((size for size in range(largest, 11, -1) if width(text, size) <= at.wide - 28), 11)
        ink.append(Words(x=at.x + (at.wide - width(text, size)) // 2, y=at.y + round(at.high * part), text=text, size=size, colour=letters))


def _map(ink: list[Ink], facts: Facts, at: _Frame) -> None:
    """The warned ground in its colour among the districts, north up."""
    ink += [Box(x=at.x - 1, y=at.y - 1, wide=at.wide + 2, high=at.high + 2, fill=_LINE), Box(x=at.x, y=at.y, wide=at.wide, high=at.high, fill=_SEA)]
    if not facts.around and not facts.warned:
        return
    frame = (at.x, at.y, at.wide, at.high)
    # The whole of what is warned and something of what is round it, never a shape without a neighbour.
    warned = Extent.of(facts.warned or facts.around, margin=0.2)
    on = window(np.empty((at.high, at.wide, 0), dtype=np.uint8), warned)
    around = _placed(facts.around, on, at)
    places = _placed(facts.warned, on, at)
    colour = _OVER if facts.ends else COLOURS[facts.level][0]
    ink += [Ground(frame=frame, geometries=around, fill=_LAND), Ground(frame=frame, geometries=around, line="#7b8794", width=1.4),
            Ground(frame=frame, geometries=places, fill=colour, opacity=0.85), Ground(frame=frame, geometries=places, line=_INK, width=3.0)]
    _names(ink, facts, on, at)


def _placed(shapes: Sequence[BaseGeometry], on: Window, at: _Frame) -> list[BaseGeometry]:
    """In pixels of the sheet, only what is seen, as fine as pixels are."""
    def to_pixels(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = on.at(lonlat[:, 0], lonlat[:, 1])
        return np.column_stack((x + at.x, y + at.y))

    pixels = shapely.simplify([shapely.transform(shape, to_pixels) for shape in shapes], 0.4)
    seen = shapely.box(at.x, at.y, at.x + at.wide, at.y + at.high)
    return [shape for shape in pixels if shape.intersects(seen) and not shape.is_empty]


def _names(ink: list[Ink], facts: Facts, on: Window, at: _Frame) -> None:
    """Names that fit into the frame, none over another."""
    taken: list[tuple[int, int, int, int]] = []
    for lon, lat, name in facts.names:
        x, y = on.at(np.array([lon]), np.array([lat]))
        half = width(name, 22) // 2
        box = (at.x + int(x[0]) - half, at.y + int(y[0]) - 14, at.x + int(x[0]) + half, at.y + int(y[0]) + 14)
        inside = at.x + 4 < box[0] and box[2] < at.x + at.wide - 4 and at.y + 4 < box[1] and box[3] < at.y + at.high - 4
        if inside and not any(box[0] < o[2] and o[0] < box[2] and box[1] < o[3] and o[1] < box[3] for o in taken):
            taken.append(box)
            ink.append(Words(x=box[0], y=box[1] + 22, text=name, size=22, colour=_INK, halo=3))


def _texts(ink: list[Ink], facts: Facts, at: _Frame) -> None:
    """Place, text and advice, Chinese larger than English; as large as the room allows."""
    paragraphs = [(text, part) for text, part in (
        (f"范围：{facts.places[0]}", 1.0), (facts.description[0], 1.0), (_advice("防御指南：", facts.instruction[0]), 1.0),
        (f"Where: {facts.places[1]}", 0.72), (facts.description[1], 0.72), (_advice("What to do: ", facts.instruction[1]), 0.72)) if text]
    size, found = fitted(paragraphs, room=at.wide, high=at.high, largest=60, smallest=16)
    y = float(at.y)
    for (_, part), lines in zip(paragraphs, found, strict=True):
        letter = round(size * part)
        for line in lines:
            y += letter * LEADING
            ink.append(Words(x=at.x, y=round(y - letter * 0.3), text=line, size=letter, colour=_INK if part == 1.0 else _SOFT))
        y += letter * LEADING * GAP


def _advice(label: str, text: str) -> str:
    return f"{label}{text}" if text else ""


def _footing(ink: list[Ink], facts: Facts, at: _Frame) -> None:
    """When, by whom, under which number; the code leads to the page that knows the newest version."""
    ink.append(Box(x=at.x, y=at.y, wide=at.wide, high=2, fill=_LINE))
    side = _code(ink, facts.url, x=at.x + at.wide, y=at.y + 18, most=at.high - 36)
    room = at.wide - side - 30
    y = at.y + 18
    for text, largest, colour in ((facts.times[0], 30, _INK), (facts.times[1], 24, _SOFT), (facts.url, 20, _SOFT), (facts.identifier, 18, _SOFT)):
        size = next((size for size in range(largest, 11, -1) if width(text, size) <= room), 11)
        for line in wrapped(text, size=size, room=room)[:1]:
            y += round(size * LEADING)
            ink.append(Words(x=at.x, y=y - 8, text=line, size=size, colour=colour))


def _code(ink: list[Ink], url: str, *, x: int, y: int, most: int) -> int:
    """A QR code whose upper right corner is ``x``, ``y``; its side in pixels."""
    matrix = [bytes(row) for row in segno.make(url, error="m", micro=False).matrix]
    dot = max(most // len(matrix), 2)
    left = x - dot * len(matrix)
    for down, row in enumerate(matrix):
        start = None
        for across, dark in enumerate([*row, 0]):
            if dark and start is None:
                start = across
            elif not dark and start is not None:
                ink.append(Box(x=left + start * dot, y=y + down * dot, wide=(across - start) * dot, high=dot, fill="#000000"))
                start = None
    return dot * len(matrix)
