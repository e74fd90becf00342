""""Am I warned here?" and the public page on one process, beside a plain FastAPI "hello", by a client that only counts bytes."""

import asyncio
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from tests.bench.measure import Effort, Goal, Row, Timing, rows
from warning.store.server import EmbeddedServer

CONNECTIONS = 32
PLACES = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    rate: float
    p99_ms: float


def run(effort: Effort) -> list[Row]:
    """Rounds take turns, so that a busy moment hits all alike."""
    seconds, rounds = effort.pick(full=4, quick=1), effort.pick(full=5, quick=2)
    asked = _places()
    with ExitStack() as stack:
        hello, product = stack.enter_context(_running("hello")), stack.enter_context(_running("product"))
        subjects: dict[str, tuple[int, Callable[[int], str]]] = {
            "xiaoxishu /api/warned, anywhere in the city": (product, lambda n: asked[n % PLACES]),
            "xiaoxishu page of the city": (product, lambda _: "/"),
            "xiaoxishu page of a place": (product, lambda _: "/place/310115"),
            "fastapi hello": (hello, lambda _: "/")}
        for port, path in subjects.values():  # what is made once is made
            asyncio.run(_pace(port, path, 1.0))
        paces: dict[str, list[Pace]] = {name: [] for name in subjects}
        for _ in range(rounds):
            for name, (port, path) in subjects.items():
                paces[name].append(asyncio.run(_pace(port, path, seconds)))
    timings = [Timing(subject=name, value=median(one.rate for one in found), note=f"p99 {median(one.p99_ms for one in found):.1f} ms, {CONNECTIONS} connections")
               for name, found in paces.items()]
    return rows("warned", "requests/s", timings[:-1], timings[-1:], goal=Goal(ratio=0.5))


def _places() -> list[str]:
    draw = random.Random(31)
    return [f"/api/warned?lat={draw.uniform(30.7, 31.5):.4f}&lon={draw.uniform(121.0, 121.9):.4f}" for _ in range(PLACES)]


async def _pace(port: int, path: Callable[[int], str], seconds: float) -> Pace:
    until = time.perf_counter() + seconds
    took: list[float] = []

    async def one(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (started := time.perf_counter()) < until:
            number += CONNECTIONS
            writer.write(f"GET {path(number)} HTTP/1.1\r\nHost: bench\r\nAccept-Encoding: gzip\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head[:80]
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]))
            took.append(time.perf_counter() - started)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one(number) for number in range(CONNECTIONS)))
    return Pace(rate=len(took) / seconds, p99_ms=quantiles(took, n=100)[98] * 1000)


@contextmanager
def _running(what: str) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    folder = Path(tempfile.mkdtemp(prefix="xxs-", dir="/tmp"))
    server = EmbeddedServer(folder / "pg") if what == "product" else None
    arguments = [what, str(port), *([server.open(), str(folder)] if server is not None else [])]
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.warned_server", *arguments])
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)
        if server is not None:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError("the server of the bench ended")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the server of the bench did not answer")
