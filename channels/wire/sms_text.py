"""Text of a short message: choose the alphabet, cut it into parts, and read parts back.

Sources: 3GPP TS 23.038 §6.2.1 (the 7-bit alphabet and its extension table), TS 23.040 §9.2.3.24.1 (concatenation, 8-bit reference),
SMPP 3.4 §5.2.19 (data_coding). Over SMPP the 7-bit alphabet travels one septet an octet, unpacked.
"""

from collections.abc import Set
from dataclasses import dataclass

DEFAULT_ALPHABET = 0
UCS2 = 8
_LATIN1 = 3
_ASCII = 1

_SINGLE = {DEFAULT_ALPHABET: 160, UCS2: 140}  # octets in an only part
_MULTI = {DEFAULT_ALPHABET: 153, UCS2: 134}  # octets beside the 6 octets of the concatenation header
MAX_PARTS = 255
UCS2_SINGLE_CHARS = 70
UCS2_PART_CHARS = 67

# Index = septet; 0x1B (escape) has no character of its own.
_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65}
_ESCAPE = 0x1B

_TO_GSM: dict[str, bytes] = {c: bytes((i,)) for i, c in enumerate(_BASIC) if i != _ESCAPE} | {
    c: bytes((_ESCAPE, i)) for c, i in _EXTENDED.items()
}
_FROM_EXTENDED = {i: c for c, i in _EXTENDED.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsText:
    """A text cut to size: ``pieces`` are octets without header, the same for everyone who gets the text."""

    data_coding: int
    pieces: tuple[bytes, ...]

    @property
    def concatenated(self) -> bool:
        return len(self.pieces) > 1

    def parts(self, *, ref: int) -> list[bytes]:
        """The pieces as they travel; ``ref`` (its low 8 bits) marks those that belong together."""
        if not self.concatenated:
            return list(self.pieces)
        head = bytes((5, 0, 3, ref & 0xFF, len(self.pieces)))
        return [head + bytes((i,)) + piece for i, piece in enumerate(self.pieces, 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One received part: its place in a concatenated message (ref 0, total 1 and seq 1 when it stands alone) and its octets."""

    ref: int
    total: int
    seq: int
    octets: bytes


def encode(text: str) -> SmsText:
    """Encode ``text`` in the fewest parts.

    The 7-bit alphabet is taken when every character is in it, UCS-2 otherwise (characters outside the BMP travel as surrogate pairs,
    as handsets expect). A pair, or an escape with its character, is never cut in two. Raises ValueError when more than 255 parts are needed.
    """
    if _TO_GSM.keys() >= set(text):
        coding = DEFAULT_ALPHABET
        whole = b"".join([_TO_GSM[c] for c in text])
        last_of_split = _ends_in_escape
    else:
        coding = UCS2
        whole = text.encode("utf-16-be", "replace")
        last_of_split = _ends_in_high_surrogate
    if len(whole) <= _SINGLE[coding]:
        return SmsText(data_coding=coding, pieces=(whole,))
    pieces: list[bytes] = []
    at, room = 0, _MULTI[coding]
    while at < len(whole):
        end = min(at + room, len(whole))
        if end < len(whole):
            end -= last_of_split(whole[at:end])
        pieces.append(whole[at:end])
        at = end
    if len(pieces) > MAX_PARTS:
        raise ValueError(f"the text needs {len(pieces)} SMS parts and {MAX_PARTS} is the most there can be: shorten it")
    return SmsText(data_coding=coding, pieces=tuple(pieces))


def misfits(text: str, *, alphabet: Set[str] = _TO_GSM.keys()) -> str:
    """The few characters for which a text that is otherwise in the small alphabet travels in the large one; empty when they are many or none."""
    found = [c for c in text if c not in alphabet]
    return "".join(dict.fromkeys(found)) if len(found) <= len(text) // 10 else ""


def _ends_in_escape(piece: bytes) -> int:
    """How many octets at the end belong to what follows; 0x1B is only ever an escape here."""
    return 1 if piece[-1] == _ESCAPE else 0


def _ends_in_high_surrogate(piece: bytes) -> int:
    return 2 if 0xD8 <= piece[-2] <= 0xDB else 0


def decode(data_coding: int, octets: bytes) -> str:
    """Read octets (without header) back; what cannot be read becomes U+FFFD, since a reply must never be lost for its alphabet."""
    if data_coding & 0xE0 == 0:  # general data coding, perhaps with a message class (TS 23.038 §4)
        data_coding &= 0x0F
    if data_coding == UCS2:
        return octets.decode("utf-16-be", "replace")
    if data_coding == _LATIN1:
        return octets.decode("latin-1")
    if data_coding == _ASCII:
        return octets.decode("ascii", "replace")
    out: list[str] = []
    escaped = False
    for septet in octets:
        if escaped:
            out.append(_FROM_EXTENDED.get(septet, "\ufffd"))
            escaped = False
        elif septet == _ESCAPE:
            escaped = True
        else:
            out.append(_BASIC[septet] if septet < len(_BASIC) else "\ufffd")
    return "".join(out)


def split_header(octets: bytes) -> Part:
    """Take the user data header off ``octets`` (esm_class has 0x40); 8-bit and 16-bit references are understood, other elements skipped."""
    end = octets[0] + 1 if octets else 0
    if not octets or end > len(octets):
        return Part(ref=0, total=1, seq=1, octets=octets)
    at = 1
    while at + 2 <= end:
        element, length = octets[at], octets[at + 1]
        value = octets[at + 2:min(at + 2 + length, end)]
        if element == 0x00 and len(value) == 3:
            return Part(ref=value[0], total=value[1], seq=value[2], octets=octets[end:])
        if element == 0x08 and len(value) == 4:
            return Part(ref=value[0] << 8 | value[1], total=value[2], seq=value[3], octets=octets[end:])
        at += 2 + length
    return Part(ref=0, total=1, seq=1, octets=octets[end:])
