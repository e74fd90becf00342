"""A copy of the public pages on the command line."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from warning.app import opened
from warning.cli.options import AsJson, Config, run
from warning.settings import Settings, load_settings
from warning.web.export import export as write

commands = typer.Typer()


@commands.command()
def export(
    folder: Annotated[Path, typer.Argument(help="becomes a link to the newest copy; nothing else of yours may be there")],
    good_for: Annotated[float, typer.Option(help="seconds after which a copy says that it is old")] = 900.0,
    config: Config = None, json_: AsJson = False,
) -> None:
    """Write the residents' pages, all places in both languages, as files that any web server or CDN can serve when the engine is down.

    Turned in one step. To have it done all the time, name export: {folder: …, every_s: 60} in the settings.
    """
    run(_export(load_settings(config), folder, good_for, json_))


async def _export(settings: Settings, folder: Path, good_for: float, json_: bool) -> None:
    async with opened(settings, channels=False) as parts:
        made = await write(parts, folder, good_for=timedelta(seconds=good_for))
    if json_:
        typer.echo(json.dumps({"version": made.version, "folder": str(made.folder), "files": made.files, "until": made.until.isoformat()}))
    else:
        typer.echo(f"{made.files} files in {folder}, board {made.version}; they say they are old after {made.until:%H:%M:%S} UTC")
