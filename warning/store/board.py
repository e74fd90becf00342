"""What the faces read: alerts, proposals, progress and health as they stand, never a person's address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text

from warning.errors import NotFound
from warning.level import Level
from warning.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """An issued alert beside the newest version of its event (``newest`` names itself when it is the newest)."""

    identifier: str
    event_id: UUID
    version: int
    msg_type: str
    status: str
    issuer: str
    sender: str
    hazard: str
    event_code: str
    level: Level
    sent: datetime
    onset: datetime
    expires: datetime
    zones: tuple[str, ...]
    polygon: Mapping[str, object] | None
    headlines: Mapping[str, str]
    cap_xml: str
    proposal_id: UUID
    newest: str
    newest_type: str
    signed_xml: str | None = None
    signing_fault: str = ""

    def state(self, now: datetime) -> str:
        """``in_force``, ``superseded`` (by an update), ``lifted`` (a cancel, or an alert that one ended) or ``expired``."""
        if self.msg_type == "Cancel" or self.newest_type == "Cancel":
            return "lifted"
        if self.newest != self.identifier:
            return "superseded"
        return "expired" if self.expires <= now else "in_force"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalView:
    """A proposal as it waits; ``body`` is what the watch desk wrote (see web/body), ``returned`` the last reason given back."""

    id: UUID
    issuer: str
    hazard: str
    event_code: str
    level: Level
    action: str
    reason: str
    status: str
    event_id: UUID | None
    cap_status: str
    zones: tuple[str, ...]
    body: Mapping[str, object]
    texts: Mapping[str, Mapping[str, str]]
    polygon: Mapping[str, object] | None
    data_time: datetime | None
    onset: datetime
    expires: datetime
    created_at: datetime
    submitted_by: str | None
    submitted_at: datetime | None
    changes: Mapping[str, object]
    revision: int
    returned: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What failed, without an address. ``delivery_id`` (0 for residents) and ``crowds`` are what retry asks for."""

    delivery_id: int
    channel: str
    recipient: str
    reason: str
    evidence: str
    attempts: int
    people: int = 1
    crowds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """How far an alert is against the ten minutes, in real seconds since its data arrived; ``done`` = nothing is owed."""

    elapsed_s: float
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    key: str
    text: str
    next_step: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The engine's health: ``waiting`` deliveries are due now, the oldest for ``lag_s``; ``data_at`` is the newest data."""

    data_at: datetime | None
    waiting: int
    lag_s: float
    unexpanded: int
    notices: tuple[Notice, ...]


ALERT = """
SELECT a.identifier, a.event_id, a.version, a.msg_type, a.status, a.issuer, a.sender, a.hazard, a.event_code, a.level,
  a.sent, a.onset, a.expires, a.zones, a.polygon, a.headlines, a.cap_xml, a.proposal_id,
  n.identifier AS newest, n.msg_type AS newest_type, g.document AS signed_xml, coalesce(g.fault, '') AS signing_fault
FROM alert a LEFT JOIN alert_signature g ON g.identifier = a.identifier CROSS JOIN LATERAL (
  SELECT x.identifier, x.msg_type FROM alert x WHERE x.event_id = a.event_id ORDER BY x.version DESC LIMIT 1) n
"""
_IN_FORCE = "n.identifier = a.identifier AND a.msg_type <> 'Cancel' AND a.expires > :now"


async def active_versions(database: Database, now: datetime) -> tuple[str, ...]:
    """The identifiers in force and those lifted in the last 24 hours, newest first, and whether each is signed: what a page's version hangs on."""
    async with database.begin() as connection:
        rows = await connection.execute(text(
            "SELECT a.identifier || CASE WHEN g.fault <> '' THEN ' unsigned' ELSE '' END AS found FROM alert a "
            "LEFT JOIN alert_signature g ON g.identifier = a.identifier CROSS JOIN LATERAL (SELECT x.identifier FROM alert x "
            "WHERE x.event_id = a.event_id ORDER BY x.version DESC LIMIT 1) n WHERE n.identifier = a.identifier "
            "AND (a.msg_type <> 'Cancel' AND a.expires > :now OR a.msg_type = 'Cancel' "
            "AND a.sent > CAST(:now AS timestamptz) - interval '24 hours') ORDER BY a.sent DESC, a.identifier"), {"now": now})
        return tuple(row.found for row in rows)


async def in_force(database: Database, now: datetime) -> list[AlertView]:
    """What is real before every drill; then strongest first, then newest."""
    async with database.begin() as connection:
        rows = await connection.execute(
            text(f"{ALERT} WHERE {_IN_FORCE} ORDER BY a.status = 'Actual' DESC, a.level DESC, a.sent DESC, a.identifier"), {"now": now})
        return [alert_of_row(row) for row in rows]


async def lifted(database: Database, now: datetime) -> list[AlertView]:
    """Cancels of the last 24 hours, newest first."""
    async with database.begin() as connection:
        rows = await connection.execute(
            text(f"{ALERT} WHERE a.msg_type = 'Cancel' AND n.identifier = a.identifier "
                 "AND a.sent > CAST(:now AS timestamptz) - interval '24 hours' ORDER BY a.sent DESC"), {"now": now})
        return [alert_of_row(row) for row in rows]


