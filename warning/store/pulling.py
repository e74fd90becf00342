"""Pulling: what became of the messages of open calls is read from the ledger; where nobody can have been reached, the next step is due now."""

from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.answer.call import OPEN
from warning.answer.pull import HELD_UP, Way, pulled
from warning.answer.timetable import DUTY_ROOM


async def pull(connection: AsyncConnection, *, at: datetime) -> None:
    """Each failure counts once, is kept with its reason, and brings its call's next step forward; who has the call locked does it himself or the next tick."""
    failed = (await connection.execute(text(_FAILED), {"open": list(OPEN), "room": DUTY_ROOM, "held_up": list(HELD_UP)})).all()
    if not failed:
        return
    await connection.execute(text(_NOTED), {"at": at, "ids": [row.id for row in failed], "whys": [row.why for row in failed]})
    rows = (await connection.execute(text(_WAYS), {"ids": list({row.call_id for row in failed})})).all()
    dues: dict[UUID, datetime] = {}
    others: list[UUID] = []
    for call, ways in groupby(rows, key=lambda row: row.call_id):
        here = [Way(id=row.id, rank=row.rank, state=row.state, due_at=row.due_at, failed=row.failed_at is not None) for row in ways]
        moved = pulled(here, at=at)
        dues |= moved
        if moved and min(one.rank for one in here if one.id in moved) > max(one.rank for one in here if one.state != "planned"):
            others.append(call)
    await connection.execute(text(_MOVED), {"ids": list(dues), "dues": list(dues.values())})
    await connection.execute(text("UPDATE duty_call SET deadline = least(deadline, :at) WHERE id = ANY(CAST(:ids AS uuid[]))"), {"at": at, "ids": others})


# A message that a newer version has taken the place of speaks by that one.
_FAILED: Final = """
SELECT a.id, a.call_id, CASE WHEN a.state = 'no_way' THEN 'no_way' ELSE coalesce(nullif(n.reason, ''), n.state) END AS why
FROM duty_call c JOIN call_attempt a ON a.call_id = c.id AND a.failed_at IS NULL AND a.name <> :room LEFT JOIN delivery d ON d.id = a.delivery_id
LEFT JOIN LATERAL (
  SELECT x.state, x.reason FROM delivery x WHERE x.id = d.id AND d.state <> 'superseded' OR d.state = 'superseded' AND x.event_id = d.event_id
    AND x.subscription_id = d.subscription_id AND x.channel = d.channel ORDER BY x.version DESC LIMIT 1) n ON true
WHERE c.state = ANY(:open) AND (a.state = 'no_way' OR a.state = 'called' AND (n.state IN ('failed', 'expired') OR n.state = 'queued' AND n.reason = ANY(:held_up)))
ORDER BY c.id, a.id FOR UPDATE OF a, c SKIP LOCKED
"""

_NOTED: Final = """
UPDATE call_attempt a SET failed_at = :at, why = u.why FROM unnest(CAST(:ids AS uuid[]), CAST(:whys AS text[])) AS u(id, why) WHERE a.id = u.id
"""

_WAYS: Final = "SELECT id, call_id, rank, state, due_at, failed_at FROM call_attempt WHERE call_id = ANY(CAST(:ids AS uuid[])) ORDER BY call_id"

_MOVED: Final = """
UPDATE call_attempt a SET due_at = u.due FROM unnest(CAST(:ids AS uuid[]), CAST(:dues AS timestamptz[])) AS u(id, due) WHERE a.id = u.id
"""
