"""Working: the processes of a deployment that send; they load no page."""

from typing import Annotated

import typer

from warning.app import opened
from warning.cli.options import Config, run
from warning.schedule import ticking
from warning.settings import Settings, load_settings

commands = typer.Typer()


@commands.command()
def work(
    config: Config = None, name: Annotated[str, typer.Option(help="worker's name in the logs")] = "worker",
    with_input: Annotated[bool, typer.Option("--with-input", help="end when standard input ends, as it does when a parent is killed")] = False,
) -> None:
    """Send what is due: start as many of these, on as many machines, as you like; all share one database."""
    run(_work(load_settings(config), name), with_input=with_input)


async def _work(settings: Settings, name: str) -> None:
    async with opened(settings) as parts:
        scheduler = ticking(parts)
        scheduler.start()
        try:
            await parts.jobs.work(concurrency=settings.concurrency, name=name)
        finally:
            scheduler.shutdown(wait=False)
