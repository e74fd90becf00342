"""Base station controller of a drill: answers CBSP, and shows what its cells broadcast."""

import asyncio
import contextlib

from channels.wire import cbsp
from channels.wire.cbsp import BadPdu, Pdu

NO_SUCH_CELL = 0x03


class BscSink:
    """``on_air`` holds texts by (message identifier, serial number); cells of location area 9999 do not exist. ``deaf`` takes and never answers."""

    def __init__(self) -> None:
        self.on_air: dict[tuple[int, int], str] = {}
        self.taken: list[Pdu] = []
        self.deaf = False
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
        self._writers.add(writer)
        left = b""
        with contextlib.suppress(OSError, BadPdu):
            while data := await reader.read(4096):
                found, left = cbsp.split(left + data)
                for pdu in found:
                    self.taken.append(pdu)
                    if not self.deaf:
                        writer.write(self._answer(pdu))
        self._writers.discard(writer)
        writer.close()

    def _answer(self, pdu: Pdu) -> bytes:
        identifier = pdu.identifier or 0
        if pdu.kind == cbsp.WRITE_REPLACE:
            serial = pdu.new_serial or 0
            if (9999).to_bytes(2, "big") in pdu.cells:
                return cbsp.answer(cbsp.WRITE_REPLACE_FAILURE, identifier=identifier, serial=serial, cells=pdu.cells, cause=NO_SUCH_CELL)
            self.on_air[identifier, serial] = pdu.text
            return cbsp.answer(cbsp.WRITE_REPLACE_COMPLETE, identifier=identifier, serial=serial, cells=pdu.cells)
        serial = pdu.old_serial or 0
        if self.on_air.pop((identifier, serial), None) is None:
            return cbsp.answer(cbsp.KILL_FAILURE, identifier=identifier, serial=serial, cells=pdu.cells, cause=cbsp.UNKNOWN_REFERENCE)
        return cbsp.answer(cbsp.KILL_COMPLETE, identifier=identifier, serial=serial, cells=pdu.cells)
