"""Call sheet: the board of calls as a PDF on A4, for the file and for the wall; its letters are embedded, so every reader shows them."""

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Final

import pydyf

from warning.answer.call import Call
from warning.web.calls import HEAD, rows
from warning.web.product.typeface import Typeface, embedded, typeface
from warning.web.words import Lang, local_time

_WIDE, _HIGH = 841.89, 595.28
_EDGE: Final = 34.0
_WIDTHS: Final = (138, 132, 54, 66, 66, 90, 62, 50, 116)
"""Points, of the columns of HEAD; together the page without its edges."""
_SIZE, _LINE, _PAD = 8.0, 10.5, 2.5
_COLOURS: Final = {"waiting": (1.0, 0.96, 0.88), "overdue": (0.99, 0.9, 0.91), "answered": (0.9, 0.96, 0.92), "ended": (1.0, 1.0, 1.0)}

_Cells = list[list[str]]
"""The lines of each cell of a row."""


def as_pdf(calls: Sequence[Call], lang: Lang, now: datetime, *, drill: bool) -> bytes:
    """A table of any length, its head on each page; a drill says so on each page. Raises FontMissing."""
    title = "预警叫应记录" if lang == "zh" else "Calls and answers"
    made = f"{'制表' if lang == 'zh' else 'made'} {local_time(now, lang)} · {len(calls)} {'项' if lang == 'zh' else 'calls'}"
    mark = "演练 DRILL" if drill else ""
    words = [list(HEAD[lang]), *(list(row) for row in rows(calls, lang, now))]
    face = typeface([title, made, mark, "/0123456789", *(cell for row in words for cell in row)])
    head, *body = [[_wrapped(face, cell, width - 2 * _PAD) for cell, width in zip(row, _WIDTHS, strict=True)] for row in words]
    document = pydyf.PDF()
    font = embedded(document, face)
    pages = _paged(head, body)
    first = 0
    for number, page in enumerate(pages, 1):
        stream = pydyf.Stream(compress=True)
        _text(stream, face, _EDGE, _HIGH - _EDGE - 4, 14, title)
        _text(stream, face, _EDGE + 130, _HIGH - _EDGE - 4, _SIZE, made)
        _text(stream, face, _WIDE - _EDGE - 60, _HIGH - _EDGE - 4, 12, mark)
        _text(stream, face, _WIDE - _EDGE - 30, 18, _SIZE, f"{number}/{len(pages)}")
        top = _row(stream, face, _HIGH - _EDGE - 16, head, (0.9, 0.92, 0.94), whole=True)
        for row, call in zip(page, calls[first:first + len(page)], strict=True):
            top = _row(stream, face, top, row, _COLOURS[call.state], whole=False)
        first += len(page)
        document.add_object(stream)
        document.add_page(pydyf.Dictionary({
            "Type": "/Page", "Parent": document.pages.reference, "Contents": stream.reference, "MediaBox": pydyf.Array([0, 0, _WIDE, _HIGH]),
            "Resources": pydyf.Dictionary({"Font": pydyf.Dictionary({"F": font.reference})})}))
    document.info["Title"] = pydyf.String(title)
    document.catalog["Lang"] = pydyf.String("zh-CN" if lang == "zh" else "en")
    out = BytesIO()
    document.write(out)
    return out.getvalue()


def _paged(head: _Cells, body: Sequence[_Cells]) -> list[list[_Cells]]:
    """At least one page, so that "nobody was called" can be filed, too."""
    pages: list[list[_Cells]] = [[]]
    room = full = _HIGH - 2 * _EDGE - 16 - _height(head)
    for row in body:
        if _height(row) > room and pages[-1]:
            pages.append([])
            room = full
        pages[-1].append(row)
        room -= _height(row)
    return pages


def _height(row: _Cells) -> float:
    return max(len(lines) for lines in row) * _LINE + 2 * _PAD


def _row(stream: pydyf.Stream, face: Typeface, top: float, row: _Cells, colour: tuple[float, float, float], *, whole: bool) -> float:
    """Drawn from ``top`` down; gives where the next begins. The state's cell alone is coloured, except in the head."""
    high, x = _height(row), _EDGE
    for column, (lines, width) in enumerate(zip(row, _WIDTHS, strict=True)):
        if whole or column == 2:
            stream.set_color_rgb(*colour)
            stream.rectangle(x, top - high, width, high)
            stream.fill()
        stream.set_color_rgb(0.6, 0.64, 0.68, stroke=True)
        stream.set_line_width(0.4)
        stream.rectangle(x, top - high, width, high)
        stream.stroke()
        stream.set_color_rgb(0.1, 0.14, 0.19)
        for number, line in enumerate(lines, 1):
            _text(stream, face, x + _PAD, top - number * _LINE + 0.5, _SIZE, line)
        x += width
    return top - high


def _text(stream: pydyf.Stream, face: Typeface, x: float, y: float, size: float, words: str) -> None:
    if not words:
        return
    stream.begin_text()
    stream.set_font_size("F", size)
    stream.set_text_matrix(1, 0, 0, 1, x, y)
    stream.stream.append(f"{face.shown(words)} Tj")
    stream.end_text()


def _wrapped(face: Typeface, words: str, room: float) -> list[str]:
    """Broken where it is full; at a blank where there is one in the line."""
    lines, line = [], ""
    for letter in words:
        if line and face.length(line + letter) * _SIZE > room:
            head, blank, tail = line.rpartition(" ")
            lines.append(head if blank and head else line)
            line = (tail if blank and head else "") + letter
            continue
        line += letter
    return [*lines, line]
