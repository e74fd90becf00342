"""Skip: an operator settles what failed without another try; the ledger names the decision, the audit who took it and why."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.dispatch.delivery import SKIPPED, SKIPPED_UNSURE, UNSURE, State
from warning.dispatch.mass.sheet import among, put, reasoned, storable
from warning.store.audit import note
from warning.store.crowd import array, sheet_of, write
from warning.store.database import Database

Settled = Counter[tuple[str, str, str]]
"""People and posts by (identifier, channel, the reason for which they had failed)."""

_LONGEST: Final = 500


async def skip(
    database: Database, delivery_ids: Sequence[int], crowd_ids: Sequence[int], *, only: str, who: str, reason: str, at: datetime
) -> int:
    """Failed deliveries stay failed, for the reason ``skipped`` (``skipped_unsure`` where the message may have arrived); ``only`` those
    that failed for this reason ("" = all). Returns how many.

    One transaction with its audit: one act for each alert. A later retry takes them up again like anything that failed.
    """
    async with database.begin() as connection:
        settled = await _one_by_one(connection, delivery_ids, only=only, said=f"{who}: {reason}")
        settled += await _crowds(connection, crowd_ids, only=only, said=f"{who}: {reason}")
        for identifier in sorted({alert for alert, _, _ in settled}):
            await note(connection, who=who, act="skip", what=f"alert {identifier}", at=at, detail={
                "reason": reason,
                "skipped": [{"channel": channel, "failed": failed, "count": n}
                            for (alert, channel, failed), n in sorted(settled.items()) if alert == identifier]})
    return settled.total()


async def _one_by_one(connection: AsyncConnection, ids: Sequence[int], *, only: str, said: str) -> Settled:
    rows = await connection.execute(text(_SETTLE), {
        "ids": array(sorted(set(ids))), "skipped": SKIPPED, "unsure": SKIPPED_UNSURE, "timeout": list(UNSURE), "only": only, "said": storable(said), "most": _LONGEST})
    return Counter((row.identifier, row.channel, row.reason) for row in rows)


async def _crowds(connection: AsyncConnection, ids: Sequence[int], *, only: str, said: str) -> Settled:
    """What a peer had said is kept behind the decision, once for everybody of whom it was said."""
    rows = (await connection.execute(text(_CROWDS), {"ids": array(sorted(set(ids)))})).all()
    settled: Settled = Counter()
    changed = []
    for row in rows:
        sheet = sheet_of(row)
        failed = among(sheet, State.FAILED) & ~reasoned(sheet, SKIPPED, SKIPPED_UNSURE)
        for was, evidence in list(sheet.said):
            here = failed & reasoned(sheet, was) if only in ("", was) else None
            if here is None or not here.any():
                continue
            settled[row.identifier, row.channel, was] += int(here.sum())
            put(sheet, here, State.FAILED, (SKIPPED_UNSURE if was in UNSURE else SKIPPED, f"{said} ({was}: {evidence})"))
            failed &= ~here
        changed.append((int(row.id), sheet))
    await write(connection, changed)
    return settled


_SETTLE = """
UPDATE delivery d SET reason = CASE WHEN was.reason = ANY(:timeout) THEN :unsure ELSE :skipped END,
  evidence = left(CAST(:said AS text) || ' (' || was.reason || ': ' || was.evidence || ')', :most)
FROM (SELECT id, reason, evidence FROM delivery WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'failed' AND reason NOT IN (:skipped, :unsure)
  AND CAST(:only AS text) IN ('', reason) ORDER BY id FOR UPDATE) was
WHERE d.id = was.id RETURNING d.identifier, d.channel, was.reason
"""
_CROWDS = """
SELECT id, identifier, channel, members, codes, tries, said, said_by FROM crowd
WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE
"""
