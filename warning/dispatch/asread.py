"""As read: the text of an alert exactly as each channel will carry it, with its length, before anybody signs it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from channels.wire.sms_text import DEFAULT_ALPHABET, encode
from warning.dispatch.compose import compose
from warning.dispatch.letter import parsed
from warning.errors import Invalid

LANGUAGES = ("zh-CN", "en-US")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way out: its name in this deployment, its kind, and how many characters one message may have (None: as many as it takes)."""

    channel: str
    kind: str
    room: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AsRead:
    """``units`` are what the channel counts: characters, on SMS those of ``alphabet`` (7-bit septets or UTF-16 units), in ``segments``.

    ``shortened``: something was left out to make it fit. ``fault``: it cannot be said there at all, and why.
    """

    channel: str
    kind: str
    language: str
    subject: str = ""
    text: str = ""
    units: int = 0
    room: int | None = None
    alphabet: Literal["", "GSM-7", "UCS-2"] = ""
    segments: int = 0
    shortened: bool = False
    fault: str = ""


def as_read(cap_xml: str, ways: Sequence[Way]) -> list[AsRead]:
    """One for each way and language. An office's link to answer comes after its text and is its own."""
    return [_one(cap_xml, way, language) for way in ways for language in LANGUAGES]


def _one(cap_xml: str, way: Way, language: str) -> AsRead:
    try:
        made = compose(parsed(cap_xml), channel=way.kind, language=language, max_chars=way.room)
    except Invalid as error:
        return AsRead(channel=way.channel, kind=way.kind, language=language, room=way.room, fault=str(error))
    alphabet: Literal["", "GSM-7", "UCS-2"] = ""
    units, segments = len(made.text), 0
    if way.kind == "sms":
        sent = encode(made.text)
        septets = sent.data_coding == DEFAULT_ALPHABET
        alphabet, segments = "GSM-7" if septets else "UCS-2", len(sent.pieces)
        units = sum(map(len, sent.pieces)) // (1 if septets else 2)
    return AsRead(
        channel=way.channel, kind=way.kind, language=language, subject=made.subject, text=made.text, units=units, room=way.room,
        alphabet=alphabet, segments=segments, shortened=made.shortened)
