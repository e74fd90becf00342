"""The command line: ``xiaoxishu --help`` teaches it."""

import asyncio
import getpass
import json
import logging
import re
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvicorn
from pydantic import ValidationError

from feeds.errors import FeedError
from feeds.folder import Options as FolderOptions
from feeds.folder import Source as Folder
from feeds.inventory import as_json, inventory, render
from feeds.override import load as load_overrides
from feeds.payload import Payload
from feeds.replay import Options as ReplayOptions
from feeds.replay import Source as Replay
from warning.account import Account
from warning.app import Parts, opened, register_broadcasts, shipped_config
from warning.demo.run import DemoOptions, run_demo
from warning.demo.sinks import serve_sinks
from warning.errors import WarningEngineError
from warning.schedule import ticking
from warning.settings import FeedSettings, Settings, load_settings
from warning.store.accounts import accounts, add_account, withdraw
from warning.store.audit import Head, Verdict, head, verify
from warning.watch.rulefile import load_rule_sets
from warning.watch.ruletable import rows, table
from warning.web.server import create

log = structlog.get_logger()

_WATCH_AGAIN_S = 5.0

cli = typer.Typer(
    help="消息树 Xiaoxishu: from gridded forecasts to signed, targeted warnings with receipts. 预警信息发布引擎。",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)

Config = Annotated[Path | None, typer.Option("--config", "-c", help="settings file (YAML); environment XIAOXISHU_… wins over it")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output with stable keys")]


@cli.command()
def fields(
    file: Annotated[Path, typer.Argument(help="a GRIB1, GRIB2 or NetCDF file", exists=True, dir_okay=False)], json_: AsJson = False
) -> None:
    """Print the inventory of a gridded file: variable, unit, window, lead, level, threshold, grid, min/max, missing."""
    found = inventory(file, overrides=load_overrides(shipped_config() / "overrides.yaml"))
    typer.echo(json.dumps([as_json(row) for row in found], ensure_ascii=False) if json_ else render(found))


@cli.command()
def rules(
    set_: Annotated[str, typer.Option("--set", help="rule set: an id or its beginning, e.g. shanghai or national")] = "national",
    json_: AsJson = False,
) -> None:
    """Print a rule set as a table, every row with its confidence and flags."""
    found = [rule_set for key, rule_set in load_rule_sets().items() if key.startswith(set_)]
    if not found:
        raise typer.BadParameter(f"no rule set begins with {set_!r}; there is {', '.join(load_rule_sets())}")
    for rule_set in found:
        if json_:
            typer.echo(json.dumps([asdict(row) for row in rows(rule_set)], ensure_ascii=False))
        else:
            typer.echo(table(rule_set))


@cli.command()
def web(
    config: Config = None,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port to listen on")] = 8000,
) -> None:
    """Serve API, public page and console, and watch the feeds named in the settings. One process."""
    _run(_web(load_settings(config), host, port))


@cli.command()
def work(config: Config = None, name: Annotated[str, typer.Option(help="worker's name in the logs")] = "worker") -> None:
    """Send what is due: start as many of these, on as many machines, as you like; all share one database."""
    _run(_work(load_settings(config), name))


account = typer.Typer(help="Who may act: accounts, their roles, hazards and areas.", no_args_is_help=True)
cli.add_typer(account, name="account")


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


audit = typer.Typer(help="The audit trail: append-only, every act chained to the one before.", no_args_is_help=True)
cli.add_typer(audit, name="audit")


@audit.command("head")
def audit_head(config: Config = None) -> None:
    """Print the newest link as SEQ:HASH. Keep it elsewhere: it binds every act up to it."""
    found = asyncio.run(_head(load_settings(config)))
    typer.echo(f"{found.seq}:{found.hash}")


@audit.command("verify")
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


@cli.command()
def settings() -> None:
    """Print every setting with its meaning and default, as JSON Schema."""
    typer.echo(json.dumps(Settings.model_json_schema(), ensure_ascii=False, indent=2))


@cli.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="run to the end without a browser, then stop")] = False,
    json_: AsJson = False,
    residents: Annotated[int, typer.Option(min=0, help="how many residents to draw from the 2020 census")] = 100_000,
    seed: Annotated[int, typer.Option(help="seed of the synthetic fields and of the residents")] = 20240920,
    speed: Annotated[float, typer.Option(min=1, help="headed: virtual seconds per real second")] = 120.0,
    port: Annotated[int, typer.Option(help="port of page, console and API; 0 = any free one")] = 8000,
    data: Annotated[Path, typer.Option(help="folder of this demo; give another to run two side by side")] = Path("var/demo"),
    start: Annotated[str, typer.Option(help="first cycle, Beijing time, e.g. 2024-09-19T20:00")] = "",
    end: Annotated[str, typer.Option(help="last cycle, Beijing time")] = "",
    step: Annotated[int, typer.Option(min=10, help="minutes between two cycles, a multiple of 10")] = 10,
) -> None:
    """Replay Pulasan (18–20 Sept 2024) through the whole corridor, as a drill with sinks of its own."""
    options = DemoOptions(
        once=once, as_json=json_, residents=residents, seed=seed, speed=speed, port=port, data=data, start=start, end=end, step=step)
    _run(run_demo(options))


