"""Explaining a proposal on the command line."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from warning.app import opened
from warning.cli.options import AsJson, Config
from warning.settings import Settings, load_settings
from warning.watch.basis import Line
from warning.watch.explain import number, quantity_name, unit
from warning.web.explanation import Explained, explanation, png, read_explained, sentences
from warning.web.words import Lang, local_time

commands = typer.Typer()

_BARS = "▁▂▃▄▅▆▇█"


@commands.command()
def explain(
    proposal: Annotated[UUID, typer.Argument(help="a proposal's id, as GET /api/proposals and the console show it")],
    png_: Annotated[Path | None, typer.Option("--png", help="write the map of the cells here")] = None,
    lang: Annotated[str, typer.Option(help="zh or en")] = "zh", config: Config = None, json_: AsJson = False,
) -> None:
    """Print why a proposal is what it is: the numbers, the rule with its source, what would have changed the answer, the time series.
    Works from what was stored with the proposal; the data files are not needed."""
    if lang not in ("zh", "en"):
        raise typer.BadParameter("--lang is zh or en")
    asyncio.run(_explain(load_settings(config), proposal, png_, "en" if lang == "en" else "zh", json_))


async def _explain(settings: Settings, proposal: UUID, file: Path | None, lang: Lang, json_: bool) -> None:
    async with opened(settings, channels=False) as parts:
        found = await read_explained(parts.database, proposal)
        if json_:
            typer.echo(explanation(found, parts.zones).model_dump_json())
        else:
            for one in sentences(found, parts.zones):
                typer.echo(one.en if lang == "en" else one.zh)
            for line in _series(found, lang):
                typer.echo(line)
        if file is not None:
            image = png(found, parts.zones, parts.rule_sets, lang)
            if image is None:
                raise typer.BadParameter("this proposal has no map: no gridded data speak for it; leave --png out")
            await asyncio.to_thread(file.write_bytes, image)


def _series(found: Explained, lang: Lang) -> list[str]:
    lines = [] if found.basis is None else [_drawn(line, lang) for line in found.basis.lines]
    return ["", *lines] if lines else []


def _drawn(line: Line, lang: Lang) -> str:
    """Name, first time, a bar a time, last time, highest value; a time of which nothing is known is a point."""
    known = [value for value in line.zone if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    bars = "".join("·" if value is None else _BARS[round(7 * (value - low) / (high - low or 1))] for value in _thin(line.zone))
    name, units = quantity_name(line.quantity)[lang == "en"], unit(line.units)[lang == "en"]
    first, last = local_time(line.times[0], lang), local_time(line.times[-1], lang)
    found = f"{number(low)}–{number(high)} {units}" if known else "unknown" if lang == "en" else "无资料"
    return f"{name}  {first} {bars} {last}  {found}"


def _thin(values: Sequence[float | None], most: int = 72) -> list[float | None]:
    """At most ``most`` of them, evenly chosen."""
    if len(values) <= most:
        return list(values)
    return [values[position * len(values) // most] for position in range(most)]
