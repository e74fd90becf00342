"""Each SMS protocol with its channel, its drill gateway and what makes them meet."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from pydantic import SecretStr

from channels import cmpp, sgip, smgp, sms
from channels.message import Message, Receipt, Reply, Reports
from channels.port import Doors
from channels.wire.cmpp_pdu import V20, V30
from channels.wire.cmpp_speech import CmppSpeech
from channels.wire.sgip_speech import SgipSpeech
from channels.wire.smgp_speech import SmgpSpeech
from channels.wire.smpp_speech import SmppSpeech
from channels.wire.sms_channel import SmsChannel
from channels.wire.smsc import Call, Faults, Smsc
from channels.wire.speech import Speech
from tests.ports import own_port

MAINLAND = ("cmpp 2.0", "cmpp 3.0", "smgp", "sgip")
NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)
_LISTEN = SecretStr("5ecret")


@dataclass
class Desk:
    reports: list[Reports] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    async def on_bulk(self, reports: Sequence[Reports]) -> None:
        self.reports += reports

    async def on_receipt(self, receipt: Receipt) -> None:
        raise AssertionError(f"not in bulk: {receipt}")

    async def on_reply(self, reply: Reply) -> None:
        self.replies.append(reply)

    @property
    def receipts(self) -> list[Receipt]:
        return [receipt for group in self.reports for receipt in group.singly()]


def centre(kind: str, *, faults: Faults | None = None, listening: int = 0, receipt_delay_s: float = 0.02) -> Smsc:
    """A gateway; for SGIP it calls back at ``listening``."""
    speech: Speech
    calls: list[Call] = []
    if kind == "smpp":
        speech = SmppSpeech()
    elif kind.startswith("cmpp"):
        speech = CmppSpeech(V30 if kind == "cmpp 3.0" else V20)
    elif kind == "smgp":
        speech = SmgpSpeech(lambda: NOW)
    else:
        sgip_speech = SgipSpeech(lambda: NOW)
        speech = sgip_speech
        calls = [Call(account="unicom", host="127.0.0.1", port=listening, greeting=sgip_speech.greet(0, "smg", _LISTEN.get_secret_value()))]
    accounts = {"drill": "pa55", "901234": "pa55", "telecom1": "pa55", "unicom": "pa55"}
    return Smsc(now=lambda: NOW, accounts=accounts, receipt_delay_s=receipt_delay_s, faults=faults, speech=speech, calls=calls)


def channel(
    kind: str, desk: Desk, http: httpx.AsyncClient, *, port: int, listening: int = 0, password: str = "pa55", probe_after_s: float = 60.0,
    gbk: bool = False, flash: bool = False, timeout_s: float = 30.0, report_within_s: float = 120.0,
) -> SmsChannel:
    doors = Doors(now=lambda: NOW, http=http, on_receipt=desk.on_receipt, on_reply=desk.on_reply, on_bulk=desk.on_bulk)
    common = {"lane": "exercise", "timeout_s": timeout_s, "host": "127.0.0.1", "port": port, "flash": flash, "reconnect_max_s": 0.3,
              "report_within_s": report_within_s}
    if kind == "smpp":
        return sms.Sender(sms.Options.model_validate(common | {
            "system_id": "drill", "password": password, "source": "12379", "enquire_link_s": probe_after_s}), doors)
    common["coding"] = "gbk" if gbk else "ucs2"
    if kind.startswith("cmpp"):
        return cmpp.Sender(cmpp.Options.model_validate(common | {
            "version": kind[-3:], "sp_id": "901234", "secret": password, "source": "10690001", "active_test_s": probe_after_s}), doors)
    if kind == "smgp":
        return smgp.Sender(smgp.Options.model_validate(common | {
            "client_id": "telecom1", "secret": password, "source": "10690001", "active_test_s": probe_after_s}), doors)
    return sgip.Sender(sgip.Options.model_validate(common | {
        "node": 3021000001, "name": "unicom", "password": password, "corp": "12345", "source": "10655001", "listen_host": "127.0.0.1",
        "listen_port": listening, "listen_name": "smg", "listen_password": _LISTEN}), doors)


@asynccontextmanager
async def meeting(
    kind: str, desk: Desk, *, faults: Faults | None = None, password: str = "pa55", gbk: bool = False, flash: bool = False,
    probe_after_s: float = 60.0, timeout_s: float = 30.0, receipt_delay_s: float = 0.02, report_within_s: float = 120.0,
) -> AsyncIterator[tuple[SmsChannel, Smsc]]:
    """A channel that is logged in at its gateway."""
    with own_port() as listening:
        smsc = centre(kind, faults=faults, listening=listening, receipt_delay_s=receipt_delay_s)
        port = await smsc.start()
        async with httpx.AsyncClient(trust_env=False) as http:
            sender = channel(kind, desk, http, port=port, listening=listening, password=password, gbk=gbk, flash=flash, probe_after_s=probe_after_s,
                             timeout_s=timeout_s, report_within_s=report_within_s)
            await sender.open()
            try:
                yield sender, smsc
            finally:
                await sender.close()
                await smsc.stop()


def message(n: int, text: str = "暴雨红色预警", *, address: str = "", flash: bool = False) -> Message:
    return Message(key=f"key-{n}", address=address or str(8613800138000 + n), subject="", text=text, language="zh-CN", identifier="id",
                   event="event", version=1, msg_type="Alert", status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=8), flash=flash)
