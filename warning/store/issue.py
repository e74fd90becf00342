"""The issue desk's ledger: proposals on their way to two signatures, and the alerts that they become."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.dispatch.rank import Errand, deadline_of, rank
from warning.errors import Conflict, NotFound
from warning.identifier import NationalIdentifier
from warning.issue.approval import Approval
from warning.issue.companion import Beside
from warning.issue.state import LIVE, move
from warning.issue.work import Earlier, NewAlert, StoredProposal
from warning.level import Level
from warning.store.answer import end_calls_of
from warning.store.audit import note
from warning.store.consult import owe_review
from warning.store.database import Database
from warning.store.jobs import Jobs
from warning.store.signature import keep_signature
from warning.store.stages import mark

_SKEW = timedelta(hours=1)
"""An identifier may name a second up to an hour after its alert was sent, when many were sent at once."""


class IssueStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._db = database
        self._jobs = jobs

    async def proposal(self, proposal_id: UUID) -> StoredProposal:
        async with self._db.begin() as connection:
            return await _load(connection, proposal_id)

    async def add(self, proposal: StoredProposal, *, who: str) -> None:
        """Store a proposal that a person wrote by hand. Raises Conflict for an id that is there already."""
        try:
            async with self._db.begin() as connection:
                await insert_proposal(connection, proposal, payload_id=None, data_time=None)
                await mark(connection, chain=str(proposal.id), stage="arrival", at=proposal.created_at)
                await mark(connection, chain=str(proposal.id), stage="propose", at=proposal.created_at)
                await note(connection, who=who, act="compose", what=f"proposal {proposal.id}", at=proposal.created_at,
                           detail={"hazard": proposal.hazard, "level": proposal.level.key, "zones": list(proposal.zones)})
        except IntegrityError as error:
            raise Conflict(f"proposal {proposal.id} was composed already: reload it") from error

    async def submit(
        self, proposal_id: UUID, *, who: str, revision: int, changes: Mapping[str, object], at: datetime
    ) -> None:
        async with self._db.begin() as connection:
            stored = await _load(connection, proposal_id, lock=True)
            _same(stored, revision)
            await connection.execute(text(
                "UPDATE proposal SET status = :s, submitted_by = :who, submitted_at = :at, revision = revision + 1, "
                "changes = CAST(:changes AS jsonb) WHERE id = :id"),
                {"s": move(stored.status, "submit"), "who": who, "at": at, "id": proposal_id,
                 "changes": json.dumps(dict(changes), ensure_ascii=False)})
            await mark(connection, chain=str(proposal_id), stage="submit", at=at, newest=True)
            await note(connection, who=who, act="submit", what=f"proposal {proposal_id}", at=at, detail=changes)

    async def close(self, proposal_id: UUID, *, act: str, who: str, reason: str, at: datetime) -> None:
        """``return`` to the forecaster, ``dismiss``, or ``replace`` by whoever brought it, with the reason."""
        async with self._db.begin() as connection:
            stored = await _load(connection, proposal_id, lock=True)
            status = move(stored.status, act)
            await connection.execute(
                text("UPDATE proposal SET status = :s, revision = revision + 1 WHERE id = :id"), {"s": status, "id": proposal_id})
            if act == "return":
                await _sign(connection, proposal_id, Approval(
                    submitted_by=stored.submitted_by or "", by=who, at=at, verdict="returned", reason=reason,
                    changes=stored.changes, scripted=False))
            await note(connection, who=who, act=act, what=f"proposal {proposal_id}", at=at, detail={"reason": reason})

    async def latest(self, event_id: UUID) -> Earlier | None:
        """The newest version of an event, for references and order."""
        async with self._db.begin() as connection:
            row = (await connection.execute(
                text("SELECT * FROM alert WHERE event_id = :e ORDER BY version DESC LIMIT 1"), {"e": event_id})).one_or_none()
        return None if row is None else _earlier(row)

    async def event_of(self, identifier: str) -> UUID:
        async with self._db.begin() as connection:
            found = (await connection.execute(
                text("SELECT event_id FROM alert WHERE identifier = :i"), {"i": identifier})).scalar_one_or_none()
        if found is None:
            raise NotFound(f"no alert {identifier}")
        return UUID(str(found))

    async def taken(self, sender: str, *, since: datetime) -> set[str]:
        """Identifiers of the sender in use from the second ``since`` on: those that a new one could meet."""
        first = NationalIdentifier(sender_code=sender, entered=since)
        async with self._db.begin() as connection:
            rows = await connection.execute(
                text("SELECT identifier FROM alert WHERE sender = :s AND sent >= :t AND identifier >= :first"),
                {"s": sender, "t": since - _SKEW, "first": str(first)})
            return {row.identifier for row in rows}

    async def beside(
        self, issuer: str, hazard: str, zones: Sequence[str], *, other_than: UUID, status: str, now: datetime
    ) -> list[Beside]:
        """The other events of this issuer, hazard and status that are in force in any of the zones, with the proposals signed for them."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(
                "SELECT a.* FROM alert a WHERE a.issuer = :issuer AND a.hazard = :hazard AND a.zones && CAST(:zones AS text[]) "
                "AND a.event_id <> :event AND a.status = :status AND a.msg_type <> 'Cancel' AND a.expires > :now "
                "AND NOT EXISTS (SELECT 1 FROM alert n WHERE n.event_id = a.event_id AND n.version > a.version) ORDER BY a.identifier"),
                {"issuer": issuer, "hazard": hazard, "zones": list(zones), "event": other_than, "status": status, "now": now})).all()
            return [
                Beside(event_id=row.event_id, earlier=_earlier(row), polygon=row.polygon, signed=await _load(connection, row.proposal_id))
                for row in rows
            ]

    async def issue(
        self, alert: NewAlert, approval: Approval, *, revision: int, companions: Sequence[tuple[StoredProposal, NewAlert]] = ()
    ) -> None:
        """One transaction: the signature, the alert for good, its stage marks and its work.

        ``companions``: other events that lose zones to this one, by the same signature; what was asked of them before is void.
        Raises Conflict when the proposal has moved on, or when the identifier was taken this moment (try again).
        """
        try:
            async with self._db.begin() as connection:
                stored = await _load(connection, alert.proposal_id, lock=True)
                _same(stored, revision)
                await _move_out(connection, stored, alert, approval)
                await _sign(connection, alert.proposal_id, approval)
                await _insert_alert(connection, alert)
                if approval.review_by is not None:
                    await owe_review(connection, alert.identifier, issued_by=approval.by, issued_at=approval.at, due_at=approval.review_by)
                await keep_signature(connection, alert.identifier, alert.signature, alert.signature_fault, at=alert.sent)
                if approval.reach:
                    await connection.execute(text("INSERT INTO reach_plan (proposal_id, identifier, plan) VALUES (:p, :i, CAST(:plan AS jsonb))"),
                                             {"p": alert.proposal_id, "i": alert.identifier, "plan": approval.reach})
                if alert.msg_type == "Cancel":
                    await end_calls_of(connection, alert.event_id, at=approval.at)
                chain = str(alert.proposal_id)
                await mark(connection, chain=chain, stage="approve", at=approval.at)
                await mark(connection, chain=chain, stage="issue", at=alert.sent)
                await note(connection, who=approval.by, act=_act(approval), what=f"alert {alert.identifier}", at=approval.at,
                           detail={"proposal": chain, "submitted_by": approval.submitted_by} | _said(approval))
                await self._jobs.defer_expand(connection, alert.identifier, priority=_first(alert))
                for proposal, other in companions:
                    await _accompany(connection, proposal, other, approval, because=alert.identifier)
                    await self._jobs.defer_expand(connection, other.identifier, priority=_first(other))
        except IntegrityError as error:
            raise Conflict(f"identifier {alert.identifier} or version {alert.version} was taken meanwhile: approve again") from error


