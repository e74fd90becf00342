"""The drill's sinks, a process of their own; the demo starts it."""

from pathlib import Path

import typer

from warning.cli.options import run
from warning.demo.sinks import serve_sinks

commands = typer.Typer()


@commands.command(hidden=True)
def sinks(database_url: str, folder: Path) -> None:
    """The drill's SMS centre, mail server, MQTT broker and HTTP sink; prints its ports and ends with its standard input.

    It also holds the PostgreSQL in ``folder``: when the demo is killed, this process is the last that does, and stops it.
    """
    run(serve_sinks(database_url, folder), with_input=True)
