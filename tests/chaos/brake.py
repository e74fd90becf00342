"""Brake: stops a process in the middle of a transaction, at a statement of our choice, by a trigger that waits for our lock."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

import psycopg

from tests.corridor.conftest import until

_LOCK = 4_711


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A moment of an alert's life: the statement ``act`` on ``table`` for a row that fits ``when`` (OLD and NEW, as in a trigger)."""

    name: str
    act: str
    table: str
    when: str = "true"

    def __str__(self) -> str:
        return self.name


class Brake:
    """Holds the lock while it is on. Whoever is killed at it leaves a connection that ends as soon as it is off."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> Self:
        self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        await self._connection.execute(
            "CREATE OR REPLACE FUNCTION chaos_brake() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"PERFORM pg_advisory_xact_lock_shared({_LOCK}); RETURN coalesce(NEW, OLD); END $$")
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._connection.close()

    async def on(self, step: Step) -> None:
        """From now on whoever comes to the step stands still there."""
        await self._connection.execute(f"SELECT pg_advisory_lock({_LOCK})")
        await self._connection.execute(
            f"CREATE TRIGGER chaos_brake BEFORE {step.act} ON {step.table} FOR EACH ROW WHEN ({step.when}) EXECUTE FUNCTION chaos_brake()")

    async def reached(self, *, within_s: float = 120.0) -> None:
        """Until somebody stands at the step."""
        await until(self._stands, within_s=within_s)

    async def off(self, step: Step) -> None:
        """Everybody goes on; who was killed meanwhile is seen to be gone."""
        await self._connection.execute(f"SELECT pg_advisory_unlock({_LOCK})")
        await self._connection.execute(f"DROP TRIGGER chaos_brake ON {step.table}")

    async def cut(self) -> None:
        """Every other connection to this database is cut."""
        await self._connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")

    async def _stands(self) -> bool:
        row = await (await self._connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database WHERE datname = current_database() "
            "AND locktype = 'advisory' AND objid = %s AND NOT granted", (_LOCK,))).fetchone()
        return bool(row and row[0])
