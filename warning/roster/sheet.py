"""Sheet: a CSV or Excel file as rows of text, whatever program has written it."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

MOST_BYTES = 20 * 1024 * 1024
MOST_UNPACKED = 200 * 1024 * 1024
MOST_ROWS = 200_000
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet would run as a formula (OWASP, CSV injection; the wide forms count in Chinese and Japanese versions)."""


class Unreadable(ValueError):
    """Neither CSV nor an Excel workbook that is safe to read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """``rows``: (row number as the spreadsheet counts, cells); empty rows are left out. ``header`` is the first row that is not."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_sheets(name: str, data: bytes) -> list[Sheet]:
    """The sheets of a file that are not empty. Raises Unreadable."""
    if len(data) > MOST_BYTES:
        raise Unreadable(f"larger than {MOST_BYTES // 1024 // 1024} MB")
    if data[:4] == b"PK\x03\x04":
        return [sheet for title, rows in _workbook(data) if (sheet := _sheet(title, rows)) is not None]
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Unreadable("this is the old .xls form")
    sheet = _sheet(name.rsplit("/", 1)[-1] or "csv", _csv(data))
    return [] if sheet is None else [sheet]


def _sheet(name: str, rows: Iterator[tuple[str, ...]]) -> Sheet | None:
    kept = []
    for number, cells in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise Unreadable(f"more than {MOST_ROWS:,} rows")
        if any(cells):
            kept.append((number, cells))
    return None if not kept else Sheet(name=name, header=kept[0][1], rows=tuple(kept[1:]))


def _csv(data: bytes) -> Iterator[tuple[str, ...]]:
    try:
        words = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            words = data.decode("gb18030")  # what Chinese Excel writes as CSV
        except UnicodeDecodeError:
            raise Unreadable("the characters are neither UTF-8 nor GB 18030") from None
    if "\x00" in words:
        raise Unreadable("this is no text")
    head = words.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    try:
        for row in csv.reader(io.StringIO(words, newline=""), delimiter=delimiter):
            yield tuple(_bare(cell) for cell in row)
    except csv.Error as error:
        raise Unreadable(str(error)) from error


def _workbook(data: bytes) -> Iterator[tuple[str, Iterator[tuple[str, ...]]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > MOST_UNPACKED or len(parts) > 2000:
                raise Unreadable("it unpacks to more than a roster can be")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and re.search(rb"<!DOCTYPE|<!ENTITY", archive.read(part)):
                    raise Unreadable("it holds a document type, which no spreadsheet writes")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            yield sheet.title, (tuple(_text(cell) for cell in row) for row in sheet.iter_rows(values_only=True))
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, SyntaxError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(f"this is no Excel workbook ({type(error).__name__})") from error


def _text(cell: object) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M") if cell.time() != time() else cell.strftime("%Y-%m-%d")
        case date():
            return cell.isoformat()
        case float() if cell.is_integer():
            return str(int(cell))
    return _bare(str(cell))


def _bare(cell: str) -> str:
    """Without blanks around it, and without the apostrophe that our own export puts before what a spreadsheet would run."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(DANGEROUS) else cell


def written(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> bytes:
    """As CSV that Excel opens as it is (UTF-8 with its mark), and in which no cell is run as a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(tuple(f"'{cell}" if cell.startswith(DANGEROUS) else cell for cell in row) for row in rows)
    return out.getvalue().encode("utf-8-sig")
