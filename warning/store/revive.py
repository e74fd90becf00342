"""Revive: a stronger warning that runs out tells nobody; whom it has kept from a weaker one that goes on is told that one then (cf. release)."""

from datetime import datetime
from typing import Final

from sqlalchemy import text

from warning.dispatch.delivery import State
from warning.dispatch.mass.muster import WHY_MUTED
from warning.dispatch.mass.sheet import NOTHING, among, places_of, put, reasoned
from warning.level import Level
from warning.store.crowd import later, sheet_of, write
from warning.store.database import Database
from warning.store.jobs import Jobs
from warning.store.mass_queries import OTHERS
from warning.store.release import asleep, told_by

# Starts of the newest version of what is in force, with somebody muted in them. A newer version works its people out anew.
_MUTED: Final = """
SELECT c.*, a.event_id AS event, a.hazard, a.level, a.issuer FROM alert a JOIN crowd c ON c.identifier = a.identifier
WHERE a.expires > :now AND a.msg_type <> 'Cancel' AND c.role = 'start' AND c.tally[7] > 0
  AND NOT EXISTS (SELECT 1 FROM alert n WHERE n.event_id = a.event_id AND n.version > a.version)
ORDER BY c.id FOR UPDATE OF c SKIP LOCKED
"""


class Revival:
    """Asked by a tick of the clock; what is due is read from the ledger each time."""

    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._db = database
        self._jobs = jobs

    async def revive(self, *, now: datetime) -> int:
        """Queue the starts of those over whom nothing as strong stands any more; returns how many people. Who sleeps waits for a later tick."""
        people = 0
        async with self._db.begin() as connection:
            for row in (await connection.execute(text(_MUTED), {"now": now})).all():
                sheet = sheet_of(row)
                kept = among(sheet, State.MUTED) & reasoned(sheet, WHY_MUTED["start"])
                if not kept.any():
                    continue
                others = (await connection.execute(text(OTHERS), {
                    "event": row.event, "hazard": row.hazard, "issuer": row.issuer, "now": now})).all()
                rivals = [other.identifier for other in others if other.level >= row.level]
                for still in (await told_by(connection, sheet.members[kept], row.channel, rivals),
                              await asleep(connection, sheet.members[kept], Level(row.level), now)):
                    inside, _ = places_of(still, sheet.members)
                    kept &= ~inside
                if kept.any():
                    await later(connection, row.id)
                    put(sheet, kept, State.QUEUED, NOTHING)
                    await write(connection, [(row.id, sheet)])
                    await self._jobs.defer_crowds(connection, [row.id], priority=row.priority)
                    people += int(kept.sum())
        return people
