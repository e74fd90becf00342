"""The bench of SGIP: our SMS centre speaking SGIP 1.2, which refuses numbers that start with 86199."""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from channels.message import Message
from channels.sgip import Options
from channels.wire.sgip_speech import SgipSpeech
from channels.wire.smsc import Faults, Smsc


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0
        self._smsc = Smsc(now=lambda: datetime.now(UTC), accounts={"unicom": "pa55"}, faults=Faults(refuse_prefixes=("86199",)),
                          speech=SgipSpeech(lambda: datetime.now(UTC)))

    async def open(self) -> None:
        self._port = await self._smsc.start()

    async def close(self) -> None:
        await self._smsc.stop()

    def options(self) -> Options:
        return self._at(self._port)

    def address(self, n: int) -> str:
        return str(8613800138000 + n)

    def bad_address(self) -> str:
        return "8619912345678"

    def dead_options(self) -> Options:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = int(taken.getsockname()[1])
        return self._at(port)

    def dead_address(self, n: int) -> str:
        return self.address(n)

    async def expect(self, messages: Sequence[Message]) -> None:
        """The centre takes what comes."""

    async def taken(self) -> list[str]:
        return [caught.text for caught in self._smsc.caught]

    def _at(self, port: int) -> Options:
        return Options(lane="exercise", timeout_s=2, host="127.0.0.1", port=port, node=3021000001, name="unicom", password=SecretStr("pa55"), corp="12345",
                       source="10655001", listen_host="127.0.0.1", listen_port=0, listen_name="smg", listen_password=SecretStr("5ecret"))
