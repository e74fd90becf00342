"""Notices to the operators, inside the transaction of what they tell."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def tell(connection: AsyncConnection, key: str, *, words: str, next_step: str, at: datetime) -> None:
    """The same key again brings the notice up to date, and back when it was cleared."""
    await connection.execute(text(
        "INSERT INTO notice (key, text, next_step, at) VALUES (:k, :t, :n, :at) ON CONFLICT (key) DO UPDATE "
        "SET text = excluded.text, next_step = excluded.next_step, at = excluded.at, cleared_at = NULL"),
        {"k": key, "t": words, "n": next_step, "at": at})


async def clear(connection: AsyncConnection, keys: Sequence[str], *, at: datetime) -> None:
    """What these told is mended."""
    await connection.execute(text("UPDATE notice SET cleared_at = :at WHERE cleared_at IS NULL AND key = ANY(:keys)"), {"at": at, "keys": list(keys)})
