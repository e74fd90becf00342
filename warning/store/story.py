"""An event's story: every version with who signed it and on which data, who was called and answered, and every act that the audit holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from warning.level import Level
from warning.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One alert of the event with its signatures; ``body`` is what the watch desk had read (see web/body), ``data_time`` of which moment."""

    identifier: str
    version: int
    msg_type: str
    level: Level
    sent: datetime
    expires: datetime
    zones: tuple[str, ...]
    reason: str
    submitted_by: str
    submitted_at: datetime | None
    signed_by: str
    signed_at: datetime | None
    scripted: bool
    changed: tuple[str, ...]
    body: Mapping[str, object]
    data_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """An office that had to answer; ``escalated_to`` names who was called after it."""

    identifier: str
    post: str
    state: str
    opened_at: datetime
    deadline: datetime
    answered_at: datetime | None
    answered_by: str
    escalated_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An act in the audit; ``why`` is the reason that was given, empty without one."""

    at: datetime
    who: str
    act: str
    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    versions: tuple[Version, ...]
    called: tuple[Called, ...]
    deeds: tuple[Deed, ...]


async def story(database: Database, event_id: UUID) -> Story:
    """Oldest first, each part."""
    async with database.begin() as connection:
        versions = (await connection.execute(text(_VERSIONS), {"e": event_id})).all()
        called = (await connection.execute(text(_CALLED), {"e": event_id})).all()
        deeds = (await connection.execute(text(_DEEDS), {"objects": [
            *(f"alert {row.identifier}" for row in versions), *(f"proposal {row.proposal_id}" for row in versions)]})).all()
    return Story(
        versions=tuple(Version(
            identifier=row.identifier, version=row.version, msg_type=row.msg_type, level=Level(row.level), sent=row.sent, expires=row.expires,
            zones=tuple(row.zones), reason=row.reason, submitted_by=row.submitted_by or "", submitted_at=row.submitted_at,
            signed_by=row.signed_by or "", signed_at=row.signed_at, scripted=bool(row.scripted), changed=tuple(sorted(row.changes or ())),
            body=row.body, data_time=row.data_time) for row in versions),
        called=tuple(Called(
            identifier=row.identifier, post=row.post, state=row.state, opened_at=row.opened_at, deadline=row.deadline,
            answered_at=row.answered_at, answered_by=row.answered_by, escalated_to=row.escalated_to) for row in called),
        deeds=tuple(Deed(at=row.at, who=row.who, act=row.act, what=row.object, why=str((row.detail or {}).get("reason") or "")) for row in deeds))


_VERSIONS = """
SELECT a.identifier, a.version, a.msg_type, a.level, a.sent, a.expires, a.zones, a.proposal_id, p.reason, p.body, p.data_time, p.submitted_at,
  coalesce(s.submitted_by, p.submitted_by) AS submitted_by, s.by AS signed_by, s.at AS signed_at, s.scripted, coalesce(s.changes, p.changes) AS changes
FROM alert a JOIN proposal p ON p.id = a.proposal_id LEFT JOIN LATERAL (
  SELECT * FROM approval s WHERE s.proposal_id = p.id AND s.verdict = 'approved' ORDER BY s.id DESC LIMIT 1) s ON true
WHERE a.event_id = :e ORDER BY a.version
"""
_CALLED = """
SELECT identifier, post, state, opened_at, deadline, answered_at, answered_by, escalated_to FROM duty_call
WHERE event_id = :e ORDER BY opened_at, post
"""
_DEEDS = "SELECT at, who, act, object, detail FROM audit WHERE object = ANY(:objects) ORDER BY id"
