"""The roster's ledger: read as posts with their people, written as one whole."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.zone import ZoneSet
from warning.dispatch.rank import Errand, deadline_of, rank
from warning.errors import NotFound
from warning.level import Level
from warning.roster.area import audience_codes
from warning.roster.gap import Gap, GapKind
from warning.roster.place import Place
from warning.roster.post import Contact, Kind, Person, Post, Shift
from warning.roster.reading import Reading
from warning.store.audit import note
from warning.store.database import Database
from warning.store.jobs import Jobs
from warning.store.notice import clear, tell
from warning.store.reseal import reseal_roster
from warning.store.roster_queries import (
    CONTACTS,
    EDITION,
    IN_FORCE,
    PEOPLE,
    PLACES,
    POSTS,
    RETIRED,
    SEATS,
    SHIFTS,
    SUBSCRIPTIONS,
)
from warning.trust.address import Addresses


async def read_edition(connection: AsyncConnection, *, lane: str) -> tuple[list[Post], int]:
    """The posts and the list's edition, which is read first: posts may be newer than it says, and never older."""
    edition = (await connection.execute(text("SELECT number FROM roster_edition WHERE lane = :lane"), {"lane": lane})).scalar_one_or_none()
    return await read_posts(connection, lane=lane), edition or 0


async def read_posts(connection: AsyncConnection, *, lane: str, addresses: Addresses | None = None) -> list[Post]:
    """Every post in use, in order of zone and name; addresses stay sealed for whoever only calls."""
    contacts: dict[int, list[Contact]] = {}
    for row in await connection.execute(text(
            "SELECT k.*, s.channel, s.address, s.active FROM roster_contact k JOIN roster_person p ON p.id = k.person_id "
            "JOIN subscription s ON s.id = k.subscription_id WHERE p.lane = :lane ORDER BY k.person_id, k.rank"), {"lane": lane}):
        contacts.setdefault(row.person_id, []).append(Contact(
            id=row.id, subscription_id=row.subscription_id, channel=row.channel, address=row.address if addresses is None else addresses.open(row.address), proved_at=row.proved_at,
            expires=row.expires, active=row.active))
    people: dict[int, list[Person]] = {}
    for row in await connection.execute(text(
            "SELECT e.post_id, p.id, p.name, p.title FROM roster_seat e JOIN roster_person p ON p.id = e.person_id WHERE p.lane = :lane "
            "ORDER BY e.post_id, e.rank"), {"lane": lane}):
        people.setdefault(row.post_id, []).append(Person(id=row.id, name=row.name, title=row.title, contacts=tuple(contacts.get(row.id, ()))))
    shifts: dict[int, list[Shift]] = {}
    for row in await connection.execute(text("SELECT * FROM roster_shift ORDER BY starts, id")):
        shifts.setdefault(row.post_id, []).append(Shift(person=row.person, start=row.starts, end=row.ends, instead_of=row.instead_of))
    rows = await connection.execute(text("SELECT * FROM roster_post WHERE active AND lane = :lane ORDER BY zone, name"), {"lane": lane})
    return [
        Post(id=row.id, zone=row.zone, place=row.place, name=row.name, kind=Kind(row.kind), hazards=tuple(row.hazards), above=row.above,
             people=tuple(people.get(row.id, ())), shifts=tuple(shifts.get(row.id, ())))
        for row in rows
    ]


class RosterStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, jobs: Jobs, addresses: Addresses, *, zones: ZoneSet) -> None:
        self._db = database
        self._jobs = jobs
        self._addresses = addresses
        self._zones = zones

    async def posts(self, lane: str) -> list[Post]:
        async with self._db.begin() as connection:
            return await read_posts(connection, lane=lane, addresses=self._addresses)

    async def places(self, lane: str) -> list[Place]:
        async with self._db.begin() as connection:
            rows = await connection.execute(text("SELECT * FROM roster_place WHERE lane = :lane ORDER BY zone"), {"lane": lane})
            return [Place(zone=row.zone, name=row.name, rule=row.rule, rule_on=row.rule_on, lat=row.lat, lon=row.lon) for row in rows]

    async def write(self, reading: Reading, *, lane: str, ending: Sequence[int], by: str, at: datetime) -> None:
        """All of it or nothing. A contact that stays keeps its proof; one that is gone is not called any more. Addresses are sealed first."""
        reading = replace(reading, posts=tuple(self._sealed(post) for post in reading.posts))
        async with self._db.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('roster ' || :lane, 0))"), {"lane": lane})
            if self._addresses.changing:  # who is known must be known again under the present secret
                await reseal_roster(connection, self._addresses)
            for statement, rows in ((POSTS, _posts(reading)), (PEOPLE, _people(reading)), (SUBSCRIPTIONS, self._subscriptions(reading)),
                                    (CONTACTS, _contacts(reading)), (SEATS, _seats(reading)), (SHIFTS, _shifts(reading)), (PLACES, _places(reading))):
                for one in statement:
                    await connection.execute(text(one), {"lane": lane, "rows": json.dumps(rows, ensure_ascii=False)} if ":rows" in one else {"lane": lane})
            if ending:
                await connection.execute(text("UPDATE roster_post SET active = false WHERE id = ANY(:ids)"), {"ids": list(ending)})
            await connection.execute(text(RETIRED), {"lane": lane})
            await connection.execute(text(EDITION), {"lane": lane})
            for row in (await connection.execute(text(IN_FORCE), {"lane": lane, "at": at})).all():
                priority = rank(Level(row.level), Errand.EXPAND, deadline_of(sent=row.sent, expires=row.expires))
                await self._jobs.defer_expand(connection, row.identifier, priority=priority)
            await note(connection, who=by, act="import roster", what=f"roster {lane}", at=at,
                       detail={"posts": len(reading.posts), "ended": len(ending), "places": len(reading.places), "rows": reading.rows})

    def _sealed(self, post: Post) -> Post:
        return replace(post, people=tuple(
            replace(person, contacts=tuple(replace(one, address=self._addresses.seal(one.address)) for one in person.contacts)) for person in post.people))

    def _subscriptions(self, reading: Reading) -> list[dict[str, object]]:
        """One for each address of a person, asking for every place where the person has a post, so that changes and ends find it."""
        found: dict[tuple[str, str, str], set[str]] = {}
        for post in reading.posts:
            for person in post.people:
                for contact in person.contacts:
                    found.setdefault((person.name, contact.channel, contact.address), set()).update(audience_codes(post.zone, self._zones))
        return [{"name": name, "channel": channel, "address": address, "zones": sorted(codes)} for (name, channel, address), codes in found.items()]

    async def zone_of(self, contact_id: int) -> list[str]:
        """The zones of the posts that this contact's person holds. Raises NotFound."""
        async with self._db.begin() as connection:
            rows = (await connection.execute(text(
                "SELECT DISTINCT p.zone FROM roster_contact k JOIN roster_seat e ON e.person_id = k.person_id JOIN roster_post p ON p.id = e.post_id "
                "WHERE k.id = :id AND p.active"), {"id": contact_id})).scalars().all()
        if not rows:
            raise NotFound(f"no contact {contact_id} on the roster")
        return list(rows)

    async def prove(self, contact_id: int, *, how: str, by: str, at: datetime) -> None:
        async with self._db.begin() as connection:
            await connection.execute(text("UPDATE roster_contact SET proved_at = :at, proved_how = :how WHERE id = :id"),
                                     {"at": at, "how": how, "id": contact_id})
            await note(connection, who=by, act="prove contact", what=f"contact {contact_id}", at=at, detail={"how": how})

    async def tell_gaps(self, found: Sequence[Gap], *, at: datetime) -> None:
        """One notice for each kind of gap, naming the first few posts; unchanged ones keep their time."""
        async with self._db.begin() as connection:
            standing = {row.key: row.text for row in await connection.execute(text(
                "SELECT key, text FROM notice WHERE key LIKE 'roster %' AND cleared_at IS NULL"))}
            for kind in GapKind:
                here = list(dict.fromkeys(gap.post.title + (f" ({gap.person})" if gap.person else "") for gap in found if gap.kind is kind))
                key = f"roster {kind.value}"
                if not here:
                    await clear(connection, [key], at=at)
                    continue
                named = f"{', '.join(here[:5])}{f' … {len(here)}' if len(here) > 5 else ''}"
                words = f"{kind.words(chinese=True)}：{named} / {kind.words(chinese=False)}: {named}"
                if standing.get(key) != words:
                    await tell(connection, key, words=words, next_step=f"{kind.mend(chinese=True)} / {kind.mend(chinese=False)}: /console/roster", at=at)


def _key(post: Post, person: Person) -> str:
    """The same name with the same first address is one person, wherever; without an address only at this post."""
    return f"{person.name}|{person.contacts[0].address}" if person.contacts else f"{person.name}|{post.zone}|{post.name}"


def _posts(reading: Reading) -> list[dict[str, object]]:
    return [{"zone": post.zone, "place": post.place, "name": post.name, "kind": post.kind.value, "hazards": list(post.hazards), "above": post.above}
            for post in reading.posts]


def _people(reading: Reading) -> list[dict[str, object]]:
    found: dict[str, dict[str, object]] = {_key(post, person): {"key": _key(post, person), "name": person.name, "title": person.title} for post in reading.posts for person in post.people}
    return list(found.values())


def _contacts(reading: Reading) -> list[dict[str, object]]:
    found = {}
    for post in reading.posts:
        for person in post.people:
            for number, one in enumerate(person.contacts):
                found[_key(post, person), one.channel, one.address] = {
                    "key": _key(post, person), "name": person.name, "channel": one.channel, "address": one.address, "rank": number,
                    "expires": None if one.expires is None else one.expires.isoformat()}
    return list(found.values())


def _seats(reading: Reading) -> list[dict[str, object]]:
    return [{"zone": post.zone, "post": post.name, "key": _key(post, person), "rank": rank}
            for post in reading.posts for rank, person in enumerate(post.people)]


def _shifts(reading: Reading) -> list[dict[str, object]]:
    return [{"zone": zone, "post": name, "person": shift.person, "instead_of": shift.instead_of, "starts": shift.start.isoformat(), "ends": shift.end.isoformat()}
            for (zone, name), shifts in reading.shifts.items() for shift in shifts]


def _places(reading: Reading) -> list[dict[str, object]]:
    return [{"zone": one.zone, "name": one.name, "rule": one.rule, "rule_on": None if one.rule_on is None else one.rule_on.isoformat(),
             "lat": one.lat, "lon": one.lon} for one in reading.places]
