"""The office desk's ledger: an office's subscriptions with their contacts and pauses, and the archive that a preview looks at."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.dispatch.subscribe import Entry
from warning.errors import Conflict, Invalid, NotFound
from warning.level import Level
from warning.office.wish import NewPause
from warning.office.work import Contact, KeptPause, Past, Post
from warning.store.audit import note
from warning.store.database import Database
from warning.store.stood_in import stood_in
from warning.store.subscribe import ADD, columns, keep_wish, masked
from warning.trust.address import WebhookSecrets


class PostStore:
    """Each verb is one transaction; ``owner`` None reaches everybody's."""

    def __init__(self, database: Database, secrets: WebhookSecrets) -> None:
        self._db = database
        self._secrets = secrets

    async def posts(self, owner: str | None) -> list[Post]:
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(f"{_POST} AND (CAST(:o AS text) IS NULL OR s.owner = :o) ORDER BY s.id"), {"o": owner})).all()
        by_number = {row.id: row for row in rows}
        return [_post(row, _chain(row, by_number)) for row in rows]

    async def post(self, number: int, *, owner: str | None) -> Post:
        for one in await self.posts(owner):
            if one.id == number:
                return one
        raise NotFound(f"no subscription {number} of yours")

    async def stored(self, number: int, *, owner: str | None) -> Entry:
        """As it is kept, address and secret in full: for the desk, never for a face."""
        async with self._db.begin() as connection:
            return _entry(await _row(connection, number, owner), self._secrets)

    async def replace(self, number: int, entry: Entry, *, by: str, at: datetime) -> None:
        """The new wishes, for it and for those that stand in for it. Raises Conflict when another of the same name has that address."""
        try:
            async with self._db.begin() as connection:
                # The chain as it was before: who stands in keeps standing in for the new place.
                chain = await _stand_ins(connection, number)
                before = (await connection.execute(text("SELECT address FROM subscription WHERE id = :id FOR UPDATE"), {"id": number})).scalar_one()
                await connection.execute(text(_REPLACE), {**columns(entry, self._secrets), "id": number})
                await keep_wish(connection, number, entry)
                await _same_wishes(connection, number, chain)
                await _mended(connection, number, readdressed=entry.address != before)
                await note(connection, who=by, act="change", what=f"subscription {number}", at=at, detail={"name": entry.name})
        except IntegrityError as error:
            raise Conflict("another subscription has this name and address: choose another name") from error

    async def set_contacts(self, number: int, wanted: Sequence[int | Entry], *, owner: str, by: str, at: datetime) -> None:
        async with self._db.begin() as connection:
            before = await _stand_ins(connection, number)
            chain = []
            for one in wanted:
                if isinstance(one, Entry):
                    added = (await connection.execute(text(ADD), {**columns(one, self._secrets), "owner": owner})).scalar_one_or_none()
                    if added is None:
                        raise Conflict("this name and address are subscribed by another account: choose another name")
                    await keep_wish(connection, int(added), one)
                    chain.append(int(added))
                else:
                    await connection.execute(text("UPDATE subscription SET standby = true WHERE id = :id"), {"id": one})
                    chain.append(one)
            if number in chain or len(set(chain)) < len(chain):
                raise Invalid("contacts: each one once, and not the subscription itself")
            for one, after in zip([number, *chain], [*chain, None], strict=True):
                await connection.execute(text("UPDATE subscription SET escalates_to = :n WHERE id = :id"), {"id": one, "n": after})
            await _same_wishes(connection, number, chain)
            await connection.execute(text(
                "UPDATE subscription SET active = false WHERE id = ANY(:gone) AND NOT EXISTS ("
                "SELECT 1 FROM subscription p WHERE p.escalates_to = subscription.id AND p.active AND p.id <> ALL(:gone))"),
                {"gone": [one for one in before if one not in chain]})
            await _mended(connection, number, readdressed=False)
            await note(connection, who=by, act="contacts", what=f"subscription {number}", at=at, detail={"contacts": len(chain)})

    async def set_secret(self, number: int, secret: str, *, overlap: timedelta, by: str, at: datetime) -> None:
        async with self._db.begin() as connection:
            await connection.execute(text(_SECRET), {"id": number, "secret": self._secrets.seal(secret), "overlap": overlap.total_seconds()})
            await note(connection, who=by, act="new secret", what=f"subscription {number}", at=at)

    async def pause(self, number: int, new: NewPause, *, by: str, at: datetime) -> int:
        async with self._db.begin() as connection:
            await connection.execute(text("SELECT 1 FROM subscription WHERE id = :id FOR UPDATE"), {"id": number})
            other = (await connection.execute(text(
                "SELECT 1 FROM office_pause WHERE subscription_id = :id AND starts_at < :until AND ends_at > :since LIMIT 1"),
                {"id": number, "since": new.starts_at, "until": new.ends_at})).one_or_none()
            if other is not None:
                raise Conflict("another pause of this subscription falls into that time: end it first")
            made = (await connection.execute(text(
                "INSERT INTO office_pause (subscription_id, cover_id, starts_at, ends_at, made_by, counted_at) VALUES (:id, :cover, :since, :until, :by, :at) "
                "RETURNING id"), {"id": number, "cover": new.cover, "since": new.starts_at, "until": new.ends_at, "by": by, "at": at})).scalar_one()
            if new.starts_at <= at:
                await stood_in(connection, [number])
            await note(connection, who=by, act="pause", what=f"subscription {number}", at=at, detail={
                "from": new.starts_at.isoformat(), "to": new.ends_at.isoformat(), "cover": new.cover})
        return int(made)

    async def end_pause(self, pause_id: int, *, owner: str | None, by: str, at: datetime) -> None:
        """Over from now on; one that had not begun never holds. The row stays: who covered goes on to be told of what it was told of."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "UPDATE office_pause p SET ends_at = greatest(p.starts_at, :at), counted_at = greatest(p.starts_at, :at) FROM subscription s WHERE s.id = p.subscription_id AND p.id = :id "
                "AND p.ends_at > :at AND (CAST(:o AS text) IS NULL OR s.owner = :o) RETURNING s.id"),
                {"id": pause_id, "at": at, "o": owner})).one_or_none()
            if row is None:
                raise NotFound(f"no pause {pause_id} of yours that could be ended")
            await stood_in(connection, [row.id])
            await note(connection, who=by, act="end pause", what=f"subscription {row.id}", at=at)

    async def pauses(self, owner: str | None, *, now: datetime) -> list[KeptPause]:
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT p.*, coalesce(c.name, '') AS cover FROM office_pause p JOIN subscription s ON s.id = p.subscription_id AND s.active "
                "LEFT JOIN subscription c ON c.id = p.cover_id WHERE p.ends_at > :now AND p.ends_at > p.starts_at "
                "AND (CAST(:o AS text) IS NULL OR s.owner = :o) ORDER BY p.starts_at, p.id"), {"o": owner, "now": now})
            return [
                KeptPause(id=row.id, subscription_id=row.subscription_id, cover_id=row.cover_id, cover=row.cover, starts_at=row.starts_at,
                          ends_at=row.ends_at)
                for row in rows
            ]

    async def archive(self, *, lane: str, since: datetime, until: datetime) -> list[Past]:
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT identifier, event_id, version, msg_type, hazard, level, sent, expires, issuer, zones, polygon, headlines FROM alert "
                "WHERE sent >= :since AND sent <= :until AND (status = 'Actual') = :actual"),
                {"since": since, "until": until, "actual": lane == "actual"})
            return [
                Past(identifier=row.identifier, event_id=row.event_id, version=row.version, msg_type=row.msg_type, hazard=row.hazard,
                     level=Level(row.level), sent=row.sent, expires=row.expires, issuer=row.issuer, zones=tuple(row.zones), polygon=row.polygon,
                     headlines=row.headlines)
                for row in rows
            ]

    async def strongest(self, events: Sequence[UUID]) -> dict[UUID, Level]:
        """The highest level that any version of each event had."""
        async with self._db.begin() as connection:
            rows = await connection.execute(
                text("SELECT event_id, max(level) AS level FROM alert WHERE event_id = ANY(:e) GROUP BY 1"), {"e": list(events)})
            return {row.event_id: Level(row.level) for row in rows}


async def _row(connection: AsyncConnection, number: int, owner: str | None) -> Row[tuple[object, ...]]:
    row = (await connection.execute(
        text(f"{_POST} AND s.id = :id AND (CAST(:o AS text) IS NULL OR s.owner = :o)"), {"id": number, "o": owner})).one_or_none()
    if row is None:
        raise NotFound(f"no subscription {number} of yours")
    return row


async def _stand_ins(connection: AsyncConnection, number: int) -> list[int]:
    """Those of the same office that stand by after it, in order."""
    return [row.id for row in await connection.execute(text(_CHAIN), {"id": number})]


async def _same_wishes(connection: AsyncConnection, number: int, chain: Sequence[int]) -> None:
    """A stand-in's place decides whether an update still concerns it: it is that of whom it stands in for."""
    await connection.execute(text(
        "UPDATE subscription c SET hazards = s.hazards, min_level = s.min_level, zones = s.zones, polygon = s.polygon, lane = s.lane "
        "FROM subscription s WHERE s.id = :id AND c.id = ANY(:chain)"), {"id": number, "chain": list(chain)})