async def alerts(
    database: Database, *, now: datetime, active: bool, hazard: str | None = None, zones: Sequence[str] | None = None,
    status: str | None = None, limit: int = 100, before: datetime | None = None, beyond: str = "",
) -> list[AlertView]:
    """Newest first; ``zones`` keeps alerts that name any of the codes; ``before`` and ``beyond`` are the moment and the identifier of the last one
    of the page before: many are issued in one second."""
    where = [
        f"({_IN_FORCE})" if active else "CAST(:now AS timestamptz) IS NOT NULL",
        "(CAST(:hazard AS text) IS NULL OR a.hazard = :hazard)",
        "(CAST(:zones AS text[]) IS NULL OR a.zones && CAST(:zones AS text[]))",
        "(CAST(:status AS text) IS NULL OR a.status = :status)",
        "(CAST(:before AS timestamptz) IS NULL OR a.sent < :before OR (a.sent = :before AND CAST(:beyond AS text) <> '' AND a.identifier > :beyond))",
    ]
    async with database.begin() as connection:
        rows = await connection.execute(
            text(f"{ALERT} WHERE {' AND '.join(where)} ORDER BY a.sent DESC, a.identifier LIMIT :limit"),
            {"now": now, "hazard": hazard, "zones": None if zones is None else list(zones), "status": status,
             "before": before, "beyond": beyond, "limit": limit})
        return [alert_of_row(row) for row in rows]


async def alert(database: Database, identifier: str) -> AlertView:
    """Raises NotFound."""
    async with database.begin() as connection:
        row = (await connection.execute(text(f"{ALERT} WHERE a.identifier = :i"), {"i": identifier})).one_or_none()
    if row is None:
        raise NotFound(f"no alert {identifier}; GET /api/alerts lists what there is")
    return alert_of_row(row)


_PROPOSAL = """
SELECT p.*, coalesce((SELECT s.reason FROM approval s WHERE s.proposal_id = p.id AND s.verdict = 'returned'
  ORDER BY s.id DESC LIMIT 1), '') AS returned FROM proposal p
"""
# The colour that somebody has chosen, else the data's own.
_LEVEL = "coalesce(array_position(CAST(:levels AS text[]), lower(p.changes ->> 'level')), p.level)"


async def proposals(database: Database, *, live: bool = True, limit: int = 200) -> list[ProposalView]:
    """Most urgent first: what is real before every drill, signed once before open, stronger before weaker by the colour that would go out, earlier onset first, then what rests on the oldest data."""
    where = "WHERE p.status IN ('open', 'submitted')" if live else ""
    async with database.begin() as connection:
        rows = await connection.execute(
            text(f"{_PROPOSAL} {where} ORDER BY p.cap_status = 'Actual' DESC, p.status = 'submitted' DESC, {_LEVEL} DESC, p.onset, coalesce(p.data_time, p.created_at), p.id LIMIT :limit"),
            {"levels": [level.key for level in Level], "limit": limit})
        return [_proposal(row) for row in rows]


async def proposal(database: Database, proposal_id: UUID) -> ProposalView:
    """Raises NotFound."""
    async with database.begin() as connection:
        row = (await connection.execute(text(f"{_PROPOSAL} WHERE p.id = :id"), {"id": proposal_id})).one_or_none()
    if row is None:
        raise NotFound(f"no proposal {proposal_id}; GET /api/proposals lists what waits")
    return _proposal(row)


async def failures(database: Database, identifier: str, *, limit: int = 50) -> list[Failure]:
    """Offices are named, one by one; residents are counted, by channel and reason."""
    async with database.begin() as connection:
        rows = await connection.execute(text(
            "SELECT d.id, d.channel, s.name AS recipient, d.reason, d.evidence, d.attempts, 1 AS people, CAST('{}' AS bigint[]) AS crowds "
            "FROM delivery d JOIN subscription s ON s.id = d.subscription_id WHERE d.identifier = :i AND d.state = 'failed' "
            "UNION ALL SELECT 0, c.channel, 'residents', f.key, '', max(c.attempt), CAST(sum(CAST(f.value AS int)) AS int), array_agg(c.id ORDER BY c.id) "
            "FROM crowd c CROSS JOIN LATERAL jsonb_each_text(c.faults) f WHERE c.identifier = :i GROUP BY c.channel, f.key "
            "ORDER BY 1, 2, 4 LIMIT :limit"), {"i": identifier, "limit": limit})
        return [
            Failure(delivery_id=r.id, channel=r.channel, recipient=r.recipient, reason=r.reason, evidence=r.evidence, attempts=r.attempts,
                    people=r.people, crowds=tuple(r.crowds))
            for r in rows
        ]