async def _move_out(connection: AsyncConnection, stored: StoredProposal, alert: NewAlert, approval: Approval) -> None:
    """By a second signature, or by the one of the fast lane, which is its submission too."""
    await connection.execute(
        text("UPDATE proposal SET status = :s, event_id = :e WHERE id = :id"),
        {"s": move(stored.status, _act(approval)), "e": alert.event_id, "id": alert.proposal_id})
    if _act(approval) == "express":
        await connection.execute(text(
            "UPDATE proposal SET submitted_by = :who, submitted_at = :at, changes = CAST(:changes AS jsonb) WHERE id = :id"),
            {"who": approval.by, "at": approval.at, "changes": json.dumps(dict(approval.changes), ensure_ascii=False), "id": alert.proposal_id})
        await mark(connection, chain=str(alert.proposal_id), stage="submit", at=approval.at, newest=True)


def _act(approval: Approval) -> str:
    return "express" if approval.verdict == "express" else "approve"


def _said(approval: Approval) -> dict[str, object]:
    """What the record of the act has to show: that languages which differ were let through, and why."""
    return {"override": approval.changes["override"]} if approval.changes.get("override") else {}


def _first(alert: NewAlert) -> int:
    return rank(alert.level, Errand.EXPAND, deadline_of(sent=alert.sent, expires=alert.expires))


async def insert_proposal(
    connection: AsyncConnection, proposal: StoredProposal, *, payload_id: UUID | None, data_time: datetime | None
) -> None:
    """Store a new proposal inside the caller's transaction."""
    await connection.execute(text(
        "INSERT INTO proposal (id, issuer, hazard, event_code, level, action, reason, status, event_id, cap_status, zones, "
        "body, texts, polygon, payload_id, data_time, onset, expires, created_at) VALUES (:id, :issuer, :hazard, :code, "
        ":level, :action, :reason, :status, :event, :cap, :zones, CAST(:body AS jsonb), CAST(:texts AS jsonb), "
        "CAST(:polygon AS jsonb), :payload, :data_time, :onset, :expires, :created)"),
        {"id": proposal.id, "issuer": proposal.issuer, "hazard": proposal.hazard, "code": proposal.event_code,
         "level": int(proposal.level), "action": proposal.action, "reason": proposal.reason, "status": proposal.status,
         "event": proposal.event_id, "cap": proposal.cap_status, "zones": list(proposal.zones),
         "body": json.dumps(proposal.body, ensure_ascii=False), "texts": json.dumps(proposal.texts, ensure_ascii=False),
         "polygon": None if proposal.polygon is None else json.dumps(proposal.polygon), "payload": payload_id,
         "data_time": data_time, "onset": proposal.onset, "expires": proposal.expires, "created": proposal.created_at})


