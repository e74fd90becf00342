"""The entry point: every group of commands under one name, and errors as one sentence."""

import logging
import sys

import structlog
import typer
from pydantic import ValidationError

from feeds.errors import FeedError
from warning.cli import (
    account,
    audit,
    demo,
    draw,
    explain,
    export,
    gateway,
    lead,
    look,
    outcome,
    packs,
    reach,
    roster,
    scale,
    secret,
    serve,
)
from warning.errors import WarningEngineError

cli = typer.Typer(
    help="消息树 Xiaoxishu: from gridded forecasts to signed, targeted warnings with receipts. 预警信息发布引擎。",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
)
for group in (
    look.commands, draw.commands, lead.commands, explain.commands, packs.commands, serve.commands, demo.commands, reach.commands, gateway.commands,
    outcome.commands, export.commands, scale.commands,
):
    cli.add_typer(group)
cli.add_typer(account.account, name="account")
cli.add_typer(audit.audit, name="audit")
cli.add_typer(roster.roster, name="roster")
cli.add_typer(secret.secret, name="secret")


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
