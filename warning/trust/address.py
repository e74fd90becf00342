"""Address: what reaches a resident (number, mailbox, browser) and what signs to an office is encrypted at rest, and can still be looked up."""

import base64
from collections.abc import Iterable, Sequence
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from warning.errors import ConfigError

PREFIX = "s1."
"""How a sealed word begins; no number, mailbox or JSON document does."""


class Addresses:
    """AES-256-SIV (RFC 5297), the key drawn from the deployment's secret by HKDF.

    The same address gives the same sealed word: its first 16 bytes are a keyed hash of it, so uniqueness, STOP and "one address is one
    person" work on sealed words, and whoever reads the database without the secret learns only which rows are the same.

    ``others``: secrets under which rows may still lie, or will; they open, and only ``secret`` seals. Nothing sealed is ever empty.
    """

    purpose: ClassVar[str] = "residents' addresses"
    what: ClassVar[str] = "a resident's address"

    def __init__(self, secret: str, *, others: Sequence[str] = ()) -> None:
        self._keys = [
            AESSIV(HKDF(algorithm=SHA256(), length=64, salt=None, info=f"xiaoxishu {self.purpose}".encode()).derive(one.encode()))
            for one in (secret, *others)]

    @property
    def changing(self) -> bool:
        """Rows may lie under more than one secret."""
        return len(self._keys) > 1

    def seal(self, plain: str) -> str:
        return _sealed(self._keys[0], plain) if plain else ""

    def forms(self, plain: str) -> list[str]:
        """Every word under which a row may hold it: sealed with each secret, and open as rows from before are."""
        return [*(_sealed(key, plain) for key in self._keys), plain]

    def open(self, kept: str) -> str:
        """What was sealed; a word that lies open (a row from before) is given back as it is. Raises ConfigError."""
        if not kept.startswith(PREFIX):
            return kept
        for key in self._keys:
            try:
                return key.decrypt(base64.urlsafe_b64decode(kept[len(PREFIX):]), None).decode()
            except (InvalidTag, ValueError):
                continue
        raise ConfigError(
            f"{self.what} does not open: XIAOXISHU_SECRET is another than when it was written, or the row was altered; give every machine "
            "the same, and name the one before it in other_secrets")

    def open_all(self, kept: Iterable[str]) -> list[str]:
        """A batch in order: about 5 µs each."""
        return [self.open(one) for one in kept]

    def renewed(self, kept: str) -> str:
        """The same word sealed with ``secret``, whatever it lies under."""
        return self.seal(self.open(kept))


class WebhookSecrets(Addresses):
    """What offices and we sign webhooks with, by the same means under a key of its own."""

    purpose = "webhook secrets"
    what = "a webhook's secret"


def _sealed(key: AESSIV, plain: str) -> str:
    return PREFIX + base64.urlsafe_b64encode(key.encrypt(plain.encode(), None)).decode()
