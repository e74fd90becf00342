"""Measured rates: written by every worker each few seconds, read by reach plans."""

import os
import socket

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from warning.dispatch.meter import Meter
from warning.dispatch.plan import ENOUGH_PARTS, Rate
from warning.store.database import Database

KEPT = "30 days"


class RateStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database, meter: Meter) -> None:
        self._db = database
        self._meter = meter
        self._worker = f"{socket.gethostname()}:{os.getpid()}"

    async def write(self) -> None:
        """The meter's sums since the last time, into this minute; kept when the database is away."""
        sums = self._meter.read()
        if not sums:
            return
        try:
            async with self._db.begin() as connection:
                for channel, one in sorted(sums.items()):
                    await connection.execute(text(_WRITE), {
                        "channel": channel, "worker": self._worker, "messages": one.messages, "parts": one.parts, "accepted": one.accepted,
                        "delivered": one.delivered, "busy": one.busy_s, "quick_s": one.quick_s, "quick_n": one.quick_n})
        except SQLAlchemyError:
            self._meter.put_back(sums)
            raise

    async def rates(self) -> dict[str, Rate]:
        """By channel: the last hour's where enough was sent in it, else the last thirty days'."""
        async with self._db.begin() as connection:
            month = {row.channel: row for row in await connection.execute(text(_RATES), {"since": KEPT})}
            hour = {row.channel: row for row in await connection.execute(text(_RATES), {"since": "1 hour"})}
        found = {}
        for channel, long in month.items():
            short = hour.get(channel)
            recent = short is not None and short.parts >= ENOUGH_PARTS
            chosen = short if short is not None and recent else long
            # A last hour without a lone message says nothing of the time to an acceptance; the month does.
            accept_s = chosen.accept_s if chosen.accept_s is not None else long.accept_s
            found[channel] = Rate(
                per_second=float(chosen.per_second) if chosen.parts >= ENOUGH_PARTS and chosen.per_second else None,
                accept_s=None if accept_s is None else float(accept_s), measured_parts=int(long.parts), recent=recent,
                receipt_share=float(long.delivered) / float(long.accepted) if long.delivered and long.accepted else None)
        return found

    async def prune(self) -> None:
        async with self._db.begin() as connection:
            await connection.execute(text(f"DELETE FROM channel_rate WHERE minute < clock_timestamp() - interval '{KEPT}'"))


_WRITE = """
INSERT INTO channel_rate (channel, worker, minute, messages, parts, accepted, delivered, busy_s, quick_s, quick_n)
VALUES (:channel, :worker, date_trunc('minute', clock_timestamp()), :messages, :parts, :accepted, :delivered, :busy, :quick_s, :quick_n)
ON CONFLICT (channel, worker, minute) DO UPDATE SET messages = channel_rate.messages + excluded.messages,
  parts = channel_rate.parts + excluded.parts, accepted = channel_rate.accepted + excluded.accepted,
  delivered = channel_rate.delivered + excluded.delivered, busy_s = channel_rate.busy_s + excluded.busy_s,
  quick_s = channel_rate.quick_s + excluded.quick_s, quick_n = channel_rate.quick_n + excluded.quick_n
"""
# All workers of a minute together, and of the minutes the median by what was sent in them: a lone message is no measure of speed.
_RATES = """
WITH minutes AS (
  SELECT channel, minute, sum(parts / nullif(busy_s, 0)) AS rate, sum(parts) AS parts
  FROM channel_rate WHERE minute > clock_timestamp() - CAST(:since AS interval) GROUP BY channel, minute
), ranked AS (
  SELECT channel, rate, sum(parts) OVER (PARTITION BY channel ORDER BY rate, minute) AS below, sum(parts) OVER (PARTITION BY channel) AS total
  FROM minutes WHERE rate IS NOT NULL
), middle AS (
  SELECT channel, min(rate) FILTER (WHERE below * 2 >= total) AS per_second FROM ranked GROUP BY channel
)
SELECT r.channel, coalesce(sum(r.parts), 0) AS parts, sum(r.accepted) AS accepted, sum(r.delivered) AS delivered, max(m.per_second) AS per_second,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY r.quick_s / nullif(r.quick_n, 0)) AS accept_s
FROM channel_rate r LEFT JOIN middle m ON m.channel = r.channel
WHERE r.minute > clock_timestamp() - CAST(:since AS interval) GROUP BY r.channel
"""
