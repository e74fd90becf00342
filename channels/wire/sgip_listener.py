"""Where a gateway of China Unicom brings reports and replies: it connects to us, logs in, and is cut off when it dawdles."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from hmac import compare_digest
from typing import cast

from channels.wire.dialect import PduError, Report, Text
from channels.wire.sgip import SgipDialect
from channels.wire.sgip_pdu import HEADER_SIZE, MAX_PDU, SMG_TO_SP, Command, Result, pdu, read_bind, result_body

_MOST_CALLERS = 16
_MOST_UNACKED = 10_000
_IDLE_S = 300.0
_TRY_AGAIN_S = 5.0

Hear = Callable[["Caller", list[tuple[bytes, Report | Text]]], None]


class Listener:
    """``start`` never fails: an address in use is tried again, and ``trouble`` says so."""

    def __init__(self, dialect: SgipDialect, *, host: str, port: int, name: str, password: str, timeout_s: float, hear: Hear) -> None:
        self.dialect, self.hear, self.timeout_s = dialect, hear, timeout_s
        self._host, self._port, self._name, self._password = host, port, name, password
        self._server: asyncio.Server | None = None
        self._opener: asyncio.Task[None] | None = None
        self._callers: set[Caller] = set()
        self.trouble = "reports cannot come: not listening"
        self.bound_port = 0

    async def start(self) -> None:
        if self._opener is None:
            tried = asyncio.Event()
            self._opener = asyncio.create_task(self._keep_open(tried), name="sgip listener")
            await tried.wait()

    async def stop(self) -> None:
        """A second call does nothing."""
        opener, self._opener = self._opener, None
        if opener is not None:
            opener.cancel()
            with suppress(asyncio.CancelledError):
                await opener
        server, self._server = self._server, None
        for caller in list(self._callers):
            caller.cut()
        if server is not None:
            server.close()
            await server.wait_closed()

    async def _keep_open(self, tried: asyncio.Event) -> None:
        while True:
            try:
                self._server = await asyncio.get_running_loop().create_server(lambda: Caller(self), self._host, self._port)
            except OSError as error:
                self.trouble = f"reports cannot come: listen address: {error.strerror}; free the port or give another one in listen_port"
                tried.set()
                await asyncio.sleep(_TRY_AGAIN_S)
                continue
            self.bound_port = int(self._server.sockets[0].getsockname()[1])
            self.trouble = ""
            tried.set()
            return

    def admit(self, caller: "Caller") -> bool:
        if len(self._callers) >= _MOST_CALLERS:
            return False
        self._callers.add(caller)
        return True

    def forget(self, caller: "Caller") -> None:
        self._callers.discard(caller)

    def knows(self, login_type: int, name: str, password: str) -> bool:
        right = compare_digest(name.encode(), self._name.encode()) & compare_digest(password.encode(), self._password.encode())
        return right and login_type == SMG_TO_SP


class Caller(asyncio.Protocol):
    """One connection of the gateway. It has ``timeout_s`` to log in, and as long to complete what it began to say."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._logged_in = False
        self._deadline = self._loop.time() + listener.timeout_s
        self._timer: asyncio.TimerHandle | None = None
        self._unacked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._listener.admit(self):
            self.cut()
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._listener.forget(self)
        if self._timer is not None:
            self._timer.cancel()

    def cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _watch(self) -> None:
        if self._loop.time() >= self._deadline:
            self.cut()
            return
        self._timer = self._loop.call_at(self._deadline, self._watch)

    def _set_deadline(self, at_s: float) -> None:
        self._deadline = at_s
        if self._timer is not None:
            self._timer.cancel()
        self._watch()

    def acks(self, acks: list[bytes]) -> None:
        """Acknowledge deliveries, once what they said is in safe hands."""
        before, self._unacked = self._unacked, self._unacked - len(acks)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(acks))
            if before > _MOST_UNACKED // 2 >= self._unacked:
                self._transport.resume_reading()

    def pause_writing(self) -> None:
        # It does not read our acknowledgements: do not read either, or they pile up without end.
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None and self._unacked < _MOST_UNACKED:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        began_in_the_middle = bool(self._rest)
        data = self._rest + data
        at, end = 0, len(data)
        said: list[tuple[bytes, Report | Text]] = []
        while end - at >= HEADER_SIZE:
            length, command = int.from_bytes(data[at:at + 4]), int.from_bytes(data[at + 4:at + 8])
            if not HEADER_SIZE <= length <= MAX_PDU:
                self.cut()
                return
            if end - at < length:
                break
            if not self._take(command, data[at:at + length], said):
                return
            at += length
        self._rest = data[at:]
        if said:
            self._unacked += len(said)
            if self._unacked >= _MOST_UNACKED and self._transport is not None:
                self._transport.pause_reading()
            self._listener.hear(self, said)
        if self._logged_in and (at or not began_in_the_middle):
            now = self._loop.time()
            self._set_deadline(now + (self._listener.timeout_s if self._rest else _IDLE_S))

    def _take(self, command: int, octets: bytes, said: list[tuple[bytes, Report | Text]]) -> bool:
        """False when the connection is at its end."""
        sequence = octets[8:20]
        if command == Command.BIND and not self._logged_in:
            return self._login(sequence, octets[HEADER_SIZE:])
        if not self._logged_in:
            self.cut()
            return False
        if command == Command.UNBIND:
            self._answer(pdu(Command.UNBIND_RESP, sequence))
            if self._transport is not None:
                self._transport.close()
            return False
        if command in self._listener.dialect.deliveries:
            try:
                said.append(self._listener.dialect.read_delivery(octets))
            except PduError:
                self._answer(self._listener.dialect.refuse_delivery(octets))
        return True

    def _login(self, sequence: bytes, body: bytes) -> bool:
        try:
            self._logged_in = self._listener.knows(*read_bind(body))
        except PduError:
            self._logged_in = False
        self._answer(pdu(Command.BIND_RESP, sequence, result_body(Result.OK if self._logged_in else Result.LOGIN)))
        if not self._logged_in and self._transport is not None:
            self._transport.close()
        return self._logged_in

    def _answer(self, octets: bytes) -> None:
        if self._transport is not None:
            self._transport.write(octets)
