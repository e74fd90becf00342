"""National alert identifiers: ``<14-digit sender code>_<YYYYMMDDhhmmss>``, 29 characters (the national platform's rule, GB/T 35965.1).

The time in it is the *entry* time in Beijing time and may differ from ``sent``, in real messages by minutes. So when two alerts of
one sender are entered in the same second, the later one takes the next free second: nothing is lost, and no counter is needed. Some senders add
``_N`` (0-9) instead, 31 characters: those are read, and never made here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from warning.errors import Conflict, Invalid

BEIJING = timezone(timedelta(hours=8), "UTC+08:00")
"""China keeps one time without summer time (none since 1991), so a fixed offset is right and needs no zone file."""

_FORM = re.compile(r"([0-9]{14})_([0-9]{14})(?:_([0-9]))?")
_SENDER = re.compile(r"[0-9]{14}")
_FURTHEST = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NationalIdentifier:
    """The parts. ``entered`` is aware UTC; ``serial`` is the ``_N`` of the 31-character form."""

    sender_code: str
    entered: datetime
    serial: int | None = None

    def __str__(self) -> str:
        tail = "" if self.serial is None else f"_{self.serial}"
        return f"{self.sender_code}_{self.entered.astimezone(BEIJING):%Y%m%d%H%M%S}{tail}"


def parse(identifier: str) -> NationalIdentifier:
    """Take a national identifier of 29 or 31 characters apart. Raises Invalid that names the fault."""
    match = _FORM.fullmatch(identifier)
    if match is None:
        raise Invalid(f"identifier {identifier!r} is not <14-digit sender>_<YYYYMMDDhhmmss>, with or without _N")
    try:
        entered = datetime.strptime(match[2], "%Y%m%d%H%M%S").replace(tzinfo=BEIJING)
    except ValueError as error:
        raise Invalid(f"identifier {identifier!r}: {match[2]} is no date and time") from error
    return NationalIdentifier(sender_code=match[1], entered=entered.astimezone(UTC), serial=int(match[3]) if match[3] else None)


def is_national(identifier: str) -> bool:
    """Whether ``parse`` would take it; a partner's identifier often is not national, and that is no fault."""
    try:
        parse(identifier)
    except Invalid:
        return False
    return True


def sender_code(area: str, *, organisation: str = "416", unit: str = "000", extension: str = "00") -> str:
    """14 digits: GB/T 2260 area (6), GB/T 4657 organisation (3; 416 = CMA, 332 = water), inner unit (3), extension (2).

    ``sender_code("310000")`` is ``31000041600000``, Shanghai's observatory. Raises Invalid when a part is not its digits long.
    """
    for name, part, digits in (("area", area, 6), ("organisation", organisation, 3), ("unit", unit, 3), ("extension", extension, 2)):
        if not re.fullmatch(rf"[0-9]{{{digits}}}", part):
            raise Invalid(f"sender code: {name} {part!r} is not {digits} digits")
    return area + organisation + unit + extension


def next_identifier(sender: str, at: datetime, taken: Callable[[str], bool]) -> str:
    """The identifier of an alert entered ``at`` (aware), moved on to the first second that is free.

    ``taken`` says whether an identifier is in use; ask it inside the transaction that will store the alert, and keep the column unique: of two
    transactions at once one then fails and asks again. Raises Invalid for a bad sender code, Conflict when an hour has no free second.
    """
    if not _SENDER.fullmatch(sender):
        raise Invalid(f"sender code {sender!r} is not 14 digits; see sender_code()")
    if at.utcoffset() is None:
        raise Invalid(f"entry time {at.isoformat()} has no offset; give aware UTC")
    second = at.astimezone(UTC).replace(microsecond=0)
    last = second + _FURTHEST
    while second < last:
        identifier = str(NationalIdentifier(sender_code=sender, entered=second))
        if not taken(identifier):
            return identifier
        second += timedelta(seconds=1)
    raise Conflict(f"sender {sender} has used every second of the hour after {at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S} Beijing time")
