"""A report may come with the answer to one part while another part of the message has not even left."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
from pydantic import SecretStr

from channels.message import Message, Outcome, Receipt, Reply
from channels.port import Doors
from channels.sms import Options, Sender
from channels.wire.smpp_pdu import message_head, message_tail, pdu, receipt_octets

_NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)
_DELIVER_SM, _RECEIPT = 0x00000005, 0x04


class Hasty:
    """A gateway that says each part's report in the same breath as its answer."""

    def __init__(self) -> None:
        self.parts = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(16)
                await reader.readexactly(int.from_bytes(head[:4]) - 16)
                command, sequence = int.from_bytes(head[4:8]), int.from_bytes(head[12:16])
                if command == 0x00000009:
                    writer.write(pdu(0x80000009, sequence, b"\0"))
                elif command == 0x00000004:
                    self.parts += 1
                    report = message_head(source="8613800138000", destination="12379") + message_tail(
                        receipt_octets(message_id=b"p%d" % self.parts, stat="DELIVRD", submitted=_NOW, done=_NOW),
                        esm_class=_RECEIPT, priority=0, valid=b"", registered=0, data_coding=0)
                    writer.write(pdu(0x80000004, sequence, f"p{self.parts}".encode() + b"\0") + pdu(_DELIVER_SM, 900 + self.parts, report))
                elif command == 0x00000006:
                    writer.write(pdu(0x80000006, sequence))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def test_a_report_that_empties_the_window_while_the_last_part_is_still_queued_is_not_a_strangers() -> None:
    heard: list[Receipt] = []

    async def on_receipt(receipt: Receipt) -> None:
        heard.append(receipt)

    async def on_reply(_: Reply) -> None:
        raise AssertionError("nobody wrote back")

    server = await asyncio.start_server(Hasty().serve, "127.0.0.1", 0)
    port = int(server.sockets[0].getsockname()[1])
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = Sender(
            Options(lane="exercise", host="127.0.0.1", port=port, system_id="drill", password=SecretStr("x"), source="12379", window=1),
            Doors(now=lambda: _NOW, http=http, on_receipt=on_receipt, on_reply=on_reply))
        await sender.open()
        try:
            (receipt,) = await sender.send([Message(
                key="key-1", address="8613800138000", subject="", text="暴雨红色预警" * 15, language="zh-CN", identifier="id", event="e", version=1,
                msg_type="Alert", status="Exercise", priority=4, sent=_NOW, expires=_NOW + timedelta(hours=8))])
            assert receipt.outcome is Outcome.ACCEPTED
            assert receipt.external_id == "p1,p2"
            async with asyncio.timeout(30):
                while not heard:  # noqa: ASYNC110 what is watched is the list that the channel fills
                    await asyncio.sleep(0.01)
            assert [(r.key, r.outcome) for r in heard] == [("key-1", Outcome.DELIVERED)]
        finally:
            await sender.close()
            server.close()
            await server.wait_closed()
