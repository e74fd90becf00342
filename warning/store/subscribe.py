"""The subscription ledger."""

import json
from datetime import datetime
from itertools import combinations

import shapely
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.dispatch.subscribe import Entry, Held
from warning.errors import Conflict, NotFound
from warning.level import Level
from warning.store.audit import note
from warning.store.database import Database
from warning.trust.address import PREFIX, Addresses, WebhookSecrets

LANES = ("actual", "exercise")
SEAL_PAGE = 2000
"""Rows from before addresses were sealed, in one transaction."""


class SubscriptionStore:
    """Each verb is one transaction. Residents' addresses and offices' secrets are sealed here, and opened only where a message is handed to a channel."""

    def __init__(self, database: Database, addresses: Addresses, secrets: WebhookSecrets) -> None:
        self._db = database
        self._addresses = addresses
        self._secrets = secrets

    async def add(self, entry: Entry, *, at: datetime | None = None) -> int:
        """The same lane, channel, address, place and name again is the same subscription, with the newest wishes.

        ``at``: when an account's owner asked for it, for the audit; None for what the deployment provides by itself, and for residents, who have no name.
        """
        resident = entry.kind == "resident"
        address = self._addresses.seal(entry.address) if resident else entry.address
        async with self._db.begin() as connection:
            # Two places of one address, registered at the same moment, must see each other: they are one person.
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:k, 1))"), {"k": f"{entry.channel}/{address}"})
            if resident:
                await connection.execute(text(
                    "UPDATE subscription SET address = :sealed WHERE lane = :l AND channel = :c AND address = ANY(:a) AND kind = 'resident'"),
                    {"sealed": address, "l": entry.lane, "c": entry.channel, "a": [one for one in self._addresses.forms(entry.address) if one != address]})
            found = (await connection.execute(
                text(_ADD_RESIDENT if resident else ADD), {**columns(entry, self._secrets), "address": address})).scalar_one_or_none()
            if found is None:
                raise Conflict("this name and address are subscribed by another account: choose another name")
            if entry.kind == "office":
                await keep_wish(connection, int(found), entry)
                if at is not None:
                    await note(connection, who=entry.owner, act="subscribe", what=f"subscription {found}", at=at, detail={"name": entry.name})
        return int(found)

    async def end(self, subscription_id: int, *, owner: str | None, by: str, at: datetime) -> None:
        async with self._db.begin() as connection:
            ended = await connection.execute(text(
                "UPDATE subscription SET active = false WHERE id = :id AND active AND (CAST(:o AS text) IS NULL OR owner = :o)"),
                {"id": subscription_id, "o": owner})
            if ended.rowcount == 0:
                raise NotFound(f"no subscription {subscription_id} of yours")
            await note(connection, who=by, act="end subscription", what=f"subscription {subscription_id}", at=at)

    async def held(self, owner: str | None) -> list[Held]:
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(
                "SELECT s.*, coalesce(w.sectors, '{}') AS sectors FROM subscription s LEFT JOIN office_wish w ON w.subscription_id = s.id "
                "WHERE s.active AND s.kind = 'office' AND (CAST(:o AS text) IS NULL OR s.owner = :o) ORDER BY s.id"), {"o": owner})).all()
        shapes = {row.id: shapely.geometry.shape(row.polygon) for row in rows if row.polygon is not None}
        touching: dict[int, set[int]] = {row.id: set() for row in rows}
        for one, other in combinations(rows, 2):
            both_drawn = one.id in shapes and other.id in shapes
            drawn = both_drawn and shapes[one.id].intersection(shapes[other.id]).area > 0
            if drawn or set(one.zones) & set(other.zones):
                touching[one.id].add(other.id)
                touching[other.id].add(one.id)
        return [
            Held(id=row.id, name=row.name, channel=row.channel, address=masked(row.address), lane=row.lane,
                 hazards=tuple(row.hazards), min_level=Level(row.min_level), zones=tuple(row.zones), polygon=row.polygon,
                 overlaps=tuple(sorted(touching[row.id])), sectors=tuple(row.sectors))
            for row in rows
        ]

    async def stop(self, channel: str, address: str) -> int:
        async with self._db.begin() as connection:
            ended = await connection.execute(text(
                "UPDATE subscription SET active = false "
                "WHERE lane = ANY(:lanes) AND channel = :c AND address = ANY(:a) AND active AND kind = 'resident'"),
                {"lanes": list(LANES), "c": channel, "a": self._addresses.forms(address)})
            return ended.rowcount

    async def seal_secrets(self) -> int:
        """Seal the webhook secrets that lie open, which an engine before this one wrote; returns how many there were."""
        async with self._db.begin() as connection:
            return await seal_secrets(connection, self._secrets, every=False)

    async def seal_old(self) -> int:
        """Seal a page of residents' addresses that still lie open; returns how many there were."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(_OPEN), {"limit": SEAL_PAGE})).all()
            if rows:
                await connection.execute(text(_SEAL), {"ids": [row.id for row in rows], "sealed": [self._addresses.seal(row.address) for row in rows]})
        return len(rows)


async def seal_secrets(connection: AsyncConnection, secrets: WebhookSecrets, *, every: bool) -> int:
    """Seal the webhook secrets that lie open, or ``every`` one anew with the present secret; returns how many. Some thousands at most."""
    sealed = 0
    for table, number, column, who in _SECRETS:
        some = "" if every else f" AND left({column}, {len(PREFIX)}) <> '{PREFIX}'"
        rows = (await connection.execute(text(
            f"SELECT {number} AS id, {column} AS kept FROM {table} WHERE {who} AND {column} <> ''{some} FOR UPDATE"))).all()
        for row in rows:
            await connection.execute(text(f"UPDATE {table} SET {column} = :s WHERE {number} = :id"), {"s": secrets.renewed(row.kept), "id": row.id})
        sealed += len(rows)
    return sealed


def columns(entry: Entry, secrets: WebhookSecrets) -> dict[str, object]:
    """As the statements take it; the secret sealed."""
    return {
        "kind": entry.kind, "lane": entry.lane, "name": entry.name, "owner": entry.owner, "channel": entry.channel,
        "address": entry.address, "secret": secrets.seal(entry.secret), "language": entry.language,
        "hazards": list(entry.hazards), "min_level": int(entry.min_level), "zones": list(entry.zones),
        "polygon": None if entry.polygon is None else json.dumps(dict(entry.polygon)), "cell": entry.cell,
        "district": entry.district, "standby": entry.standby, "falls_back_to": entry.falls_back_to, "next": entry.escalates_to,
        "quiet_from": entry.quiet[0] if entry.quiet else None, "quiet_until": entry.quiet[1] if entry.quiet else None,
    }


async def keep_wish(connection: AsyncConnection, subscription_id: int, entry: Entry) -> None:
    """What only offices wish, in the caller's transaction."""
    await connection.execute(text(
        "INSERT INTO office_wish (subscription_id, sectors, form) VALUES (:id, :sectors, :form) ON CONFLICT (subscription_id) "
        "DO UPDATE SET sectors = excluded.sectors, form = excluded.form, changed_at = clock_timestamp()"),
        {"id": subscription_id, "sectors": list(entry.sectors), "form": entry.form})


