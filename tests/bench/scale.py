"""Scale: costs measured with 100,000 people predict a million, by formula and by simulation, beside the million sent."""

import asyncio

from tests.bench.city import city
from tests.bench.lane import Sent, sent
from tests.bench.measure import Effort, Row, Timing, rows
from warning.dispatch.scale import BENCH, Costs, Means, forecast, simulated


def run(effort: Effort) -> list[Row]:
    """On one machine of two cores, as it is at the moment: both runs under the same load."""
    return asyncio.run(_run(effort.pick(full=100_000, quick=10_000), effort.pick(full=1_000_000, quick=40_000)))


async def _run(few: int, many: int) -> list[Row]:
    async with city() as here:
        await here.residents(few, zone="310116", first=3_000_000)
        await here.residents(few, zone="310117", first=4_000_000)
        await here.residents(many)
        await here.settled()
        async with here.worker() as worker:
            # What a worker and the database pay once after their start is no cost of a message, and the small send would bear it alone.
            await sent(here, worker, few, zone="310117")
            small = await sent(here, worker, few, zone="310116")
            large = await sent(here, worker, many)
    costs = _costs(small)
    # What else runs on the machine takes its part; what is predicted is what a message costs, so the cores are those that the large run had.
    had = min(2.0, (large.worker_us + large.database_us + large.centre_us) * many / 1e6 / large.took_s)
    means = Means(workers=1, database_cores=2, gateways=1, shared_cores=had)
    by_formula, by_simulation = forecast(many, costs, means), simulated(many, costs, means)

    def beside(seconds: float) -> str:
        return f"{seconds / large.took_s - 1:+.0%} of what was measured"

    return rows(f"scale, {many:,} residents predicted from {few:,}", "s", [
        Timing(subject="measured", value=large.took_s, note=f"{many / large.took_s:,.0f}/s; {had:.2f} cores were to be had"),
        Timing(subject="formula", value=by_formula.done_s, note=f"{beside(by_formula.done_s)}; held up by {by_formula.bound}"),
        Timing(subject="simulation", value=by_simulation.done_s, note=beside(by_simulation.done_s))]) + rows(
        f"scale, cost of a message of {few:,}", "µs CPU", [
            Timing(subject="worker", value=costs.worker_us), Timing(subject="PostgreSQL", value=costs.database_us),
            Timing(subject="SMS centre", value=costs.gateway_us,
                   # Of the large run: the small one stands beside the database's own work after the registrations.
                   note=f"of the {many:,}: muster {many / large.muster_s:,.0f} people/s; {large.log_bytes:.0f} bytes of log a message, "
                        f"{1000 * large.transactions:.1f} transactions for 1,000")])


def _costs(one: Sent) -> Costs:
    # The muster is seen through the sending that goes on beside it, which takes its part of the machine here as there.
    return Costs(
        worker_us=one.worker_us, database_us=one.database_us, gateway_us=one.centre_us, muster_per_s=one.people / one.muster_s,
        first_s=BENCH.first_s, log_bytes=one.log_bytes, transactions_per_1000=1000 * one.transactions)
