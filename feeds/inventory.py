"""Inventory: one row for every field of a file, for people and for machines."""

import dataclasses
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from feeds.format import read
from feeds.override import NONE, Overrides
from geo.field import GridField


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field. ``raw_*`` as in the file, ``min``/``max`` after correction and conversion, in ``units``; None = none known."""

    variable: str
    units: str
    window_h: float | None
    lead_h: float
    level: str
    threshold: float | None
    member: int | None
    grid: str
    raw_min: float | None
    raw_max: float | None
    missing_count: int
    min: float | None
    max: float | None
    missing_share: float
    statistic: str
    threshold_units: str
    valid_time: str
    run_time: str
    corrections: tuple[str, ...]
    suspicions: tuple[str, ...]


def as_json(row: FieldRow) -> dict[str, object]:
    """The row with plain JSON values (NaN has become None already)."""
    return dataclasses.asdict(row)


def rows(path: Path, *, overrides: Overrides = NONE, source: str = "file") -> Iterator[FieldRow]:
    """One row per field in file order; FeedError after the last good one says what could not be read."""
    for reading in read(path, source=source, overrides=overrides):
        if isinstance(reading, GridField):
            yield row(reading)


def inventory(path: Path, *, overrides: Overrides = NONE, source: str = "file") -> list[FieldRow]:
    """All rows; raises FeedError when anything of the file could not be read (use :func:`rows` to keep the others)."""
    return list(rows(path, overrides=overrides, source=source))


def row(field: GridField) -> FieldRow:
    """The row of one field (in canonical units)."""
    known = field.values[~np.isnan(field.values)]
    return FieldRow(
        variable=field.variable, units=field.units, window_h=None if field.window is None else _hours(field.window),
        lead_h=_hours(field.lead), level=field.level, threshold=_number(field.threshold), member=field.member, grid=field.grid.describe(),
        raw_min=_number(field.raw_min), raw_max=_number(field.raw_max), missing_count=field.missing_count,
        min=_number(float(known.min())) if known.size else None, max=_number(float(known.max())) if known.size else None,
        missing_share=round(field.missing_count / field.values.size, 6), statistic=field.statistic, threshold_units=field.threshold_units,
        valid_time=field.valid_time.isoformat(), run_time=field.run_time.isoformat(),
        corrections=field.provenance.corrections, suspicions=field.provenance.suspicions,
    )  # fmt: skip


def _hours(span: timedelta) -> float:
    return round(span / timedelta(hours=1), 6)


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


_HEADINGS = ("#", "variable", "statistic", "units", "window", "lead", "level", "threshold", "member", "min", "max", "missing", "grid", "notes")
_RIGHT = {"#", "window", "lead", "threshold", "member", "min", "max", "missing"}


def render(rows: Iterable[FieldRow]) -> str:
    """An aligned table in plain text; below it every correction and suspicion once, numbered as in the last column."""
    notes: dict[str, int] = {}
    table = [_HEADINGS]
    for index, each in enumerate(rows, start=1):
        marks = [f"[{notes.setdefault(text, len(notes) + 1)}]" for text in _notes(each)]
        table.append((
            str(index), each.variable, each.statistic, each.units, _span(each.window_h), _span(each.lead_h), each.level,
            _shown(each.threshold, f" {each.threshold_units}".rstrip()), _shown(each.member), _shown(each.min), _shown(each.max),
            f"{each.missing_share:.1%}", each.grid, " ".join(marks),
        ))  # fmt: skip
    widths = [max(len(line[column]) for line in table) for column in range(len(_HEADINGS))]
    lines = ["  ".join(_cell(cell, heading, width) for cell, heading, width in zip(line, _HEADINGS, widths, strict=True)).rstrip()
             for line in table]  # fmt: skip
    lines += [f"[{number}] {text}" for text, number in notes.items()]
    return "\n".join(lines) + "\n"


def _notes(row: FieldRow) -> list[str]:
    return [*(f"corrected: {text}" for text in row.corrections), *(f"suspicious: {text}" for text in row.suspicions)]


def _cell(cell: str, heading: str, width: int) -> str:
    return cell.rjust(width) if heading in _RIGHT else cell.ljust(width)


def _shown(value: float | None, unit: str = "") -> str:
    return "-" if value is None else f"{value:g}{unit}"


def _span(hours: float | None) -> str:
    if hours is not None and 0 < abs(hours) < 1:
        return f"{hours * 60:.3g} min"
    return _shown(hours, " h")
