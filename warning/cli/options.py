"""What every command shares: its options, and how it runs to an end."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path | None, typer.Option("--config", "-c", help="settings file (YAML); environment XIAOXISHU_… wins over it")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output with stable keys")]


def run(main_task: Coroutine[object, object, int | None], *, with_input: bool = False) -> None:
    """Run to the end; Ctrl-C and SIGTERM cancel, so that everything opened is closed and every child stopped.

    ``with_input``: so does the end of standard input. A parent that holds the other end can be killed in any way, and its child knows.
    """
    code = asyncio.run(_until_told(main_task, with_input=with_input))
    if code:
        raise typer.Exit(code)


async def _until_told(main_task: Coroutine[object, object, int | None], *, with_input: bool) -> int:
    task = asyncio.ensure_future(main_task)
    loop = asyncio.get_running_loop()

    def end() -> None:
        # Once: a second cancellation would cut short the closing itself, and leave children behind.
        if not task.cancelling():
            task.cancel()

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 1024):
            loop.remove_reader(sys.stdin.fileno())
            end()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    if with_input:
        loop.add_reader(sys.stdin.fileno(), read)
    try:
        return await task or 0
    except asyncio.CancelledError:
        return 130
