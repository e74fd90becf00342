"""The ledger of test messages; all times but the answer's are the database's own."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Row, text

from channels.message import Receipt
from warning.dispatch.mass.sheet import storable
from warning.errors import Conflict, NotFound, TooMany
from warning.office.proof import MOST_AN_HOUR
from warning.office.trial import trial_id
from warning.office.work import DueTrial, Trial
from warning.store.audit import note
from warning.store.database import Database
from warning.store.late import Shelf, late
from warning.trust.address import Addresses, WebhookSecrets

PAUSE_S = 20.0
"""Between two tests of one subscription."""
REST_S = 600.0
"""Between two tests of one contact of the roster: people are not to be worn out by tests."""


class TrialStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, addresses: Addresses, secrets: WebhookSecrets) -> None:
        """``addresses`` opens those of people on the roster, ``secrets`` what offices' webhooks are signed with."""
        self._db = database
        self._addresses = addresses
        self._secrets = secrets

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
                DueTrial(id=row.id, name=row.name, channel=row.channel, address=self._addresses.open(row.address), secret=self._secrets.open(row.secret),
                         former_secret=self._secrets.open(row.former_secret), language=row.language, lane=row.lane, form=row.form, listed=row.kind == "duty")
                for row in rows
            ]

    async def settle_trial(self, trial_id: UUID, receipt: Receipt) -> None:
        async with self._db.begin() as connection:
            await connection.execute(text(_SETTLE), {
                "id": trial_id, "state": receipt.outcome.value, "seconds": receipt.seconds, "reason": receipt.reason.value if receipt.reason else "",
                "evidence": storable(receipt.evidence)[:500], "external": storable(receipt.external_id)})

    async def late(self, receipts: Sequence[Receipt]) -> list[Receipt]:
        """What handsets reported later of tests; those that fit none."""
        return await late(self._db, _SHELF, receipts)

    async def trials(self, number: int, *, owner: str | None) -> list[Trial]:
        async with self._db.begin() as connection:
            known = (await connection.execute(text(
                "SELECT 1 FROM subscription WHERE id = :id AND active AND kind = 'office' AND (CAST(:o AS text) IS NULL OR owner = :o)"),
                {"id": number, "o": owner})).one_or_none()
            if known is None:
                raise NotFound(f"no subscription {number} of yours")
            rows = await connection.execute(
                text("SELECT * FROM trial WHERE subscription_id = :id ORDER BY asked_at DESC LIMIT 20"), {"id": number})
            return [_trial(row) for row in rows]

    # People on the roster

    async def ask_contact(self, contact_id: int, trial_id: UUID, token_hash: str, *, by: str, at: datetime) -> None:
        """Raises NotFound, Conflict while its person is called for a warning, TooMany."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "SELECT k.subscription_id, k.person_id, s.active, p.name FROM roster_contact k JOIN subscription s ON s.id = k.subscription_id "
                "JOIN roster_person p ON p.id = k.person_id WHERE k.id = :id FOR UPDATE OF s"), {"id": contact_id})).one_or_none()
            if row is None or not row.active:
                raise NotFound(f"no contact {contact_id} in use on the roster")
            if (await connection.execute(text(_CALLED), {"person": row.person_id, "sub": row.subscription_id})).scalar_one():
                raise Conflict(f"{row.name} is being called for a warning: no test now, its answer could be taken for the other")
            left = (await connection.execute(text(_REST), {
                "sub": row.subscription_id, "by": by, "rest": REST_S, "most": MOST_AN_HOUR})).scalar_one()
            if left > 0:
                raise TooMany(f"{row.name} was sent a test just now, or {MOST_AN_HOUR} tests were asked for within the hour", retry_after_s=float(left))
            await connection.execute(text("INSERT INTO trial (id, subscription_id, asked_by, token_hash) VALUES (:t, :s, :by, :h)"),
                                     {"t": trial_id, "s": row.subscription_id, "by": by, "h": token_hash})
            await note(connection, who=by, act="test contact", what=f"contact {contact_id}", at=at)

    async def latest(self, contact_ids: Sequence[int]) -> dict[int, Trial]:
        """The newest test of each contact that has had one."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT DISTINCT ON (k.id) k.id AS contact_id, t.* FROM roster_contact k JOIN trial t ON t.subscription_id = k.subscription_id "
                "WHERE k.id = ANY(CAST(:ids AS bigint[])) ORDER BY k.id, t.asked_at DESC"), {"ids": list(contact_ids)})
            return {row.contact_id: _trial(row) for row in rows}

    async def answer_by_person(self, channels: Sequence[str], forms: Sequence[str], *, at: datetime) -> str | None:
        """The newest unanswered test of the last hour that this address got; the name of whoever has it."""
        kept = [kept for one in forms for kept in self._addresses.forms(one)]
        async with self._db.begin() as connection:
            found = (await connection.execute(text(
                "SELECT t.token_hash, p.name FROM trial t JOIN subscription s ON s.id = t.subscription_id AND s.kind = 'duty' "
                "JOIN roster_contact k ON k.subscription_id = s.id JOIN roster_person p ON p.id = k.person_id "
                "WHERE s.address = ANY(:kept) AND s.channel = ANY(:channels) AND t.answered_at IS NULL AND t.state NOT IN ('waiting', 'rejected') "
                "AND t.asked_at > clock_timestamp() - interval '1 hour' ORDER BY t.asked_at DESC LIMIT 1"),
                {"kept": kept, "channels": list(channels)})).one_or_none()
        if found is None:
            return None
        await self.answer_trial(found.token_hash, by=found.name, at=at)
        return str(found.name)

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
            await connection.execute(text("UPDATE roster_contact SET proved_at = :at, proved_how = 'test' WHERE subscription_id = :s"),
                                     {"at": at, "s": row.number})
            await note(connection, who=by, act="answer test", what=f"subscription {row.number}", at=at)
        return str(row.name)


