"""What every command shares: its options, and how it runs to an end."""

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path | None, typer.Option("--config", "-c", help="settings file (YAML); environment XIAOXISHU_… wins over it")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output with stable keys")]


def run(main_task: Coroutine[object, object, int | None]) -> None:
    """Run to the end; Ctrl-C and SIGTERM cancel, so that everything opened is closed and every child stopped."""
    code = asyncio.run(_until_signal(main_task))
    if code:
        raise typer.Exit(code)


async def _until_signal(main_task: Coroutine[object, object, int | None]) -> int:
    task = asyncio.ensure_future(main_task)
    loop = asyncio.get_running_loop()

    def end() -> None:
        # Once: a second cancellation would cut short the closing itself, and leave children behind.
        if not task.cancelling():
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    try:
        return await task or 0
    except asyncio.CancelledError:
        return 130
