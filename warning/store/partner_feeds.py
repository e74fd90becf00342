"""The memory of partners' feeds: how far each was read, which links are still owed, and what operators are told of it."""

from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import text

from warning.clock import Clock
from warning.exchange.poll import Answered, Mark, Reading
from warning.store.database import Database
from warning.store.notice import clear, tell

PATIENCE = 3
"""Tries after which a link that fails is an operator notice."""
_AGAIN_S, _LONGEST_S = 60, 3600
"""Seconds until a failed link is tried again: doubled each time, up to an hour."""
GIVEN_UP_H = 24
"""Hours after which a failing link is forgotten that its feed names no more: what it warned of is over, or stands in the feed anew."""


class PartnerFeeds:
    """Each verb is one transaction. Times are the database's own."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def mark(self, partner: str) -> Mark:
        async with self._db.begin() as connection:
            row = (await connection.execute(text("SELECT etag, modified FROM partner_feed WHERE partner = :p"), {"p": partner})).one_or_none()
        return Mark() if row is None else Mark(etag=row.etag, modified=row.modified)

    async def read(self, partner: str, found: Reading) -> None:
        """The feed's version and its links in one: the ETag is never kept without what it stands for.

        A link that is new, that says it has changed, or says nothing of its version is owed; what the feed names no more and owes nothing is forgotten.
        """
        urls = [url for url, _ in found.links]
        async with self._db.begin() as connection:
            await connection.execute(text(
                "INSERT INTO partner_feed (partner, etag, modified, odd) VALUES (:p, :e, :m, :odd) ON CONFLICT (partner) DO UPDATE SET "
                "etag = excluded.etag, modified = excluded.modified, odd = excluded.odd, fault = '', at = clock_timestamp()"),
                {"p": partner, "e": found.mark.etag, "m": found.mark.modified, "odd": list(found.odd)})
            await connection.execute(text("UPDATE partner_link SET listed = false WHERE partner = :p"), {"p": partner})
            await connection.execute(text(_NAMED), {
                "p": partner, "keys": [_key(url) for url in urls], "urls": urls, "stamps": [stamp for _, stamp in found.links],
                "places": list(range(len(urls)))})
            await connection.execute(text(
                "DELETE FROM partner_link WHERE partner = :p AND NOT listed AND (state <> 'owed' OR at < clock_timestamp() - make_interval(hours => :h))"),
                {"p": partner, "h": GIVEN_UP_H})

    async def failed(self, partner: str, fault: str) -> None:
        """The feed could not be read; empty = it could, and has not changed."""
        async with self._db.begin() as connection:
            await connection.execute(text(
                "INSERT INTO partner_feed (partner, fault) VALUES (:p, :f) ON CONFLICT (partner) DO UPDATE SET fault = excluded.fault, at = clock_timestamp()"),
                {"p": partner, "f": fault})

    async def owed(self, partner: str, *, most: int) -> list[str]:
        """Links to fetch now: those that failed least, then in the feed's order."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT url FROM partner_link WHERE partner = :p AND state = 'owed' AND next_at <= clock_timestamp() ORDER BY tries, place LIMIT :n"),
                {"p": partner, "n": most})
            return [row.url for row in rows]

    async def answered(self, partner: str, found: Answered) -> None:
        state = "odd" if found.final else "owed" if found.fault else "taken"
        async with self._db.begin() as connection:
            await connection.execute(text(
                "UPDATE partner_link SET state = :s, fault = :f, tries = tries + 1, "
                "next_at = clock_timestamp() + make_interval(secs => least(:again * power(2, least(tries, 10)), :longest)) "
                "WHERE partner = :p AND key = :k"),
                {"s": state, "f": found.fault, "p": partner, "k": _key(found.url), "again": _AGAIN_S, "longest": _LONGEST_S})

    async def told(self, partner: str) -> None:
        """Operator notices as things stand: a feed that does not answer, and documents that cannot be had; taken back when they can."""
        now = self._clock.now()
        async with self._db.begin() as connection:
            feed = (await connection.execute(text("SELECT fault, odd FROM partner_feed WHERE partner = :p"), {"p": partner})).one()
            bad = (await connection.execute(text(
                "SELECT url, fault FROM partner_link WHERE partner = :p AND (state = 'odd' OR state = 'owed' AND tries >= :n) ORDER BY place"),
                {"p": partner, "n": PATIENCE})).all()
            if feed.fault:
                await tell(connection, f"partner {partner}", words=f"the feed of {partner} cannot be read: {feed.fault}",
                           next_step="call the partner; it is looked at again by itself", at=now)
            else:
                await clear(connection, [f"partner {partner}"], at=now)
            faults = [*feed.odd, *(f"{row.fault} ({_file(row.url)})" for row in bad)]
            if faults:
                await tell(connection, f"partner {partner} documents", words=f"documents of {partner} that cannot be read: {_few(faults)}",
                           next_step="call the partner: they may warn of something; what does not answer is asked for again by itself", at=now)
            else:
                await clear(connection, [f"partner {partner} documents"], at=now)


def _key(url: str) -> bytes:
    return sha256(url.encode("utf-8", "replace")).digest()


def _file(url: str) -> str:
    """The end of its path, to find it by; the query may hold a token."""
    return url.partition("?")[0].rstrip("/").rpartition("/")[2][:60]


def _few(faults: Sequence[str]) -> str:
    return "; ".join(faults[:3])[:400] + (f" and {len(faults) - 3} more" if len(faults) > 3 else "")


# A link whose version is unknown may have other words at any time, so it is owed whenever the feed has changed; so is one whose version is another.
_NAMED = """
INSERT INTO partner_link (partner, key, url, stamp, place)
SELECT :p, u.key, u.url, u.stamp, u.place
FROM unnest(CAST(:keys AS bytea[]), CAST(:urls AS text[]), CAST(:stamps AS text[]), CAST(:places AS integer[])) AS u(key, url, stamp, place)
ON CONFLICT (partner, key) DO UPDATE SET listed = true, place = excluded.place, stamp = excluded.stamp, state =
    CASE WHEN excluded.stamp = '' OR excluded.stamp <> partner_link.stamp THEN 'owed' ELSE partner_link.state END,
  tries = CASE WHEN partner_link.state <> 'owed' THEN 0 ELSE partner_link.tries END,
  next_at = CASE WHEN partner_link.state <> 'owed' THEN clock_timestamp() ELSE partner_link.next_at END
"""
