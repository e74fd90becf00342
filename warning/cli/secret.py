"""The deployment's secret on the command line."""

import asyncio
from typing import Annotated

import typer

from warning.app import opened, renounce
from warning.cli.options import Config
from warning.settings import Settings, load_settings

commands = typer.Typer(help="The secret that seals addresses, second factors and webhook secrets in the database.", no_args_is_help=True)


@commands.command("reseal")
def secret_reseal(config: Config = None) -> None:
    """Bring everything under the present secret, while the engine runs; the one before stands in other_secrets until this has ended.

    It may be stopped and begun again. docs/security.md tells the whole change, step by step.
    """
    asyncio.run(_reseal(load_settings(config)))
    typer.echo("everything lies under the present secret: take the one before out of other_secrets a day from now, when the last answer links have run out")


@commands.command("renounce")
def secret_renounce(
    config: Config = None, yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Give up a secret that is lost for ever: the engine begins again with the present one.

    Registered residents and the roster must then be brought anew, webhook secrets and second factors set anew; open answer links are dead.
    """
    if not yes:
        typer.confirm("Is the secret that this database was begun with lost for ever? What lies under it will not be read again", abort=True)
    asyncio.run(renounce(load_settings(config)))
    typer.echo("the present secret counts from now on: start the processes again, and bring residents and roster anew")


async def _reseal(settings: Settings) -> None:
    async with opened(settings, channels=False) as parts:
        await parts.reseal.all(lambda kind, count: typer.echo(f"{kind}: {count:,}"))
