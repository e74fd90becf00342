"""The bench of chat: the drill's robots of WeCom, DingTalk, Feishu and Lark; a robot that was removed is gone."""

import socket
from collections.abc import Sequence
from pathlib import Path

from channels.chat import Options
from channels.message import Message
from channels.wire.robot_sink import RobotSink

_SCHEMES = ("wecombot", "dingtalk", "feishu", "lark")


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sink = RobotSink()
        self._port = 0

    async def open(self) -> None:
        self._port = await self._sink.start()

    async def close(self) -> None:
        await self._sink.stop()

    def options(self) -> Options:
        return self._at(self._port)

    def address(self, n: int) -> str:
        self._sink.groups.setdefault(f"robotkey{n:04d}", [])
        return f"{_SCHEMES[n % 4]}://robotkey{n:04d}"

    def bad_address(self) -> str:
        return "wecombot://removedkey"

    def dead_options(self) -> Options:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return self._at(int(taken.getsockname()[1]))

    def dead_address(self, n: int) -> str:
        return self.address(n)

    async def expect(self, messages: Sequence[Message]) -> None:
        """The services take what comes."""

    async def taken(self) -> list[str]:
        return [text for said in self._sink.groups.values() for text in said]

    def _at(self, port: int) -> Options:
        origin = f"http://127.0.0.1:{port}"
        return Options(lane="exercise", timeout_s=2, allow_private=True, wecom=origin, dingtalk=origin, feishu=origin, lark=origin)
