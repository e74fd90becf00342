"""The ledger of canaries and heartbeats: one worker sends each, and two failures in a row are an operator's notice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from warning.clock import Clock
from warning.dispatch.pulse import Answer, Beat
from warning.heartbeat import LAST, Heartbeat, heartbeat
from warning.store.database import Database

IN_A_ROW = 2
STALE = 3
"""A pulse that was not even tried for so many intervals says that no worker runs."""

_SAID = {
    "canary": ("channel {target}: its self-test failed {n} times in a row ({evidence})",
               "look at the gateway of this channel now, before a warning needs it; it is tried again every {every:g} s"),
    "heartbeat": ("heartbeat to {target}: it could not be handed over {n} times in a row ({evidence})",
                  "tell the partner that alerts may be missing there, and check its address in the settings; it is tried again every {every:g} s"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One pulse as it stands, in real time: ``state`` is well, failing, stale (nobody tries) or unknown (no answer has come yet)."""

    kind: str
    target: str
    state: str
    failures: int
    evidence: str
    latency_s: float | None
    tried_at: datetime
    succeeded_at: datetime | None
    success_age_s: float | None


class PulseStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def claim(self, beat: Beat) -> bool:
        """True for the one worker that sends it now."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(_CLAIM), {"kind": beat.kind, "target": beat.target, "every": beat.every_s})).one_or_none()
        return row is not None

    async def record(self, beat: Beat, answer: Answer) -> None:
        """How it went; the second failure in a row raises a notice, a success takes it back."""
        key = f"{beat.kind} {beat.target}"
        async with self._db.begin() as connection:
            failures = int((await connection.execute(text(_RECORD), {
                "kind": beat.kind, "target": beat.target, "well": answer.well, "evidence": answer.evidence, "latency": answer.latency_s,
            })).scalar_one())
            if failures >= IN_A_ROW:
                said, next_step = _SAID[beat.kind]
                await connection.execute(text(_NOTICE), {
                    "k": key, "now": self._clock.now(), "n": next_step.format(every=beat.every_s),
                    "t": said.format(target=beat.target, n=failures, evidence=answer.evidence)})
            elif answer.well:
                await connection.execute(text("UPDATE notice SET cleared_at = :now WHERE key = :k AND cleared_at IS NULL"),
                                         {"k": key, "now": self._clock.now()})

    async def heartbeat(self, *, status: str, every_s: float) -> Heartbeat:
        """What partners hear at this moment, of the alerts that this deployment issues."""
        now = self._clock.now()
        async with self._db.begin() as connection:
            active = [row.identifier for row in await connection.execute(text(_ACTIVE), {"now": now, "status": status})]
            last = [row.identifier for row in await connection.execute(text(
                "SELECT identifier FROM alert WHERE status = :status ORDER BY sent DESC, identifier DESC LIMIT :n"), {"status": status, "n": LAST})]
        return heartbeat(active=active, last=last, status=status, at=now, every_s=every_s)

    async def standings(self) -> Sequence[Standing]:
        """All pulses, canaries first."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(_STANDINGS), {"stale": STALE})).all()
        return [
            Standing(kind=row.kind, target=row.target, state=row.state, failures=row.failures, evidence=row.evidence, latency_s=row.latency_s,
                     tried_at=row.tried_at, succeeded_at=row.succeeded_at, success_age_s=None if row.age is None else float(row.age))
            for row in rows
        ]


_CLAIM = """
INSERT INTO pulse (kind, target, failures, evidence, every_s, tried_at) VALUES (:kind, :target, 0, '', :every, clock_timestamp())
ON CONFLICT (kind, target) DO UPDATE SET tried_at = excluded.tried_at, every_s = excluded.every_s
  WHERE pulse.tried_at <= clock_timestamp() - make_interval(secs => CAST(:every AS float))
RETURNING kind
"""
_RECORD = """
UPDATE pulse SET well = :well, failures = CASE WHEN :well THEN 0 ELSE failures + 1 END, evidence = :evidence,
  latency_s = CASE WHEN :well THEN :latency ELSE latency_s END, succeeded_at = CASE WHEN :well THEN clock_timestamp() ELSE succeeded_at END
WHERE kind = :kind AND target = :target RETURNING failures
"""
_NOTICE = """
INSERT INTO notice (key, text, next_step, at) VALUES (:k, :t, :n, :now)
ON CONFLICT (key) DO UPDATE SET text = excluded.text, next_step = excluded.next_step, cleared_at = NULL,
  at = CASE WHEN notice.cleared_at IS NULL THEN notice.at ELSE excluded.at END
"""
_ACTIVE = """
SELECT a.identifier FROM alert a WHERE a.msg_type <> 'Cancel' AND a.expires > :now AND a.status = :status
  AND NOT EXISTS (SELECT 1 FROM alert n WHERE n.event_id = a.event_id AND n.version > a.version)
"""
_STANDINGS = """
SELECT p.*, extract(epoch FROM clock_timestamp() - p.succeeded_at) AS age,
  CASE WHEN p.tried_at < clock_timestamp() - make_interval(secs => :stale * p.every_s) THEN 'stale'
    WHEN p.well IS NULL THEN 'unknown' WHEN p.well THEN 'well' ELSE 'failing' END AS state
FROM pulse p ORDER BY p.kind, p.target
"""
