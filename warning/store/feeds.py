"""The feeds' ledger: how each stands against its promise, and the operators' notice of one that fell silent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from feeds.payload import Arrears
from warning.store.database import Database
from warning.store.notice import clear, tell
from warning.watch.promise import FeedState, Promise, Standing, owing, sentence


class FeedStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, *, promises: Sequence[Promise]) -> None:
        self._db = database
        self._promises = tuple(promises)

    async def began(self, source: str, *, now: datetime) -> None:
        """A watch begins. Beginning again changes nothing."""
        async with self._db.begin() as connection:
            await connection.execute(text(
                "INSERT INTO feed_watch (source, since) VALUES (:s, :now) ON CONFLICT (source) DO NOTHING"), {"s": source, "now": now})

    async def failed(self, source: str, why: str, *, now: datetime) -> None:
        """What went wrong is kept until the feed brings something again."""
        async with self._db.begin() as connection:
            await connection.execute(text(
                "UPDATE feed_watch SET fault = :why, fault_at = :now WHERE source = :s"), {"s": source, "why": why[:1000], "now": now})

    async def owes(self, source: str, arrears: Arrears, *, now: datetime) -> None:
        """A notice of what was announced to a feed and could not be had, taken back when all of it is here."""
        async with self._db.begin() as connection:
            if arrears == Arrears():
                await clear(connection, [f"owed {source}"], at=now)
            else:
                words, next_step = owing(source, arrears)
                await tell(connection, f"owed {source}", words=words, next_step=next_step, at=now)

    async def standings(self, *, now: datetime) -> list[Standing]:
        """Every feed of the settings, in their order."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(
                "SELECT s.source, w.since, p.fed_at, p.data_at, CASE WHEN p.fed_at IS NULL OR w.fault_at > p.fed_at THEN w.fault ELSE '' END "
                "AS fault FROM unnest(CAST(:sources AS text[])) s (source) LEFT JOIN feed_watch w ON w.source = s.source CROSS JOIN LATERAL ("
                "SELECT (SELECT fetched_at FROM payload WHERE source = s.source AND state = 'watched' ORDER BY fetched_at DESC LIMIT 1) AS fed_at, "
                "(SELECT run_time FROM payload WHERE source = s.source AND state = 'watched' AND run_time IS NOT NULL "
                "ORDER BY run_time DESC LIMIT 1) AS data_at) p"),
                {"sources": [promise.source for promise in self._promises]})).all()
        found = {row.source: row for row in rows}
        return [
            Standing(promise=promise, now=now, since=row.since, fed_at=row.fed_at, data_at=row.data_at, fault=row.fault or "")
            for promise in self._promises if (row := found[promise.source]) is not None
        ]

    async def hear(self, *, now: datetime) -> None:
        """Raise a notice of each feed that is silent, take back that of each that is heard again. Asking twice changes nothing."""
        for standing in await self.standings(now=now):
            key = {"k": f"silent {standing.promise.source}", "now": now}
            async with self._db.begin() as connection:
                if standing.state is FeedState.SILENT:
                    said, next_step = sentence(standing)
                    await connection.execute(text(
                        "INSERT INTO notice (key, text, next_step, at) VALUES (:k, :t, :n, :now) ON CONFLICT (key) DO UPDATE SET "
                        "text = excluded.text, next_step = excluded.next_step, cleared_at = NULL, "
                        "at = CASE WHEN notice.cleared_at IS NULL THEN notice.at ELSE excluded.at END"), key | {"t": said, "n": next_step})
                else:
                    await connection.execute(text("UPDATE notice SET cleared_at = :now WHERE key = :k AND cleared_at IS NULL"), key)
