"""Scale on the command line: what a city needs so that its warning is everywhere in ten minutes."""

import json
from dataclasses import asdict, replace
from typing import Annotated

import typer

from warning.cli.options import AsJson
from warning.dispatch.scale import BENCH, PROMISE_S, Costs, Forecast, Means, Needs, forecast, needs, simulated

commands = typer.Typer()

_MOST_SIMULATED = 50_000_000


@commands.command()
def scale(
    people: Annotated[int, typer.Option(min=1, help="who is to be told in person")] = 25_000_000,
    workers: Annotated[int, typer.Option(min=1, help="worker processes (xiaoxishu work), a core each")] = 4,
    gateways: Annotated[int, typer.Option(min=1, help="SMS gateways, or connections that are throttled by themselves")] = 1,
    gateway_rate: Annotated[float, typer.Option(min=1, help="parts a second that one gateway takes; carriers publish 500 to 8,000")] = 5_000,
    parts: Annotated[int, typer.Option(min=1, help="parts of one message: 67 Chinese characters each")] = 2,
    database_cores: Annotated[int, typer.Option(min=1, help="cores of one database server")] = 8,
    databases: Annotated[int, typer.Option(min=1, help="deployments, each with a part of the people (a province, a district)")] = 1,
    slower: Annotated[float, typer.Option(min=0.1, help="how many times slower than our bench machine yours is: run make bench and compare")] = 1.0,
    json_: AsJson = False,
) -> None:
    """Plan a city: when would everybody have been told in person, what holds it up, and what ten minutes would take.

    Reads no settings and no database: costs of a message are those of the bench (docs/scale.md names the rows). For one warning that is
    about to be signed ask `xiaoxishu reach`, which knows your channels as they were measured.
    """
    costs = replace(
        BENCH, worker_us=BENCH.worker_us * slower, database_us=BENCH.database_us * slower, muster_per_s=BENCH.muster_per_s / slower)
    means = Means(workers=workers, gateways=gateways, parts_per_s=gateway_rate, parts=parts, database_cores=database_cores, databases=databases)
    found, wanted = forecast(people, costs, means), needs(people, costs, means)
    beside = simulated(people, costs, means) if people <= _MOST_SIMULATED else None
    if json_:
        typer.echo(json.dumps({"forecast": asdict(found), "simulated": None if beside is None else asdict(beside), "needs": asdict(wanted),
                               "costs": asdict(costs)}))
        return
    typer.echo(_said(found, beside, wanted, costs, means))


def _said(found: Forecast, beside: Forecast | None, wanted: Needs, costs: Costs, means: Means) -> str:
    lines = [
        f"{found.people:,} people, {means.parts} parts each: the last is told after {_span(found.done_s)}; {found.per_s:,.0f} people/s, held up by: {found.bound}",
        f"after ten minutes {found.reached:,} are told in person ({found.reached / found.people:.1%}), {found.people - found.reached:,} are not",
    ]
    if beside is not None:
        lines.append(f"by simulation, hand by hand: {_span(beside.done_s)}, {beside.reached:,} after ten minutes")
    lines.append(
        f"everybody in person in {PROMISE_S:.0f} s would take: {wanted.workers:,} workers, {wanted.gateways:,} such gateways, {wanted.database_cores:,} "
        f"database cores, {wanted.databases:,} databases; {wanted.transactions_per_s:,.0f} transactions/s, {wanted.log_mb_per_s:,.1f} MB/s of log in all")
    if found.reached < found.people:
        lines.append("who is not told in person must be told by what tells many at once: cell broadcast, loudspeakers, screens, the public page")
    lines.append(f"a message costs {costs.worker_us:.0f} µs of a worker and {costs.database_us:.0f} µs of the database on the bench's machine (docs/scale.md)")
    return "\n".join(lines)


def _span(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 600 else f"{seconds / 60:,.0f} min" if seconds < 36_000 else f"{seconds / 3600:,.1f} h"
