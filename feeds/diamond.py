"""Diamond: what all MICAPS text files share, whatever their number: encoding, words, missing values and Beijing time."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from feeds.errors import BadField, Truncated, UnknownFormat

BEIJING = ZoneInfo("Asia/Shanghai")
MISSING = 9999.0
_LONG_AGO = 100  # a year below has two digits and is of this century
# 11100808.072, gfs_2011100808_072_…, 11100808IT_072FH: a start of 8 or 10 digits in Beijing time, and the lead in hours
_START_AND_LEAD = re.compile(r"(?<!\d)(\d{10}|\d{8})(?:IT)?[._](\d{3})(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diamond:
    """One file, cut into words. ``kind`` is the number after ``diamond``, ``title`` the rest of that line, ``words`` what follows."""

    file: str
    kind: int
    title: str
    words: tuple[str, ...]

    def number(self, at: int) -> float:
        """The word at a position as a number. Truncated when the file ends before it, BadField when it is none."""
        if at >= len(self.words):
            raise Truncated(f"{self.file}: ends within the head of diamond {self.kind}; fetch it again")
        return self._numeric(self.words[at])

    def whole(self, at: int) -> int:
        value = self.number(at)
        if value != math.floor(value):
            raise BadField(f"{self.file}: {self.words[at]!r} stands where diamond {self.kind} has a whole number; the head has another layout")
        return int(value)

    def numbers(self, start: int, count: int) -> list[float]:
        """``count`` numbers from ``start``, NaN where missing; fewer when the file ends."""
        return [known(self._numeric(word)) for word in self.words[start : start + count]]

    def time(self, at: int, *, hour: int | None = None) -> datetime:
        """Year, month, day and hour (Beijing time) that stand at ``at``, in UTC. ``hour`` replaces the fourth."""
        year, month, day = (self.whole(at + offset) for offset in range(3))
        hours = self.whole(at + 3) if hour is None else hour
        try:
            midnight = datetime(year + 2000 if year < _LONG_AGO else year, month, day, tzinfo=BEIJING)
        except ValueError as fault:
            raise BadField(f"{self.file}: {' '.join(self.words[at : at + 4])} is no date; the head of diamond {self.kind} has another layout") from fault
        return (midnight + timedelta(hours=hours)).astimezone(UTC)

    def _numeric(self, word: str) -> float:
        if word.strip("*") == "":
            return MISSING  # a number too wide for its column, as Fortran prints it
        try:
            return float(word)
        except ValueError as fault:
            raise BadField(f"{self.file}: {word!r} stands where diamond {self.kind} has a number; the file may be damaged, fetch it again") from fault


def known(value: float) -> float:
    """NaN for 9999, which stands for missing."""
    return math.nan if value == MISSING else value


def optional(value: float) -> float | None:
    """None for missing."""
    return None if math.isnan(value) else value


def open_diamond(path: Path) -> Diamond:
    """Cut a file into words. UTF-8 with or without a mark, else GB 18030 (of which GBK is a part)."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")  # a title cut within a character spoils no number
    first, _, rest = text.lstrip().partition("\n")
    head = first.split(maxsplit=2)
    if len(head) < 2 or head[0].lower() != "diamond" or not head[1].isdigit():
        raise UnknownFormat(f"{path.name}: begins like MICAPS but no number follows 'diamond'; look at its first line")
    return Diamond(file=path.name, kind=int(head[1]), title=head[2].strip() if len(head) > 2 else "", words=tuple(rest.split()))


def grid_time(diamond: Diamond) -> tuple[datetime, timedelta, str]:
    """Run (UTC), lead, and what was put right ("" = nothing) of a head that begins Y M D H lead.

    Two quirks of writers: hour and lead change places (an hour of 24 or more is none), and the head holds the day that the
    forecast is *for*. The second can only be known from the file's name or title, which hold start and lead as well.
    """
    hour, lead = diamond.whole(3), diamond.whole(4)
    told = ""
    if hour >= 24:
        hour, lead = lead, hour
        told = "hour and lead had changed places in the head"
    run, ahead = diamond.time(0, hour=hour), timedelta(hours=lead)
    for witness in (diamond.file, diamond.title):
        start = _start_of(witness, lead)
        if start is not None and lead and start + ahead == run:
            return start, ahead, f"the head holds the time that the forecast is for; the run is that of {witness!r}"
    return run, ahead, told


def _start_of(text: str, lead: int) -> datetime | None:
    """The start (UTC) that a name or title tells beside this very lead."""
    for digits, hours in _START_AND_LEAD.findall(text):
        if int(hours) == lead:
            try:
                return datetime.strptime(digits if len(digits) == 10 else f"20{digits}", "%Y%m%d%H").replace(tzinfo=BEIJING).astimezone(UTC)
            except ValueError:
                continue
    return None
