"""The SMS channel against gateways that answer by script, and between a flood and a busy desk."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
from pydantic import SecretStr

from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.sms import Options, Sender
from channels.wire.smsc import Smsc

_NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)
_LONG = "暴雨红色预警" * 15  # 90 characters: two parts


async def _nothing(_: Receipt | Reply) -> None:
    """Not looked at here."""


def _options(port: int, *, window: int = 10, timeout_s: float = 30.0, enquire_link_s: float = 30.0, reconnect_max_s: float = 0.3) -> Options:
    return Options(lane="exercise", timeout_s=timeout_s, host="127.0.0.1", port=port, system_id="drill", password=SecretStr("pa55"),
                   source="12379", window=window, enquire_link_s=enquire_link_s, reconnect_max_s=reconnect_max_s)


@asynccontextmanager
async def _sender(
    options: Options, *, on_receipt: Callable[[Receipt], Awaitable[None]] = _nothing, on_reply: Callable[[Reply], Awaitable[None]] = _nothing,
) -> AsyncIterator[Sender]:
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = Sender(options, Doors(now=lambda: _NOW, http=http, on_receipt=on_receipt, on_reply=on_reply))
        await sender.open()
        try:
            yield sender
        finally:
            await sender.close()


def _message(n: int, text: str = "暴雨红色预警") -> Message:
    return Message(key=f"key-{n}", address=str(8613800138000 + n), subject="", text=text, language="zh-CN", identifier="id",
                   event="event", version=1, msg_type="Alert", status="Exercise", priority=4, sent=_NOW, expires=_NOW + timedelta(hours=8))


async def _until(true: Callable[[], bool], *, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what is watched is a plain counter of the peer
            await asyncio.sleep(0.01)


class Gateway:
    """A gateway whose every answer is scripted by octets; it binds whoever comes."""

    def __init__(self, script: Callable[[int, bytes], bytes]) -> None:
        """``script(command, header_and_body)`` gives the octets to say to each PDU after the bind."""
        self._script = script
        self.heard: list[tuple[int, bytes]] = []
        self.connections = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readexactly(16)
                whole = head + await reader.readexactly(int.from_bytes(head[:4]) - 16)
                command = int.from_bytes(head[4:8])
                self.heard.append((command, whole))
                if command == 9:
                    writer.write(bytes.fromhex("00000011 80000009 00000000") + head[12:16] + b"\0")
                elif command == 6:
                    writer.write(bytes.fromhex("00000010 80000006 00000000") + head[12:16])
                else:
                    writer.write(self._script(command, whole))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _answer(whole: bytes, *, command: str = "80000004", status: int = 0, message_id: bytes = b"7") -> bytes:
    body = message_id + b"\0"
    return (16 + len(body)).to_bytes(4) + bytes.fromhex(command) + status.to_bytes(4) + whole[12:16] + body


@asynccontextmanager
async def _scripted(script: Callable[[int, bytes], bytes]) -> AsyncIterator[tuple[int, Gateway]]:
    gateway = Gateway(script)
    port = await gateway.start()
    try:
        yield port, gateway
    finally:
        await gateway.stop()


async def test_one_answer_lost_among_others_makes_one_message_unknown_and_keeps_the_link() -> None:
    submits = 0

    def script(_: int, whole: bytes) -> bytes:
        nonlocal submits
        submits += 1
        return b"" if submits == 1 else _answer(whole)

    async with _scripted(script) as (port, gateway), _sender(_options(port, window=2, timeout_s=1.0)) as sender:
        await _until(lambda: not sender.trouble)
        receipts = await sender.send([_message(n) for n in range(4)])
        assert [r.outcome for r in receipts] == [Outcome.UNKNOWN] + [Outcome.ACCEPTED] * 3
        (receipt,) = await sender.send([_message(9)])
        assert receipt.outcome is Outcome.ACCEPTED
        assert gateway.connections == 1


async def test_a_generic_nack_to_a_submit_is_its_answer() -> None:
    async with _scripted(lambda _, whole: _answer(whole, command="80000000", status=0x45)) as (port, _), \
            _sender(_options(port)) as sender:
        (receipt,) = await sender.send([_message(0)])
        assert (receipt.outcome, receipt.reason, receipt.evidence) == (Outcome.REJECTED, Reason.REFUSED, "submit_sm_resp 0x00000045")


async def test_a_gateway_that_says_not_bound_is_bound_again() -> None:
    async with _scripted(lambda _, whole: _answer(whole, status=4)) as (port, gateway), _sender(_options(port)) as sender:
        (receipt,) = await sender.send([_message(0)])
        assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)
        await _until(lambda: gateway.connections == 2)


async def test_a_gateway_that_says_good_bye_gets_its_answer_and_is_called_again() -> None:
    unbind = bytes.fromhex("00000010 00000006 00000000 00000063")
    async with _scripted(lambda c, whole: _answer(whole) + unbind if c == 4 else b"") as (port, gateway), \
            _sender(_options(port)) as sender:
        (receipt,) = await sender.send([_message(0)])
        assert receipt.outcome is Outcome.ACCEPTED
        await _until(lambda: gateway.connections == 2)
        assert (0x80000006, bytes.fromhex("00000010 80000006 00000000 00000063")) in gateway.heard


async def test_an_unreadable_delivery_and_an_unknown_command_are_answered_and_the_link_goes_on() -> None:
    deliver = bytes.fromhex("00000012 00000005 00000000 00000064 0001")
    unknown = bytes.fromhex("00000010 00000077 00000000 00000065")
    enquire = bytes.fromhex("00000010 00000015 00000000 00000066")
    async with _scripted(lambda c, whole: deliver + unknown + enquire + _answer(whole) if c == 4 else b"") as (port, gateway), \
            _sender(_options(port)) as sender:
        (receipt,) = await sender.send([_message(0)])
        assert receipt.outcome is Outcome.ACCEPTED
        await _until(lambda: len(gateway.heard) == 5)
        assert [whole for _, whole in gateway.heard[2:]] == [
            bytes.fromhex("00000011 80000005 00000001 00000064 00"),
            bytes.fromhex("00000010 80000000 00000003 00000065"),
            bytes.fromhex("00000010 80000015 00000000 00000066")]


async def test_answers_and_reports_in_single_octets_are_put_together() -> None:
    smsc = Smsc(now=lambda: _NOW, receipt_delay_s=0.02)
    late: list[Outcome] = []
    port = await smsc.start()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while octets := await reader.read(65536):
                for octet in octets:
                    writer.write(bytes((octet,)))
                    await writer.drain()
                    await asyncio.sleep(0)
        finally:
            writer.close()

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(drip(reader, far_writer), drip(far_reader, writer))

    async def on_receipt(receipt: Receipt) -> None:
        late.append(receipt.outcome)

    server = await asyncio.start_server(between, "127.0.0.1", 0)
    async with _sender(_options(int(server.sockets[0].getsockname()[1])), on_receipt=on_receipt) as sender:
        (receipt,) = await sender.send([_message(0, _LONG)])
        assert receipt.outcome is Outcome.ACCEPTED
        await _until(lambda: bool(late))
        assert late == [Outcome.DELIVERED]
    server.close()
    await server.wait_closed()
    await smsc.stop()


async def test_a_flood_of_replies_waits_in_the_gateway_while_the_desk_is_busy_and_none_is_lost() -> None:
    smsc, free, heard = Smsc(now=lambda: _NOW), asyncio.Event(), 0
    port = await smsc.start()

    async def on_reply(_: Reply) -> None:
        nonlocal heard
        await free.wait()
        heard += 1

    async with _sender(_options(port), on_reply=on_reply):
        for n in range(12_000):
            smsc.say(source="8613800138000", destination="12379", text=f"{n}")
        await asyncio.sleep(0.2)
        assert (heard, smsc.acks) == (0, 0)
        free.set()
        await _until(lambda: smsc.acks == 12_000, within_s=60)
        assert heard == 12_000
    await smsc.stop()


async def test_a_host_name_that_cannot_be_is_retry_and_does_not_hang() -> None:
    async with _sender(_options(2775).model_copy(update={"host": "a..b"})) as sender:
        (receipt,) = await sender.send([_message(0)])
        assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)


async def test_a_silent_link_is_asked_and_a_link_that_does_not_answer_is_left() -> None:
    asked = asyncio.Event()
    left = asyncio.Event()

    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readexactly(16)
        await reader.readexactly(int.from_bytes(head[:4]) - 16)
        writer.write(bytes.fromhex("00000011 80000009 00000000") + head[12:] + b"\0")
        head = await reader.readexactly(16)
        assert head[4:8] == bytes.fromhex("00000015")
        asked.set()
        assert await reader.read() == b""
        left.set()
        writer.close()

    server = await asyncio.start_server(gateway, "127.0.0.1", 0)
    options = _options(int(server.sockets[0].getsockname()[1]), enquire_link_s=0.1, timeout_s=0.2, reconnect_max_s=60)
    async with _sender(options):
        async with asyncio.timeout(30):
            await asked.wait()
            await left.wait()
    server.close()
    await server.wait_closed()
