"""The bench of CMPP: our SMS centre speaking CMPP 2.0, which refuses numbers that start with 86199."""

import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from channels.cmpp import Options
from channels.message import Message
from channels.wire.cmpp_pdu import V20
from channels.wire.cmpp_speech import CmppSpeech
from channels.wire.smsc import Faults, Smsc


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = 0
        self._smsc = Smsc(now=lambda: datetime.now(UTC), accounts={"901234": "pa55"}, faults=Faults(refuse_prefixes=("86199",)),
                          speech=CmppSpeech(V20))

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
        return Options(lane="exercise", timeout_s=2, host="127.0.0.1", port=port, sp_id="901234", secret=SecretStr("pa55"), source="10690001")
