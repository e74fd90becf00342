"""Signed documents in the ledger, and those that still wait for their signature."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.clock import Clock
from warning.errors import CapError
from warning.signature import Signed, SigningKey, sign
from warning.store.database import Database

_NOTICE = "signing"


async def keep_signature(
    connection: AsyncConnection, identifier: str, signature: Signed | None, fault: str, *, at: datetime
) -> None:
    """In the caller's transaction: the signed document, or why there is none, which is an operator notice too."""
    if signature is None and not fault:
        return
    await connection.execute(text(
        "INSERT INTO alert_signature (identifier, document, fingerprint, fault) VALUES (:i, :d, :p, :f) ON CONFLICT (identifier) "
        "DO UPDATE SET document = excluded.document, fingerprint = excluded.fingerprint, fault = excluded.fault, at = clock_timestamp()"),
        {"i": identifier, "d": None if signature is None else signature.document.decode(),
         "p": "" if signature is None else signature.fingerprint, "f": fault})
    if fault:
        await connection.execute(text(
            "INSERT INTO notice (key, text, next_step, at) VALUES (:k, :t, :s, :at) ON CONFLICT (key) DO UPDATE "
            "SET text = excluded.text, at = excluded.at, cleared_at = NULL"),
            {"k": _NOTICE, "t": f"{identifier} is not signed, so partners' programs wait for it; people's channels do not: {fault}",
             "s": "put a valid key under signing: keys and restart; what waits is then signed and sent by itself", "at": at})


async def signed_document(database: Database, identifier: str) -> tuple[str | None, str]:
    """(document, fault): the signed document, or why it has none; (None, "") when nothing was to be signed."""
    async with database.begin() as connection:
        row = (await connection.execute(
            text("SELECT document, fault FROM alert_signature WHERE identifier = :i"), {"i": identifier})).one_or_none()
    return (None, "") if row is None else (row.document, row.fault)


class Signing:
    """Signs what could not be signed when it was issued; safe to call as often as one likes, from several processes."""

    def __init__(self, database: Database, keys: Sequence[SigningKey], *, clock: Clock) -> None:
        self._db = database
        self._keys = keys
        self._clock = clock

    async def catch_up(self) -> int:
        """Returns how many were signed now; the notice goes when nothing waits any more."""
        if not self._keys:
            return 0
        done = 0
        async with self._db.begin() as connection:
            waiting = (await connection.execute(text(
                "SELECT a.identifier, a.cap_xml FROM alert_signature s JOIN alert a ON a.identifier = s.identifier "
                "WHERE s.document IS NULL AND a.expires > :now ORDER BY a.sent FOR UPDATE OF s SKIP LOCKED"), {"now": self._clock.now()})).all()
            for row in waiting:
                try:
                    signature = sign(row.cap_xml.encode(), self._keys, at=self._clock.now())
                except CapError:
                    return done
                await keep_signature(connection, row.identifier, signature, "", at=self._clock.now())
                # What was refused for want of a signature goes out now; the sweep finds it.
                await connection.execute(text(
                    "UPDATE delivery SET state = 'queued', attempts = 0, reason = '', next_try_at = NULL, ended_at = NULL "
                    "WHERE identifier = :i AND reason = 'unsigned' AND state IN ('queued', 'failed')"), {"i": row.identifier})
                done += 1
            if done:
                await connection.execute(text("UPDATE notice SET cleared_at = :now WHERE key = :k"), {"now": self._clock.now(), "k": _NOTICE})
        return done
