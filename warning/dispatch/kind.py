"""Kind: what a channel is, whatever a deployment calls it. A deployment may have two of a kind, each under its own name."""

from collections.abc import Mapping
from typing import Final

Kinds = Mapping[str, str]
"""The kind of each channel by its name."""

PERSONAL: Final = frozenset({"sms", "webpush", "email"})
"""One message per person; all others tell many at once and go first. Residents register these."""

MACHINES: Final = frozenset({"webhook", "mqtt"})
"""The reader is a program: it gets the facts as JSON and the CAP document."""

WITH_LINK: Final = frozenset({"sms", "email"})
"""The link to answer stands in the text."""


def kind_of(channel: str, kinds: Kinds) -> str:
    """A channel that the settings do not name is what it is called."""
    return kinds.get(channel, channel)


def personal(kinds: Kinds) -> frozenset[str]:
    """The names of the channels that tell one person at a time."""
    return frozenset(name for name, kind in kinds.items() if kind in PERSONAL)
