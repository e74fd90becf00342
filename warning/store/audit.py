"""The audit trail: who did what to which thing, when; written in the transaction of the act itself, and chained."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest link. Published outside this machine, ``hash`` binds every act up to ``seq``."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One broken place of the chain: ``seq`` of the link (None: an act that has none), ``audit_id`` of the act."""

    seq: int | None
    audit_id: int | None
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    head: Head
    faults: tuple[Fault, ...]


EMPTY = Head(seq=0, hash="")


async def note(
    connection: AsyncConnection, *, who: str, act: str, what: str, at: datetime, detail: Mapping[str, object] | None = None
) -> None:
    """Append one act. ``detail`` holds no address, token or place of a person."""
    await connection.execute(
        text("INSERT INTO audit (at, who, act, object, detail) VALUES (:at, :who, :act, :what, CAST(:detail AS jsonb))"),
        {"at": at, "who": who, "act": act, "what": what, "detail": json.dumps(detail or {}, ensure_ascii=False)})


async def head(database: Database) -> Head:
    """The newest link, ``EMPTY`` when nobody has acted yet."""
    async with database.begin() as connection:
        row = (await connection.execute(text("SELECT seq, hash FROM audit_link ORDER BY seq DESC LIMIT 1"))).one_or_none()
    return EMPTY if row is None else Head(seq=row.seq, hash=row.hash)


async def verify(database: Database, *, published: Head | None = None) -> Verdict:
    """Recompute the whole chain outside the database's own functions and hold every act against its record.

    Somebody who may switch the triggers off can also rewrite every hash to the end; only ``published``, a head that was
    kept elsewhere, shows that. One consistent snapshot is read, in a stream.
    """
    faults: list[Fault] = []
    last = EMPTY
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        async for row in _links(connection):
            faults += _gap(last, row) + _broken(last, row) + _changed(row)
            last = Head(seq=row.seq, hash=row.hash)
            if published is not None and row.seq == published.seq and row.hash != published.hash:
                faults.append(Fault(seq=row.seq, audit_id=row.audit_id, what=(
                    f"the published hash of this link is {published.hash}: the chain up to here was rewritten")))
        for row in await connection.execute(text(
                "SELECT id FROM audit WHERE NOT EXISTS (SELECT FROM audit_link WHERE audit_id = audit.id) ORDER BY id")):
            faults.append(Fault(seq=None, audit_id=row.id, what="this act was written past the chain"))
    if published is not None and published.seq > last.seq:
        faults.append(Fault(seq=published.seq, audit_id=None, what=(
            f"a head was published at link {published.seq}, the chain ends at {last.seq}: its end was cut off")))
    return Verdict(head=last, faults=tuple(faults))


async def _links(connection: AsyncConnection) -> AsyncIterator[Row[tuple[object, ...]]]:
    found = await connection.stream(text(
        "SELECT l.seq, l.audit_id, l.record, l.hash, a.id, a.at, a.real_at, a.who, a.act, a.object, a.detail "
        "FROM audit_link l LEFT JOIN audit a ON a.id = l.audit_id ORDER BY l.seq"))
    async for row in found:
        yield row


def _gap(last: Head, row: Row[tuple[object, ...]]) -> list[Fault]:
    if row.seq == last.seq + 1:
        return []
    return [Fault(seq=row.seq, audit_id=row.audit_id, what=f"links {last.seq + 1} to {row.seq - 1} were taken out")]


def _broken(last: Head, row: Row[tuple[object, ...]]) -> list[Fault]:
    if row.hash == sha256(f"{last.hash}\n{row.record}".encode()).hexdigest():
        return []
    return [Fault(seq=row.seq, audit_id=row.audit_id, what="the record or its hash was changed: the hash does not follow")]


def _changed(row: Row[tuple[object, ...]]) -> list[Fault]:
    """The act's row against what was recorded when it was written, field by field."""
    if row.id is None:
        return [Fault(seq=row.seq, audit_id=row.audit_id, what=f"the act was deleted; recorded was {row.record}")]
    try:
        said = json.loads(row.record)
    except ValueError:
        return [Fault(seq=row.seq, audit_id=row.audit_id, what="the record is no JSON any more")]
    stands = {"id": row.id, "at": _moment(row.at), "real_at": _moment(row.real_at), "who": row.who, "act": row.act,
              "object": row.object, "detail": row.detail}
    return [
        Fault(seq=row.seq, audit_id=row.audit_id, what=f"{field} was {said.get(field)!r} and is now {value!r}")
        for field, value in stands.items() if said.get(field) != value]


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
