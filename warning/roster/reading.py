"""Reading: a roster's file → posts, shifts and places, or a report of everything that is wrong; never half of it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TypeVar

from geo.zone import ZoneSet
from warning.account import Account, covers
from warning.dispatch.kind import kind_of
from warning.roster.address import BadAddress, address, phone
from warning.roster.area import encloses
from warning.roster.column import TABLES, column_of, title_of
from warning.roster.fault import Fault
from warning.roster.place import Place
from warning.roster.post import Contact, Kind, Person, Post, Shift
from warning.roster.sheet import Sheet, Unreadable, read_sheets

BEIJING = timezone(timedelta(hours=8))
T = TypeVar("T")
PostKey = tuple[str, str]
"""Zone and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a file is held against: this deployment, and whoever brings it. ``hazards``: key by every name that people use."""

    zones: ZoneSet
    channels: Mapping[str, str]
    hazards: Mapping[str, str]
    allow_private: bool
    account: Account | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """``posts`` as the file has them; ``shifts`` of posts that stand in it or in the roster already; ``faults`` of both weights."""

    posts: tuple[Post, ...]
    shifts: Mapping[PostKey, tuple[Shift, ...]]
    places: tuple[Place, ...]
    faults: tuple[Fault, ...]
    rows: int = 0

    @property
    def grave(self) -> tuple[Fault, ...]:
        return tuple(fault for fault in self.faults if fault.grave)


@dataclass
class _Book:
    """What is gathered row by row."""

    ground: Ground
    faults: list[Fault] = field(default_factory=list)
    posts: dict[PostKey, Post] = field(default_factory=dict)
    people: dict[PostKey, list[tuple[int, Person]]] = field(default_factory=dict)
    shifts: dict[PostKey, list[tuple["_Row", Shift]]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    numbers: dict[tuple[str, str], str] = field(default_factory=dict)
    rows: int = 0


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a table; every fault knows where it is."""

    book: _Book
    sheet: str
    number: int
    cells: Mapping[str, str]

    def cell(self, key: str) -> str:
        return self.cells.get(key, "")

    def fault(self, column: str, key: str, value: str = "", *, grave: bool = True) -> None:
        self.book.faults.append(Fault(
            sheet=self.sheet, row=self.number, column=title_of(column) if column else "", key=key, value=value[:60], grave=grave))

    def needed(self, key: str) -> str:
        found = self.cell(key)
        if not found:
            self.fault(key, "missing")
        return found

    def parsed(self, key: str, fault: str, parse: Callable[[str], T]) -> T | None:
        words = self.cell(key)
        if not words:
            return None
        try:
            return parse(words)
        except ValueError:
            self.fault(key, fault, words)
            return None


def read_roster(files: Iterable[tuple[str, bytes]], ground: Ground, *, known: Sequence[Post] = ()) -> Reading:
    """``known``: the roster as it stands, for files that bring shifts alone."""
    book = _Book(ground=ground)
    for name, data in files:
        try:
            sheets = read_sheets(name, data)
        except Unreadable as error:
            book.faults.append(Fault(sheet=name, row=0, column="", key="unreadable", value=str(error)))
            continue
        for sheet in sheets:
            _sheet(book, sheet)
        if not any(sheet.rows for sheet in sheets):
            book.faults.append(Fault(sheet=name, row=0, column="", key="empty"))
    posts = [replace(post, people=tuple(person for _, person in sorted(book.people[key], key=lambda pair: pair[0]))) for key, post in book.posts.items()]
    shifts = _fitting_shifts(book, [*known, *posts])
    posts = [replace(post, shifts=shifts.get((post.zone, post.name), ())) for post in posts]
    return Reading(posts=tuple(posts), shifts=shifts, places=tuple(book.places.values()), faults=tuple(book.faults), rows=book.rows)


def _sheet(book: _Book, sheet: Sheet) -> None:
    keys = [column_of(word, book.ground.channels) if word else "note" for word in sheet.header]
    table = next((name for name, (must, _) in TABLES.items() if must <= set(keys)), None)
    if table is None:
        book.faults.append(Fault(sheet=sheet.name, row=1, column="", key="no_header"))
        return
    must, may = TABLES[table]
    for word, key in zip(sheet.header, keys, strict=True):
        if key is None or key not in must | may and not (table == "people" and key.startswith("@")):
            book.faults.append(Fault(sheet=sheet.name, row=1, column=word, key="unknown_column"))
        elif key != "note" and keys.count(key) > 1:
            book.faults.append(Fault(sheet=sheet.name, row=1, column=word, key="column_twice"))
    take = {"people": _person, "shifts": _shift, "places": _place}[table]
    for number, cells in sheet.rows:
        book.rows += 1
        take(_Row(book, sheet.name, number, {key: cell for key, cell in zip(keys, cells, strict=False) if key is not None and cell}))