async def _mended(connection: AsyncConnection, number: int, *, readdressed: bool) -> None:
    """In the transaction of the change: open calls of it are renewed, at once or at the next look."""
    await connection.execute(text(_MENDED), {"id": number, "readdressed": readdressed})


def _chain(row: Row[tuple[object, ...]], by_number: dict[int, Row[tuple[object, ...]]]) -> list[Row[tuple[object, ...]]]:
    found: list[Row[tuple[object, ...]]] = []
    at = row._mapping["escalates_to"]
    while at in by_number and by_number[at] not in found and at != row._mapping["id"]:
        found.append(by_number[at])
        at = by_number[at]._mapping["escalates_to"]
    return found


def _post(row: Row[tuple[object, ...]], chain: Sequence[Row[tuple[object, ...]]]) -> Post:
    f = row._mapping
    return Post(
        id=f["id"], owner=f["owner"], name=f["name"], channel=f["channel"], address=masked(f["address"]), language=f["language"], lane=f["lane"],
        hazards=tuple(f["hazards"]), sectors=tuple(f["sectors"]), min_level=Level(f["min_level"]), zones=tuple(f["zones"]), polygon=f["polygon"],
        form=f["form"], standby=f["standby"], escalates_to=f["escalates_to"], signs=bool(f["secret"]), former_until=f["former_until"],
        contacts=tuple(
            Contact(id=one._mapping["id"], name=one._mapping["name"], channel=one._mapping["channel"], address=masked(one._mapping["address"]))
            for one in chain))