def masked(address: str) -> str:
    """What of an address is shown: enough to tell two apart, not enough to use it."""
    return address if len(address) <= 8 else f"{address[:4]}…{address[-4:]}"


_SECRETS = (("subscription", "id", "secret", "kind <> 'resident'"), ("office_wish", "subscription_id", "former_secret", "true"))
"""Table, key, column, and who has one at all: residents, who are millions, have none."""

ADD = """
INSERT INTO subscription (kind, lane, name, owner, channel, address, secret, language, hazards, min_level, zones, polygon,
  cell, district, standby, falls_back_to, escalates_to, quiet_from, quiet_until)
VALUES (:kind, :lane, :name, :owner, :channel, :address, :secret, :language, :hazards, :min_level, :zones,
  CAST(:polygon AS jsonb), :cell, :district, :standby, :falls_back_to, :next, :quiet_from, :quiet_until)
ON CONFLICT (lane, channel, address, cell, name) DO UPDATE SET hazards = excluded.hazards, min_level = excluded.min_level,
  zones = excluded.zones, polygon = excluded.polygon, secret = excluded.secret, language = excluded.language, escalates_to = excluded.escalates_to,
  standby = excluded.standby, active = true
  WHERE subscription.owner = excluded.owner
RETURNING id
"""

# Whose address is proven may change every wish. Where an address is registered for itself it is told at once, though it also stands by for another.
_ADD_RESIDENT = ADD.partition("DO UPDATE SET")[0] + """
DO UPDATE SET standby = subscription.standby AND excluded.standby, active = true, language = excluded.language,
  hazards = excluded.hazards, min_level = excluded.min_level, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until,
  falls_back_to = CASE WHEN excluded.standby THEN subscription.falls_back_to ELSE excluded.falls_back_to END
RETURNING id
"""

_OPEN = f"SELECT id, address FROM subscription WHERE kind = 'resident' AND left(address, {len(PREFIX)}) <> '{PREFIX}' ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED"
_SEAL = "UPDATE subscription s SET address = u.sealed FROM unnest(CAST(:ids AS bigint[]), CAST(:sealed AS text[])) AS u(id, sealed) WHERE s.id = u.id"
