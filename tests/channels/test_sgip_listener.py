"""Where the gateway of China Unicom brings its reports: who gets in, and what happens to those who dawdle."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr, ValidationError

from channels.sgip import Options
from channels.wire.dialect import Report, Text
from channels.wire.sgip import SgipDialect
from channels.wire.sgip_listener import Caller, Listener
from channels.wire.sgip_pdu import bind_body, pdu, report_body

_NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)
_SEQUENCE = bytes.fromhex("b3690541 36c9e100 00000001")
_BIND = pdu(1, _SEQUENCE, bind_body(login_type=2, name="smg", password="5ecret"))
_REPORT = pdu(5, _SEQUENCE, report_body(submitted=bytes(11) + b"\7", number="8613800138000", state=0, error=0))


class Heard:
    """Acknowledges at once."""

    def __init__(self) -> None:
        self.said: list[Report | Text] = []

    def take(self, caller: Caller, deliveries: list[tuple[bytes, Report | Text]]) -> None:
        self.said += [said for _, said in deliveries]
        caller.acks([ack for ack, _ in deliveries])


def _listener(heard: Heard, *, port: int = 0, timeout_s: float = 0.3) -> Listener:
    dialect = SgipDialect(node=3021000001, name="unicom", password="pa55", corp="12345", source="10655001", service="", fee_type=1, fee_value="0",
                          reports=True, gbk=False, now=lambda: _NOW)
    return Listener(dialect, host="127.0.0.1", port=port, name="smg", password="5ecret", timeout_s=timeout_s, hear=heard.take)


@asynccontextmanager
async def _called(heard: Heard, *, timeout_s: float = 30.0) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    listener = _listener(heard, timeout_s=timeout_s)
    await listener.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.bound_port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await listener.stop()
        await listener.stop()


async def _ended(reader: asyncio.StreamReader, *, within_s: float = 30.0) -> bytes:
    """What it said before it hung up; a reset is an end too."""
    said = b""
    async with asyncio.timeout(within_s):
        try:
            while octets := await reader.read(1000):
                said += octets
        except ConnectionError:
            pass
    return said


async def test_a_caller_who_logs_in_is_heard_and_acknowledged() -> None:
    heard = Heard()
    async with _called(heard) as (reader, writer):
        writer.write(_BIND + _REPORT)
        assert await reader.readexactly(29) == bytes.fromhex("0000001d 80000001 b3690541 36c9e100 00000001 00") + bytes(8)
        assert await reader.readexactly(29) == bytes.fromhex("0000001d 80000005 b3690541 36c9e100 00000001 00") + bytes(8)
        assert heard.said == [Report("000000000000000000000007", "DELIVRD")]
        writer.write(pdu(2, _SEQUENCE))
        assert await _ended(reader) == pdu(0x80000002, _SEQUENCE)


@pytest.mark.parametrize(("login_type", "name", "password"), [(2, "smg", "wrong"), (2, "other", "5ecret"), (1, "smg", "5ecret"), (2, "", "")])
async def test_a_stranger_is_told_so_and_shown_out(login_type: int, name: str, password: str) -> None:
    heard = Heard()
    async with _called(heard) as (reader, writer):
        writer.write(pdu(1, _SEQUENCE, bind_body(login_type=login_type, name=name, password=password)) + _REPORT)
        assert (await _ended(reader))[20:21] == b"\1"
        assert heard.said == []


@pytest.mark.parametrize("octets", [_REPORT, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0\0\0\x05" + bytes(30), pdu(1, _SEQUENCE, b"\2")])
async def test_who_does_not_log_in_first_is_not_heard(octets: bytes) -> None:
    heard = Heard()
    async with _called(heard) as (reader, writer):
        writer.write(octets)
        await _ended(reader)
        assert heard.said == []


async def test_who_says_nothing_is_cut_off() -> None:
    async with _called(Heard(), timeout_s=0.3) as (reader, _):
        assert await _ended(reader) == b""


async def test_who_drips_octet_by_octet_is_cut_off_before_and_after_the_login() -> None:
    for first in (b"", _BIND):
        async with _called(Heard(), timeout_s=1.0 if first else 0.3) as (reader, writer):
            writer.write(first)
            reading = asyncio.create_task(_ended(reader))
            for octet in _REPORT * 3:
                if reading.done():
                    break
                writer.write(bytes((octet,)))
                await asyncio.sleep(0.02)
            assert len(await reading) == (29 if first else 0)


async def test_a_quiet_caller_who_is_logged_in_may_stay() -> None:
    heard = Heard()
    async with _called(heard, timeout_s=0.6) as (reader, writer):
        writer.write(_BIND)
        await reader.readexactly(29)
        await asyncio.sleep(0.9)  # longer than the time limit
        writer.write(_REPORT)
        await reader.readexactly(29)
        assert len(heard.said) == 1


async def test_too_many_callers_are_not_let_in() -> None:
    listener = _listener(Heard(), timeout_s=30)
    await listener.start()
    writers = [(await asyncio.open_connection("127.0.0.1", listener.bound_port)) for _ in range(17)]
    assert await _ended(writers[-1][0]) == b""
    for _, writer in writers:
        writer.close()
    await listener.stop()


async def test_an_address_in_use_is_said_with_the_next_step() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listener = _listener(Heard(), port=int(taken.getsockname()[1]))
        await listener.start()
        assert listener.trouble.startswith("reports cannot come: listen address: ")
        assert "free the port" in listener.trouble
        await listener.stop()


def test_passwords_must_fit_the_protocols_field() -> None:
    good = {"lane": "exercise", "host": "gw", "source": "10655001", "node": 3021000001, "name": "u", "corp": "1", "listen_host": "127.0.0.1",
            "listen_name": "smg", "password": SecretStr("x"), "listen_password": SecretStr("y")}
    assert Options.model_validate(good).listen_port == 8801
    for name in ("password", "listen_password"):
        with pytest.raises(ValidationError, match=f"{name}: at most 16 ASCII characters"):
            Options.model_validate(good | {name: SecretStr("x" * 17)})
