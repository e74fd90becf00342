"""Read a CSV or JSON station feed by its mapping."""

import csv
import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from feeds.errors import BadField, FeedError, PartlyRead, SourceUnavailable, Truncated
from feeds.table import Column, Places, Table
from geo.field import Provenance
from geo.observation import Observation, Quality

_Row = Mapping[str, object] | list[object]
_Place = tuple[float, float, float | None]
_TOLD = 5  # faults told one by one; of more, the number


def read(path: Path, *, source: str, table: Table, checksum: str = "") -> Iterator[Observation]:
    """Yield every value that is there, in the columns' units, row by row.

    Raises Truncated for a file that ends within a row; PartlyRead after the last good row tells the rows that were not read,
    by line, or what is wrong with the whole file (a column of the mapping is not there).
    """
    places = _places(table.places.path, table.places) if table.places else None
    provenances = {column.name: _provenance(path, source, checksum, column) for column in table.columns}
    faults: list[str] = []
    try:
        for where, row in _rows(path, table):
            try:
                yield from _observations(row, table, places, provenances)
            except BadField as fault:
                faults.append(f"{where}: {fault}")
    except Truncated as fault:
        told = _told(faults)
        raise Truncated(f"{fault}{'; ' if told else ''}{'; '.join(told)}") from fault
    except BadField as fault:  # of the whole file
        faults.append(str(fault))
    if faults:
        raise PartlyRead(path.name, _told(faults))


def _told(faults: list[str]) -> tuple[str, ...]:
    more = len(faults) - _TOLD
    return (*faults[:_TOLD], f"and {more} more row(s)") if more > 0 else tuple(faults)


