"""The resident index: who lives where and wants what, in a file set beside the database that follows its log of changes.

The database stays the truth. A file set that is missing, damaged, of another database or too far behind is built anew from it; any
process of a machine may bring it up, one at a time. A mark is a transaction number (xid8, never used twice): everything that
was committed before it is in the index. What lies behind it may be read again, which changes nothing.

Numbers go back when a database is restored from a backup. So the file set names its source: the database, and the newest line of the log
that it knows, with its moment. A source that is another, or has that line no more, has another history, and the index is built anew.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.points.columns import BadPoints
from geo.points.fileset import NoIndex
from geo.points.found import Found
from geo.points.index import PointIndex
from geo.points.writer import Busy, PointWriter
from warning.store.database import Database, raw

log = structlog.get_logger()

STEP = 0.01
"""A resident's place is a cell of a hundredth of a degree (dispatch/subscribe); the index has its middle."""
_TRIES, _PAUSE_S = 100, 0.05
_HEAD, _TAIL = 19, 2
_SOURCE = "source.json"
_ROW = np.dtype([("fields", ">i2"), ("l1", ">i4"), ("id", ">i8"), ("l2", ">i4"), ("row", ">i4"), ("l3", ">i4"), ("column", ">i4"),
                 ("l4", ">i4"), ("kind", ">i2")])
"""One row of COPY … (FORMAT BINARY): a length before each value, big-endian."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a file set comes from. ``database``: cluster, timeline, database and log; ``line``/``at``: of the log, 0 and "" for none."""

    database: str
    line: int
    at: str


class NoResidentIndex(RuntimeError):
    """The index cannot be brought up now; ask the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a kind number stands for."""

    lane: str
    channel: str
    min_level: int
    hazards: tuple[str, ...]


class ResidentIndex:
    """Opened by the first question, brought up to date by every one."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._db = database
        self._folder = folder
        self._index: PointIndex | None = None
        self._built_for = 0
        self._turn = asyncio.Lock()

    async def inside(self, ground: BaseGeometry) -> Found:
        """Who lives in cells whose middle is inside or on the border. Raises NoResidentIndex."""
        index = await self.refresh()
        return await asyncio.to_thread(index.inside, ground)

    async def cells_inside(self, ground: BaseGeometry) -> list[str]:
        """The inhabited cells whose middle is inside or on the border, as subscriptions name them. Raises NoResidentIndex."""
        index = await self.refresh()
        found = await asyncio.to_thread(lambda: index.cells(index.inside(ground)))
        return [f"c{row}_{column}" for row, column in sorted(found)]

    async def wishes(self, found: Found) -> list[tuple[Wish, int]]:
        """How many of those found want what; who has a wish without a number (a flood of odd ones) is left out."""
        counted = found.by_kind()
        async with self._db.begin() as connection:
            rows = (await connection.execute(text("SELECT * FROM resident_kind WHERE id = ANY(:ids)"), {"ids": list(counted)})).all()
        known = {row.id: Wish(lane=row.lane, channel=row.channel, min_level=row.min_level, hazards=tuple(row.hazards)) for row in rows}
        return [(known[kind], count) for kind, count in counted.items() if kind in known]

    async def refresh(self) -> PointIndex:
        """The index with everything that is committed. Raises NoResidentIndex, and what the database says when it is away."""
        async with self._turn:
            try:
                writer = await self._writer()
            except OSError as error:
                raise NoResidentIndex(f"{self._folder}: {error.strerror or error}: free space there, or mend its rights") from error
            try:
                return await self._brought_up(writer)
            except (OSError, BadPoints, NoIndex) as error:
                self._index = None
                raise NoResidentIndex(f"the resident index cannot be kept: {error}") from error
            finally:
                writer.close()

    async def _writer(self) -> PointWriter:
        for _ in range(_TRIES):
            try:
                return PointWriter(self._folder)
            except Busy:
                await asyncio.sleep(_PAUSE_S)
        raise NoResidentIndex(f"{self._folder}: another process has been writing it for {_TRIES * _PAUSE_S:g} s")

    async def _brought_up(self, writer: PointWriter) -> PointIndex:
        index = self._index
        try:
            if index is None:
                index = PointIndex(self._folder)
            else:
                index.refresh()
        except NoIndex as error:
            log.info("the resident index is built from the database", why=str(error))
            index = None
        if index is None or not await self._followed(writer, index):
            index = await self._rebuilt(writer)
        self._index = index
        return index

    async def _followed(self, writer: PointWriter, index: PointIndex) -> bool:
        """Take in the changes since the mark; False when only building anew helps."""
        known = self._origin()
        async with self._db.begin() as connection:
            newest = await _origin_now(connection)
            if known is None or known.database != newest.database or not await _remembers(connection, known):
                log.info("the resident index is built anew: the database is another, or was restored")
                return False
            await connection.execute(text(_NAME), {"mark": index.mark})
            rows = (await connection.execute(text(_CHANGED), {"mark": index.mark})).all()
        horizon = int(rows[0].horizon)
        if index.mark > horizon or any(row.change is not None and row.person is None and row.change > self._built_for for row in rows):
            return False
        people = [row for row in rows if row.person is not None]
        if people or horizon != index.mark:
            ids = np.array([row.person for row in people], dtype=np.int64)
            await asyncio.to_thread(
                writer.change, index, ids, _middle([row.column for row in people]), _middle([row.row for row in people]),
                np.array([row.kind for row in people], dtype=np.uint16), mark=horizon)
        if newest != known:
            self._comes_from(newest)
        return True

    async def _rebuilt(self, writer: PointWriter) -> PointIndex:
        async with self._db.begin() as connection:
            # The horizon is read before the people: what is committed in between is then read twice, not missed.
            start = (await connection.execute(text(_HORIZON))).one()
            origin = await _origin_now(connection)
            await connection.execute(text(_NAME_ALL))
            content = await _copied(connection)
        # In this order: a file set without a source is built anew, one with a false source would be believed.
        (self._folder / _SOURCE).unlink(missing_ok=True)
        people = np.frombuffer(content, dtype=_ROW, offset=_HEAD, count=(len(content) - _HEAD - _TAIL) // _ROW.itemsize)
        index = await asyncio.to_thread(
            writer.rebuild, people["id"].astype(np.int64), _middle(people["column"]), _middle(people["row"]), step=STEP,
            kinds=people["kind"].astype(np.uint16), mark=int(start.horizon))
        self._comes_from(origin)
        self._built_for = int(start.last)
        return index

    def _origin(self) -> Origin | None:
        try:
            return Origin(**json.loads((self._folder / _SOURCE).read_text(encoding="ascii")))
        except (OSError, ValueError, TypeError):
            return None

    def _comes_from(self, origin: Origin) -> None:
        fresh = self._folder / f"{_SOURCE}.new"
        fresh.write_text(json.dumps(asdict(origin)), encoding="ascii")
        fresh.replace(self._folder / _SOURCE)

    async def prune(self) -> int:
        """Forget changes of a week ago; an index that has slept longer finds the line that is left instead, and is built anew."""
        async with self._db.begin() as connection:
            return int((await connection.execute(text(_PRUNE))).scalar_one())


def _middle(numbers: object) -> NDArray[np.float64]:
    return (np.array(numbers, dtype=np.float64) + 0.5) / 100


def middles(cells: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude of the middles of cells such as ``c3123_12147``."""
    places = np.array([cell.removeprefix("c").split("_") for cell in cells], dtype=np.float64).reshape(-1, 2)
    return _middle(places[:, 1]), _middle(places[:, 0])


