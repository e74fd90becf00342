"""The ledger of test messages; all times but the answer's are the database's own."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from channels.message import Outcome, Receipt
from warning.dispatch.mass.sheet import storable
from warning.errors import Conflict, NotFound, TooMany
from warning.office.work import DueTrial, Trial
from warning.store.audit import note
from warning.store.database import Database

PAUSE_S = 20.0
"""Between two tests of one subscription."""


class TrialStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def ask_trial(self, number: int, trial_id: UUID, token_hash: str, *, by: str, at: datetime) -> None:
        async with self._db.begin() as connection:
            await connection.execute(text("SELECT 1 FROM subscription WHERE id = :id FOR UPDATE"), {"id": number})
            left = (await connection.execute(text(
                "SELECT :pause - extract(epoch FROM clock_timestamp() - max(asked_at)) FROM trial WHERE subscription_id = :id"),
                {"id": number, "pause": PAUSE_S})).scalar_one()
            if left is not None and left > 0:
                raise TooMany("one test was asked for just now", retry_after_s=float(left))
            await connection.execute(text(
                "INSERT INTO trial (id, subscription_id, asked_by, token_hash) VALUES (:t, :id, :by, :h)"),
                {"t": trial_id, "id": number, "by": by, "h": token_hash})
            await note(connection, who=by, act="test", what=f"subscription {number}", at=at)

    async def claim_trials(self, channels: Sequence[str], *, lease: timedelta) -> list[DueTrial]:
        async with self._db.begin() as connection:
            rows = await connection.execute(text(_CLAIM), {"channels": list(channels), "lease": lease.total_seconds()})
            return [
                DueTrial(id=row.id, name=row.name, channel=row.channel, address=row.address, secret=row.secret, former_secret=row.former_secret,
                         language=row.language, lane=row.lane, form=row.form)
                for row in rows
            ]

    async def settle_trial(self, trial_id: UUID, receipt: Receipt) -> None:
        async with self._db.begin() as connection:
            await connection.execute(text(_SETTLE), {
                "id": trial_id, "state": receipt.outcome.value, "seconds": receipt.seconds, "reason": receipt.reason.value if receipt.reason else "",
                "evidence": storable(receipt.evidence)[:500], "external": storable(receipt.external_id)})

    async def late_trial(self, trial_id: UUID, receipt: Receipt) -> None:
        if receipt.outcome not in (Outcome.DELIVERED, Outcome.REJECTED):
            return
        async with self._db.begin() as connection:
            await connection.execute(text(
                "UPDATE trial SET state = :state, evidence = left(concat_ws('; ', nullif(evidence, ''), CAST(:evidence AS text)), 500) "
                "WHERE id = :id AND state IN ('claimed', 'accepted', 'unknown')"),
                {"id": trial_id, "state": receipt.outcome.value, "evidence": storable(receipt.evidence)})

    async def trials(self, number: int, *, owner: str | None) -> list[Trial]:
        async with self._db.begin() as connection:
            known = (await connection.execute(text(
                "SELECT 1 FROM subscription WHERE id = :id AND active AND kind = 'office' AND (CAST(:o AS text) IS NULL OR owner = :o)"),
                {"id": number, "o": owner})).one_or_none()
            if known is None:
                raise NotFound(f"no subscription {number} of yours")
            rows = await connection.execute(
                text("SELECT * FROM trial WHERE subscription_id = :id ORDER BY asked_at DESC LIMIT 20"), {"id": number})
            return [
                Trial(id=row.id, subscription_id=row.subscription_id, asked_by=row.asked_by, asked_at=row.asked_at, state=row.state,
                      began_at=row.began_at, seconds=row.seconds, reason=row.reason, evidence=row.evidence, answered_at=row.answered_at,
                      answered_by=row.answered_by)
                for row in rows
            ]

    async def answer_trial(self, token_hash: str, *, by: str, at: datetime) -> str:
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "SELECT t.id, t.answered_at, s.name, s.id AS number FROM trial t JOIN subscription s ON s.id = t.subscription_id "
                "WHERE t.token_hash = :h FOR UPDATE OF t"), {"h": token_hash})).one_or_none()
            if row is None:
                raise NotFound("this test link is not known; use the one in the newest test message")
            if row.answered_at is not None:
                raise Conflict(f"{row.name}: this test was answered already")
            await connection.execute(text("UPDATE trial SET answered_at = clock_timestamp(), answered_by = :by WHERE id = :id"),
                                     {"id": row.id, "by": by})
            await note(connection, who=by, act="answer test", what=f"subscription {row.number}", at=at)
        return str(row.name)


# A test whose worker ended before the answer is not sent twice: it is called unknown, and another can be asked for.
_CLAIM: Final = """
WITH lost AS (
  UPDATE trial SET state = 'unknown', reason = 'timeout', evidence = 'the worker ended before an answer was written down'
  WHERE state = 'claimed' AND lease_until <= clock_timestamp()
), mine AS (
  SELECT t.id FROM trial t JOIN subscription s ON s.id = t.subscription_id
  WHERE t.state = 'waiting' AND s.channel = ANY(CAST(:channels AS text[])) ORDER BY t.asked_at LIMIT 20 FOR UPDATE OF t SKIP LOCKED
), took AS (
  UPDATE trial t SET state = 'claimed', began_at = clock_timestamp(), lease_until = clock_timestamp() + make_interval(secs => :lease)
  FROM mine WHERE mine.id = t.id RETURNING t.id, t.subscription_id
)
SELECT took.id, s.name, s.channel, s.address, s.secret, s.language, s.lane, coalesce(w.form, 'json') AS form,
  CASE WHEN w.former_until > clock_timestamp() THEN w.former_secret ELSE '' END AS former_secret
FROM took JOIN subscription s ON s.id = took.subscription_id LEFT JOIN office_wish w ON w.subscription_id = s.id
"""
_SETTLE: Final = """
UPDATE trial SET state = :state, seconds = :seconds, reason = :reason, evidence = :evidence, external_id = :external, lease_until = NULL
WHERE id = :id AND state = 'claimed'
"""
