"""Stood in: whoever covers for an office takes its place, and gives it back, at the moment at which a pause begins or ends; open calls go along."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def stood_in(connection: AsyncConnection, numbers: Collection[int]) -> None:
    """Open calls of these subscriptions, and of all for whom they stand in, are renewed: what begins now brings its cover into them, what ends now brings it back."""
    await connection.execute(text(_STOOD_IN), {"ids": sorted(set(numbers))})


async def turned(connection: AsyncConnection, *, at: datetime) -> None:
    """Pauses that have begun or ended by their own date count in open calls as if somebody had said so this moment; each turn once, by one process."""
    numbers = (await connection.execute(text(_TURNED), {"at": at})).scalars().all()
    if numbers:
        await stood_in(connection, numbers)


_STOOD_IN: Final = """
WITH RECURSIVE roots AS (
  SELECT unnest(CAST(:ids AS bigint[])) AS id
  UNION SELECT s.id FROM roots r JOIN subscription s ON s.escalates_to = r.id AND s.active AND s.kind = 'office'
)
INSERT INTO office_edition (subscription_id, number, readdressed) SELECT id, 1, false FROM roots ORDER BY id
ON CONFLICT (subscription_id) DO UPDATE SET number = office_edition.number + 1
"""
_TURNED: Final = """
UPDATE office_pause SET counted_at = :at
WHERE counted_at < starts_at AND starts_at <= :at OR counted_at < ends_at AND ends_at <= :at RETURNING subscription_id
"""
