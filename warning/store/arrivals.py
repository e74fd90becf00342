"""What partners sent, as people look at it: each message with what it became here, and how each partner's feed stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text

from warning.cap import Status
from warning.errors import NotFound
from warning.exchange.work import Fate, Form, How
from warning.level import Level
from warning.signature import Standing
from warning.store.database import Database

MOST = 100
"""So many that wait for nobody are listed; of those that wait every one, up to the thousand."""
_DOCUMENT = 65_536
"""Bytes of a document that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Became:
    """A proposal that a message became. ``alert`` is what went out for it, empty until it does."""

    id: UUID
    status: str
    revision: int
    hazard: str
    level: Level
    zones: tuple[str, ...]
    alert: str

    @property
    def waits(self) -> bool:
        return self.status in ("open", "submitted")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalView:
    """``times``: how often this very document came to this end, ``last_at`` when it did so last."""

    id: UUID
    partner: str
    how: How
    form: Form
    sender: str
    identifier: str
    sent: datetime
    msg_type: str
    cap_status: Status
    standing: Standing | None
    repairs: tuple[str, ...]
    fate: Fate
    why: str
    at: datetime
    times: int
    last_at: datetime
    became: tuple[Became, ...]

    @property
    def waits(self) -> bool:
        """Whether somebody of ours has to decide."""
        return any(one.waits for one in self.became)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Who said no to a proposal, or took it back, and why."""

    who: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """A partner's feed as it was read last; ``owed``: links that were named and are not read yet."""

    at: datetime
    fault: str
    odd: tuple[str, ...]
    owed: int


async def arrivals(database: Database) -> list[ArrivalView]:
    """What waits for us first, then the newest."""
    async with database.begin() as connection:
        rows = (await connection.execute(text(f"{_ARRIVALS} WHERE i.id IN ({_WAITING} UNION {_NEWEST}) ORDER BY i.at DESC, i.id"), {"n": MOST})).all()
        became = await connection.execute(text(_BECAME), {"ids": [one for row in rows for one in row.proposals]})
        found = {row.id: Became(id=row.id, status=row.status, revision=row.revision, hazard=row.hazard, level=Level(row.level), zones=tuple(row.zones),
                                alert=row.identifier or "") for row in became}
    return sorted((_view(row, found) for row in rows), key=lambda one: not one.waits)


async def document(database: Database, arrival: UUID) -> str:
    """As it came, or its beginning. Raises NotFound."""
    async with database.begin() as connection:
        found = (await connection.execute(text("SELECT substring(document FROM 1 FOR :n) FROM intake WHERE id = :id"), {"id": arrival, "n": _DOCUMENT})).scalar_one_or_none()
    if found is None:
        raise NotFound(f"no arrival {arrival}")
    return bytes(found).decode("utf-8", "replace")


async def closed(database: Database, proposals: Sequence[UUID]) -> dict[UUID, Closed]:
    """How those ended that were dismissed, or taken back by their partner."""
    async with database.begin() as connection:
        rows = await connection.execute(text(_CLOSED), {"objects": [f"proposal {one}" for one in proposals]})
        return {UUID(row.object.removeprefix("proposal ")): Closed(who=row.who, why=str((row.detail or {}).get("reason") or ""), at=row.at) for row in rows}


async def feeds(database: Database) -> dict[str, FeedView]:
    """By partner; one that was never looked at is not there."""
    async with database.begin() as connection:
        rows = await connection.execute(text(
            "SELECT f.partner, f.at, f.fault, f.odd, (SELECT count(*) FROM partner_link l WHERE l.partner = f.partner AND l.state = 'owed') AS owed "
            "FROM partner_feed f"))
        return {row.partner: FeedView(at=row.at, fault=row.fault, odd=tuple(row.odd), owed=row.owed) for row in rows}


def _view(row: Row[tuple[object, ...]], found: dict[UUID, Became]) -> ArrivalView:
    f = row._mapping
    return ArrivalView(
        id=f["id"], partner=f["partner"], how=f["how"], form=f["form"], sender=f["sender"], identifier=f["identifier"], sent=f["sent"],
        msg_type=f["msg_type"], cap_status=f["cap_status"], standing=Standing(f["standing"]) if f["standing"] else None, repairs=tuple(f["repairs"]),
        fate=Fate(f["fate"]), why=f["why"], at=f["at"], times=f["times"], last_at=f["last_at"],
        became=tuple(found[one] for one in f["proposals"] if one in found))


_ARRIVALS = """
SELECT i.id, i.partner, i.how, i.form, i.sender, i.identifier, i.sent, i.msg_type, i.cap_status, i.standing, i.repairs, i.fate, i.why, i.proposals,
  i.at, i.times, i.last_at FROM intake i
"""
# From what waits to what brought it: the proposals that are live are few, the arrivals of a year are not.
_WAITING = """
SELECT x.id FROM intake x WHERE x.fate IN ('held', 'redistributed')
AND x.proposals && ARRAY(SELECT p.id FROM proposal p WHERE p.status IN ('open', 'submitted') LIMIT 1000)
"""
_NEWEST = "(SELECT y.id FROM intake y ORDER BY y.at DESC LIMIT :n)"
_BECAME = """
SELECT p.id, p.status, p.revision, p.hazard, p.level, p.zones, a.identifier FROM proposal p LEFT JOIN alert a ON a.proposal_id = p.id WHERE p.id = ANY(:ids)
"""
_CLOSED = """
SELECT DISTINCT ON (object) object, who, detail, at FROM audit WHERE object = ANY(:objects) AND act IN ('dismiss', 'replace') ORDER BY object, id DESC
"""
