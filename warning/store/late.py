"""Late reports of messages that are no deliveries: risk notices, words to one person, test messages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from channels.message import Outcome, Receipt
from warning.dispatch.mass.sheet import storable
from warning.dispatch.parts import joined
from warning.store.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where such messages lie. ``number_of`` reads the row's id from a key; ``waits`` is the condition of a row that a report may still move,
    ``told`` what it sets, from :delivered, :reason, :evidence and :at; ``channel`` says by which channel a row went."""

    table: str
    ids: str
    number_of: Callable[[str], int | UUID | None]
    waits: str
    told: str
    channel: str = "channel"


async def late(database: Database, shelf: Shelf, receipts: Sequence[Receipt]) -> list[Receipt]:
    """Write what fits, by our key or by the channel and the gateway's id alone (``external_id`` keeps the parts still owed); those that fit nothing.

    A report may come before the answer is written down: what it says then stands.
    """
    final = [one for one in receipts if one.outcome in (Outcome.DELIVERED, Outcome.REJECTED)]
    known = {number: one for one in final if one.key and (number := shelf.number_of(one.key)) is not None}
    reports = {one.stamp: one for one in final if not one.key}
    async with database.begin() as connection:
        found = {row.id: (row.channel, row.external_id) for row in await connection.execute(text(
            f"SELECT id, {shelf.channel} AS channel, external_id FROM {shelf.table} WHERE {shelf.waits} AND (id = ANY(CAST(:ids AS {shelf.ids}[])) "
            "OR string_to_array(external_id, ',') && CAST(:parts AS text[])) ORDER BY id FOR UPDATE"),
            {"ids": list(known), "parts": [external for _, external in reports]})}
        parts = joined({number: ids for number, ids in found.items() if number not in known}, reports)
        for number, (owed, _) in parts.owed.items():
            await connection.execute(text(f"UPDATE {shelf.table} SET external_id = :owed WHERE id = :id"), {"id": number, "owed": owed})
        for number, said in (known | parts.said).items():
            if number in found:
                await connection.execute(text(f"UPDATE {shelf.table} SET {shelf.told} WHERE id = :id"), {
                    "id": number, "delivered": said.outcome is Outcome.DELIVERED, "reason": said.reason.value if said.reason else "",
                    "evidence": storable(said.evidence), "at": said.at})
    return [one for one in final if (shelf.number_of(one.key) not in found if one.key else one.stamp not in parts.fits)]
