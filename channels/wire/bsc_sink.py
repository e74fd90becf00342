"""Base station controller of a drill: answers CBSP as osmo-bsc 1.9.0 was heard to answer, and shows what its cells broadcast."""

import asyncio
import contextlib

from channels.wire import cbsp
from channels.wire.cbsp import BadPdu, Pdu

NO_SUCH_CELL = 0x03
_NOWHERE = (9999).to_bytes(2, "big")


class BscSink:
    """``on_air`` holds texts by (message identifier, serial number); cells of location area 9999 do not exist. ``deaf`` takes and never answers.

    One centre at a time is let in and greeted; another is closed without a word.
    """

    def __init__(self) -> None:
        self.on_air: dict[tuple[int, int], str] = {}
        self.taken: list[Pdu] = []
        self.deaf = False
        self._shares: dict[tuple[int, int], float] = {}
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, port: int = 0) -> int:
        """Listen on 127.0.0.1 and give back the port; raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writers:
            writer.close()
            return
        self._writers.add(writer)
        writer.write(cbsp.restart())
        left = b""
        try:
            with contextlib.suppress(OSError, BadPdu):
                while data := await reader.read(4096):
                    found, left = cbsp.split(left + data)
                    for pdu in found:
                        self.taken.append(pdu)
                        if not self.deaf:
                            writer.write(self._answer(pdu))
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, pdu: Pdu) -> bytes:
        return self._write(pdu) if pdu.kind == cbsp.WRITE_REPLACE else self._kill(pdu)

    def _write(self, pdu: Pdu) -> bytes:
        identifier, serial, old = pdu.identifier or 0, pdu.new_serial or 0, pdu.old_serial
        here, replaced = (identifier, serial), None if old is None else (identifier, old)
        cause = None
        if pdu.cells[1:] == _NOWHERE:
            cause = NO_SUCH_CELL
        elif here in self.on_air:
            cause = cbsp.USED_REFERENCE
        elif replaced is not None and replaced not in self.on_air:
            cause = cbsp.UNKNOWN_REFERENCE
        elif pdu.share + sum(share for key, share in self._shares.items() if key in self.on_air and key != replaced) > 1:
            cause = min(cbsp.NO_ROOM)
        if cause is not None:
            return cbsp.answer(cbsp.WRITE_REPLACE_FAILURE, identifier=identifier, serial=serial, cells=pdu.cells, cause=cause)
        if replaced is not None:
            del self.on_air[replaced]
        self.on_air[here], self._shares[here] = pdu.text, pdu.share
        if _NOWHERE in pdu.cells:
            return cbsp.answer(cbsp.WRITE_REPLACE_FAILURE, identifier=identifier, serial=serial, cells=b"\x05" + _NOWHERE, cause=NO_SUCH_CELL,
                               done=pdu.cells.replace(_NOWHERE, b""))
        return cbsp.answer(cbsp.WRITE_REPLACE_COMPLETE, identifier=identifier, serial=serial, cells=pdu.cells)

    def _kill(self, pdu: Pdu) -> bytes:
        identifier, serial = pdu.identifier or 0, pdu.old_serial or 0
        if self.on_air.pop((identifier, serial), None) is None:
            return cbsp.answer(cbsp.KILL_FAILURE, identifier=identifier, serial=serial, cells=pdu.cells, cause=cbsp.UNKNOWN_REFERENCE)
        return cbsp.answer(cbsp.KILL_COMPLETE, identifier=identifier, serial=serial, cells=pdu.cells)
