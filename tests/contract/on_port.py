"""What the benches of channels with a sink on a port of this machine share: they differ in their sink, options and addresses."""

import socket
from abc import abstractmethod
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from channels.message import Message
from channels.port import ChannelOptions
from channels.wire.mqtt_sink import MqttSink
from channels.wire.smsc import Faults, Smsc
from channels.wire.speech import Speech


class _Sink(Protocol):
    async def start(self) -> int: ...

    async def stop(self) -> None: ...


class OnPort:
    """A bench in the form of ``bench.py`` around a sink; a bench's own file says the rest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0

    @property
    @abstractmethod
    def sink(self) -> _Sink: ...

    @abstractmethod
    def at(self, port: int) -> ChannelOptions:
        """Options that lead to a port of this machine."""

    @abstractmethod
    def address(self, n: int) -> str: ...

    async def open(self) -> None:
        self._port = await self.sink.start()

    async def close(self) -> None:
        await self.sink.stop()

    def options(self) -> ChannelOptions:
        return self.at(self._port)

    def dead_options(self) -> ChannelOptions:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return self.at(int(taken.getsockname()[1]))

    def dead_address(self, n: int) -> str:
        return self.address(n)

    async def expect(self, messages: Sequence[Message]) -> None:
        """The sink takes what comes."""


class AtCentre(OnPort):
    """Our SMS centre in one of its languages, with one account; it refuses numbers that start with ``refused``."""

    account = "drill"
    refused = "86199"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._smsc = Smsc(now=lambda: datetime.now(UTC), accounts={self.account: "pa55"}, faults=Faults(refuse_prefixes=(self.refused,)),
                          speech=self.speech())

    def speech(self) -> Speech | None:
        """The language; None = SMPP."""
        return None

    @property
    def sink(self) -> Smsc:
        return self._smsc

    def address(self, n: int) -> str:
        return str(8613800138000 + n)

    def bad_address(self) -> str:
        return f"{self.refused}12345678"

    async def taken(self) -> list[str]:
        return [caught.text for caught in self._smsc.caught]


class AtBroker(OnPort):
    """The drill's MQTT broker, amqtt."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._broker = MqttSink()

    @property
    def sink(self) -> MqttSink:
        return self._broker

    def address(self, n: int) -> str:
        return f"warnings/31010{n}/11B03"

    def bad_address(self) -> str:
        return "warnings/+/11B03"

    async def taken(self) -> list[str]:
        return [payload.decode() for payload in self._broker.retained.values()]
