"""The SMS centre in a process of its own: prints its port, takes what comes until its standard input ends, prints what it counted."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Centre:
    """The port while it runs, the count of accepted parts after its end."""

    port: int
    pid: int
    received: int = 0


@contextmanager
def centre(*, pace_per_s: float = 0.0) -> Iterator[Centre]:
    """A fresh centre; ``pace_per_s``: it answers no faster than that."""
    with subprocess.Popen(
        [sys.executable, __file__, str(pace_per_s)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(_ROOT)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        running = Centre(port=json.loads(process.stdout.readline()), pid=process.pid)
        try:
            yield running
        finally:
            process.stdin.close()
            running.received = json.loads(process.stdout.readline())


async def _main() -> None:
    from channels.wire.smsc import Faults, Smsc  # noqa: PLC0415 - only the child needs it, and only it has the path

    smsc = Smsc(now=lambda: datetime.now(UTC), keep=0, faults=Faults(pace_per_s=float(sys.argv[1])))
    print(await smsc.start(), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await smsc.stop()
    print(smsc.received, flush=True)


if __name__ == "__main__":
    asyncio.run(_main())
