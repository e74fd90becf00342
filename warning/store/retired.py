"""Addresses that are gone for good: the channel said so (404 or 410 of a push service), so nobody is sent there again."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# All places of the address end together. An office keeps its subscription: a wrong path at its server must be mended, not forgotten, and the failed
# delivery tells the operator so.
_RETIRE: Final = """
UPDATE subscription s SET active = false FROM subscription gone
WHERE gone.id = ANY(CAST(:ids AS bigint[])) AND s.lane = gone.lane AND s.channel = gone.channel AND s.address = gone.address AND s.kind = 'resident' AND s.active
"""


async def retire(connection: AsyncConnection, subscription_ids: Sequence[int]) -> int:
    """End the subscriptions of residents whose address is gone; returns how many ended."""
    return (await connection.execute(text(_RETIRE), {"ids": list(subscription_ids)})).rowcount


async def retire_gone(connection: AsyncConnection, delivery_ids: Sequence[int]) -> int:
    """The same by the deliveries that learnt it."""
    rows = await connection.execute(
        text("SELECT subscription_id FROM delivery WHERE id = ANY(CAST(:ids AS bigint[]))"), {"ids": list(delivery_ids)})
    return await retire(connection, [row.subscription_id for row in rows])
