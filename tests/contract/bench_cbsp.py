"""The bench of CBSP: the drill's base station controller; location area 9999 does not exist."""

import socket
from collections.abc import Sequence
from pathlib import Path

from channels.cbsp import Options
from channels.message import Message
from channels.wire import cbsp
from channels.wire.bsc_sink import BscSink


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sink = BscSink()
        self._port = 0

    async def open(self) -> None:
        self._port = await self._sink.start()

    async def close(self) -> None:
        await self._sink.stop()

    def options(self) -> Options:
        return Options(lane="exercise", timeout_s=2, host="127.0.0.1", port=self._port)

    def address(self, n: int) -> str:
        return f"lac:{4660 + n}"

    def bad_address(self) -> str:
        return "lac:70000"

    def dead_options(self) -> Options:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return Options(lane="exercise", timeout_s=2, host="127.0.0.1", port=int(taken.getsockname()[1]))

    def dead_address(self, n: int) -> str:
        return self.address(n)

    async def expect(self, messages: Sequence[Message]) -> None:
        """The controller takes what comes."""

    async def taken(self) -> list[str]:
        return [pdu.text for pdu in self._sink.taken if pdu.kind == cbsp.WRITE_REPLACE]
