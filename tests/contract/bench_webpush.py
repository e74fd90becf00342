"""The bench of Web Push: the drill's HTTP sink as a push service that checks VAPID, with phones that decrypt; ``/gone`` answers 410."""

import json
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from channels.message import Message
from channels.webpush import Options
from channels.wire.aes128gcm import b64url
from channels.wire.http_sink import HttpFault, HttpSink


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sink = HttpSink(now=lambda: datetime.now(UTC))
        self._addresses: dict[int, str] = {}
        key = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
        self._key = SecretStr(b64url(key.to_bytes(32, "big")))

    async def open(self) -> None:
        await self._sink.start()
        self._sink.faults["/gone"] = HttpFault.GONE

    async def close(self) -> None:
        await self._sink.stop()

    def options(self) -> Options:
        return Options(lane="exercise", timeout_s=30, allow_private=True, vapid_private_key=self._key, vapid_subject="mailto:duty@example.org")

    def address(self, n: int) -> str:
        if n not in self._addresses:
            self._addresses[n] = self._sink.subscribe_phone(f"/phone/{n}")
        return self._addresses[n]

    def bad_address(self) -> str:
        return self._sink.subscribe_phone("/gone")

    def dead_options(self) -> Options:
        return self.options()

    def dead_address(self, n: int) -> str:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}/phone/{n}"
        return json.dumps(json.loads(self.address(n)) | {"endpoint": endpoint})

    async def expect(self, messages: Sequence[Message]) -> None:
        """The sink takes what comes."""

    async def taken(self) -> list[str]:
        return [body.decode() for body in self._sink.latest.values()]