def _person(row: _Row) -> None:
    book = row.book
    zone, name, who = _zone(row), row.needed("post"), row.needed("name")
    kind = row.parsed("kind", "kind", _kind) or Kind.RESPONSIBLE
    hazards = _hazards(row)
    order = row.parsed("order", "order", _order)
    expires = row.parsed("expires", "date", date.fromisoformat)
    contacts = tuple(replace(one, expires=expires) for one in _contacts(row))
    if not zone or not name or not who:
        return
    key = (zone, name)
    post = Post(zone=zone, place=row.cell("place") or _place_name(book, zone), name=name, kind=kind, hazards=hazards, above=row.cell("above"))
    first = book.posts.setdefault(key, post)
    for column, mine, its in (("kind", post.kind.zh, first.kind.zh), ("above", post.above, first.above)):
        if mine != its and row.cell(column):
            row.fault(column, "differs", mine)
    people = book.people.setdefault(key, [])
    if any(person.name == who for _, person in people):
        row.fault("name", "twice", who)
        return
    if not contacts:
        row.fault("", "no_contact", who, grave=False)
    for contact in contacts:
        if (other := book.numbers.setdefault((contact.channel, contact.address), who)) != who:
            row.fault(f"@{contact.channel}", "shared", other, grave=False)
    people.append((order if order is not None else len(people) + 1, Person(name=who, title=row.cell("title"), contacts=contacts)))


def _contacts(row: _Row) -> list[Contact]:
    """The columns of channels, in their order in the file; a telephone number stands for every SMS and voice channel that has no cell of its own."""
    ground = row.book.ground
    found: list[Contact] = []
    for key, cell in row.cells.items():
        if key.startswith("@"):
            try:
                found.append(Contact(channel=key[1:], address=address(kind_of(key[1:], ground.channels), cell, allow_private=ground.allow_private)))
            except BadAddress as error:
                row.fault(key, str(error), cell)
    if row.cell("phone"):
        try:
            number = phone(row.cell("phone"))
        except BadAddress as error:
            row.fault("phone", str(error), row.cell("phone"))
            return found
        telephones = [name for kind in ("sms", "voice") for name in ground.channels if kind_of(name, ground.channels) == kind]
        if not telephones:
            row.fault("phone", "no_channel")
        found += [Contact(channel=name, address=number) for name in telephones if not row.cell(f"@{name}")]
    return found


def _shift(row: _Row) -> None:
    zone, name, who = _zone(row), row.needed("post"), row.needed("name")
    row.needed("from")
    row.needed("to")
    start, end = row.parsed("from", "time", _moment), row.parsed("to", "time", _moment)
    if start is None or end is None or not zone or not name or not who:
        return
    if end <= start:
        row.fault("to", "backwards")
        return
    row.book.shifts.setdefault((zone, name), []).append((row, Shift(person=who, start=start, end=end, instead_of=row.cell("instead_of"))))


def _fitting_shifts(book: _Book, posts: Sequence[Post]) -> dict[PostKey, tuple[Shift, ...]]:
    names = {(post.zone, post.name): {person.name for person in post.people} for post in posts}
    for key, shifts in book.shifts.items():
        for row, shift in shifts:
            if key not in names:
                row.fault("post", "no_post")
                continue
            for column, who in (("name", shift.person), ("instead_of", shift.instead_of)):
                if who and who not in names[key]:
                    row.fault(column, "stranger", who)
    return {key: tuple(shift for _, shift in shifts) for key, shifts in book.shifts.items()}


def _place(row: _Row) -> None:
    zone = _zone(row)
    lat, lon = row.parsed("lat", "number", float), row.parsed("lon", "number", float)
    on = row.parsed("rule_on", "date", date.fromisoformat)
    if zone:
        row.book.places[zone] = Place(
            zone=zone, name=row.cell("place") or _place_name(row.book, zone), rule=row.cell("rule"), rule_on=on, lat=lat, lon=lon)


def _zone(row: _Row) -> str:
    """A code of 6, 9 or 12 digits that lies in this deployment and in the area of whoever imports; "" when it is none."""
    code, ground = row.needed("zone"), row.book.ground
    if not code:
        return ""
    if not (code.isascii() and code.isdigit() and len(code) in (6, 9, 12)):
        row.fault("zone", "zone", code)
        return ""
    if not any(encloses(one.code, code) or encloses(code, one.code) for one in ground.zones):
        row.fault("zone", "elsewhere", code)
    elif ground.account is not None and not covers(ground.account, [code]):
        row.fault("zone", "not_yours", code)
    return code


def _place_name(book: _Book, zone: str) -> str:
    known = book.ground.zones.by_code.get(zone)
    return known.name_zh if known else zone


def _kind(words: str) -> Kind:
    found = next((kind for kind in Kind if words.lower() in (kind.value, kind.zh, kind.en)), None)
    if found is None:
        raise ValueError(words)
    return found


def _hazards(row: _Row) -> tuple[str, ...]:
    words = [word.strip() for word in row.cell("hazards").replace("、", ",").replace("，", ",").replace(";", ",").split(",") if word.strip()]
    names: Mapping[str, str] = row.book.ground.hazards
    for word in words:
        if word.lower() not in names:
            row.fault("hazards", "hazard", word)
    return tuple(sorted({names[word.lower()] for word in words if word.lower() in names}))


def _order(words: str) -> int:
    number = int(words)
    if not 1 <= number <= 999:
        raise ValueError(words)
    return number


def _moment(words: str) -> datetime:
    """Beijing time, as people write shifts; without an hour the day begins."""
    found = datetime.fromisoformat(words.replace("/", "-"))
    return (found if found.tzinfo is not None else found.replace(tzinfo=BEIJING)).astimezone(UTC)


def hazard_names(keys: Collection[tuple[str, str, str]]) -> dict[str, str]:
    """From (key, Chinese, English) of every hazard: the key by each of the three, as people write it."""
    return {word.lower(): key for key, zh, en in keys for word in (key, zh, en)}
