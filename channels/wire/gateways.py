"""The drill's gateways by kind: one simulator core, four protocols."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from channels.wire.cmpp_pdu import V20, V30
from channels.wire.cmpp_speech import CmppSpeech
from channels.wire.sgip_speech import SgipSpeech
from channels.wire.smgp_speech import SmgpSpeech
from channels.wire.smpp_speech import SmppSpeech
from channels.wire.smsc import Call, Faults, Smsc
from channels.wire.speech import Speech

KINDS: Final = ("sms", "cmpp", "cmpp3", "smgp", "sgip")
"""The channel kinds that have a gateway; ``cmpp3`` is the version 3.0 of ``cmpp``."""


def gateway(
    kind: str, *, now: Callable[[], datetime], accounts: Mapping[str, str] | None = None, faults: Faults | None = None, keep: int = 1000,
    receipt_delay_s: float = 0.05, report_to: tuple[str, int, str, str] | None = None,
) -> Smsc:
    """A gateway of ``kind``, not yet started.

    ``report_to`` (host, port, name, password) is where a channel of kind ``sgip`` listens for it: reports of every account are taken there.
    Raises KeyError for a kind that has none.
    """
    sgip = SgipSpeech(now)
    speeches: dict[str, Speech] = {
        "sms": SmppSpeech(), "cmpp": CmppSpeech(V20), "cmpp3": CmppSpeech(V30), "smgp": SmgpSpeech(now), "sgip": sgip}
    calls = []
    if report_to is not None:
        host, port, name, password = report_to
        calls.append(Call(account="", host=host, port=port, greeting=sgip.greet(0, name, password)))
    return Smsc(now=now, accounts=None if accounts is None else dict(accounts), faults=faults, keep=keep, receipt_delay_s=receipt_delay_s,
                speech=speeches[kind], calls=calls)
