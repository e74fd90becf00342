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

account = typer.Typer(help="Who may act: accounts, their roles, hazards and areas.", no_args_is_help=True)


@account.command("add")
def account_add(
    name: Annotated[str, typer.Argument(help="who")],
    role: Annotated[str, typer.Option(help="viewer, forecaster, approver, office or admin")],
    config: Config = None,
    area: Annotated[str, typer.Option(help="zone code, e.g. 310115; empty = everywhere")] = "",
    hazard: Annotated[list[str] | None, typer.Option(help="hazard key; repeat it; none = every hazard")] = None,
) -> None:
    """Add an account, or renew its token; the token is printed once and only its hash is kept."""
    typer.echo(asyncio.run(_account(load_settings(config), Account(name=name, role=role, area=area, hazards=tuple(hazard or ())))))


@account.command("withdraw")
def account_withdraw(name: Annotated[str, typer.Argument(help="who")], config: Config = None) -> None:
    """Withdraw an account: its token and every session opened with it end at once; what it signed stays."""
    asyncio.run(_withdraw(load_settings(config), name))


@account.command("list")
def account_list(config: Config = None, json_: AsJson = False) -> None:
    """Print every account that may act; tokens are not kept and cannot be shown."""
    for one in asyncio.run(_accounts(load_settings(config))):
        hazards, area = ", ".join(one.hazards) or "every hazard", one.area or "everywhere"
        typer.echo(json.dumps(asdict(one), ensure_ascii=False) if json_ else f"{one.name}\t{one.role}\t{area}\t{hazards}")


async def _account(settings: Settings, new: Account) -> str:
    async with opened(settings, channels=False) as parts:
        return await add_account(parts.database, new, by=f"{getpass.getuser()} on the machine", at=parts.clock.now())


async def _withdraw(settings: Settings, name: str) -> None:
    async with opened(settings, channels=False) as parts:
        await withdraw(parts.database, name, by=f"{getpass.getuser()} on the machine", at=parts.clock.now())


async def _accounts(settings: Settings) -> list[Account]:
    async with opened(settings, channels=False) as parts:
        return await accounts(parts.database)
