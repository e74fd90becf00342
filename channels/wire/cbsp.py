"""CBSP (3GPP TS 48.049): the messages between a broadcast centre and a GSM base station controller, as far as a warning needs them.

A message is a type, a length of three octets and information elements; most are an identifier and a value of fixed length, lists carry a
length of two octets. Numbers are big-endian.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from channels.wire.pages import PAGE_OCTETS, pages_of

PORT: Final = 48049
WRITE_REPLACE, WRITE_REPLACE_COMPLETE, WRITE_REPLACE_FAILURE = 0x01, 0x02, 0x03
KILL, KILL_COMPLETE, KILL_FAILURE = 0x04, 0x05, 0x06
RESTART, ERROR_INDICATION, KEEP_ALIVE, KEEP_ALIVE_COMPLETE = 0x13, 0x15, 0x16, 0x17

_CONTENT, _OLD_SERIAL, _NEW_SERIAL, _CELLS, _CATEGORY, _PERIOD, _BROADCASTS = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07
_COMPLETED, _FAILURES, _LOADING, _CAUSE, _CODING, _RECOVERY, _IDENTIFIER = 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x0E
_CHANNEL, _PAGES, _BROADCAST_TYPE, _KEEP_ALIVE_PERIOD = 0x12, 0x13, 0x16, 0x18
_FIXED: Final = {_CONTENT: 1 + PAGE_OCTETS, _OLD_SERIAL: 2, _NEW_SERIAL: 2, _CATEGORY: 1, _PERIOD: 2, _BROADCASTS: 2, _CAUSE: 1, _CODING: 1,
                 _RECOVERY: 1, _IDENTIFIER: 2, 0x0F: 1, 0x10: 2, 0x11: 50, _CHANNEL: 1, _PAGES: 1, 0x14: 1, 0x15: 1, _BROADCAST_TYPE: 1, 0x17: 1,
                 _KEEP_ALIVE_PERIOD: 1}
_LISTS: Final = frozenset({_CELLS, _COMPLETED, _FAILURES, _LOADING})
_UCS2: Final = 0x48
"""TS 23.038 §5: general data coding, no compression, no class, UCS-2."""
HIGH_PRIORITY: Final = 0x00
UNKNOWN_REFERENCE: Final = 0x02
"""Nothing with this serial number is broadcast."""
USED_REFERENCE: Final = 0x0D
"""Something with this serial number is broadcast already."""
NO_ROOM: Final = frozenset({0x06, 0x07, 0x08})
"""Capacity of the controller, memory of the cell, memory of the controller."""
CAUSES: Final = {
    0x00: "parameter not recognised", 0x01: "parameter value invalid", 0x02: "message reference not identified", 0x03: "cell identity not valid",
    0x04: "unrecognised message", 0x05: "missing mandatory element", 0x06: "capacity exceeded", 0x07: "cell memory exceeded", 0x08: "memory exceeded",
    0x09: "cell broadcast not supported", 0x0A: "cell broadcast not operational", 0x0B: "incompatible DRX parameter",
    0x0C: "extended channel not supported", 0x0D: "message reference already used", 0x0E: "unspecified error", 0x0F: "location area not valid"}
"""TS 48.049 §8.2.13. osmo-bsc says 0x00 of a cell or an area that it does not have."""


class BadPdu(ValueError):
    """The octets are no CBSP message, or no cells are named as they must be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pdu:
    """A message taken apart: elements by identifier, in order of coming; ``content`` holds the pages."""

    kind: int
    elements: dict[int, bytes]
    content: tuple[bytes, ...] = ()

    def number(self, element: int) -> int | None:
        value = self.elements.get(element)
        return None if value is None else int.from_bytes(value, "big")

    @property
    def identifier(self) -> int | None:
        return self.number(_IDENTIFIER)

    @property
    def new_serial(self) -> int | None:
        return self.number(_NEW_SERIAL)

    @property
    def old_serial(self) -> int | None:
        return self.number(_OLD_SERIAL)

    @property
    def cells(self) -> bytes:
        return self.elements.get(_CELLS, b"")

    @property
    def somewhere(self) -> bool:
        """Whether the controller names cells in which it did what was asked: beside a failure list, it was done in part."""
        return bool(self.elements.get(_CELLS) or self.elements.get(_COMPLETED))

    @property
    def share(self) -> float:
        """The share of the broadcast channel that a WRITE-REPLACE takes."""
        return (self.number(_PAGES) or 1) / max(1, self.number(_PERIOD) or 1)

    @property
    def text(self) -> str:
        """The pages of a WRITE-REPLACE in UCS-2 as one text."""
        return "".join(page[1:1 + page[0]].decode("utf-16-be", "replace") for page in self.content)

    @property
    def causes(self) -> tuple[int, ...]:
        """The causes in a failure list (§8.2.11: discriminator, cell, cause) or of an error indication."""
        if _CAUSE in self.elements:
            return (self.elements[_CAUSE][0],)
        data, found = self.elements.get(_FAILURES, b""), []
        while data:
            size = _CELL_SIZE.get(data[0] & 0x0F, 0)
            found.append(data[1 + size] if len(data) > 1 + size else 0)
            data = data[2 + size:]
        return tuple(found)


_CELL_SIZE: Final = {0: 7, 1: 4, 2: 2, 4: 5, 5: 2, 6: 0}
"""Octets of one cell by discriminator: global id, area and cell, cell, location area with network, location area, all."""


