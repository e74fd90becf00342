"""An alert on its way, on the command line: its progress, and its retraction in one step."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from warning.account import token_hash
from warning.app import opened
from warning.cli.options import AsJson, Config, run
from warning.errors import NotAllowed
from warning.settings import Settings, load_settings
from warning.store import progress as store
from warning.store.accounts import account_of_token
from warning.store.board import alert as alert_of
from warning.web.retract import retract as take_back
from warning.web.words import next_step

commands = typer.Typer()


@commands.command()
def retract(
    identifier: Annotated[str, typer.Argument(help="any version of the warning that was a mistake")],
    reason: Annotated[str, typer.Option(help="what was wrong; everybody who got the warning reads it")],
    token: Annotated[str, typer.Option(envvar="XIAOXISHU_TOKEN", prompt=True, hide_input=True, help="your own token: a forecaster's or approver's")],
    config: Config = None, json_: AsJson = False,
) -> None:
    """Take a mistaken warning back for everybody who got it. It goes out when a second person has signed, one step for each of you."""
    run(_retract(load_settings(config), identifier, reason, token, json_))


@commands.command()
def progress(
    identifier: Annotated[str, typer.Argument(help="the alert")], config: Config = None, json_: AsJson = False
) -> None:
    """Print how far an alert is, by channel and district, and what failed with its next step."""
    run(_progress(load_settings(config), identifier, json_))


async def _retract(settings: Settings, identifier: str, reason: str, token: str, json_: bool) -> None:
    async with opened(settings, channels=False) as parts:
        account = await account_of_token(parts.database, token_hash(token))
        if account is None:
            raise NotAllowed("this token is not known; account add renews one")
        made = await take_back(parts, identifier, reason=reason, account=account)
    if json_:
        typer.echo(json.dumps({"proposal": str(made.proposal), "revision": made.revision, "retracts": made.retracts}))
    else:
        typer.echo(f"the retraction of {made.retracts} waits for a second person: proposal {made.proposal}, at the console or by\n"
                   f"POST /api/proposals/{made.proposal}/approve {{\"revision\": {made.revision}}}")


async def _progress(settings: Settings, identifier: str, json_: bool) -> None:
    async with opened(settings, channels=False) as parts:
        await alert_of(parts.database, identifier)
        lines = await store.steps(parts.database, identifier)
        dead = await store.dead_letters(parts.database, identifier)
    if json_:
        typer.echo(json.dumps({
            "lines": [asdict(one) for one in lines],
            "dead_letters": [asdict(one) | {"next_step": next_step(one.reason, "en")} for one in dead]}, ensure_ascii=False))
        return
    for one in lines:
        states = ", ".join(f"{state} {count:,}" for state, count in one.counts.items())
        typer.echo(f"{one.channel:12}{one.district:8}{states}" + (f"; perhaps twice {one.twice:,}" if one.twice else ""))
    for letter in dead:
        typer.secho(f"failed: {letter.count:,} by {letter.channel}: {letter.reason}", fg=typer.colors.RED)
        typer.echo(f"  next step: {next_step(letter.reason, 'en')}")
    if dead:
        typer.echo("retry: at the console under Routes, or POST /api/deliveries/retry with what --json names")
