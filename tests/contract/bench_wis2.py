"""The bench of WIS2: the drill's broker, amqtt, and a subscriber as a Global Broker is one."""

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path

import aiomqtt

from channels.message import Message
from channels.wire.mqtt_sink import MqttSink
from channels.wis2 import Options

TOPIC = "origin/a/wis2/cn-xiaoxishu-drill/data/core/weather/advisories-warnings"


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sink = MqttSink()
        self._port = 0
        self._heard: list[str] = []
        self._listening: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def open(self) -> None:
        self._port = await self._sink.start()
        self._listening = asyncio.create_task(self._listen())
        await asyncio.wait_for(self._ready.wait(), 5)

    async def _listen(self) -> None:
        async with aiomqtt.Client("127.0.0.1", self._port) as client:
            await client.subscribe("origin/a/wis2/#", qos=1)
            self._ready.set()
            async for message in client.messages:
                self._heard.append(bytes(message.payload).decode() if isinstance(message.payload, bytes | bytearray) else "")

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        await self._sink.stop()

    def options(self) -> Options:
        return Options(lane="exercise", timeout_s=30, host="127.0.0.1", port=self._port, topic=TOPIC, url="https://w.example/api/alerts/{identifier}.xml",
                       metadata_id="urn:wmo:md:cn-xiaoxishu-drill:warnings")

    def address(self, n: int) -> str:
        return f"alert-{n}"

    def bad_address(self) -> str:
        return "origin/+/wis2"

    def dead_options(self) -> Options:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return self.options().model_copy(update={"port": int(taken.getsockname()[1])})

    def dead_address(self, n: int) -> str:
        return self.address(n)

    async def expect(self, messages: Sequence[Message]) -> None:
        """The broker takes what comes."""

    async def taken(self) -> list[str]:
        for _ in range(100):  # the broker hands on after its PUBACK
            if len(self._heard) >= sum(self._sink.received.values()):
                break
            await asyncio.sleep(0.02)
        return list(self._heard)
