"""A batch of residents as the ledger keeps it: rows become sheets, sheets become rows."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.dispatch.mass.sheet import TWICE, Sheet, compact, faults, flagged, owed, tally, unsaid
from warning.store.mass_queries import ADD, LATER, NEW_IDS, WRITE

_WORDY = 64
"""So many different words are kept before those that nobody needs are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCrowd:
    """A batch before it is stored; ``root`` None begins a family. ``places``: where its people stand in ``falls_from``. ``asleep_until``: the end of their quiet hours."""

    root: int | None
    identifier: str
    event_id: UUID
    version: int
    channel: str
    language: str
    district: str
    role: str
    priority: int
    sheet: Sheet
    falls_from: int | None = None
    places: bytes | None = None
    asleep_until: datetime | None = None


def sheet_of(row: Row[tuple[object, ...]]) -> Sheet:
    """Writable columns."""
    f = row._mapping
    return Sheet(
        members=np.array(f["members"], dtype=np.int64), codes=np.frombuffer(bytearray(f["codes"]), np.uint8),
        tries=np.frombuffer(bytearray(f["tries"]), np.uint8), said=unsaid(f["said"]),
        said_by=np.frombuffer(bytearray(f["said_by"]), "<u2"))


async def write(connection: AsyncConnection, sheets: Iterable[tuple[int, Sheet]]) -> None:
    """The columns and the counters that are read while it runs, in one go."""
    rows = [_columns(sheet) | {"id": crowd_id} for crowd_id, sheet in sheets]
    if rows:
        await connection.execute(text(WRITE), rows)


async def later(connection: AsyncConnection, crowd_id: int) -> None:
    """Before its people are queued anew: a batch that was done is told later on purpose. One that still goes on is measured as ever."""
    await connection.execute(text(LATER), {"id": crowd_id})


async def add(connection: AsyncConnection, crowds: Sequence[NewCrowd]) -> list[int]:
    """Store new batches; their ids in order."""
    if not crowds:
        return []
    ids = [int(row.id) for row in await connection.execute(text(NEW_IDS), {"n": len(crowds)})]
    await connection.execute(text(ADD), [
        _columns(one.sheet) | {
            "id": crowd_id, "root": crowd_id if one.root is None else one.root, "identifier": one.identifier, "event": one.event_id,
            "version": one.version, "channel": one.channel, "language": one.language, "district": one.district, "role": one.role,
            "priority": one.priority, "size": len(one.sheet), "members": array(one.sheet.members.tolist()),
            "first": int(one.sheet.members[0]), "last": int(one.sheet.members[-1]), "falls_from": one.falls_from, "places": one.places,
            "asleep": one.asleep_until,
        } for crowd_id, one in zip(ids, crowds, strict=True)
    ])
    return ids


def array(numbers: Sequence[int]) -> str:
    """As PostgreSQL reads an array: for a thousand numbers quicker than one by one."""
    return "{" + ",".join(map(str, numbers)) + "}"


def _columns(sheet: Sheet) -> dict[str, object]:
    if len(sheet.said) > _WORDY:
        compact(sheet)
    return {
        "codes": sheet.codes.tobytes(), "tries": sheet.tries.tobytes(), "said": json.dumps(sheet.said, ensure_ascii=False),
        "said_by": sheet.said_by.astype("<u2").tobytes(), "tally": array(tally(sheet)), "faults": json.dumps(faults(sheet)),
        "twice": int(flagged(sheet, TWICE).sum()), "open": owed(sheet),
    }