def _trial(row: Row[tuple[object, ...]]) -> Trial:
    f = row._mapping
    return Trial(
        id=f["id"], subscription_id=f["subscription_id"], asked_by=f["asked_by"], asked_at=f["asked_at"], state=f["state"], began_at=f["began_at"],
        seconds=f["seconds"], reason=f["reason"], evidence=f["evidence"], answered_at=f["answered_at"], answered_by=f["answered_by"])


# Whether a warning waits for this person's answer.
_CALLED: Final = """
SELECT EXISTS (SELECT 1 FROM call_attempt a JOIN duty_call c ON c.id = a.call_id
  WHERE c.state IN ('waiting', 'overdue') AND a.state IN ('called', 'planned') AND (a.person_id = :person OR a.subscription_id = :sub))
"""

# Seconds until another may be asked for: of this contact, and by this account.
_REST: Final = """
SELECT greatest(
  (SELECT coalesce(:rest - extract(epoch FROM clock_timestamp() - max(asked_at)), 0) FROM trial WHERE subscription_id = :sub),
  (SELECT CASE WHEN count(*) < :most THEN 0 ELSE 3600 - extract(epoch FROM clock_timestamp() - min(asked_at)) END
   FROM trial WHERE asked_by = :by AND asked_at > clock_timestamp() - interval '1 hour'))
"""

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
SELECT took.id, s.kind, s.name, s.channel, s.address, s.secret, s.language, s.lane, coalesce(w.form, 'json') AS form,
  CASE WHEN w.former_until > clock_timestamp() THEN w.former_secret ELSE '' END AS former_secret
FROM took JOIN subscription s ON s.id = took.subscription_id LEFT JOIN office_wish w ON w.subscription_id = s.id
"""
_SETTLE: Final = """
UPDATE trial SET state = :state, seconds = :seconds, reason = :reason, evidence = :evidence, external_id = :external, lease_until = NULL
WHERE id = :id AND state = 'claimed'
"""
_SHELF: Final = Shelf(
    table="trial", ids="uuid", number_of=trial_id, waits="asked_at > clock_timestamp() - interval '48 hours' AND state IN ('claimed', 'accepted', 'unknown')",
    told="state = CASE WHEN :delivered THEN 'delivered' ELSE 'rejected' END, reason = :reason, "
         "evidence = left(concat_ws('; ', nullif(evidence, ''), CAST(:evidence AS text)), 500)",
    channel="(SELECT channel FROM subscription s WHERE s.id = trial.subscription_id)")
