"""The bench of voice: the drill's HTTP sink as a gateway that takes calls."""

import json
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr
from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from channels.message import Message
from channels.voice import Options
from channels.wire.http_sink import HttpSink


class _Gateway(HttpSink):
    """Keeps every call, for all of them come to one path."""

    def __init__(self) -> None:
        super().__init__(now=lambda: datetime.now(UTC))
        self.calls: list[str] = []

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def heard() -> Event:
            event = await receive()
            if event["type"] == "http.request" and event.get("body"):
                self.calls.append(str(json.loads(event["body"])["text"]))
            return event

        await super().app(scope, heard, send)


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sink = _Gateway()

    async def open(self) -> None:
        await self._sink.start()
        self._sink.secrets["/calls"] = "drill"

    async def close(self) -> None:
        await self._sink.stop()

    def options(self) -> Options:
        return self._at(self._sink.url("/calls"))

    def address(self, n: int) -> str:
        return f"8613900000{n:03d}"

    def bad_address(self) -> str:
        return "not a number"

    def dead_options(self) -> Options:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return self._at(f"http://127.0.0.1:{taken.getsockname()[1]}/calls")

    def dead_address(self, n: int) -> str:
        return self.address(n)

    async def expect(self, messages: Sequence[Message]) -> None:
        """The gateway takes what comes."""

    async def taken(self) -> list[str]:
        return self._sink.calls

    def _at(self, url: str) -> Options:
        return Options(lane="exercise", timeout_s=30, url=url, secret=SecretStr("drill"), allow_private=True)
