"""Notices about gateways: raised and taken back by the workers that use them."""

from datetime import datetime

from sqlalchemy import text

from warning.store.database import Database

_RAISED = """
INSERT INTO notice (key, text, next_step, at) VALUES (:k, :t, :n, :at)
ON CONFLICT (key) DO UPDATE SET text = excluded.text, next_step = excluded.next_step, cleared_at = NULL,
  at = CASE WHEN notice.cleared_at IS NULL THEN notice.at ELSE excluded.at END
"""


class TroubleStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def raised(self, target: str, *, note: str, next_step: str, at: datetime) -> None:
        async with self._db.begin() as connection:
            await connection.execute(text(_RAISED), {"k": f"gateway {target}", "t": f"{target}: {note}", "n": next_step, "at": at})

    async def over(self, target: str, *, at: datetime) -> None:
        async with self._db.begin() as connection:
            await connection.execute(text(
                "UPDATE notice SET cleared_at = :at WHERE key = :k AND cleared_at IS NULL"), {"k": f"gateway {target}", "at": at})
