"""Accounts and their tokens; of a token only the hash is kept."""

from datetime import datetime

from sqlalchemy import text

from warning.account import ROLES, Account, new_token, token_hash
from warning.errors import Invalid, NotFound
from warning.store.audit import note
from warning.store.database import Database


async def add_account(database: Database, account: Account, *, by: str, at: datetime) -> str:
    """Store (or renew) an account, and write down who did; returns its token, which is shown this once only."""
    if account.role not in ROLES:
        raise Invalid(f"role: {account.role!r} is none of {', '.join(ROLES)}")
    token = new_token()
    async with database.begin() as connection:
        await connection.execute(text(
            "INSERT INTO account (name, role, token_hash, hazards, area, scripted) VALUES (:n, :r, :t, :h, :a, :s) "
            "ON CONFLICT (name) DO UPDATE SET role = excluded.role, token_hash = excluded.token_hash, "
            "hazards = excluded.hazards, area = excluded.area, scripted = excluded.scripted, active = true"),
            {"n": account.name, "r": account.role, "t": token_hash(token), "h": list(account.hazards), "a": account.area,
             "s": account.scripted})
        await note(connection, who=by, act="account", what=f"account {account.name}", at=at, detail={
            "role": account.role, "hazards": list(account.hazards), "area": account.area, "scripted": account.scripted})
    return token


async def withdraw(database: Database, name: str, *, by: str, at: datetime) -> None:
    """The token counts no more; the row stays, because signatures name it. Raises NotFound."""
    async with database.begin() as connection:
        gone = await connection.execute(text("UPDATE account SET active = false WHERE name = :n AND active RETURNING name"), {"n": name})
        if gone.one_or_none() is None:
            raise NotFound(f"no account {name} that may act; `xiaoxishu account list` prints them")
        await note(connection, who=by, act="withdraw", what=f"account {name}", at=at)


async def accounts(database: Database) -> list[Account]:
    """Those that may act, by name."""
    async with database.begin() as connection:
        rows = await connection.execute(text("SELECT name, role, hazards, area, scripted FROM account WHERE active ORDER BY name"))
        return [Account(name=row.name, role=row.role, hazards=tuple(row.hazards), area=row.area, scripted=row.scripted) for row in rows]
