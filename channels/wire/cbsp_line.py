"""Line: the connection of a broadcast centre to a base station controller, a question at a time."""

import asyncio
import contextlib
from typing import Final

from channels.wire import cbsp
from channels.wire.cbsp import Pdu

_FIRST_WORD_S: Final = 0.3
_FIRST_PAUSE_S: Final = 0.05
_ANSWERS: Final = frozenset({cbsp.WRITE_REPLACE_COMPLETE, cbsp.WRITE_REPLACE_FAILURE, cbsp.KILL_COMPLETE, cbsp.KILL_FAILURE, cbsp.ERROR_INDICATION})


class Line:
    """One connection, opened by :meth:`opened` and closed after the batch, so that others get their turn."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout_s: float) -> None:
        self._reader, self._writer, self._timeout_s = reader, writer, timeout_s
        self._left = b""

    @classmethod
    async def opened(cls, host: str, port: int, timeout_s: float) -> "Line":
        """A connection that the controller has let in. Raises OSError when there is none within ``timeout_s``.

        A controller serves one broadcast centre at a time: another is closed without a word, as is ours while the last one's end is still on
        its way. It greets whom it serves with RESTART (TS 48.049 §8.1.3.13); one that greets nobody is taken for willing after a moment.
        """
        pause = _FIRST_PAUSE_S
        async with asyncio.timeout(timeout_s):  # TimeoutError is an OSError
            while True:
                reader, writer = await asyncio.open_connection(host, port)
                line = cls(reader, writer, timeout_s)
                if await line._let_in():
                    return line
                await line.close()
                await asyncio.sleep(pause)
                pause = min(2 * pause, 1.0)

    async def ask(self, request: bytes) -> Pdu:
        """The answer to a WRITE-REPLACE or KILL; RESTART and the like are passed over. Raises TimeoutError, EOFError, OSError and BadPdu."""
        self._writer.write(request)
        async with asyncio.timeout(self._timeout_s):
            while True:
                found, self._left = cbsp.split(self._left)
                for pdu in found:
                    if pdu.kind == cbsp.KEEP_ALIVE:
                        self._writer.write(cbsp.keep_alive_complete())
                    elif pdu.kind in _ANSWERS:
                        return pdu
                data = await self._reader.read(4096)
                if not data:
                    raise EOFError
                self._left += data

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):  # the peer may have been quicker
            await self._writer.wait_closed()

    async def _let_in(self) -> bool:
        try:
            async with asyncio.timeout(_FIRST_WORD_S):
                self._left = await self._reader.read(4096)
        except TimeoutError:
            return True
        except OSError:
            return False
        return bool(self._left)
