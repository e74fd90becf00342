"""Scan: where the messages of a GRIB file lie, and what in it is no whole message."""

import mmap
import re
from dataclasses import dataclass, field
from pathlib import Path

_PADDING = re.compile(rb"[\0\s\x01\x03]*")
_BULLETIN_HEADER = 128  # bytes of telecommunication heading (WMO-No. 386) that may stand between messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """``messages`` whole GRIB messages; ``fault`` a message that begins and is not whole; ``strays`` bytes that are no message.

    ``places``: where each message begins and how many bytes it has; ``several``: one of them holds more than one field.
    """

    messages: int
    fault: str = ""
    strays: tuple[str, ...] = ()
    places: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    several: bool = field(default=False, compare=False)


def scan(path: Path) -> Scan:
    """Walk from message to message by the length each declares (section 0: octets 5-7 in edition 1, 9-16 in edition 2).

    A library that looks for the next "GRIB" passes over a damaged stretch without a word; this does not.
    """
    if not path.stat().st_size:
        return Scan(messages=0)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _walk(data)


def _walk(data: mmap.mmap) -> Scan:
    """Pages that hold only packed values are never touched."""
    messages, strays, at, places, several = 0, list[str](), 0, list[tuple[int, int]](), False
    while (start := data.find(b"GRIB", at)) >= 0:
        if start - at > _BULLETIN_HEADER and not _PADDING.fullmatch(data, at, start):
            strays.append(f"bytes {at} to {start} are no GRIB message")
        length = _length(data, start)
        end = start + length if length else 0
        if length and end > len(data):
            short = f"message {messages + 1} at byte {start} should have {length} bytes and has {len(data) - start}"
            return Scan(messages=messages, fault=short, strays=tuple(strays))
        if not length or data[end - 4 : end] != b"7777":
            endless = f"message {messages + 1} at byte {start} does not end with 7777 where it should"
            return Scan(messages=messages, fault=endless, strays=tuple(strays))
        messages, at, several = messages + 1, end, several or _several(data, start, end)
        places.append((start, length))
    if at < len(data) and not _PADDING.fullmatch(data, at):
        if b"GRIB".startswith(data[at:].lstrip(b"\0\r\n ")):
            return Scan(messages=messages, fault=f"message {messages + 1} at byte {at} is only begun", strays=tuple(strays))
        strays.append(f"the last {len(data) - at} bytes, from byte {at}, are no GRIB message")
    return Scan(messages=messages, strays=tuple(strays), places=tuple(places), several=several)


def header(message: bytes) -> bytes:
    """A message of one field of edition 2 without its packed values (section 7 is empty); of edition 1 as it is."""
    if message[7] != 2:
        return message
    at = 16
    while message[at + 4] != 7:
        at += int.from_bytes(message[at : at + 4], "big")
    return message[:8] + (at + 9).to_bytes(8, "big") + message[16:at] + b"\0\0\0\5\x077777"


def _several(data: mmap.mmap, start: int, end: int) -> bool:
    """Whether sections follow the first section 7 of a message of edition 2, which are further fields; True where they cannot be walked."""
    if data[start + 7] != 2:
        return False
    at = start + 16
    while at + 5 <= end - 4:
        number, at = data[at + 4], at + max(int.from_bytes(data[at : at + 4], "big"), 5)
        if number == 7:
            return at != end - 4
    return True


def _length(data: mmap.mmap, start: int) -> int:
    """Declared length of the message at ``start``, or 0 when the head is cut off or of an unknown edition."""
    head = data[start : start + 16]
    if len(head) < 16:
        return 0
    if head[7] == 2:
        return int.from_bytes(head[8:16], "big")
    if head[7] != 1:
        return 0
    length = int.from_bytes(head[4:7], "big")
    return _long_edition_1(data, start, length) if length & 0x800000 else length


def _long_edition_1(data: mmap.mmap, start: int, length: int) -> int:
    """Length of an edition 1 message whose declared length has its highest bit set.

    Over 16 MiB ECMWF's extension counts blocks of 120 bytes, and a section 4 "shorter" than 120 tells what to take off;
    where section 4 has its true length, so has the message (8 to 16 MiB).
    """
    section = start + 8
    for present in (True, bool(data[start + 15] & 0x80), bool(data[start + 15] & 0x40)):
        if present:
            section += int.from_bytes(data[section : section + 3], "big")
    short = int.from_bytes(data[section : section + 3], "big")
    return (length & 0x7FFFFF) * 120 - short + 4 if short < 120 else length
