"""The drill SMS centre, cross-checked with an independent client (aiosmpplib) and with octets written by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiosmpplib import (
    ESME,
    AbstractHook,
    DeliverSm,
    PhoneNumber,
    SmppMessage,
    SubmitSm,
    SubmitSmResp,
)
from aiosmpplib.log import ERROR

from channels.wire.smpp_pdu import Command, bind_body, message_head, message_tail, pdu
from channels.wire.smsc import Faults, Smsc

_NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)


class _Hook(AbstractHook):  # type: ignore[misc]  # aiosmpplib ships no types
    def __init__(self) -> None:
        self.responses: list[SubmitSmResp] = []
        self.delivered: list[DeliverSm] = []

    async def sending(self, smpp_message: SmppMessage, pdu: bytes, client_id: str) -> None:
        """Nothing to see."""

    async def received(self, smpp_message: SmppMessage | None, pdu: bytes, client_id: str) -> None:  # noqa: ARG002 - their signature
        if isinstance(smpp_message, SubmitSmResp):
            self.responses.append(smpp_message)
        elif isinstance(smpp_message, DeliverSm):
            self.delivered.append(smpp_message)

    async def send_error(self, smpp_message: SmppMessage, error: Exception, client_id: str) -> None:  # noqa: ARG002 - their signature
        raise error


@asynccontextmanager
async def _running(smsc: Smsc) -> AsyncIterator[int]:
    port = await smsc.start()
    try:
        yield port
    finally:
        await smsc.stop()


@asynccontextmanager
async def _esme(port: int, hook: _Hook) -> AsyncIterator[ESME]:
    esme = ESME("127.0.0.1", port, "drill", "pa55", hook=hook, log_level=ERROR)
    task = asyncio.create_task(esme.start())
    try:
        yield esme
    finally:
        writer = esme._writer  # the library half-closes its connection and leaves the rest to the collector
        await esme.stop()
        task.cancel()
        await asyncio.wait((task,))
        if writer is not None:
            writer.transport.abort()
            await asyncio.sleep(0)


async def _until(true: Callable[[], bool], *, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what is watched is a plain counter of the peer
            await asyncio.sleep(0.01)


async def test_an_independent_client_submits_ucs2_and_gets_its_receipt() -> None:
    smsc, hook = Smsc(now=lambda: _NOW, accounts={"drill": "pa55"}), _Hook()
    async with _running(smsc) as port, _esme(port, hook) as esme:
        await esme.broker.enqueue(SubmitSm(short_message="暴雨红色预警", source=PhoneNumber("12379"), destination=PhoneNumber("8613800138000"),
                                           encoding="ucs2", log_id="one"))
        await _until(lambda: bool(hook.delivered))
        assert smsc.texts("8613800138000") == ["暴雨红色预警"]
        assert hook.responses[0].message_id == "0000000001"
        assert hook.delivered[0].is_receipt()
        receipt = hook.delivered[0].parse_receipt()
        assert (receipt["id"], receipt["stat"], receipt["dlvrd"]) == ("0000000001", "DELIVRD", 1)
        assert receipt["done date"] == datetime(2024, 9, 19, 4, 0)  # noqa: DTZ001 - their value has no zone
        await _until(lambda: smsc.acks == 1)


async def test_an_independent_client_sends_a_concatenated_message_that_the_centre_reads_whole() -> None:
    smsc, hook = Smsc(now=lambda: _NOW), _Hook()
    text = "暴雨红色预警信号" * 12
    async with _running(smsc) as port, _esme(port, hook) as esme:
        await esme.broker.enqueue(SubmitSm(short_message=text, source=PhoneNumber("12379"), destination=PhoneNumber("8613800138000"),
                                           encoding="ucs2", esm_class=0x40, auto_message_payload=False, log_id="long"))
        await _until(lambda: smsc.acks == 2)
        assert len(hook.delivered) == 1  # the client joins the reports of its two parts into one
        assert smsc.texts("8613800138000") == [text]
        assert smsc.caught[0].parts == 2


async def test_an_independent_client_reads_our_seven_bit_reply() -> None:
    smsc, hook = Smsc(now=lambda: _NOW), _Hook()
    async with _running(smsc) as port, _esme(port, hook):
        await _until(lambda: smsc.binds == 1)
        assert smsc.say(source="8613800138000", destination="12379", text="STOP [now] @ €") == 1
        await _until(lambda: bool(hook.delivered))
        assert hook.delivered[0].short_message == "STOP [now] @ €"
        assert not hook.delivered[0].is_receipt()


def _submit(destination: str) -> bytes:
    return message_head(source="12379", destination=destination) + message_tail(
        b"x", esm_class=0, priority=0, valid=b"", registered=1, data_coding=0)


async def test_a_submit_before_the_bind_is_refused() -> None:
    smsc = Smsc(now=lambda: _NOW)
    async with _running(smsc) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(pdu(Command.SUBMIT_SM, 1, _submit("8613800138000")))
        assert (await reader.readexactly(17))[:16] == bytes.fromhex("00000011 80000004 00000004 00000001")
        assert smsc.received == 0
        writer.close()


async def test_octets_that_are_no_smpp_end_the_connection_and_hurt_nobody_else() -> None:
    smsc = Smsc(now=lambda: _NOW)
    async with _running(smsc) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(100)
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(pdu(Command.ENQUIRE_LINK, 9))
        assert await reader.readexactly(16) == pdu(Command.ENQUIRE_LINK_RESP, 9)
        writer.close()


async def test_pdus_in_single_octets_are_put_together() -> None:
    smsc = Smsc(now=lambda: _NOW)
    async with _running(smsc) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for octet in pdu(Command.BIND_TRANSCEIVER, 1, bind_body(system_id="a", password="b")) + pdu(Command.SUBMIT_SM, 2, _submit("8613800138000")):
            writer.write(bytes((octet,)))
            await writer.drain()
        assert await reader.readexactly(26) == pdu(Command.BIND_TRANSCEIVER_RESP, 1, b"xiaoxishu\0")
        assert await reader.readexactly(27) == pdu(Command.SUBMIT_SM_RESP, 2, b"0000000001\0")
        writer.close()


async def test_a_cut_short_submit_and_an_unknown_command_are_nacked_and_the_connection_goes_on() -> None:
    smsc = Smsc(now=lambda: _NOW)
    async with _running(smsc) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(pdu(Command.BIND_TRANSCEIVER, 1, bind_body(system_id="a", password="b")))
        await reader.readexactly(26)
        writer.write(pdu(Command.SUBMIT_SM, 2, b"\0\x01") + pdu(0x77, 3) + pdu(Command.UNBIND, 4))
        assert await reader.readexactly(16) == pdu(Command.GENERIC_NACK, 2, status=1)
        assert await reader.readexactly(16) == pdu(Command.GENERIC_NACK, 3, status=3)
        assert await reader.readexactly(16) == pdu(Command.UNBIND_RESP, 4)
        assert await reader.read() == b""
        writer.close()


async def test_reports_wait_for_the_next_bind_of_their_own_account() -> None:
    smsc = Smsc(now=lambda: _NOW, receipt_delay_s=0.05)
    async with _running(smsc) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(pdu(Command.BIND_TRANSCEIVER, 1, bind_body(system_id="one", password="")) + pdu(Command.SUBMIT_SM, 2, _submit("861"))
                     + pdu(Command.UNBIND, 3))
        await reader.read()
        writer.close()
        await asyncio.sleep(0.15)
        assert smsc.reports_sent == 0
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", port)
        other_writer.write(pdu(Command.BIND_TRANSCEIVER, 1, bind_body(system_id="two", password="")))
        await other_reader.readexactly(26)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(pdu(Command.BIND_TRANSCEIVER, 1, bind_body(system_id="one", password="")))
        await reader.readexactly(26)
        assert b"id:0000000001 " in await asyncio.wait_for(reader.read(1000), 30)
        assert smsc.reports_sent == 1
        writer.close()
        other_writer.close()


async def test_a_centre_that_keeps_nothing_still_counts() -> None:
    smsc = Smsc(now=lambda: _NOW, keep=0, faults=Faults(black_hole=True))
    async with _running(smsc) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(pdu(Command.BIND_TRANSCEIVER, 1, bind_body(system_id="a", password="")) + pdu(Command.SUBMIT_SM, 2, _submit("861")))
        await reader.readexactly(26 + 27)
        assert (smsc.received, list(smsc.caught)) == (1, [])
        writer.close()


async def test_stopping_twice_is_fine() -> None:
    smsc = Smsc(now=lambda: _NOW)
    await smsc.start()
    await smsc.stop()
    await smsc.stop()
