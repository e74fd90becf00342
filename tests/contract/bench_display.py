"""The bench of display: the drill's broker, amqtt."""

import socket
from collections.abc import Sequence
from pathlib import Path

from channels.display import Options
from channels.message import Message
from channels.wire.mqtt_sink import MqttSink


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sink = MqttSink()
        self._port = 0

    async def open(self) -> None:
        self._port = await self._sink.start()

    async def close(self) -> None:
        await self._sink.stop()

    def options(self) -> Options:
        return Options(lane="exercise", timeout_s=2, host="127.0.0.1", port=self._port)

    def address(self, n: int) -> str:
        return f"warnings/31010{n}/11B03"

    def bad_address(self) -> str:
        return "warnings/+/11B03"

    def dead_options(self) -> Options:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return Options(lane="exercise", timeout_s=2, host="127.0.0.1", port=int(taken.getsockname()[1]))

    def dead_address(self, n: int) -> str:
        return self.address(n)

    async def expect(self, messages: Sequence[Message]) -> None:
        """The broker takes what comes."""

    async def taken(self) -> list[str]:
        return [payload.decode() for payload in self._sink.retained.values()]
