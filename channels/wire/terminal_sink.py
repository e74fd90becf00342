"""A satellite terminal of a drill: a serial device (the far end of a pseudo-terminal) that takes short frames and answers them."""

import asyncio
import os
import tty
from pathlib import Path

from channels.wire import shortframe
from channels.wire.shortframe import Ask, BadFrame


class TerminalSink:
    """``taken`` holds what it sent, in order. ``answers`` maps a receiving terminal to another code; None = it does not answer."""

    def __init__(self) -> None:
        self.taken: list[Ask] = []
        self.answers: dict[str, int | None] = {}
        self._ours = self._theirs = -1
        self._buffer = b""

    def start(self) -> Path:
        """Plug it in; the device to open."""
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._ours)
        os.set_blocking(self._ours, False)
        asyncio.get_running_loop().add_reader(self._ours, self._read)
        return Path(os.ttyname(self._theirs))

    def stop(self) -> None:
        """Pull the plug."""
        if self._ours >= 0:
            asyncio.get_running_loop().remove_reader(self._ours)
            os.close(self._ours)
            os.close(self._theirs)
            self._ours = self._theirs = -1

    def say(self, data: bytes) -> None:
        """Noise on the line."""
        os.write(self._ours, data)

    def _read(self) -> None:
        try:
            self._buffer += os.read(self._ours, 4096)
        except OSError:
            return
        while b"\n" in self._buffer:
            line, _, self._buffer = self._buffer.partition(b"\n")
            try:
                frame = shortframe.read(line)
            except BadFrame:
                continue
            if isinstance(frame, Ask):
                self._take(frame)

    def _take(self, frame: Ask) -> None:
        code = self.answers.get(frame.terminal, shortframe.TAKEN)
        if code is None:
            return
        if code == shortframe.TAKEN:
            self.taken.append(frame)
        os.write(self._ours, shortframe.ack(frame.number, code))
