"""The bench of the spool: a folder of the test."""

from collections.abc import Sequence
from pathlib import Path

from channels.message import Message
from channels.spool import Options


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def open(self) -> None:
        (self._folder / "a-plain-file").write_bytes(b"")

    async def close(self) -> None:
        """A folder needs no stopping."""

    def options(self) -> Options:
        return Options(lane="exercise", timeout_s=30, folder=self._folder / "spool")

    def address(self, n: int) -> str:
        return f"office-box-{n}"

    def bad_address(self) -> str:
        return "../../outside"

    def dead_options(self) -> Options:
        return Options(lane="exercise", timeout_s=30, folder=self._folder / "a-plain-file" / "spool")

    def dead_address(self, n: int) -> str:
        return self.address(n)

    async def expect(self, messages: Sequence[Message]) -> None:
        """A folder takes what comes."""

    async def taken(self) -> list[str]:
        return [path.read_text("utf-8") for path in (self._folder / "spool").rglob("*") if path.is_file()]