def _entry(row: Row[tuple[object, ...]], secrets: WebhookSecrets) -> Entry:
    f = row._mapping
    return Entry(
        kind="office", lane=f["lane"], name=f["name"], owner=f["owner"], channel=f["channel"], address=f["address"], secret=secrets.open(f["secret"]),
        language=f["language"], hazards=tuple(f["hazards"]), min_level=Level(f["min_level"]), zones=tuple(f["zones"]), polygon=f["polygon"],
        cell=None, district=None, standby=f["standby"], escalates_to=f["escalates_to"], sectors=tuple(f["sectors"]), form=f["form"])


_POST: Final = """
SELECT s.*, coalesce(w.sectors, '{}') AS sectors, coalesce(w.form, 'json') AS form,
  CASE WHEN w.former_until > clock_timestamp() THEN w.former_until END AS former_until
FROM subscription s LEFT JOIN office_wish w ON w.subscription_id = s.id WHERE s.active AND s.kind = 'office'
"""
_CHAIN: Final = """
WITH RECURSIVE chain AS (
  SELECT n.id, n.escalates_to, n.owner, 1 AS at FROM subscription s JOIN subscription n ON n.id = s.escalates_to AND n.owner = s.owner
    AND n.standby AND n.active WHERE s.id = :id
  UNION SELECT n.id, n.escalates_to, n.owner, c.at + 1 FROM chain c JOIN subscription n ON n.id = c.escalates_to AND n.owner = c.owner
    AND n.standby AND n.active WHERE c.at < 50 AND n.id <> :id
)
SELECT id FROM chain GROUP BY id ORDER BY min(at)
"""
_REPLACE: Final = """
UPDATE subscription SET name = :name, address = :address, secret = :secret, language = :language, hazards = :hazards, min_level = :min_level,
  zones = :zones, polygon = CAST(:polygon AS jsonb), standby = :standby, escalates_to = :next WHERE id = :id
"""
_MENDED: Final = """
INSERT INTO office_edition (subscription_id, number, readdressed) VALUES (:id, 1, :readdressed) ON CONFLICT (subscription_id) DO UPDATE
SET number = office_edition.number + 1, readdressed = office_edition.readdressed OR excluded.readdressed
"""
_SECRET: Final = """
WITH old AS (SELECT secret FROM subscription WHERE id = :id FOR UPDATE), put AS (
  INSERT INTO office_wish (subscription_id, former_secret, former_until)
  SELECT :id, secret, CASE WHEN secret <> '' THEN clock_timestamp() + make_interval(secs => :overlap) END FROM old
  ON CONFLICT (subscription_id) DO UPDATE SET former_secret = excluded.former_secret, former_until = excluded.former_until,
    changed_at = clock_timestamp() RETURNING 1
)
UPDATE subscription SET secret = :secret WHERE id = :id AND (SELECT count(*) FROM put) > 0
"""
