"""What CMPP, SMGP and SGIP have in common: numbers, Beijing time, fixed fields, and texts in ASCII, UCS-2 or GBK.

Source: the operators' interface specifications (CMPP 2.0/3.0, SMGP 3.0.3, SGIP 1.2). All integers are big-endian, strings stand at the left
of their field with zeros behind.
"""

import re
from datetime import datetime, timedelta, timezone

from channels.wire.dialect import PduError
from channels.wire.sms_text import MAX_PARTS, UCS2, SmsText, split_header
from channels.wire.sms_text import misfits as sms_misfits

BEIJING = timezone(timedelta(hours=8))
ASCII = 0
BINARY = 4
GBK = 15
FLASH = 0x10
"""Added to the coding: message class 0 of TS 23.038 §4, as the gateways hand it on to the network."""

MOBILE = re.compile(r"\+?861\d{10}", re.ASCII)
"""A mobile number of mainland China in E.164. Any other must not pass: without its country code it would be somebody else's."""

_SINGLE = {ASCII: 159, UCS2: 140, GBK: 140}  # "< 160" octets of ASCII, "≤ 140" of the others
_HEADER = 6
_ASCII = frozenset(map(chr, range(128)))


def national(digits: str) -> str:
    return digits.removeprefix("86")


def international(number: str) -> str:
    """A mobile number as gateways write it, in E.164 digits."""
    number = number.removeprefix("+")
    return f"86{number}" if len(number) == 11 and number.startswith("1") else number


def stamp(at: datetime) -> str:
    """MMDDHHMMSS of Beijing, as logins and sequences carry it."""
    return at.astimezone(BEIJING).strftime("%m%d%H%M%S")


def valid_until(expires: datetime) -> str:
    """Absolute time ``YYMMDDhhmmsstnnp``: local time, and 32 quarters of an hour ahead of UTC."""
    return expires.astimezone(BEIJING).strftime("%y%m%d%H%M%S") + "032+"


def field(text: str, size: int) -> bytes:
    """``text`` in ``size`` octets. Raises ValueError when it is longer."""
    octets = text.encode("ascii")
    if len(octets) > size:
        raise ValueError(f"{len(octets)} octets do not fit into a field of {size}")
    return octets.ljust(size, b"\0")


def read_field(data: bytes, at: int, size: int) -> str:
    """The text in a field. Raises PduError when the data end before it."""
    if len(data) < at + size:
        raise PduError("a field is cut short")
    return data[at:at + size].rstrip(b"\0 ").decode("latin-1")


def cut(text: str, *, gbk: bool) -> SmsText:
    """The text in the fewest parts: ASCII where that is enough, otherwise GBK if asked for and able, or UCS-2.

    A character is never cut in two. Raises ValueError when more than 255 parts are needed.
    """
    coding, charset = UCS2, "utf-16-be"
    if text.isascii():
        coding, charset = ASCII, "ascii"
    elif gbk and _encodable(text):
        coding, charset = GBK, "gbk"
    whole = text.encode(charset, "replace")
    room = _SINGLE[coding]
    if len(whole) <= room:
        return SmsText(data_coding=coding, pieces=(whole,))
    pieces: list[bytes] = []
    piece = b""
    for character in text:
        octets = character.encode(charset, "replace")
        if len(piece) + len(octets) > room - _HEADER:
            pieces.append(piece)
            piece = b""
        piece += octets
    pieces.append(piece)
    if len(pieces) > MAX_PARTS:
        raise ValueError(f"the text needs {len(pieces)} SMS parts and {MAX_PARTS} is the most there can be: shorten it")
    return SmsText(data_coding=coding, pieces=tuple(pieces))


def misfits(text: str) -> str:
    """The few characters of a text that are not ASCII, if they are few."""
    return sms_misfits(text, alphabet=_ASCII)


def text_of(coding: int, octets: bytes, *, header: bool) -> tuple[str, int, int, int]:
    """``(text, ref, total, seq)`` of a received part; what cannot be read becomes U+FFFD, since a reply must never be lost for its alphabet."""
    ref, total, seq = 0, 1, 1
    if header:
        part = split_header(octets)
        octets, ref, total, seq = part.octets, part.ref, part.total, part.seq
    charset = {UCS2: "utf-16-be", GBK: "gb18030", BINARY: "latin-1"}.get(coding & 0x0F, "ascii")
    return octets.decode(charset, "replace"), ref, total, seq


def _encodable(text: str) -> bool:
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True
