"""Wrap: a text in lines of a given width; Chinese breaks anywhere but before its closing marks, English between words."""

import re
from collections.abc import Sequence

from geo.picture_text import width

_PIECE = re.compile(r"[ -~‐-―‘-‟]+?(?: +|(?=[^ -~])|$)|\n|.", re.DOTALL)
_CLOSING = "，。、；：！？）》」』”’…％,.;:!?)%"


def wrapped(text: str, *, size: int, room: int) -> list[str]:
    """Lines of at most ``room`` pixels; a single word that is longer stands alone."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if piece == "\n":
            lines.append(line.rstrip())
            line = ""
        elif line and width((line + piece).rstrip(), size) > room:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def fitted(texts: Sequence[tuple[str, float]], *, room: int, high: int, largest: int, smallest: int) -> tuple[int, list[list[str]]]:
    """The largest size (pixels) at which all paragraphs, each ``(text, its size as a part)``, fit into ``high``; and their lines.

    What does not fit at ``smallest`` is cut off with an ellipsis at the last line that fits, never silently.
    """
    for size in range(largest, smallest - 1, -2):
        found = [wrapped(text, size=round(size * part), room=room) for text, part in texts]
        if taken(found, [part for _, part in texts], size) <= high:
            return size, found
    kept: list[list[str]] = []
    left = float(high)
    for (_, part), lines in zip(texts, found, strict=True):
        fit = max(int(left // (smallest * part * LEADING)), 0)
        kept.append(lines if len(lines) <= fit else [*lines[: fit - 1], lines[fit - 1][:-1] + "…"] if fit else [])
        left -= (len(kept[-1]) + GAP) * smallest * part * LEADING
    return smallest, kept


LEADING = 1.45
"""From one base line to the next, in sizes of the letters."""
GAP = 0.45
"""Between two paragraphs, in lines."""


def taken(paragraphs: Sequence[Sequence[str]], parts: Sequence[float], size: int) -> float:
    """Pixels that these lines take."""
    return sum((len(lines) + GAP) * size * part * LEADING for lines, part in zip(paragraphs, parts, strict=True) if lines)


def _pieces(text: str) -> list[str]:
    """Words with their spaces, single characters; a closing mark stays with what it closes."""
    pieces: list[str] = []
    for piece in _PIECE.findall(text):
        if pieces and piece[0] in _CLOSING and pieces[-1] != "\n":
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces
