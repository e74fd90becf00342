"""Accounts and their tokens; of a token only the hash is kept."""

from datetime import datetime

from sqlalchemy import text

from warning.account import ROLES, Account, new_token, token_hash
from warning.errors import Invalid
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
