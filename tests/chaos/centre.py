"""The SMS centre in a process that can be killed; what it took is in a file, written before the answer."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from channels.wire.smsc import Faults, Smsc
from channels.wire.speech import Words


class WrittenDown(Smsc):
    """Each whole message is a line of the file: where it went."""

    def __init__(self, file: Path, faults: Faults) -> None:
        super().__init__(now=lambda: datetime.now(UTC), faults=faults)
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def take(self, account: str, destination: str, words: Words, message_id: bytes, at_s: float, at: datetime) -> None:
        before = len(self.caught)
        super().take(account, destination, words, message_id, at_s, at)
        if len(self.caught) > before:
            os.write(self._file, f"{destination}\n".encode())


def centre(port: int, file: Path, faults: Faults) -> None:
    """Serves until it is killed."""
    asyncio.run(_serve(port, file, faults))


async def _serve(port: int, file: Path, faults: Faults) -> None:
    smsc = WrittenDown(file, faults)
    await smsc.start(port=port)
    await asyncio.Event().wait()
