"""Consoles that stand open while others are measured: real websocket clients of the main page by its own protocol, in a process of their own; they draw nothing, but fetch what they are told to.

As a program: ``python -m tests.bench.console_clients BASE COUNT``, the session's cookie on standard input, which ends them when it is closed. Says ``open`` when all are, and then
one line for each newer colours that one of them has fetched: its number, and the moment by the monotonic clock, which all processes of a machine share.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import httpx
import socketio

_PAPER = re.compile(r'"paint": ?"(/console/paper/\w+\.json)"')


class Consoles:
    """``heard``: per console the moment, by ``time.monotonic``, at which it had fetched the newest colours that it was told of."""

    def __init__(self, process: subprocess.Popen[str], count: int) -> None:
        self.count = count
        self.heard: dict[int, float] = {}
        self._process, self._ready = process, Event()
        Thread(target=self._read, daemon=True).start()

    def wait(self, within_s: float) -> None:
        """Until all are open. Raises RuntimeError when they are not by then."""
        if not self._ready.wait(within_s) or self._process.poll() is not None:
            raise RuntimeError("the consoles could not be opened")

    def told_since(self, moment: float, within_s: float) -> list[float]:
        """Seconds from ``moment`` until each console had fetched newer colours; fewer than ``count`` when some never did."""
        until = time.monotonic() + within_s
        while time.monotonic() < until and sum(at > moment for at in list(self.heard.values())) < self.count:
            time.sleep(0.02)
        return [at - moment for at in list(self.heard.values()) if at > moment]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() != "open":
                number, at = line.split()
                self.heard[int(number)] = float(at)
                continue
            self._ready.set()
        self._ready.set()  # it ended: nobody waits for it in vain


@contextmanager
def consoles(base: str, cookie: str, count: int) -> Iterator[Consoles]:
    """``count`` of them; each has had its page and answers the server's pings."""
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.console_clients", base, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    try:
        process.stdin.write(f"{cookie}\n")
        process.stdin.flush()
        held = Consoles(process, count)
        held.wait(300)
        yield held
    finally:
        process.stdin.close()
        process.wait(60)


async def _hold(base: str, cookie: str, count: int) -> None:
    async with httpx.AsyncClient(base_url=base, headers={"Cookie": cookie}, timeout=120) as http:
        clients = [await _one(http, number) for number in range(count)]
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for client in clients:
            await client.disconnect()


async def _one(http: httpx.AsyncClient, number: int) -> socketio.AsyncClient:
    html = (await http.get("/console/")).text
    query = json.loads(re.search(r"query: (\{.*?\})", html)[1].replace("'", '"').replace("True", "true"))  # type: ignore[index]  # without it there is no page
    client, last = socketio.AsyncClient(), ""

    async def update(data: object) -> None:
        nonlocal last
        found = _PAPER.search(json.dumps(data))
        if found is not None and found[1] != last:
            (await http.get(found[1])).raise_for_status()
            last = found[1]
            print(number, time.monotonic(), flush=True)

    client.on("update", update)
    asked = "&".join(f"{key}={str(value).lower() if isinstance(value, bool) else value}" for key, value in query.items())
    await client.connect(
        f"{http.base_url}?{asked}&tab_id=bench{number}&document_id=bench{number}", headers={"Cookie": http.headers["Cookie"]}, transports=["websocket"],
        socketio_path="/console/_nicegui_ws/socket.io", wait_timeout=60)
    return client


if __name__ == "__main__":
    asyncio.run(_hold(sys.argv[1], sys.stdin.readline().strip(), int(sys.argv[2])))