def _rows(path: Path, table: Table) -> Iterator[tuple[str, _Row]]:
    """(where it stands, row)."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    return _json_rows(path, text, table) if table.format == "json" else _csv_rows(path, text, table)


def _csv_rows(path: Path, text: str, table: Table) -> Iterator[tuple[str, _Row]]:
    lines = csv.reader(text.splitlines(), delimiter=table.delimiter)
    headings: list[str] = []
    for line in lines:
        number = lines.line_num
        if number < table.heading or not any(cell.strip() for cell in line):
            continue
        if not headings:
            headings = [cell.strip() for cell in line]
            _all_there(path, table, headings)
            continue
        if number <= table.heading + table.after_heading:
            continue
        if len(line) != len(headings):
            if number == text.count("\n") + 1:  # the last line, and no line feed after it
                raise Truncated(f"{path.name}: ends within line {number} ({len(line)} of {len(headings)} columns); fetch it again")
            yield f"line {number}", [f"{len(line)} columns under {len(headings)} headings"]
            continue
        yield f"line {number}", dict(zip(headings, line, strict=True))
    if not headings:
        raise Truncated(f"{path.name}: ends before line {table.heading}, where the headings should stand; fetch it again")


def _all_there(path: Path, table: Table, headings: list[str]) -> None:
    wanted = [table.station, table.time, table.lon, table.lat, table.elevation, *(column.name for column in table.columns),
              *(column.quality for column in table.columns)]  # fmt: skip
    if lacking := [name for name in dict.fromkeys(wanted) if name and name not in headings]:
        raise BadField(f"{path.name}: no column {', '.join(map(repr, lacking))} in line {table.heading} (there is {', '.join(headings[:8])} …); "
                       f"mend `table` in the feed's settings")


def _json_rows(path: Path, text: str, table: Table) -> Iterator[tuple[str, _Row]]:
    try:
        whole: object = json.loads(text)
    except json.JSONDecodeError as fault:
        if fault.pos >= len(text.rstrip()) - 1 or text.rstrip()[-1:] not in ("}", "]"):
            raise Truncated(f"{path.name}: JSON that ends at line {fault.lineno} before it is whole; fetch it again") from fault
        raise BadField(f"{path.name}: is no JSON ({fault.msg}, line {fault.lineno}); look whether it is the server's error message") from fault
    listed = _at(whole, table.rows) if table.rows else whole
    if not isinstance(listed, list):
        raise BadField(f"{path.name}: no list of rows at {table.rows or 'the top'!r}; mend `rows` in the feed's settings")
    for number, row in enumerate(listed, start=1):
        yield f"row {number}", row if isinstance(row, dict) else [f"is no object but {str(row)[:40]!r}"]


def _observations(row: _Row, table: Table, places: Mapping[str, _Place] | None, provenances: Mapping[str, Provenance]) -> Iterator[Observation]:
    if isinstance(row, list):  # what is wrong with it
        raise BadField(str(row[0]))
    station = _word(row, table.station)
    if not station:
        raise BadField(f"names no station (column {table.station!r})")
    place = _place(row, table, station, places)
    at = _time(_word(row, table.time), table)
    for column in table.columns:
        word = _word(row, column.name)
        if word in table.missing:
            continue
        value = _number(word, column.name)
        quality = _word(row, column.quality) if column.quality else ""
        yield Observation(
            station=station, lon=place[0], lat=place[1], elevation=place[2], variable=column.variable, units=column.units, value=value,
            valid_time=at, window=column.window, statistic=column.meant_statistic, quality=_verdict(quality, table),
            flags=(f"provider: {quality}",) if quality and quality not in table.quality.good else (), provenance=provenances[column.name])


def _verdict(word: str, table: Table) -> Quality:
    for words, verdict in ((table.quality.good, Quality.GOOD), (table.quality.suspect, Quality.SUSPECT), (table.quality.bad, Quality.BAD)):
        if word and word in words:
            return verdict
    return Quality.UNCHECKED


def _place(row: Mapping[str, object], table: Table, station: str, places: Mapping[str, _Place] | None) -> _Place:
    if places is not None:
        if station not in places:
            raise BadField(f"station {station} is not in the list of places; add it there")
        return places[station]
    height = _word(row, table.elevation) if table.elevation else ""
    return _on_earth(_number(_word(row, table.lon), table.lon), _number(_word(row, table.lat), table.lat),
                     None if not height or height in table.missing else _number(height, table.elevation))


def _on_earth(lon: float, lat: float, elevation: float | None) -> _Place:
    if not (-180 <= lon <= 360 and -90 <= lat <= 90):
        raise BadField(f"{lon:g}, {lat:g} is no place on Earth; longitude and latitude may have changed places")
    return lon - 360 if lon > 180 else lon, lat, elevation


def _time(word: str, table: Table) -> datetime:
    try:
        if table.time_format in ("epoch_s", "epoch_ms"):
            return datetime.fromtimestamp(float(word) / (1000 if table.time_format == "epoch_ms" else 1), tz=UTC)
        found = datetime.fromisoformat(word) if table.time_format == "iso" else datetime.strptime(word, table.time_format)  # noqa: DTZ007  # its zone is set below
    except (ValueError, OverflowError, OSError) as fault:
        raise BadField(f"{word!r} is no time of the form {table.time_format}; mend `time_format` in the feed's settings") from fault
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(table.time_zone))).astimezone(UTC)


def _number(word: str, column: str) -> float:
    try:
        value = float(word)
    except ValueError as fault:
        raise BadField(f"{word!r} in column {column!r} is no number; add it to `missing` if it stands for none") from fault
    if not math.isfinite(value):
        raise BadField(f"{word!r} in column {column!r} is no measurement; add it to `missing`")
    return value


def _word(row: Mapping[str, object], name: str) -> str:
    found = row[name] if name in row else _at(row, name)
    return "" if found is None else str(found).strip()


def _at(whole: object, dotted: str) -> object:
    """What stands at ``a.b.0``; None when nothing does."""
    for part in dotted.split("."):
        if isinstance(whole, list) and part.isdigit() and int(part) < len(whole):
            whole = whole[int(part)]
        elif isinstance(whole, dict):
            whole = whole.get(part)
        else:
            return None
    return whole


def _provenance(path: Path, source: str, checksum: str, column: Column) -> Provenance:
    original = (("name", column.name), ("units", column.units), *((("method", column.method),) if column.method else ()))
    return Provenance(source=source, path=str(path), checksum=checksum, original=original)


@lru_cache(maxsize=8)
def _places(path: Path, told: Places) -> Mapping[str, _Place]:
    """By station. Read once: a list of stations changes with a restart."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as fault:
        raise SourceUnavailable(f"the list of places {path} cannot be read ({fault.strerror}); name an existing one in `places`") from fault
    found: dict[str, _Place] = {}
    for number, row in enumerate(rows, start=2):
        try:
            found[row[told.station].strip()] = _on_earth(
                float(row[told.lon]), float(row[told.lat]), float(row[told.elevation]) if told.elevation and row[told.elevation] else None)
        except (KeyError, ValueError, AttributeError) as fault:
            raise FeedError(f"the list of places {path}, line {number}: {fault}; it needs {told.station}, {told.lon} and {told.lat}") from fault
    return found
