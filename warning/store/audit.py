"""The audit trail: who did what to which thing, when; written in the transaction of the act itself."""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def note(
    connection: AsyncConnection, *, who: str, act: str, what: str, at: datetime, detail: Mapping[str, object] | None = None
) -> None:
    """Append one act. ``detail`` holds no address, token or place of a person."""
    await connection.execute(
        text("INSERT INTO audit (at, who, act, object, detail) VALUES (:at, :who, :act, :what, CAST(:detail AS jsonb))"),
        {"at": at, "who": who, "act": act, "what": what, "detail": json.dumps(detail or {}, ensure_ascii=False)})