async def _origin_now(connection: AsyncConnection) -> Origin:
    row = (await connection.execute(text(_ORIGIN))).one()
    return Origin(database=row.database, line=int(row.line or 0), at="" if row.at is None else row.at.isoformat())


async def _remembers(connection: AsyncConnection, known: Origin) -> bool:
    """Whether the log still has the line that the index knows, of the same moment."""
    if not known.line:
        return True
    at = (await connection.execute(text("SELECT at FROM resident_change WHERE id = :line"), {"line": known.line})).scalar_one_or_none()
    return at is not None and at.isoformat() == known.at


async def _copied(connection: AsyncConnection) -> bytes:
    driver = await raw(connection)
    async with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        return b"".join([bytes(part) async for part in copy])


_ROW_OF = "split_part(substr(s.cell, 2), '_', 1)::int"
_COLUMN_OF = "split_part(s.cell, '_', 2)::int"
_SAME = "k.lane = s.lane AND k.channel = s.channel AND k.min_level = s.min_level AND k.hazards = s.hazards"
# Who stands by on another channel has no place of their own (dispatch/mass): they are told where the first one was not.
_HERE = "s.kind = 'resident' AND s.active AND NOT s.standby AND s.cell IS NOT NULL"
_HORIZON = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon, (SELECT coalesce(max(id), 0) FROM resident_change) AS last"
# A restored cluster goes on in a new timeline, a restored dump in another cluster, database or table.
_ORIGIN = """
SELECT s.system_identifier || '/' || c.timeline_id || '/' || d.oid || '/' || CAST('resident_change'::regclass AS oid) AS database, n.id AS line, n.at
FROM pg_control_system() s CROSS JOIN pg_control_checkpoint() c JOIN pg_database d ON d.datname = current_database()
LEFT JOIN (SELECT id, at FROM resident_change ORDER BY id DESC LIMIT 1) n ON true
"""
# The numbers are small on purpose; a flood of odd wishes must not use them up.
_NAME_ALL = f"""
INSERT INTO resident_kind (lane, channel, min_level, hazards)
SELECT DISTINCT s.lane, s.channel, s.min_level, s.hazards FROM subscription s
WHERE {_HERE} AND (SELECT count(*) FROM resident_kind) < 30000 AND NOT EXISTS (SELECT 1 FROM resident_kind k WHERE {_SAME})
ON CONFLICT DO NOTHING
"""
_NAME = _NAME_ALL.replace("WHERE", "JOIN resident_change c ON c.subscription_id = s.id WHERE c.xact >= :mark AND", 1)
_CHANGED = f"""
SELECT h.horizon, c.id AS change, c.subscription_id AS person, coalesce(k.id, 0) AS kind,
  CASE WHEN {_HERE} THEN {_ROW_OF} END AS row, CASE WHEN {_HERE} THEN {_COLUMN_OF} END AS column
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon) h
LEFT JOIN resident_change c ON c.xact >= :mark
LEFT JOIN subscription s ON s.id = c.subscription_id
LEFT JOIN resident_kind k ON {_SAME}
ORDER BY c.id
"""
_COPY = f"""
COPY (SELECT s.id, {_ROW_OF}, {_COLUMN_OF}, coalesce(k.id, 0)::smallint FROM subscription s LEFT JOIN resident_kind k ON {_SAME}
  WHERE {_HERE} ORDER BY s.id) TO STDOUT (FORMAT BINARY)
"""
_PRUNE = """
WITH old AS (DELETE FROM resident_change WHERE at < clock_timestamp() - interval '7 days'
  AND id < (SELECT max(id) FROM resident_change) RETURNING xact),
left_over AS (INSERT INTO resident_change (xact, subscription_id) SELECT max(xact), NULL FROM old HAVING count(*) > 0)
SELECT count(*) FROM old
"""