async def _accompany(
    connection: AsyncConnection, proposal: StoredProposal, alert: NewAlert, approval: Approval, *, because: str
) -> None:
    """Another event's version that follows from a signature: on record like any other, under the same two names."""
    chain = str(proposal.id)
    await connection.execute(text(
        "UPDATE proposal SET status = :s WHERE event_id = :e AND status = ANY(:live)"),
        {"s": move("open", "replace"), "e": alert.event_id, "live": list(LIVE)})
    await insert_proposal(
        connection, replace(proposal, status=move("submitted", "approve")), payload_id=None, data_time=None)
    await _sign(connection, proposal.id, replace(approval, changes={}, reason=f"follows from {because}"))
    await _insert_alert(connection, alert)
    for stage in ("propose", "approve", "issue"):
        await mark(connection, chain=chain, stage=stage, at=alert.sent)
    await note(connection, who=approval.by, act="approve", what=f"alert {alert.identifier}", at=approval.at,
               detail={"proposal": chain, "submitted_by": approval.submitted_by, "follows_from": because})


async def _insert_alert(connection: AsyncConnection, alert: NewAlert) -> None:
    await connection.execute(text(_INSERT_ALERT), {
        "identifier": alert.identifier, "event_id": alert.event_id, "version": alert.version, "msg_type": alert.msg_type,
        "status": alert.status, "issuer": alert.issuer, "sender": alert.sender, "hazard": alert.hazard,
        "event_code": alert.event_code, "level": int(alert.level), "sent": alert.sent, "onset": alert.onset,
        "expires": alert.expires, "zones": list(alert.zones),
        "polygon": None if alert.polygon is None else json.dumps(alert.polygon),
        "headlines": json.dumps(dict(alert.headlines), ensure_ascii=False), "cap_xml": alert.cap_xml,
        "proposal_id": alert.proposal_id,
    })


async def _load(connection: AsyncConnection, proposal_id: UUID, *, lock: bool = False) -> StoredProposal:
    row = (await connection.execute(
        text("SELECT * FROM proposal WHERE id = :id" + (" FOR UPDATE" if lock else "")), {"id": proposal_id})).one_or_none()
    if row is None:
        raise NotFound(f"no proposal {proposal_id}")
    return StoredProposal(
        id=row.id, issuer=row.issuer, hazard=row.hazard, event_code=row.event_code, level=Level(row.level),
        action=row.action, reason=row.reason, status=row.status, event_id=row.event_id, cap_status=row.cap_status,
        zones=tuple(row.zones), body=row.body, texts=row.texts, polygon=row.polygon, onset=row.onset, expires=row.expires,
        created_at=row.created_at, submitted_by=row.submitted_by, changes=row.changes, revision=row.revision,
    )


def _same(stored: StoredProposal, revision: int) -> None:
    if stored.revision != revision:
        raise Conflict(f"the proposal was changed meanwhile (you read revision {revision}, it is {stored.revision}): reload it")


def _earlier(row: Row[tuple[object, ...]]) -> Earlier:
    fields = row._mapping
    return Earlier(
        identifier=fields["identifier"], sender=fields["sender"], sent=fields["sent"], version=fields["version"],
        level=Level(fields["level"]), hazard=fields["hazard"], zones=tuple(fields["zones"]), expires=fields["expires"],
        status=fields["status"], cancelled=fields["msg_type"] == "Cancel",
    )


async def _sign(connection: AsyncConnection, proposal_id: UUID, approval: Approval) -> None:
    await connection.execute(text(
        "INSERT INTO approval (proposal_id, verdict, submitted_by, by, reason, changes, scripted, at) VALUES "
        "(:p, :verdict, :submitted_by, :by, :reason, CAST(:changes AS jsonb), :scripted, :at)"),
        {"p": proposal_id, "verdict": approval.verdict, "submitted_by": approval.submitted_by, "by": approval.by,
         "reason": approval.reason, "changes": json.dumps(dict(approval.changes), ensure_ascii=False),
         "scripted": approval.scripted, "at": approval.at})


_INSERT_ALERT = """
INSERT INTO alert (identifier, event_id, version, msg_type, status, issuer, sender, hazard, event_code, level, sent, onset,
  expires, zones, polygon, headlines, cap_xml, proposal_id)
VALUES (:identifier, :event_id, :version, :msg_type, :status, :issuer, :sender, :hazard, :event_code, :level, :sent, :onset,
  :expires, :zones, CAST(:polygon AS jsonb), CAST(:headlines AS jsonb), :cap_xml, :proposal_id)
"""
