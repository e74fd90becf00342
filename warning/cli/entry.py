"""The entry point: every command under one name, loaded when it is asked for, and errors as one sentence."""

import gc
import importlib
import logging
import sys
from collections.abc import Mapping
from typing import Any, Final

import structlog
import typer
import typer.main
from pydantic import ValidationError
from typer.core import TyperCommand, TyperGroup

from feeds.errors import FeedError
from warning.errors import WarningEngineError

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "fields": ("look", "What a file holds: fields on grids, measurements, tracks of cyclones."),
    "rules": ("look", "A rule set as a table, every row with its confidence and flags."),
    "settings": ("look", "Every setting with its meaning and default, as JSON Schema."),
    "map": ("draw", "The fields of a variable as PNG maps, and what each says within the window."),
    "lead": ("lead", "How much earlier rain is read when the drill's is moved on for two hours."),
    "explain": ("explain", "Why a proposal is what it is: numbers, rule, source, time series."),
    "packs": ("packs", "The sector packs: conditions, actions, sources, and the sites each binds to."),
    "web": ("serve", "Serve API, public page and console, and watch the feeds. One process."),
    "work": ("work", "Send what is due: as many of these, on as many machines, as you like."),
    "demo": ("demo", "Replay Pulasan (18–20 Sept 2024) through the whole corridor, as a drill."),
    "sinks": ("sinks", ""),
    "reach": ("reach", "Who will be reached by when on which channel, and what really happened."),
    "sms-gateway": ("gateway", "A drill gateway on this machine that fails as asked."),
    "retract": ("outcome", "Take a mistaken warning back for everybody who got it."),
    "progress": ("outcome", "How far an alert is, by channel and district, and what failed."),
    "export": ("export", "The residents' pages as files that any web server can serve."),
    "scale": ("scale", "Plan a city: when everybody would be told, and what ten minutes would take."),
    "account": ("account", "Who may act: accounts, their roles, hazards and areas."),
    "audit": ("audit", "The audit trail: append-only, every act chained to the one before."),
    "roster": ("roster", "Who must be called: duty posts, people, shifts, and the ways to them."),
    "secret": ("secret", "Change the secret that seals addresses, second factors and webhooks."),
}
"""Each command's file in this folder, and what the list says of it; without words it is not listed."""


def loaded(name: str) -> TyperCommand | TyperGroup:
    """The command with its options, or the group of that name."""
    # Tens of thousands of objects are made that all stay: looking for garbage among them took a quarter of the time.
    gc.disable()
    try:
        file = importlib.import_module(f"warning.cli.{COMMANDS[name][0]}")
    finally:
        gc.freeze()
        gc.enable()
    group = typer.main.get_group(file.commands)
    found = group.commands.get(name, group)
    assert isinstance(found, TyperCommand | TyperGroup)
    return found


class _Commands(TyperGroup):
    """The whole product takes seconds to load, a list of commands nothing, and a worker needs no page."""

    listing = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return [name for name, (_, words) in COMMANDS.items() if words]

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | TyperGroup | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name][1]) if self.listing else loaded(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self.listing = False


cli = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@cli.callback()
def root() -> None:
    """消息树 Xiaoxishu: from gridded forecasts to signed, targeted warnings with receipts. 预警信息发布引擎。"""


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
