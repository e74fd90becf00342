"""Release: who was not told a weaker warning, because a stronger one stood, is told it when the stronger one stands no longer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.dispatch.delivery import State
from warning.dispatch.mass.sheet import CODE, NOTHING, STATE_BITS, Ids, among, places_of, put, reasoned
from warning.dispatch.quiet import wakes
from warning.level import Level
from warning.store.crowd import array, later, sheet_of, write
from warning.store.jobs import Jobs
from warning.store.mass_queries import KEPT_FROM, QUIET, UNDER

_STANDS = [CODE[s] for s in (State.QUEUED, State.CLAIMED, State.UNKNOWN, State.ACCEPTED, State.DELIVERED)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another warning of the hazard that is in force."""

    identifier: str
    level: int
    same_issuer: bool


async def release(
    connection: AsyncConnection, jobs: Jobs, members: Ids, channel: str, others: Sequence[Other], *, level: int, now: datetime
) -> None:
    """``members`` (ascending) are told that their warning falls to ``level`` (0: that it ends). What they were kept from above that is queued,
    unless yet another one as strong tells them. Who has quiet hours is left as he is: the next revival after them finds him."""
    weaker = [other for other in others if other.level > level]
    if not weaker or not len(members):
        return
    levels = {other.identifier: other.level for other in weaker}
    rows = (await connection.execute(text(KEPT_FROM), {
        "others": list(levels), "channel": channel, "first": int(members[0]), "last": int(members[-1])})).all()
    for row in rows:
        sheet = sheet_of(row)
        kept, _ = places_of(members, sheet.members)
        kept &= among(sheet, State.MUTED) & reasoned(sheet, "stronger_in_force")
        rivals = [other.identifier for other in others if other.identifier != row.identifier and other.level >= levels[row.identifier]]
        told, _ = places_of(await told_by(connection, sheet.members[kept], channel, rivals), sheet.members)
        kept &= ~told
        sleeping, _ = places_of(await asleep(connection, sheet.members[kept], Level(levels[row.identifier]), now), sheet.members)
        kept &= ~sleeping
        if kept.any():
            await later(connection, row.id)
            put(sheet, kept, State.QUEUED, NOTHING)
            await write(connection, [(row.id, sheet)])
            await jobs.defer_crowds(connection, [row.id], priority=row.priority)


async def told_by(connection: AsyncConnection, members: Ids, channel: str, others: Sequence[str]) -> Ids:
    """Whom of these the other alerts tell, or have told; ascending."""
    if not others or not len(members):
        return members[:0]
    rows = await connection.execute(text(UNDER), {
        "others": list(others), "channel": channel, "first": int(members[0]), "last": int(members[-1])})
    found = [members[:0]]
    for row in rows:
        told = np.isin(np.frombuffer(row.codes, np.uint8) & STATE_BITS, _STANDS)
        found.append(np.array(row.members, dtype=np.int64)[told])
    return np.unique(np.concatenate(found))


async def asleep(connection: AsyncConnection, members: Ids, level: Level, now: datetime) -> Ids:
    """Whom of these their quiet hours keep, ascending."""
    rows = await connection.execute(text(QUIET), {"ids": array(members.tolist())})
    return np.array(sorted(row.person for row in rows if wakes((row.quiet_from, row.quiet_until), level=level, now=now) is not None), dtype=np.int64)
