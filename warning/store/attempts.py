"""Every attempt to reach an office, and its answer: written beside the delivery's own state, in the same transactions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.dispatch.delivery import Step
from warning.dispatch.mass.sheet import storable
from warning.errors import Conflict, NotFound
from warning.office.work import Attempt, AttemptFilter
from warning.store.database import Database
from warning.store.dispatch_queries import UNSURE_REASONS
from warning.store.jobs import Jobs


async def begun(connection: AsyncConnection, delivery_ids: Sequence[int]) -> None:
    """They were claimed to be sent now. What an earlier worker has left without an answer is called lost."""
    if delivery_ids:
        await connection.execute(text(_BEGUN), {"ids": list(delivery_ids)})


async def answered(connection: AsyncConnection, steps: Mapping[int, Step]) -> None:
    """What the channel said; residents and broadcasts have no rows here."""
    await connection.execute(text(_ANSWERED), {
        "ids": list(steps), "states": [step.state.value for step in steps.values()], "reasons": [step.reason for step in steps.values()],
        "evidence": [storable(step.evidence)[:500] for step in steps.values()], "seconds": [step.seconds for step in steps.values()],
        "waits": [step.wait.total_seconds() if step.wait else None for step in steps.values()],
    })


class AttemptStore:
    """What the portal reads, of one owner (None: an admin sees all), and its one act."""

    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._db = database
        self._jobs = jobs

    async def attempts(self, owner: str | None, wanted: AttemptFilter) -> list[Attempt]:
        """Newest first."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(_ATTEMPTS), {
                "owner": owner, "sub": wanted.subscription_id, "channel": wanted.channel, "outcome": wanted.outcome, "before": wanted.before,
                "identifier": wanted.identifier, "limit": wanted.limit})).all()
        return [
            Attempt(
                id=row.id, delivery_id=row.delivery_id, subscription_id=row.subscription_id, name=row.name, channel=row.channel,
                identifier=row.identifier, number=row.number, began_at=row.began_at, seconds=row.seconds, outcome=row.outcome, reason=row.reason,
                http_status=None if row.http is None else int(row.http), evidence=row.evidence, next_try_at=row.next_try_at, state=row.state,
                key=row.key, test=row.test)
            for row in rows
        ]

    async def again(self, delivery_id: int, *, owner: str | None, now: datetime) -> None:
        """Back to the queue under the same key. Raises NotFound, and Conflict where that would tell something that is over or replaced."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(_AGAIN_OF), {"id": delivery_id, "owner": owner})).one_or_none()
            if row is None:
                raise NotFound(f"no delivery {delivery_id} of yours")
            if row.newer:
                raise Conflict("a newer version of this warning has been sent to you: ask for that one again")
            if row.expires <= now and row.role != "end":
                raise Conflict("this warning has expired; nothing is sent any more")
            if row.state not in ("accepted", "delivered", "failed"):
                raise Conflict(f"this delivery is {row.state}: " + (
                    "it is being sent by itself" if row.state in ("queued", "claimed", "unknown") else "nothing is owed of it"))
            batch = (await connection.execute(text(_AGAIN), {"id": delivery_id})).one()
            await self._jobs.defer_send(connection, batch.id, priority=batch.priority)


_BEGUN: Final = """
WITH lost AS (
  UPDATE attempt SET outcome = 'lost' WHERE delivery_id = ANY(CAST(:ids AS bigint[])) AND outcome = ''
)
INSERT INTO attempt (delivery_id, number) SELECT id, attempts FROM delivery WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id
"""
_ANSWERED: Final = """
UPDATE attempt a SET outcome = u.state, reason = u.reason, evidence = u.evidence, seconds = u.seconds,
  next_try_at = clock_timestamp() + make_interval(secs => u.wait)
FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:reasons AS text[]), CAST(:evidence AS text[]), CAST(:seconds AS float[]),
            CAST(:waits AS float[])) AS u(id, state, reason, evidence, seconds, wait)
WHERE a.delivery_id = u.id AND a.outcome = ''
"""
_ATTEMPTS: Final = """
WITH seen AS (
  SELECT a.id, a.delivery_id, d.subscription_id, s.name, s.owner, d.channel, d.identifier, a.number, a.began_at, a.seconds, a.outcome, a.reason,
    a.evidence, a.next_try_at, d.state, d.identifier || '.' || d.id AS key, false AS test
  FROM attempt a JOIN delivery d ON d.id = a.delivery_id JOIN subscription s ON s.id = d.subscription_id
  UNION ALL
  SELECT 0, 0, t.subscription_id, s.name, s.owner, s.channel, 'test', 1, coalesce(t.began_at, t.asked_at), t.seconds,
    CASE WHEN t.state IN ('waiting', 'claimed') THEN '' ELSE t.state END, t.reason, t.evidence, NULL, t.state, 'trial/' || t.id, true
  FROM trial t JOIN subscription s ON s.id = t.subscription_id
)
SELECT *, substring(evidence FROM '^HTTP ([0-9]{3})') AS http FROM seen
WHERE (CAST(:owner AS text) IS NULL OR owner = :owner) AND (CAST(:sub AS bigint) IS NULL OR subscription_id = :sub)
  AND (CAST(:channel AS text) = '' OR channel = :channel) AND (CAST(:identifier AS text) = '' OR identifier = :identifier)
  AND (CAST(:outcome AS text) = '' OR outcome = :outcome OR (:outcome = 'under_way' AND outcome = ''))
  AND (CAST(:before AS timestamptz) IS NULL OR began_at < :before)
ORDER BY began_at DESC, id DESC LIMIT :limit
"""
_AGAIN_OF: Final = """
SELECT d.state, d.role, a.expires, EXISTS (
    SELECT 1 FROM delivery n WHERE n.event_id = d.event_id AND n.channel = d.channel AND n.subscription_id = d.subscription_id
      AND n.version > d.version) AS newer
FROM delivery d JOIN subscription s ON s.id = d.subscription_id JOIN alert a ON a.identifier = d.identifier
WHERE d.id = :id AND s.kind = 'office' AND d.batch_id IS NOT NULL AND (CAST(:owner AS text) IS NULL OR s.owner = :owner) FOR UPDATE OF d
"""
# What has been taken before counts as reached for its end-notice, whatever becomes of this try.
_AGAIN: Final = f"""
UPDATE delivery d SET maybe_twice = d.maybe_twice OR d.state IN ('accepted', 'delivered') OR d.reason IN {UNSURE_REASONS}, state = 'queued', attempts = 0,
  next_try_at = NULL, ended_at = NULL
FROM batch b WHERE b.id = d.batch_id AND d.id = :id RETURNING b.id, b.priority
"""
