"""The bench of satellite messages: the drill's terminal at the far end of a pseudo-terminal; 999999 is no terminal."""

from collections.abc import Sequence
from pathlib import Path

from channels.message import Message
from channels.satellite import Options
from channels.wire import shortframe
from channels.wire.terminal_sink import TerminalSink


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sink = TerminalSink()
        self._device = folder / "none"

    async def open(self) -> None:
        self._device = self._sink.start()
        self._sink.answers["999999"] = shortframe.BAD_TERMINAL

    async def close(self) -> None:
        self._sink.stop()

    def options(self) -> Options:
        return Options(lane="exercise", timeout_s=30, device=self._device)

    def address(self, n: int) -> str:
        return f"31000{n}"

    def bad_address(self) -> str:
        return "999999"

    def dead_options(self) -> Options:
        return Options(lane="exercise", timeout_s=30, device=self._folder / "unplugged")

    def dead_address(self, n: int) -> str:
        return self.address(n)

    async def expect(self, messages: Sequence[Message]) -> None:
        """The terminal takes what comes."""

    async def taken(self) -> list[str]:
        return [frame.text for frame in self._sink.taken]