def write_replace(
    *, identifier: int, serial: int, cells: bytes, text: str, period: int, broadcasts: int, replaces: int | None = None
) -> bytes:
    """§8.1.3.1: broadcast a text in UCS-2. ``period`` in units of 1.883 s; ``broadcasts`` 0 = until it is ended; ``replaces``: the serial
    number of what it takes the place of. Raises ValueError past 15 pages."""
    pages = pages_of(text, ucs2=True)
    old = b"" if replaces is None else _two(_OLD_SERIAL, replaces)
    body = (_two(_IDENTIFIER, identifier) + _two(_NEW_SERIAL, serial) + old + _list(_CELLS, cells) + bytes((_CHANNEL, 0, _CATEGORY, HIGH_PRIORITY))
            + _two(_PERIOD, period) + _two(_BROADCASTS, broadcasts) + bytes((_PAGES, len(pages), _CODING, _UCS2)))
    for page in pages:
        octets = page.encode("utf-16-be", "replace")
        body += bytes((_CONTENT, len(octets))) + octets.ljust(PAGE_OCTETS, b"\x00")
    return _framed(WRITE_REPLACE, body)


def kill(*, identifier: int, serial: int, cells: bytes) -> bytes:
    """§8.1.3.4: end what is broadcast under a serial number."""
    return _framed(KILL, _two(_IDENTIFIER, identifier) + _two(_OLD_SERIAL, serial) + _list(_CELLS, cells) + bytes((_CHANNEL, 0)))


def answer(kind: int, *, identifier: int, serial: int, cells: bytes, cause: int | None = None, done: bytes = b"") -> bytes:
    """What a controller says to WRITE-REPLACE (new serial) or KILL (old serial): done in these cells, or failed with a cause but ``done`` in some."""
    serial_element = _NEW_SERIAL if kind in (WRITE_REPLACE_COMPLETE, WRITE_REPLACE_FAILURE) else _OLD_SERIAL
    body = _two(_IDENTIFIER, identifier) + _two(serial_element, serial)
    if cause is not None:
        body += _list(_FAILURES, cells[:1 + _CELL_SIZE.get(cells[0] & 0x0F, 0)] + bytes((cause,)))
        return _framed(kind, body + (_list(_CELLS, done) if done else b""))
    return _framed(kind, body + _list(_CELLS, cells))


def restart() -> bytes:
    """§8.1.3.13, as osmo-bsc greets a centre: all cells, emergency and ordinary broadcasts, nothing kept."""
    return _framed(RESTART, _list(_CELLS, b"\x06") + bytes((_BROADCAST_TYPE, 0, _RECOVERY, 1)))


def keep_alive_complete() -> bytes:
    """§8.1.3.18b."""
    return _framed(KEEP_ALIVE_COMPLETE, b"")


def split(buffer: bytes) -> tuple[list[Pdu], bytes]:
    """The whole messages in a buffer and what is left. Raises BadPdu on an element that is not known: its length cannot be."""
    found = []
    while len(buffer) >= 4:
        end = 4 + int.from_bytes(buffer[1:4], "big")
        if end > 64 * 1024:
            raise BadPdu("a message longer than 64 kB")
        if len(buffer) < end:
            break
        found.append(_parsed(buffer[0], buffer[4:end]))
        buffer = buffer[end:]
    return found, buffer


def cells_of(address: str) -> bytes:
    """The cell list (§8.2.6) that an address names: ``bss:all``, ``lac:4660,4661`` or ``cell:4660.17,4660.18`` (area.cell). Raises BadPdu."""
    kind, _, rest = address.partition(":")
    try:
        if kind == "bss" and rest == "all":
            return b"\x06"
        if kind == "lac":
            return b"\x05" + b"".join(int(lac).to_bytes(2, "big") for lac in _names(rest))
        if kind == "cell":
            pairs = [name.split(".") for name in _names(rest)]
            return b"\x01" + b"".join(int(lac).to_bytes(2, "big") + int(cell).to_bytes(2, "big") for lac, cell in pairs)
    except (ValueError, OverflowError) as wrong:
        raise BadPdu("a cell is no area.cell of two numbers up to 65535") from wrong
    raise BadPdu("the address names no cells; write bss:all, lac:4660 or cell:4660.17,4660.18")


def _names(rest: str) -> Sequence[str]:
    if len(rest) > 2000:
        raise BadPdu("more than 2,000 characters of cells; write the location areas")
    return rest.split(",")


def _parsed(kind: int, body: bytes) -> Pdu:
    elements: dict[int, bytes] = {}
    content = []
    while body:
        element = body[0]
        if element in _LISTS:
            start, length = 3, int.from_bytes(body[1:3], "big")
        elif element in _FIXED:
            start, length = 1, _FIXED[element]
        else:
            raise BadPdu(f"an information element 0x{element:02x} that is not known")
        value = body[start:start + length]
        if len(value) < length:
            raise BadPdu("an information element is cut off")
        if element == _CONTENT:
            content.append(value)
        else:
            elements[element] = value
        body = body[start + length:]
    return Pdu(kind=kind, elements=elements, content=tuple(content))


def _framed(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + len(body).to_bytes(3, "big") + body


def _two(element: int, value: int) -> bytes:
    return bytes((element,)) + value.to_bytes(2, "big")


def _list(element: int, value: bytes) -> bytes:
    return bytes((element,)) + len(value).to_bytes(2, "big") + value
