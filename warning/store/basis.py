"""The basis of a proposal: written in its transaction, read by whoever explains it."""

import json
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.store.database import Database
from warning.watch.basis import Basis, basis_from_json, basis_to_json


async def keep(connection: AsyncConnection, proposal_id: UUID, basis: Basis) -> None:
    """Inside the caller's transaction."""
    await connection.execute(
        text("INSERT INTO proposal_basis (proposal_id, basis) VALUES (:id, CAST(:basis AS jsonb))"),
        {"id": proposal_id, "basis": json.dumps(basis_to_json(basis), ensure_ascii=False)})


async def basis_of(database: Database, proposal_id: UUID) -> Basis | None:
    """None for what rests on no data (composed by hand), and for what an older version of this program kept otherwise."""
    async with database.begin() as connection:
        found = (await connection.execute(
            text("SELECT basis FROM proposal_basis WHERE proposal_id = :id"), {"id": proposal_id})).scalar_one_or_none()
    try:
        return None if found is None else basis_from_json(found)
    except ValidationError:
        return None
