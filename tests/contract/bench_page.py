"""The bench of the page: a small HTTP server that shows the versions it was told to publish and remembers which were read back."""

import asyncio
import json
import socket
from collections.abc import Sequence
from pathlib import Path

from channels.message import Message
from channels.page import Options


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._base = ""
        self._dead = ""
        self._published: dict[str, str] = {}
        self._read: list[str] = []

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self._base = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def options(self) -> Options:
        return Options(lane="exercise", timeout_s=30, base_url=self._base)

    def address(self, n: int) -> str:
        return f"{self._base}/alerts/contract-{n:04d}/1.json"

    def bad_address(self) -> str:
        return "http://another.example.org/alerts/contract-0001/1.json"

    def dead_options(self) -> Options:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self._dead = f"http://127.0.0.1:{taken.getsockname()[1]}"
        return Options(lane="exercise", timeout_s=30, base_url=self._dead)

    def dead_address(self, n: int) -> str:
        return f"{self._dead}/alerts/contract-{n:04d}/1.json"

    async def expect(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._published[message.address.removeprefix(self._base)] = json.dumps(
                {"identifier": message.identifier, "version": message.version, "text": message.text}, ensure_ascii=False)

    async def taken(self) -> list[str]:
        return self._read

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        document = self._published.get(path)
        if document is not None:
            self._read.append(document)
        body = (document or "").encode()
        status = "200 OK" if document else "404 Not Found"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nETag: \"v1\"\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()
