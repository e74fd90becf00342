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
    """Of each source those of its last three hours, oldest first. Asked every second: it walks an index and reads no old row."""
    async with database.begin() as connection:
        rows = (await connection.execute(text(_NEWEST), {"each": EACH})).all()
    newest = {source: max(row.fetched_at for row in rows if row.source == source) for source in {row.source for row in rows}}
    return [
        Kept(id=row.id, source=row.source, path=Path(row.path))
        for row in sorted(rows, key=lambda row: (row.fetched_at, str(row.id))) if row.fetched_at >= newest[row.source] - BACK]


_NEWEST = """
WITH RECURSIVE known AS (
  (SELECT source FROM payload WHERE state = 'watched' ORDER BY source LIMIT 1)
  UNION ALL
  SELECT (SELECT source FROM payload WHERE state = 'watched' AND source > known.source ORDER BY source LIMIT 1) FROM known
  WHERE known.source IS NOT NULL
)
SELECT p.* FROM known CROSS JOIN LATERAL (SELECT id, source, path, fetched_at FROM payload
  WHERE state = 'watched' AND source = known.source ORDER BY fetched_at DESC LIMIT :each) p
"""
