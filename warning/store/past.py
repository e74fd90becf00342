"""Past and present warnings by time and place, and what happened to them in order: what programs ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import text

from warning.store.board import ALERT, AlertView, alert_of_row
from warning.store.database import Database

Act = Literal["new", "updated", "ended"]
Mark = tuple[datetime, str]
"""When a warning was sent, and its identifier: its place in an order that nothing which happens later changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """``at`` by the engine's clock; ``reason`` of an end: lifted or expired."""

    act: Act
    at: datetime
    reason: str
    alert: AlertView


async def valid(
    database: Database, *, begin: datetime | None, end: datetime | None, status: str, hazard: str | None = None, level: int | None = None,
    codes: Sequence[str] | None = None, limit: int, after: Mark | None = None,
) -> list[AlertView]:
    """Versions that were valid at some time of the closed interval, newest first. A version is valid from its onset (not before it was sent)
    until it expires or the next one is sent. ``codes``: that name any of them, or have a polygon of their own; ``after``: that come after this one."""
    async with database.begin() as connection:
        rows = await connection.execute(text(_VALID), {
            "begin": begin, "end": end, "status": status, "hazard": hazard, "level": level, "codes": None if codes is None else list(codes),
            "limit": limit, "after": after[0] if after else None, "beyond": after[1] if after else ""})
        return [alert_of_row(row) for row in rows]


async def happened(database: Database, *, since: datetime, now: datetime, status: str, limit: int) -> list[Happening]:
    """What was issued, updated, lifted or ran out from ``since`` to ``now``, in order; as many as ``limit`` or more: there may be others."""
    async with database.begin() as connection:
        issued = [alert_of_row(row) for row in await connection.execute(
            text(f"{ALERT} WHERE a.status = :status AND a.sent >= :since AND a.sent <= :now ORDER BY a.sent, a.identifier LIMIT :limit"),
            {"status": status, "since": since, "now": now, "limit": limit})]
        over = [alert_of_row(row) for row in await connection.execute(
            text(f"{ALERT} WHERE a.status = :status AND n.identifier = a.identifier AND a.msg_type <> 'Cancel' AND a.expires >= :since "
                 "AND a.expires <= :now ORDER BY a.expires, a.identifier LIMIT :limit"),
            {"status": status, "since": since, "now": now, "limit": limit})]
    acts: dict[str, Act] = {"Alert": "new", "Update": "updated", "Cancel": "ended"}
    found = [Happening(act=acts[one.msg_type], at=one.sent, reason="lifted" if one.msg_type == "Cancel" else "", alert=one) for one in issued]
    found += [Happening(act="ended", at=one.expires, reason="expired", alert=one) for one in over]
    return sorted(found, key=lambda one: (one.at, one.alert.identifier, one.act))


_VALID = f"""
{ALERT} LEFT JOIN alert x ON x.event_id = a.event_id AND x.version = a.version + 1
WHERE a.status = :status AND a.msg_type <> 'Cancel'
  AND (CAST(:end AS timestamptz) IS NULL OR greatest(a.onset, a.sent) <= :end)
  AND (CAST(:begin AS timestamptz) IS NULL OR (a.expires >= :begin AND (x.sent IS NULL OR x.sent > :begin)))
  AND (CAST(:hazard AS text) IS NULL OR a.hazard = :hazard) AND (CAST(:level AS int) IS NULL OR a.level = :level)
  AND (CAST(:codes AS text[]) IS NULL OR a.polygon IS NOT NULL OR a.zones && CAST(:codes AS text[]))
  AND (CAST(:after AS timestamptz) IS NULL OR a.sent < :after OR (a.sent = :after AND a.identifier > :beyond))
ORDER BY a.sent DESC, a.identifier LIMIT :limit
"""
