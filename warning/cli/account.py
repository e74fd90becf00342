"""Accounts on the command line: who may act."""

import asyncio
import getpass
import json
from dataclasses import asdict
from typing import Annotated

import typer

from warning.account import Account
from warning.app import opened
from warning.cli.options import AsJson, Config
from warning.settings import Settings, load_settings
from warning.store.accounts import accounts, add_account, withdraw
from warning.store.trust import TrustStore
from warning.trust.work import AdminAct

Alone = Annotated[str, typer.Option(help="do it without the second admin, and say why: everybody is told")]

commands = typer.Typer(help="Who may act: accounts, their roles, hazards and areas.", no_args_is_help=True)


@commands.command("add")
def account_add(
    name: Annotated[str, typer.Argument(help="who")],
    role: Annotated[str, typer.Option(help="viewer, forecaster, approver, office or admin")],
    config: Config = None,
    area: Annotated[str, typer.Option(help="zone code, e.g. 310115; empty = everywhere")] = "",
    hazard: Annotated[list[str] | None, typer.Option(help="hazard key; repeat it; none = every hazard")] = None,
    alone: Alone = "",
) -> None:
    """Add an account, or renew it; its first token is printed once and only its hash is kept. With two admins, another confirms it first."""
    new = Account(name=name, role=role, area=area, hazards=tuple(hazard or ()))
    typer.echo(asyncio.run(_act(load_settings(config), "add", new, alone=alone)))


@commands.command("withdraw")
def account_withdraw(name: Annotated[str, typer.Argument(help="who")], config: Config = None, alone: Alone = "") -> None:
    """Withdraw an account: its token, keys and sessions end at once; what it signed stays. With two admins, another confirms it first."""
    typer.echo(asyncio.run(_act(load_settings(config), "withdraw", Account(name=name, role="viewer"), alone=alone)))


@commands.command("list")
def account_list(config: Config = None, json_: AsJson = False) -> None:
    """Print every account that may act; tokens are not kept and cannot be shown."""
    for one in asyncio.run(_accounts(load_settings(config))):
        hazards, area = ", ".join(one.hazards) or "every hazard", one.area or "everywhere"
        typer.echo(json.dumps(asdict(one), ensure_ascii=False) if json_ else f"{one.name}\t{one.role}\t{area}\t{hazards}")


async def _act(settings: Settings, act: AdminAct, on: Account, *, alone: str) -> str:
    """At once while there are fewer than two other admins; afterwards it waits for one of them, or is done alone for all to see."""
    by = f"{getpass.getuser()} on the machine"
    async with opened(settings, channels=False) as parts:
        store, at = TrustStore(parts.database, clock=parts.clock), parts.clock.now()
        admins = [one.name for one in await accounts(parts.database) if one.role == "admin" and one.name != on.name]
        if len(admins) >= 2 and not alone:
            request = await store.ask(act, on, by=by)
            return f"waits as {request} until {' or '.join(admins)} confirms it: POST /api/admin/requests/{request}"
        if len(admins) >= 2:
            await store.tell_alone(act, on.name, by=by, why=alone)
        if act == "add":
            return await add_account(parts.database, on, by=by, at=at)
        await withdraw(parts.database, on.name, by=by, at=at)
        return f"{on.name} may not act any more"


async def _accounts(settings: Settings) -> list[Account]:
    async with opened(settings, channels=False) as parts:
        return await accounts(parts.database)
