"""Reach on the command line: before the signature (a proposal) and after it (an alert)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import typer

from warning.app import opened
from warning.cli.options import AsJson, Config, run
from warning.dispatch.plan import MOMENTS_S, ReachPlan
from warning.settings import Settings, load_settings
from warning.store.reach import NOISE_HOURS, Compared, Noise, draft_of

commands = typer.Typer()


@commands.command()
def reach(
    what: Annotated[str, typer.Argument(help="a proposal's id (before the signature) or an alert's identifier (after it)")],
    config: Config = None, json_: AsJson = False,
) -> None:
    """Print who will be reached by when on which channel, and for an alert what really happened beside it.

    Rates are measured by the workers; a channel that was never measured is planned with an assumption, and it says so.
    """
    run(_reach(load_settings(config), what, json_))


async def _reach(settings: Settings, what: str, json_: bool) -> None:
    async with opened(settings, channels=False) as parts:
        try:
            proposal = UUID(what)
        except ValueError:
            compared = await parts.reach.compared(what)
            typer.echo(json.dumps({"moments_s": MOMENTS_S, **asdict(compared)}, ensure_ascii=False) if json_ else after(compared))
            return
        now = parts.clock.now()
        draft = draft_of(await parts.issue.preview(proposal))
        plan, noise = await parts.reach.plan(draft, now=now), await parts.reach.noise(draft.zones, lane=draft.lane, now=now)
    if json_:
        typer.echo(json.dumps({"moments_s": MOMENTS_S, "plan": asdict(plan), "noise_hours": NOISE_HOURS,
                               "noise": [asdict(one) for one in noise]}, ensure_ascii=False))
    else:
        typer.echo(before(plan, noise))


def before(plan: ReachPlan, noise: Sequence[Noise]) -> str:
    """The plan as a table, and in words what remains."""
    heads = ["channel", "people", "parts", "waiting", "parts/s", *(f"{moment // 60} min" for moment in MOMENTS_S), "done", "rate"]
    rows = [
        [one.channel, f"{one.people:,}", str(one.parts), f"{one.waiting:,}", f"{one.per_second:,.0f}", *(f"{count:,}" for count in one.reached),
         "never" if one.done_s is None else f"{one.done_s:,.0f} s", one.rate_from]
        for one in plan.channels
    ]
    told = ", ".join(plan.carried_by) or "no channel that tells many at once"
    words = [f"{plan.people:,} people in person, {plan.remains:,} of them not within {plan.deadline_s:,.0f} s",
             f"carried for everybody by: {told}", *(f"assumed: {one}" for one in plan.assumptions)]
    words += [f"route {one.channel}/{route.route}: " + (f"{route.per_second:,.0f} parts/s ({route.rate_from})" if route.used else "not counted, it may not be used or stands by")
              for one in plan.channels for route in one.routes]
    words += [f"this place in the last {NOISE_HOURS} h: {one.alerts} of {one.issuer}" for one in noise]
    return "\n".join([*_table(heads, rows), "", *words])


def after(compared: Compared) -> str:
    """Planned → happened, at each moment."""
    planned = {} if compared.planned is None else _reached(compared.planned)
    heads = ["channel", "people", *(f"{moment // 60} min" for moment in MOMENTS_S), "delivered", "failed", "owed"]
    rows = [
        [one.channel, f"{one.people:,}",
         *(f"{planned[one.channel][at]:,} → {count:,}" if one.channel in planned else f"? → {count:,}" for at, count in enumerate(one.reached)),
         f"{one.delivered:,}", f"{one.failed:,}", f"{one.owed:,}"]
        for one in compared.happened
    ]
    note = [] if compared.planned is not None else ["", "no plan was stored with this signature"]
    return "\n".join([*_table(heads, rows), *note])


def _reached(planned: Mapping[str, object]) -> dict[str, list[int]]:
    channels = planned["channels"]
    return {one["channel"]: one["reached"] for one in channels} if isinstance(channels, list) else {}


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(line[column]) for line in (heads, *rows)) for column in range(len(heads))]
    return ["  ".join(cell.ljust(width) if at == 0 else cell.rjust(width) for at, (cell, width) in enumerate(zip(line, widths, strict=True)))
            for line in (heads, *rows)]
