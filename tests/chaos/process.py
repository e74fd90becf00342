"""Processes of the product that can be killed. They are forked from one that has loaded it, so that each starts in a moment."""

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import warning.cli.serve
import warning.cli.work  # noqa: F401  # loaded once, for every process that is forked
from warning.cli.entry import cli

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.chaos.process", "tests.chaos.centre"])


@contextmanager
def started(act: Callable[..., None], *given: object) -> Iterator[ForkServerProcess]:
    """Runs ``act`` (a function of a module) in a process of its own; at the end of the block it is killed, if it still lives."""
    process = _CONTEXT.Process(target=act, args=given, daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


async def killed(process: ForkServerProcess) -> None:
    """Signal 9, and gone when this returns."""
    process.kill()
    await asyncio.to_thread(process.join)


def command(log: Path, *words: str) -> None:
    """``xiaoxishu …`` as it is started by hand; what it says goes to a file."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(file, sys.stdout.fileno())
    os.dup2(file, sys.stderr.fileno())
    cli(args=list(words), standalone_mode=False)


def worker(settings_file: Path, name: str = "worker") -> None:
    command(settings_file.with_name(f"{name}.log"), "work", "--config", str(settings_file), "--name", name)


def face(settings_file: Path, port: int) -> None:
    command(settings_file.with_name("face.log"), "web", "--config", str(settings_file), "--port", str(port))
