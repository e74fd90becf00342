"""The stage ledger's writes and reads."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.stage import StageEvent
from warning.store.database import Database


async def mark(
    connection: AsyncConnection, *, chain: str, stage: str, at: datetime, channel: str = "",
    seconds: float | None = None, real_at: datetime | None = None, newest: bool = False,
) -> None:
    """Write one hand-off inside the caller's transaction. The first writer wins, unless ``newest``."""
    conflict = "DO UPDATE SET real_at = excluded.real_at, at = excluded.at" if newest else "DO NOTHING"
    await connection.execute(
        text("INSERT INTO stage_event (chain, stage, channel, at, real_at, seconds) VALUES "
             "(:chain, :stage, :channel, :at, coalesce(CAST(:real_at AS timestamptz), clock_timestamp()), :seconds) "
             f"ON CONFLICT (chain, stage, channel) {conflict}"),
        {"chain": chain, "stage": stage, "channel": channel, "at": at, "real_at": real_at, "seconds": seconds})


async def chain_events(database: Database, chain: str) -> list[StageEvent]:
    """Every hand-off of one chain."""
    async with database.begin() as connection:
        rows = await connection.execute(
            text("SELECT chain, stage, channel, at, real_at, seconds FROM stage_event WHERE chain = :c ORDER BY id"),
            {"c": chain})
        return [
            StageEvent(chain=r.chain, stage=r.stage, at=r.at, real_at=r.real_at, channel=r.channel, seconds=r.seconds)
            for r in rows
        ]


async def chains(database: Database) -> list[str]:
    """Every chain that became an alert, oldest first."""
    async with database.begin() as connection:
        rows = await connection.execute(text("SELECT proposal_id FROM alert ORDER BY real_at"))
        return [str(r.proposal_id) for r in rows]
