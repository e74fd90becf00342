"""Short frames of a satellite or BeiDou terminal on a serial line or a TCP port: one ASCII line each, with a checksum and an answer.

    $XSSM,<number>,<terminal>,<text in GBK, hexadecimal>*<CRC>\\r\\n      send (to the terminal)
    $XSAK,<number>,<code>*<CRC>\\r\\n                                     its answer

``number`` is four hexadecimal digits and comes back in the answer; CRC is CRC-16/CCITT-FALSE (polynomial 1021, start FFFF) over everything between
``$`` and ``*``. Real terminals speak frames of their makers; a small program beside the terminal turns these into those.
"""

import binascii
from dataclasses import dataclass
from typing import Final

TAKEN, BUSY, BAD_TERMINAL, NO_SIGNAL, TOO_LONG, DAMAGED = 0, 1, 2, 3, 4, 5
MAX_LINE: Final = 4096
MISSING: Final = "〓"
"""What stands for a character that GBK does not have; the mark that Chinese printers use for a missing type."""


class BadFrame(ValueError):
    """The line is no frame, or was damaged on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    number: int
    terminal: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    number: int
    code: int


def gbk(text: str) -> tuple[bytes, int]:
    """The text in GBK, and how many characters it does not have."""
    missing = 0
    out = bytearray()
    for character in text:
        try:
            out += character.encode("gbk")
        except UnicodeEncodeError:
            missing += 1
            out += MISSING.encode("gbk")
    return bytes(out), missing


def ask(number: int, terminal: str, content: bytes) -> bytes:
    return _framed(f"XSSM,{number:04X},{terminal},{content.hex().upper()}")


def ack(number: int, code: int) -> bytes:
    return _framed(f"XSAK,{number:04X},{code}")


def read(line: bytes) -> Ask | Ack:
    """A frame without its line end; raises BadFrame."""
    body, star, crc = line.strip().removeprefix(b"$").partition(b"*")
    if not line.startswith(b"$") or not star or crc.upper() != _crc(body):
        raise BadFrame("the checksum does not fit")
    try:
        match body.decode("ascii").split(","):
            case ["XSSM", number, terminal, content]:
                return Ask(number=int(number, 16), terminal=terminal, text=bytes.fromhex(content).decode("gbk"))
            case ["XSAK", number, code]:
                return Ack(number=int(number, 16), code=int(code))
    except ValueError as wrong:
        raise BadFrame("a part of the frame cannot be read") from wrong
    raise BadFrame("a frame of another kind")


def _framed(body: str) -> bytes:
    data = body.encode("ascii")
    return b"$" + data + b"*" + _crc(data) + b"\r\n"


def _crc(data: bytes) -> bytes:
    return b"%04X" % binascii.crc_hqx(data, 0xFFFF)