@cli.command(hidden=True)
def sinks(database_url: str) -> None:
    """The drill's SMS centre, mail server, MQTT broker and HTTP sink; prints its ports and ends with its standard input."""
    _run(serve_sinks(database_url))


def main() -> None:
    """Entry point: our own errors are one sentence, not a traceback."""
    _quiet_logs()
    try:
        cli()
    except (WarningEngineError, FeedError) as error:
        typer.secho(f"xiaoxishu: {error}", fg=typer.colors.RED, err=True)
        sys.exit(2)
    except ValidationError as error:
        typer.secho(f"xiaoxishu: {error}", fg=typer.colors.RED, err=True)
        sys.exit(2)


def _quiet_logs() -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    # A tick that is skipped because the one before still runs is harmless, and said often.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr))


def _run(main_task: Coroutine[object, object, int | None]) -> None:
    """Run to the end; Ctrl-C and SIGTERM cancel, so that everything opened is closed and every child stopped."""
    code = asyncio.run(_until_signal(main_task))
    if code:
        raise typer.Exit(code)


async def _until_signal(main_task: Coroutine[object, object, int | None]) -> int:
    task = asyncio.ensure_future(main_task)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task or 0
    except asyncio.CancelledError:
        return 130


async def _web(settings: Settings, host: str, port: int) -> None:
    async with opened(settings, channels=False) as parts:
        await register_broadcasts(parts)
        scheduler = ticking(parts)
        scheduler.start()
        watchers = [asyncio.create_task(_watch(parts, feed)) for feed in settings.feeds]
        server = uvicorn.Server(uvicorn.Config(create(parts), host=host, port=port, log_level="warning", access_log=False))
        try:
            await server.serve()
        finally:
            scheduler.shutdown(wait=False)
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)


async def _watch(parts: Parts, feed: FeedSettings) -> None:
    """Watch one feed for ever: what goes wrong is logged and tried again, because a watch that ends in silence warns nobody."""
    while True:
        try:
            async for payload in _payloads(parts, feed):
                await parts.watch.take(payload)
            return
        except Exception as error:
            log.exception("the watch of a feed failed and begins again", source=feed.source, error=type(error).__name__)
            await asyncio.sleep(_WATCH_AGAIN_S)


def _payloads(parts: Parts, feed: FeedSettings) -> AsyncIterator[Payload]:
    match feed.kind:
        case "folder":
            return Folder(FolderOptions(path=feed.path, pattern=feed.pattern), name=feed.source, now=parts.clock.now).payloads()
        case "replay":
            options = ReplayOptions(folder=feed.path, pattern=feed.pattern, paced=True)
            return Replay(options, name=feed.source, now=parts.clock.now).payloads()


async def _work(settings: Settings, name: str) -> None:
    async with opened(settings) as parts:
        scheduler = ticking(parts)
        scheduler.start()
        try:
            await parts.jobs.work(concurrency=settings.concurrency, name=name)
        finally:
            scheduler.shutdown(wait=False)


async def _account(settings: Settings, new: Account) -> str:
    async with opened(settings, channels=False) as parts:
        return await add_account(parts.database, new, by=f"{getpass.getuser()} on the machine", at=parts.clock.now())


async def _withdraw(settings: Settings, name: str) -> None:
    async with opened(settings, channels=False) as parts:
        await withdraw(parts.database, name, by=f"{getpass.getuser()} on the machine", at=parts.clock.now())


async def _accounts(settings: Settings) -> list[Account]:
    async with opened(settings, channels=False) as parts:
        return await accounts(parts.database)


async def _head(settings: Settings) -> Head:
    async with opened(settings, channels=False) as parts:
        return await head(parts.database)


async def _verify(settings: Settings, published: Head | None) -> Verdict:
    async with opened(settings, channels=False) as parts:
        return await verify(parts.database, published=published)


if __name__ == "__main__":
    main()
