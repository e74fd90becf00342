"""Consoles that stand open while others are measured: real websocket clients of the main page by its own protocol; they draw nothing, but fetch what they are told to."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import httpx
import socketio

_PAPER = re.compile(r'"paint": ?"(/console/paper/\w+\.json)"')


class Consoles:
    """``heard``: per console the newest colours it was told of and has fetched, with the moment by the clock of this process."""

    def __init__(self, base: str, cookie: str, count: int) -> None:
        self.base, self.cookie, self.count = base, cookie, count
        self.heard: dict[int, tuple[str, float]] = {}
        self._ready, self._end = Event(), Event()
        self._thread = Thread(target=lambda: asyncio.run(self._hold()), daemon=True)

    def open(self) -> None:
        self._thread.start()
        if not self._ready.wait(300):
            raise RuntimeError("the consoles could not be opened")

    def close(self) -> None:
        self._end.set()
        self._thread.join(60)

    def told_since(self, moment: float, within_s: float) -> list[float]:
        """Seconds from ``moment`` until each console had fetched newer colours; fewer than ``count`` when some never did."""
        until = time.perf_counter() + within_s
        while time.perf_counter() < until:
            found = [at - moment for _, at in self.heard.values() if at > moment]
            if len(found) == self.count:
                return found
            time.sleep(0.02)
        return [at - moment for _, at in self.heard.values() if at > moment]

    async def _hold(self) -> None:
        async with httpx.AsyncClient(headers={"Cookie": self.cookie}, timeout=120) as http:
            clients = [await self._one(http, number) for number in range(self.count)]
            self._ready.set()
            await asyncio.to_thread(self._end.wait)
            for client in clients:
                await client.disconnect()

    async def _one(self, http: httpx.AsyncClient, number: int) -> socketio.AsyncClient:
        html = (await http.get(f"{self.base}/console/")).text
        query = json.loads(re.search(r"query: (\{.*?\})", html)[1].replace("'", '"').replace("True", "true"))  # type: ignore[index]  # without it there is no page
        client = socketio.AsyncClient()

        async def update(data: object) -> None:
            found = _PAPER.search(json.dumps(data))
            if found is not None and self.heard.get(number, ("", 0.0))[0] != found[1]:
                (await http.get(f"{self.base}{found[1]}")).raise_for_status()
                self.heard[number] = found[1], time.perf_counter()

        client.on("update", update)
        asked = "&".join(f"{key}={str(value).lower() if isinstance(value, bool) else value}" for key, value in query.items())
        await client.connect(
            f"{self.base}?{asked}&tab_id=bench{number}&document_id=bench{number}", headers={"Cookie": self.cookie}, transports=["websocket"],
            socketio_path="/console/_nicegui_ws/socket.io", wait_timeout=60)
        return client


@contextmanager
def consoles(base: str, cookie: str, count: int) -> Iterator[Consoles]:
    """``count`` of them in a thread of their own; each has had its page and answers the server's pings."""
    held = Consoles(base, cookie, count)
    held.open()
    yield held
    held.close()
