"""Inventory: one row for every field, kind of measurement and track of a file, for people and for machines."""

import dataclasses
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from feeds.errors import FeedError
from feeds.format import read
from feeds.override import NONE, Overrides
from feeds.table import NO_TABLES, Tables
from feeds.tally import StationRow, TrackRow, counted, track_row
from geo.field import GridField
from geo.observation import Observation
from geo.quality import checked
from geo.track import Track


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


Row = FieldRow | StationRow | TrackRow


def as_json(row: Row) -> dict[str, object]:
    """The row with plain JSON values (NaN has become None already)."""
    return dataclasses.asdict(row)


def rows(path: Path, *, overrides: Overrides = NONE, source: str = "file", tables: Tables = NO_TABLES) -> Iterator[Row]:
    """One row per field and track in file order, then one per kind of measurement; FeedError after the last says what was not read.

    Measurements are checked as the desk checks them, but by this file alone.
    """
    measured: list[Observation] = []
    try:
        for reading in read(path, source=source, overrides=overrides, tables=tables):
            match reading:
                case GridField():
                    yield row(reading)
                case Track():
                    yield track_row(reading)
                case Observation():
                    measured.append(reading)
    except FeedError:
        yield from counted(checked(measured))
        raise
    yield from counted(checked(measured))


def inventory(path: Path, *, overrides: Overrides = NONE, source: str = "file", tables: Tables = NO_TABLES) -> list[Row]:
    """All rows; raises FeedError when anything of the file could not be read (use :func:`rows` to keep the others)."""
    return list(rows(path, overrides=overrides, source=source, tables=tables))


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
_STATIONS = ("variable", "statistic", "units", "window", "stations", "values", "from", "to", "min", "max", "flagged", "notes")
_TRACKS = ("cyclone", "number", "centre", "observed", "forecast", "last observed", "at", "max wind", "min pressure", "until", "notes")
_RIGHT = {"#", "window", "lead", "threshold", "member", "min", "max", "missing", "stations", "values", "flagged", "observed", "forecast",
          "max wind", "min pressure"}  # fmt: skip


def render(rows: Iterable[Row]) -> str:
    """Aligned tables in plain text, one a kind; below them every correction and suspicion once, numbered as in the last column."""
    notes: dict[str, int] = {}
    fields, stations, tracks = [_HEADINGS], [_STATIONS], [_TRACKS]
    for each in rows:
        marks = " ".join(f"[{notes.setdefault(text, len(notes) + 1)}]" for text in _notes(each))
        match each:
            case FieldRow():
                fields.append((
                    str(len(fields)), each.variable, each.statistic, each.units, _span(each.window_h), _span(each.lead_h), each.level,
                    _shown(each.threshold, f" {each.threshold_units}".rstrip()), _shown(each.member), _shown(each.min), _shown(each.max),
                    f"{each.missing_share:.1%}", each.grid, marks,
                ))  # fmt: skip
            case StationRow():
                stations.append((
                    each.variable, each.statistic, each.units, _span(each.window_h), str(each.stations), str(each.values), _minute(each.first_time),
                    _minute(each.last_time), _shown(each.min), _shown(each.max), f"{each.flagged_share:.1%}", marks,
                ))  # fmt: skip
            case TrackRow():
                tracks.append((
                    each.name, each.number, each.centre, str(each.observed), str(each.forecast), _minute(each.last_observed),
                    f"{each.last_lat:g}N {each.last_lon:g}E", _shown(each.max_wind_ms, " m/s"), _shown(each.min_pressure_hpa, " hPa"),
                    _minute(each.until), marks,
                ))  # fmt: skip
    tables = [table for table in (fields, tracks, stations) if len(table) > 1] or [fields]
    lines = [line for table in tables for line in (*_aligned(table), "")][:-1]
    lines += [f"[{number}] {text}" for text, number in notes.items()]
    return "\n".join(lines) + "\n"


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(_columns(line[column]) for line in table) for column in range(len(table[0]))]
    return ["  ".join(_cell(cell, heading, width) for cell, heading, width in zip(line, table[0], widths, strict=True)).rstrip() for line in table]


def _notes(row: Row) -> list[str]:
    return [*(f"corrected: {text}" for text in row.corrections), *(f"suspicious: {text}" for text in row.suspicions)]


def _cell(cell: str, heading: str, width: int) -> str:
    space = " " * (width - _columns(cell))
    return space + cell if heading in _RIGHT else cell + space


def _columns(text: str) -> int:
    """How wide a terminal draws it: Chinese characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _minute(moment: str) -> str:
    """An ISO time without what every row shares: seconds and offset."""
    return moment[:16].replace("T", " ")


def _shown(value: float | None, unit: str = "") -> str:
    return "-" if value is None else f"{value:g}{unit}"


def _span(hours: float | None) -> str:
    if hours is not None and 0 < abs(hours) < 1:
        return f"{hours * 60:.3g} min"
    return _shown(hours, " h")
