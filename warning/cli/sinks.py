"""The drill's sinks, a process of their own; the demo starts it."""

import typer

from warning.cli.options import run
from warning.demo.sinks import serve_sinks

commands = typer.Typer()


@commands.command(hidden=True)
def sinks(database_url: str) -> None:
    """The drill's SMS centre, mail server, MQTT broker and HTTP sink; prints its ports and ends with its standard input."""
    run(serve_sinks(database_url))
