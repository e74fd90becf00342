"""Looking: what a file holds, what the rules say, what can be set. Nothing is opened but the file."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from feeds.inventory import Row, as_json, render
from feeds.inventory import rows as inventory_rows
from feeds.override import load as load_overrides
from warning.cli.options import AsJson, Config
from warning.configfolder import config_file, tables
from warning.settings import Settings, load_settings
from warning.watch.rulefile import load_rule_sets
from warning.watch.ruletable import rows, table

commands = typer.Typer()


@commands.command()
def fields(
    file: Annotated[Path, typer.Argument(help="a GRIB, NetCDF, MICAPS, BUFR, CSV or JSON file", exists=True)],
    source: Annotated[str, typer.Option(help="read it as this feed of the settings would: with its corrections and its table")] = "file",
    config: Config = None, json_: AsJson = False,
) -> None:
    """Print what a file holds: fields on grids (unit, window, lead, threshold, min/max, missing), measurements (stations, times,
    min/max, share flagged), tracks of cyclones. Exit code 2 when anything of it could not be read; what could be is printed."""
    settings = load_settings(config)
    overrides = load_overrides(config_file(settings, "overrides.yaml"))
    found: list[Row] = []
    try:
        for row in inventory_rows(file, overrides=overrides, source=source, tables=tables(settings)):
            found.append(row)
    finally:
        if found:
            typer.echo(json.dumps([as_json(row) for row in found], ensure_ascii=False) if json_ else render(found))


@commands.command()
def rules(
    set_: Annotated[str, typer.Option("--set", help="rule set: an id or its beginning, e.g. shanghai or national")] = "national",
    config: Config = None, json_: AsJson = False,
) -> None:
    """Print a rule set as a table, every row with its confidence and flags."""
    settings = load_settings(config)
    known = load_rule_sets(own=None if settings.config is None else settings.config / "rules")
    found = [rule_set for key, rule_set in known.items() if key.startswith(set_)]
    if not found:
        raise typer.BadParameter(f"no rule set begins with {set_!r}; there is {', '.join(known)}")
    for rule_set in found:
        if json_:
            typer.echo(json.dumps([asdict(row) for row in rows(rule_set)], ensure_ascii=False))
        else:
            typer.echo(table(rule_set))


@commands.command()
def settings() -> None:
    """Print every setting with its meaning and default, as JSON Schema."""
    typer.echo(json.dumps(Settings.model_json_schema(), ensure_ascii=False, indent=2))
