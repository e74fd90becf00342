"""The audit trail on the command line."""

import asyncio
import json
import re
from dataclasses import asdict
from typing import Annotated

import typer

from warning.app import opened
from warning.cli.options import AsJson, Config
from warning.settings import Settings, load_settings
from warning.store.audit import Head, Verdict, head, verify

commands = typer.Typer(help="The audit trail: append-only, every act chained to the one before.", no_args_is_help=True)


@commands.command("head")
def audit_head(config: Config = None) -> None:
    """Print the newest link as SEQ:HASH. Keep it elsewhere: it binds every act up to it."""
    found = asyncio.run(_head(load_settings(config)))
    typer.echo(f"{found.seq}:{found.hash}")


@commands.command("verify")
def audit_verify(
    config: Config = None, published: Annotated[str, typer.Option(help="a SEQ:HASH that `audit head` printed earlier")] = "",
    json_: AsJson = False,
) -> None:
    """Recompute the chain; every act that was changed, deleted or slipped in is named. Exit code 1 when one is found."""
    kept = re.fullmatch(r"([0-9]+):([0-9a-f]{64}|)", published)
    if published and kept is None:
        raise typer.BadParameter("--published is what `xiaoxishu audit head` printed: SEQ:HASH")
    verdict = asyncio.run(_verify(load_settings(config), Head(seq=int(kept[1]), hash=kept[2]) if kept else None))
    if json_:
        typer.echo(json.dumps(asdict(verdict), ensure_ascii=False))
    else:
        for fault in verdict.faults:
            typer.echo(f"link {fault.seq if fault.seq is not None else '-'}, act {fault.audit_id}: {fault.what}")
        typer.echo(f"{verdict.head.seq} acts, {len(verdict.faults)} faults, head {verdict.head.seq}:{verdict.head.hash}")
    if verdict.faults:
        raise typer.Exit(1)


async def _head(settings: Settings) -> Head:
    async with opened(settings, channels=False) as parts:
        return await head(parts.database)


async def _verify(settings: Settings, published: Head | None) -> Verdict:
    async with opened(settings, channels=False) as parts:
        return await verify(parts.database, published=published)
