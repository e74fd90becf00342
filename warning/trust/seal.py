"""Seal: what must be read again and must not lie open in a backup (second factors) is encrypted at rest."""

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from warning.errors import ConfigError


class Seal:
    """AES-128-CBC with HMAC-SHA-256 (Fernet), the key drawn from the deployment's secret by HKDF for one ``purpose``; ``others`` only open."""

    def __init__(self, secret: str, *, purpose: str, others: Sequence[str] = ()) -> None:
        self._fernet = MultiFernet([
            Fernet(base64.urlsafe_b64encode(HKDF(algorithm=SHA256(), length=32, salt=None, info=f"xiaoxishu {purpose}".encode()).derive(one.encode())))
            for one in (secret, *others)])

    def close(self, plain: str) -> str:
        return self._fernet.encrypt(plain.encode()).decode()

    def open(self, sealed: str) -> str:
        """Raises ConfigError when it was sealed with another secret."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise ConfigError(
                "what is kept sealed in the database does not open: XIAOXISHU_SECRET is another than when it was written; "
                "give every machine the same, and name the one before it in other_secrets") from error

    def renewed(self, sealed: str) -> str:
        """The same word sealed with ``secret``, whatever it lies under."""
        return self.close(self.open(sealed))
