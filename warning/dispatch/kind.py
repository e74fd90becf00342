"""Kind: what a channel is, whatever a deployment calls it. A deployment may have two of a kind, each under its own name."""

from collections.abc import Mapping
from typing import Final

Kinds = Mapping[str, str]
"""The kind of each channel by its name."""

PERSONAL: Final = frozenset({"sms", "webpush", "email"})
"""One message per person; all others tell many at once and go first. Residents register these."""

MACHINES: Final = frozenset({"webhook", "mqtt"})
"""The reader is a program: it gets the facts as JSON and the CAP document."""

TEXT_MESSAGE: Final = frozenset({"sms", "cmpp", "smgp", "sgip"})
"""A text message is one, whoever's protocol carries it: everywhere in the engine its kind is ``sms``."""

SIGNED_ONLY: Final = frozenset({"webhook", "mqtt", "wis2"})
"""Programs of partners: where a deployment signs, they get signed documents or none. People's channels never wait for a signature."""

WITH_LINK: Final = frozenset({"sms", "email", "voice", "chat"})
"""The link to answer stands in the text (a voice call takes its word and has a key pressed instead)."""

WITH_REFUGES: Final = frozenset({"sms", "email"})
"""Shelters and assembly points stand in the text, where there is room; programs get them as a list."""


def kind_of(channel: str, kinds: Kinds) -> str:
    """A channel that the settings do not name is what it is called."""
    kind = kinds.get(channel, channel)
    return "sms" if kind in TEXT_MESSAGE else kind


def ends_apart(kinds: Kinds) -> frozenset[str]:
    """The names of channels on which every event stands by itself: there the end of one is told though another carries it on."""
    return frozenset(name for name in kinds if kind_of(name, kinds) in ("webhook", "page", "spool", "cbc", "cbsp", "national", "wis2"))
