"""The bench of chat: the drill's robots of WeCom, DingTalk, Feishu and Lark; a robot that was removed is gone."""

from pathlib import Path

from channels.chat import Options
from channels.wire.robot_sink import RobotSink
from tests.contract.on_port import OnPort

_SCHEMES = ("wecombot", "dingtalk", "feishu", "lark")


class Bench(OnPort):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._robots = RobotSink()

    @property
    def sink(self) -> RobotSink:
        return self._robots

    def at(self, port: int) -> Options:
        origin = f"http://127.0.0.1:{port}"
        return Options(lane="exercise", timeout_s=30, allow_private=True, wecom=origin, dingtalk=origin, feishu=origin, lark=origin)

    def address(self, n: int) -> str:
        self._robots.groups.setdefault(f"robotkey{n:04d}", [])
        return f"{_SCHEMES[n % 4]}://robotkey{n:04d}"

    def bad_address(self) -> str:
        return "wecombot://removedkey"

    async def taken(self) -> list[str]:
        return [text for said in self._robots.groups.values() for text in said]
