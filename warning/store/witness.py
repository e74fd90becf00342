"""The witness: a known word under the deployment's secret, so that a process with another secret is told at its start and not in the middle of a warning."""

from typing import Final

from sqlalchemy import text

from warning.errors import ConfigError
from warning.store.database import Database
from warning.trust.address import Addresses

_WORD: Final = "xiaoxishu"
_OTHER = (
    "this process holds another secret than the one its database was begun with, so it could read no address and sign no link that the others know. Give every "
    "machine the same XIAOXISHU_SECRET, or copy <data>/secret of the first; while a secret is being changed name the other in other_secrets. "
    "If it is lost for ever: xiaoxishu secret renounce")


class Witness:
    """One row a database, written by whoever opens it first."""

    def __init__(self, database: Database, addresses: Addresses) -> None:
        self._db = database
        self._addresses = addresses

    async def examine(self) -> None:
        """Raises ConfigError, which names the mend, if what was sealed before does not open."""
        async with self._db.begin() as connection:
            kept = await connection.scalar(text("SELECT sealed FROM secret_witness"))
            if kept is None:  # a database from before, or an empty one
                kept = await connection.scalar(text(_ANY))
        try:
            if kept is not None:
                self._addresses.open(kept)
        except ConfigError:
            raise ConfigError(_OTHER) from None
        async with self._db.begin() as connection:
            await connection.execute(text(f"{_PUT} ON CONFLICT DO NOTHING"), {"sealed": self._addresses.seal(_WORD)})

    async def renew(self) -> None:
        """From now on the present secret is the one that counts: everything was sealed anew, or what lies under another is given up."""
        async with self._db.begin() as connection:
            await connection.execute(text(f"{_PUT} ON CONFLICT (single) DO UPDATE SET sealed = excluded.sealed"), {"sealed": self._addresses.seal(_WORD)})


_ANY: Final = "SELECT address FROM subscription WHERE kind IN ('resident', 'duty') AND address LIKE 's1.%' LIMIT 1"
_PUT: Final = "INSERT INTO secret_witness (single, sealed) VALUES (true, :sealed)"
