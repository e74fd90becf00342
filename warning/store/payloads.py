"""The payloads that the map is drawn from: the newest of each source."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from warning.store.database import Database

BACK = timedelta(hours=3)
EACH = 8
"""So many files of one source at most; a source may deliver its fields, gauges and tracks apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    id: UUID
    source: str
    path: Path


async def newest_payloads(database: Database) -> list[Kept]:
    """Of each source those of its last three hours, oldest first."""
    async with database.begin() as connection:
        rows = await connection.execute(text(
            "SELECT id, source, path FROM (SELECT id, source, path, fetched_at, row_number() OVER w AS n, max(fetched_at) OVER "
            "(PARTITION BY source) AS newest FROM payload WHERE state = 'watched' WINDOW w AS (PARTITION BY source ORDER BY fetched_at DESC)) p "
            "WHERE n <= :each AND fetched_at >= newest - CAST(:back AS interval) ORDER BY fetched_at, id"), {"each": EACH, "back": BACK})
        return [Kept(id=row.id, source=row.source, path=Path(row.path)) for row in rows]
