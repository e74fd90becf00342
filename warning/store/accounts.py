"""Accounts and their tokens; of a token only the hash is kept."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.account import ROLES, Account, Act, new_token, token_hash
from warning.errors import Invalid, NotFound
from warning.store.audit import note
from warning.store.database import Database


async def add_account(database: Database, account: Account, *, by: str, at: datetime) -> str:
    """Store (or renew) an account, and write down who did; returns its token, which is shown this once only."""
    async with database.begin() as connection:
        return await put_account(connection, account, by=by, at=at)


async def put_account(connection: AsyncConnection, account: Account, *, by: str, at: datetime) -> str:
    """As ``add_account``, in the caller's transaction. Renewing forgets password, second factor, keys and sessions: who lost a phone begins anew."""
    if account.role not in ROLES:
        raise Invalid(f"role: {account.role!r} is none of {', '.join(ROLES)}")
    token = new_token()
    await connection.execute(text(
        "INSERT INTO account (name, role, token_hash, hazards, area, scripted) VALUES (:n, :r, :t, :h, :a, :s) "
        "ON CONFLICT (name) DO UPDATE SET role = excluded.role, token_hash = excluded.token_hash, "
        "hazards = excluded.hazards, area = excluded.area, scripted = excluded.scripted, active = true"),
        {"n": account.name, "r": account.role, "t": token_hash(token), "h": list(account.hazards), "a": account.area,
         "s": account.scripted})
    await _forget(connection, account.name)
    await note(connection, who=by, act="account", what=f"account {account.name}", at=at, detail={
        "role": account.role, "hazards": list(account.hazards), "area": account.area, "scripted": account.scripted})
    return token


async def withdraw(database: Database, name: str, *, by: str, at: datetime) -> None:
    """The token counts no more; the row stays, because signatures name it. Raises NotFound."""
    async with database.begin() as connection:
        await withdraw_account(connection, name, by=by, at=at)


async def withdraw_account(connection: AsyncConnection, name: str, *, by: str, at: datetime) -> None:
    """As ``withdraw``, in the caller's transaction."""
    gone = await connection.execute(text("UPDATE account SET active = false WHERE name = :n AND active RETURNING name"), {"n": name})
    if gone.one_or_none() is None:
        raise NotFound(f"no account {name} that may act; `xiaoxishu account list` prints them")
    await _forget(connection, name)
    await note(connection, who=by, act="withdraw", what=f"account {name}", at=at)


async def accounts(database: Database) -> list[Account]:
    """Those that may act, by name."""
    async with database.begin() as connection:
        rows = await connection.execute(text("SELECT name, role, hazards, area, scripted FROM account WHERE active ORDER BY name"))
        return [Account(name=row.name, role=row.role, hazards=tuple(row.hazards), area=row.area, scripted=row.scripted) for row in rows]


async def account_of_token(database: Database, found: str) -> Account | None:
    """Whose token or key this is, by its hash; a key brings its scopes, and its use is noted."""
    async with database.begin() as connection:
        row = (await connection.execute(text(_OF_TOKEN), {"h": found})).one_or_none()
        if row is None:
            return None
        if row.key_id is not None:
            await connection.execute(text("UPDATE api_key SET used_at = clock_timestamp() WHERE id = :i"), {"i": row.key_id})
    return Account(name=row.name, role=row.role, hazards=tuple(row.hazards), area=row.area, scripted=row.scripted,
                   scopes=tuple(Act(one) for one in row.scopes or ()))


async def _forget(connection: AsyncConnection, name: str) -> None:
    await connection.execute(text("DELETE FROM credential WHERE name = :n"), {"n": name})
    await connection.execute(text("UPDATE session SET ended_at = clock_timestamp() WHERE name = :n AND ended_at IS NULL"), {"n": name})
    await connection.execute(text("UPDATE api_key SET ended_at = clock_timestamp() WHERE name = :n AND ended_at IS NULL"), {"n": name})


_OF_TOKEN = """
SELECT a.name, a.role, a.hazards, a.area, a.scripted, NULL::uuid AS key_id, NULL::text[] AS scopes
FROM account a WHERE a.active AND a.token_hash = :h
UNION ALL
SELECT a.name, a.role, a.hazards, a.area, a.scripted, k.id, k.scopes
FROM api_key k JOIN account a ON a.name = k.name
WHERE a.active AND k.key_hash = :h AND k.ended_at IS NULL AND k.expires_at > clock_timestamp()
LIMIT 1
"""