async def race(database: Database, view: AlertView) -> Race:
    """The clock stops at the last acceptance once nothing is owed any more."""
    async with database.begin() as connection:
        row = (await connection.execute(text(
            "SELECT extract(epoch FROM min(real_at) FILTER (WHERE stage = 'arrival' OR stage = 'propose')) AS start, "
            "extract(epoch FROM max(real_at) FILTER (WHERE stage = 'last_accepted')) AS last, "
            "extract(epoch FROM max(real_at)) AS newest, extract(epoch FROM clock_timestamp()) AS now, "
            "(SELECT expanded_at IS NOT NULL FROM alert WHERE identifier = :i) AND NOT EXISTS (SELECT 1 FROM delivery "
            "WHERE identifier = :i AND state IN ('queued', 'claimed', 'unknown')) AND NOT EXISTS (SELECT 1 FROM crowd "
            "WHERE identifier = :i AND open AND asleep_until IS NULL) AS done "
            "FROM stage_event WHERE chain = :c"), {"i": view.identifier, "c": str(view.proposal_id)})).one()
    if row.start is None:
        return Race(elapsed_s=0.0, done=bool(row.done))
    end = (row.last if row.last is not None else row.newest) if row.done else row.now
    return Race(elapsed_s=float(end - row.start), done=bool(row.done))


async def callouts(database: Database, identifier: str) -> dict[str, int]:
    """Posts and offices that must answer, by state."""
    async with database.begin() as connection:
        rows = await connection.execute(
            text("SELECT state, count(*) AS n FROM duty_call WHERE identifier = :i GROUP BY 1 ORDER BY 1"), {"i": identifier})
        return {row.state: row.n for row in rows}


async def pulse(database: Database) -> Pulse:
    async with database.begin() as connection:
        row = (await connection.execute(text(_PULSE))).one()
        notices = await connection.execute(
            text("SELECT key, text, next_step, at FROM notice WHERE cleared_at IS NULL ORDER BY at DESC LIMIT 50"))
        return Pulse(
            data_at=row.data_at, waiting=int(row.waiting), lag_s=float(row.lag or 0), unexpanded=row.unexpanded,
            notices=tuple(Notice(key=n.key, text=n.text, next_step=n.next_step, at=n.at) for n in notices))


async def proposal_counts(database: Database) -> dict[str, int]:
    async with database.begin() as connection:
        rows = await connection.execute(text("SELECT status, count(*) AS n FROM proposal GROUP BY 1 ORDER BY 1"))
        return {row.status: row.n for row in rows}


async def now_by_database(database: Database) -> datetime:
    """The clock that all machines share; also the shortest proof that the database answers."""
    async with database.begin() as connection:
        found: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return found


_PULSE = """
WITH due AS (
  SELECT 1 AS n, coalesce(d.next_try_at, b.real_at) AS since FROM delivery d JOIN batch b ON b.id = d.batch_id
  WHERE d.state = 'queued' AND (d.next_try_at IS NULL OR d.next_try_at <= clock_timestamp())
  UNION ALL
  SELECT tally[1], coalesce(next_try_at, real_at) FROM crowd
  WHERE open AND asleep_until IS NULL AND tally[1] > 0 AND (next_try_at IS NULL OR next_try_at <= clock_timestamp())
)
SELECT (SELECT max(coalesce(run_time, fetched_at)) FROM payload WHERE state = 'watched') AS data_at,
  (SELECT count(*) FROM alert WHERE expanded_at IS NULL) AS unexpanded, coalesce(sum(n), 0) AS waiting,
  extract(epoch FROM clock_timestamp() - min(since)) AS lag
FROM due
"""


def alert_of_row(row: Row[tuple[object, ...]]) -> AlertView:
    f = row._mapping
    return AlertView(
        identifier=f["identifier"], event_id=f["event_id"], version=f["version"], msg_type=f["msg_type"], status=f["status"],
        issuer=f["issuer"], sender=f["sender"], hazard=f["hazard"], event_code=f["event_code"], level=Level(f["level"]),
        sent=f["sent"], onset=f["onset"], expires=f["expires"], zones=tuple(f["zones"]), polygon=f["polygon"],
        headlines=f["headlines"], cap_xml=f["cap_xml"], proposal_id=f["proposal_id"], newest=f["newest"],
        newest_type=f["newest_type"], signed_xml=f["signed_xml"], signing_fault=f["signing_fault"],
    )


def _proposal(row: Row[tuple[object, ...]]) -> ProposalView:
    f = row._mapping
    return ProposalView(
        id=f["id"], issuer=f["issuer"], hazard=f["hazard"], event_code=f["event_code"], level=Level(f["level"]),
        action=f["action"], reason=f["reason"], status=f["status"], event_id=f["event_id"], cap_status=f["cap_status"],
        zones=tuple(f["zones"]), body=f["body"], texts=f["texts"], polygon=f["polygon"], data_time=f["data_time"],
        onset=f["onset"], expires=f["expires"], created_at=f["created_at"], submitted_by=f["submitted_by"],
        submitted_at=f["submitted_at"], changes=f["changes"], revision=f["revision"], returned=f["returned"],
    )
