"""The bench of the national platform's outbox: a folder of the test."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

from channels.message import Message
from channels.national import Options


class Bench:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def open(self) -> None:
        (self._folder / "a-plain-file").write_bytes(b"")

    async def close(self) -> None:
        """A folder needs no stopping."""

    def options(self) -> Options:
        return Options(lane="exercise", timeout_s=30, folder=self._folder / "out")

    def address(self, n: int) -> str:
        return f"31000041600000_2024092005000{n}_11B03_RED_ALERT.xml"

    def bad_address(self) -> str:
        return "../../outside"

    def dead_options(self) -> Options:
        return Options(lane="exercise", timeout_s=30, folder=self._folder / "a-plain-file" / "out")

    def dead_address(self, n: int) -> str:
        return self.address(n)

    async def expect(self, messages: Sequence[Message]) -> None:
        """A folder takes what comes."""

    async def taken(self) -> list[str]:
        found = []
        for path in sorted((self._folder / "out").glob("*.zip")):
            with zipfile.ZipFile(path) as archive:
                found += [archive.read(name).decode() for name in archive.namelist()]
        return found
