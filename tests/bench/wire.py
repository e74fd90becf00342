"""Wire: from the second signature to the first message at the SMS centre, at rest and while a large blue send is under way."""

import asyncio
from statistics import quantiles

from tests.bench.city import City, city
from tests.bench.measure import Effort, Goal, Row, Timing, rows
from warning.level import Level

_FIRST = """
SELECT 1000 * extract(epoch FROM min(e.real_at - s.real_at)) FROM alert a
JOIN stage_event e ON e.chain = a.proposal_id::text AND e.stage = 'first_accepted'
JOIN stage_event s ON s.chain = a.proposal_id::text AND s.stage = 'approve' WHERE a.identifier = :i
"""


def run(effort: Effort) -> list[Row]:
    """The centre's answer is counted too: what is measured is the first acceptance in the ledger."""
    return asyncio.run(_run(effort.pick(full=40, quick=5), effort.pick(full=10, quick=3), effort.pick(full=400_000, quick=20_000)))


async def _run(rest: int, load: int, people: int) -> list[Row]:
    async with city() as here:
        await here.residents(10, zone="310116")
        async with here.worker():
            await _first(here)  # whoever is first loads the words and the schema
            quiet = [await _first(here) for _ in range(rest)]
            await here.residents(people, first=1_000_000)
            blue, _ = await here.warned(Level.BLUE)
            await here.until(lambda: _under_way(here, blue), within_s=60)
            busy = [await _first(here) for _ in range(load)]
            left = await here.one("SELECT sum(tally[1]) FROM crowd WHERE identifier = :i", i=blue)
    return rows("signature → first message accepted, at rest", "ms", [
        Timing(subject="p99", value=_p99(quiet), note=f"{rest} red alerts")], goal=Goal(value=250)) + rows(
        "signature → first message accepted, blue under way", "ms", [
            Timing(subject="p99", value=_p99(busy), note=f"{load} red alerts beside {people:,} blue, {left:,.0f} of them still to go at the end")],
        goal=Goal(value=1000))


async def _first(here: City) -> float:
    identifier, _ = await here.warned(Level.RED, zone="310116", issuer="310116")

    async def accepted() -> bool:
        return await here.one(_FIRST, i=identifier) > 0

    await here.until(accepted, within_s=60, every_s=0.01)
    return await here.one(_FIRST, i=identifier)


async def _under_way(here: City, identifier: str) -> bool:
    return await here.one("SELECT coalesce(sum(tally[3]), 0) FROM crowd WHERE identifier = :i", i=identifier) > 0


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[98]
