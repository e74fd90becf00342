"""Sealing anew: after the deployment's secret was changed, whatever lies under the one before is brought under the present one."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.store.database import Database
from warning.store.subscribe import seal_secrets
from warning.store.witness import Witness
from warning.trust.address import PREFIX, Addresses, WebhookSecrets
from warning.trust.seal import Seal

PAGE = 5000
"""Residents in one transaction."""
_COLUMNS: Final = (("word", "id", "address"), ("word", "id", "text"), ("registration", "id", "address"))
"""What is forgotten after a day."""


class Reseal:
    """May be stopped and begun again at any moment, while everything runs: the others open both."""

    def __init__(self, database: Database, addresses: Addresses, secrets: WebhookSecrets, factors: Seal) -> None:
        self._db = database
        self._addresses = addresses
        self._secrets = secrets
        self._factors = factors

    async def all(self, told: Callable[[str, int], None]) -> None:
        """Everything that is kept sealed; ``told`` hears of each kind how many there were, of residents after each page."""
        async with self._db.begin() as connection:
            told("webhook secrets", await seal_secrets(connection, self._secrets, every=True))
            told("roster", await reseal_roster(connection, self._addresses))
            told("second factors", await self._credentials(connection))
            told("words and registrations", await self._short_lived(connection))
        after = seen = 0
        while True:
            async with self._db.begin() as connection:
                rows = (await connection.execute(text(_RESIDENTS), {"after": after, "most": PAGE})).all()
                if not rows:
                    break
                anew = {row.id: fresh for row in rows if (fresh := self._addresses.renewed(row.address)) != row.address}
                await connection.execute(text(_PUT), {"ids": list(anew), "sealed": list(anew.values())})
            after, seen = rows[-1].id, seen + len(rows)
            told("residents", seen)
        await Witness(self._db, self._addresses).renew()

    async def _credentials(self, connection: AsyncConnection) -> int:
        rows = (await connection.execute(text("SELECT name, factor FROM credential WHERE factor <> '' FOR UPDATE"))).all()
        for row in rows:
            await connection.execute(text("UPDATE credential SET factor = :f WHERE name = :n"), {"f": self._factors.renewed(row.factor), "n": row.name})
        return len(rows)

    async def _short_lived(self, connection: AsyncConnection) -> int:
        done = 0
        for table, number, column in _COLUMNS:
            rows = (await connection.execute(text(f"SELECT {number} AS id, {column} AS kept FROM {table} FOR UPDATE"))).all()
            for row in rows:
                await connection.execute(text(f"UPDATE {table} SET {column} = :s WHERE {number} = :id"), {"s": self._addresses.renewed(row.kept), "id": row.id})
            done += len(rows)
        return done


async def reseal_roster(connection: AsyncConnection, addresses: Addresses) -> int:
    """Addresses of people on duty, and the keys by which an import knows them again, in the caller's transaction."""
    people = (await connection.execute(text("SELECT id, key FROM roster_person FOR UPDATE"))).all()
    for row in people:
        name, _, address = row.key.rpartition("|")
        if address.startswith(PREFIX):
            await connection.execute(text("UPDATE roster_person SET key = :k WHERE id = :id"), {"k": f"{name}|{addresses.renewed(address)}", "id": row.id})
    rows = (await connection.execute(text("SELECT id, address FROM subscription WHERE kind = 'duty' FOR UPDATE"))).all()
    await connection.execute(text(_PUT), {"ids": [row.id for row in rows], "sealed": [addresses.renewed(row.address) for row in rows]})
    return len(rows)


_RESIDENTS: Final = "SELECT id, address FROM subscription WHERE kind = 'resident' AND id > :after ORDER BY id LIMIT :most FOR UPDATE"
_PUT: Final = "UPDATE subscription s SET address = u.sealed FROM unnest(CAST(:ids AS bigint[]), CAST(:sealed AS text[])) AS u(id, sealed) WHERE s.id = u.id"
