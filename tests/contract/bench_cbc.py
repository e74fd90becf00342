"""The bench of cell broadcast centres: the drill's HTTP sink; ``/gone`` answers 410."""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from channels.cbc import Options
from channels.message import Message
from channels.wire.http_sink import HttpFault, HttpSink


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sink = HttpSink(now=lambda: datetime.now(UTC))

    async def open(self) -> None:
        await self._sink.start()
        self._sink.faults["/gone"] = HttpFault.GONE

    async def close(self) -> None:
        await self._sink.stop()

    def options(self) -> Options:
        return Options(lane="exercise", timeout_s=30, allow_private=True, needs_geometry=False)

    def address(self, n: int) -> str:
        return self._sink.url(f"/cbc/{n}")

    def bad_address(self) -> str:
        return self._sink.url("/gone")

    def dead_options(self) -> Options:
        return self.options()

    def dead_address(self, n: int) -> str:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return f"http://127.0.0.1:{taken.getsockname()[1]}/cbc/{n}"

    async def expect(self, messages: Sequence[Message]) -> None:
        """The sink takes what comes."""

    async def taken(self) -> list[str]:
        return [body.decode() for body in self._sink.latest.values()]
