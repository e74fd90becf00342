"""The trust desk's ledger: credentials, sessions, keys, wrong log-ins and admin requests. Each verb is one transaction."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.account import Account, Act
from warning.clock import Clock
from warning.errors import Conflict, NotFound
from warning.store.accounts import put_account, withdraw_account
from warning.store.audit import note
from warning.store.database import Database
from warning.trust.work import AdminAct, AdminRequest, Credential, Key, OpenSession, locked_s

IDLE = timedelta(hours=2)
LONGEST = timedelta(hours=12)
"""A shift; then the log-in is asked for again."""
_FORGET = timedelta(hours=1)
"""Wrong log-ins are forgotten after an hour without another."""


class TrustStore:
    """``clock`` dates what goes into the audit trail; everything else is dated by the database itself."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._db = database
        self._clock = clock

    async def real_now(self) -> datetime:
        async with self._db.begin() as connection:
            found: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return found

    async def locked_s(self, keys: Sequence[str]) -> float:
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT failures, extract(epoch FROM clock_timestamp() - last_at) AS since FROM login_try WHERE key = ANY(:k)"),
                {"k": [_key(one) for one in keys]})
            pauses = [locked_s(row.failures) - float(row.since) for row in rows if row.since < _FORGET.total_seconds()]
        return max([0.0, *pauses])

    async def took(self, key: str) -> float:
        """Count a try before its answer is known, so that a hundred at the same moment are still counted one by one; seconds to wait instead
        when it is locked, 0 when it was counted."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(  # the row is locked, be it new or old
                "INSERT INTO login_try (key, failures, last_at) VALUES (:k, 0, clock_timestamp()) ON CONFLICT (key) DO UPDATE SET key = excluded.key "
                "RETURNING failures, extract(epoch FROM clock_timestamp() - last_at) AS since"), {"k": _key(key)})).one()
            forgotten = row.since >= _FORGET.total_seconds()
            pause = 0.0 if forgotten else locked_s(row.failures) - float(row.since)
            if pause <= 0:
                await connection.execute(text("UPDATE login_try SET failures = :n, last_at = clock_timestamp() WHERE key = :k"),
                                         {"k": _key(key), "n": 1 if forgotten else row.failures + 1})
        return max(0.0, pause)

    async def failed(self, keys: Sequence[str]) -> None:
        """Count wrong ones; what is forgotten makes room, so that made-up names do not fill the disk."""
        async with self._db.begin() as connection:
            await connection.execute(text(
                "INSERT INTO login_try (key, failures) SELECT k, 1 FROM unnest(CAST(:k AS text[])) AS k ON CONFLICT (key) DO UPDATE SET "
                "failures = CASE WHEN login_try.last_at < clock_timestamp() - CAST(:f AS interval) THEN 1 ELSE login_try.failures + 1 END, "
                "last_at = clock_timestamp()"), {"k": sorted(_key(one) for one in keys), "f": _FORGET})
            await connection.execute(text(
                "DELETE FROM login_try WHERE key IN (SELECT key FROM login_try WHERE last_at < clock_timestamp() - CAST(:f AS interval) "
                "LIMIT 100 FOR UPDATE SKIP LOCKED)"), {"f": _FORGET})

    async def succeeded(self, keys: Sequence[str]) -> None:
        async with self._db.begin() as connection:
            await connection.execute(text("DELETE FROM login_try WHERE key = ANY(:k)"), {"k": [_key(one) for one in keys]})

    async def credential(self, name: str) -> Credential | None:
        async with self._db.begin() as connection:
            return _credential((await connection.execute(text(f"{_CREDENTIAL} AND a.name = :v"), {"v": name})).one_or_none())

    async def by_token(self, token_hash: str) -> Credential | None:
        async with self._db.begin() as connection:
            return _credential((await connection.execute(text(f"{_CREDENTIAL} AND a.token_hash = :v"), {"v": token_hash})).one_or_none())

    async def set_password(self, name: str, kept: str, *, by: str | None) -> None:
        """``by`` None: the same password hashed anew, which is no act of anybody."""
        async with self._db.begin() as connection:
            await connection.execute(text(
                "INSERT INTO credential (name, password) VALUES (:n, :p) ON CONFLICT (name) DO UPDATE "
                "SET password = excluded.password, changed_at = clock_timestamp()"), {"n": name, "p": kept})
            if by is not None:
                await self._note(connection, who=by, act="password", what=f"account {name}")

    async def set_factor(self, name: str, sealed: str, *, confirmed: bool) -> None:
        async with self._db.begin() as connection:
            await connection.execute(text(
                "INSERT INTO credential (name, factor, factor_confirmed) VALUES (:n, :f, :c) ON CONFLICT (name) DO UPDATE "
                "SET factor = excluded.factor, factor_confirmed = excluded.factor_confirmed"), {"n": name, "f": sealed, "c": confirmed})
            if confirmed:
                await self._note(connection, who=name, act="second factor", what=f"account {name}")

    async def use_step(self, name: str, step: int) -> bool:
        """True once for each time step: a code that was read over a shoulder is worth nothing."""
        async with self._db.begin() as connection:
            used = await connection.execute(text(
                "UPDATE credential SET last_step = :s WHERE name = :n AND last_step < :s"), {"s": step, "n": name})
            return used.rowcount == 1

    async def open_session(self, token_hash: str, name: str, *, client: str) -> None:
        async with self._db.begin() as connection:
            await connection.execute(
                text("INSERT INTO session (token_hash, name, client) VALUES (:t, :n, :c)"), {"t": token_hash, "n": name, "c": client[:200]})
            await self._note(connection, who=name, act="log in", what=f"account {name}")

    async def session_of(self, token_hash: str) -> Account | None:
        async with self._db.begin() as connection:
            row = (await connection.execute(text(_SEEN), {"t": token_hash, "idle": IDLE, "longest": LONGEST})).one_or_none()
        return None if row is None else _account(row)

    async def session_ended(self, token_hash: str) -> bool:
        async with self._db.begin() as connection:
            return (await connection.execute(text(
                "SELECT NOT EXISTS (SELECT FROM session s JOIN account a ON a.name = s.name WHERE s.token_hash = :t AND s.ended_at IS NULL AND a.active)"),
                {"t": token_hash})).scalar_one() is True

    async def end_session(self, token_hash: str) -> None:
        async with self._db.begin() as connection:
            name = (await connection.execute(text(
                "UPDATE session SET ended_at = clock_timestamp() WHERE token_hash = :t AND ended_at IS NULL RETURNING name"),
                {"t": token_hash})).scalar_one_or_none()
            if name is not None:
                await self._note(connection, who=name, act="log out", what=f"account {name}")

    async def sessions(self, name: str) -> list[OpenSession]:
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT id, opened_at, seen_at, client FROM session WHERE name = :n AND ended_at IS NULL "
                "AND seen_at > clock_timestamp() - CAST(:idle AS interval) AND opened_at > clock_timestamp() - CAST(:longest AS interval) "
                "ORDER BY opened_at DESC"), {"n": name, "idle": IDLE, "longest": LONGEST})
            return [OpenSession(id=row.id, opened_at=row.opened_at, seen_at=row.seen_at, client=row.client) for row in rows]

    async def end_sessions(self, name: str, *, but: str = "") -> int:
        async with self._db.begin() as connection:
            ended = await connection.execute(text(
                "UPDATE session SET ended_at = clock_timestamp() WHERE name = :n AND ended_at IS NULL AND token_hash <> :but"),
                {"n": name, "but": but})
            return ended.rowcount

    async def add_key(self, name: str, key_hash: str, label: str, scopes: Sequence[Act], *, days: int) -> None:
        async with self._db.begin() as connection:
            await connection.execute(text(
                "INSERT INTO api_key (name, label, key_hash, scopes, expires_at) "
                "VALUES (:n, :l, :h, :s, clock_timestamp() + make_interval(days => :d))"),
                {"n": name, "l": label, "h": key_hash, "s": [scope.value for scope in scopes], "d": days})
            await self._note(connection, who=name, act="make key", what=f"key {label}",
                             detail={"scopes": [scope.value for scope in scopes], "days": days})

    async def keys(self, name: str) -> list[Key]:
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT * FROM api_key WHERE name = :n AND ended_at IS NULL ORDER BY created_at DESC"), {"n": name})
            return [
                Key(id=row.id, name=row.label, scopes=tuple(Act(one) for one in row.scopes), created_at=row.created_at,
                    expires_at=row.expires_at, used_at=row.used_at) for row in rows]

    async def end_key(self, name: str, key_id: UUID) -> None:
        async with self._db.begin() as connection:
            label = (await connection.execute(text(
                "UPDATE api_key SET ended_at = clock_timestamp() WHERE id = :i AND name = :n AND ended_at IS NULL RETURNING label"),
                {"i": key_id, "n": name})).scalar_one_or_none()
            if label is None:
                raise NotFound("no such key of yours")
            await self._note(connection, who=name, act="end key", what=f"key {label}")

    async def ask(self, act: AdminAct, new: Account, *, by: str) -> UUID:
        detail = {"role": new.role, "hazards": list(new.hazards), "area": new.area}
        async with self._db.begin() as connection:
            found: UUID = (await connection.execute(text(
                "INSERT INTO admin_request (act, name, detail, asked_by) VALUES (:a, :n, CAST(:d AS jsonb), :by) RETURNING id"),
                {"a": act, "n": new.name, "d": json.dumps(detail), "by": by})).scalar_one()
            await self._note(connection, who=by, act=f"ask to {act}", what=f"account {new.name}", detail=detail)
        return found

    async def waiting(self) -> list[AdminRequest]:
        async with self._db.begin() as connection:
            rows = await connection.execute(text("SELECT * FROM admin_request WHERE decided_at IS NULL ORDER BY asked_at"))
            return [AdminRequest(id=row.id, act=row.act, name=row.name, detail=row.detail, asked_by=row.asked_by, asked_at=row.asked_at)
                    for row in rows]

    async def decide(self, request_id: UUID, *, by: str, confirmed: bool) -> str | None:
        """The decision and what follows from it are one transaction. Raises Conflict when somebody was quicker."""
        async with self._db.begin() as connection:
            row = (await connection.execute(text(
                "UPDATE admin_request SET decided_by = :by, decided_at = clock_timestamp(), verdict = :v "
                "WHERE id = :i AND decided_at IS NULL RETURNING act, name, detail, asked_by"),
                {"by": by, "v": "confirmed" if confirmed else "refused", "i": request_id})).one_or_none()
            if row is None:
                raise Conflict("this request was settled meanwhile")
            if not confirmed:
                await self._note(connection, who=by, act=f"refuse to {row.act}", what=f"account {row.name}", detail={"asked_by": row.asked_by})
                return None
            both = f"{row.asked_by}, confirmed by {by}"
            if row.act == "withdraw":
                await withdraw_account(connection, row.name, by=both, at=self._clock.now())
                return None
            new = Account(name=row.name, role=row.detail["role"], hazards=tuple(row.detail["hazards"]), area=row.detail["area"])
            return await put_account(connection, new, by=both, at=self._clock.now())

    async def tell_alone(self, act: AdminAct, name: str, *, by: str, why: str) -> None:
        """An admin act by one person stands as an operator notice and in the audit trail."""
        async with self._db.begin() as connection:
            await connection.execute(text(
                "INSERT INTO notice (key, text, next_step, at) VALUES (:k, :t, :s, :at) ON CONFLICT (key) DO UPDATE "
                "SET text = excluded.text, at = excluded.at, cleared_at = NULL"),
                {"k": f"alone {name}", "t": f"{by} did this alone: {act} account {name} ({why})",
                 "s": "a second admin looks at it, and withdraws the account when it is not right", "at": self._clock.now()})
            await self._note(connection, who=by, act=f"{act} alone", what=f"account {name}", detail={"why": why})

    async def _note(
        self, connection: AsyncConnection, *, who: str, act: str, what: str, detail: Mapping[str, object] | None = None
    ) -> None:
        await note(connection, who=who, act=act, what=what, at=self._clock.now(), detail=detail)


def _key(word: str) -> str:
    """Names and addresses of peers are kept as hashes only."""
    return sha256(word.encode()).hexdigest()


def _account(row: Row[tuple[object, ...]]) -> Account:
    f = row._mapping
    return Account(name=f["name"], role=f["role"], hazards=tuple(f["hazards"]), area=f["area"], scripted=f["scripted"])


def _credential(row: Row[tuple[object, ...]] | None) -> Credential | None:
    if row is None:
        return None
    f = row._mapping
    return Credential(account=_account(row), password=f["password"] or "", factor=f["factor"] or "", factor_confirmed=bool(f["factor_confirmed"]))


_CREDENTIAL = """
SELECT a.name, a.role, a.hazards, a.area, a.scripted, c.password, c.factor, c.factor_confirmed
FROM account a LEFT JOIN credential c ON c.name = a.name WHERE a.active
"""
_SEEN = """
UPDATE session s SET seen_at = clock_timestamp() FROM account a
WHERE s.token_hash = :t AND a.name = s.name AND a.active AND s.ended_at IS NULL
  AND s.seen_at > clock_timestamp() - CAST(:idle AS interval) AND s.opened_at > clock_timestamp() - CAST(:longest AS interval)
RETURNING a.name, a.role, a.hazards, a.area, a.scripted
"""
