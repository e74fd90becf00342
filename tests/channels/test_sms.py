"""The SMS channel against the drill SMS centre, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.sms import Options, Sender
from channels.wire.smsc import Faults, Smsc
from tests.ports import own_port

_NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)
_LONG = "暴雨红色预警" * 15  # 90 characters: two parts


@dataclass
class Desk:
    receipts: list[Receipt] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    broken: int = 0  # so many times the door fails first

    async def on_receipt(self, receipt: Receipt) -> None:
        if self.broken:
            self.broken -= 1
            raise RuntimeError("the ledger is away")
        self.receipts.append(receipt)

    async def on_reply(self, reply: Reply) -> None:
        self.replies.append(reply)


def _options(port: int, *, window: int = 10, timeout_s: float = 30.0, max_parts: int = 6, registered_delivery: bool = True,
             password: str = "pa55", source: str = "12379", enquire_link_s: float = 30.0, remember_s: float = 100.0,
             reconnect_max_s: float = 0.3) -> Options:
    return Options(lane="exercise", timeout_s=timeout_s, host="127.0.0.1", port=port, system_id="drill", password=SecretStr(password),
                   source=source, window=window, max_parts=max_parts, registered_delivery=registered_delivery,
                   enquire_link_s=enquire_link_s, remember_s=remember_s, reconnect_max_s=reconnect_max_s)


def _smsc(faults: Faults | None = None, *, receipt_delay_s: float = 0.02) -> Smsc:
    return Smsc(now=lambda: _NOW, accounts={"drill": "pa55"}, receipt_delay_s=receipt_delay_s, faults=faults)


@asynccontextmanager
async def _sender(options: Options, desk: Desk) -> AsyncIterator[Sender]:
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = Sender(options, Doors(now=lambda: _NOW, http=http, on_receipt=desk.on_receipt, on_reply=desk.on_reply))
        await sender.open()
        try:
            yield sender
        finally:
            await sender.close()


@asynccontextmanager
async def _running(smsc: Smsc) -> AsyncIterator[int]:
    port = await smsc.start()
    try:
        yield port
    finally:
        await smsc.stop()


def _message(n: int, text: str = "暴雨红色预警", *, address: str = "") -> Message:
    return Message(key=f"key-{n}", address=address or str(8613800138000 + n), subject="", text=text, language="zh-CN", identifier="id",
                   event="event", version=1, msg_type="Alert", status="Exercise", priority=4, sent=_NOW, expires=_NOW + timedelta(hours=8))


async def _until(true: Callable[[], bool], *, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what is watched is a plain counter of the peer
            await asyncio.sleep(0.01)


async def test_a_message_of_two_parts_is_accepted_when_both_are_and_delivered_when_both_are() -> None:
    smsc, desk = _smsc(), Desk()
    async with _running(smsc) as port, _sender(_options(port), desk) as sender:
        (receipt,) = await sender.send([_message(0, _LONG)])
        assert receipt == Receipt(key="key-0", outcome=Outcome.ACCEPTED, at=_NOW, external_id="0000000001,0000000002",
                                  evidence="submit_sm_resp 0x00000000 ×2")
        await _until(lambda: bool(desk.receipts))
        assert desk.receipts == [Receipt(key="key-0", outcome=Outcome.DELIVERED, at=_NOW, external_id="0000000001,0000000002",
                                         evidence="deliver_sm stat:DELIVRD ×2")]
        assert smsc.texts("8613800138000") == [_LONG]
        assert smsc.caught[0].parts == 2


async def test_the_handset_shows_chinese_and_latin_texts_as_they_were_written() -> None:
    smsc, desk = _smsc(), Desk()
    texts = ["暴雨", "Rain [red] 100 €", "雨" * 70, "雨" * 71, "a" * 161, "🌊" * 40, ""]
    async with _running(smsc) as port, _sender(_options(port), desk) as sender:
        receipts = await sender.send([_message(n, text) for n, text in enumerate(texts)])
        assert {r.outcome for r in receipts} == {Outcome.ACCEPTED}
        assert [c.text for c in smsc.caught] == texts


async def test_the_network_is_told_when_the_warning_expires() -> None:
    smsc, desk = _smsc(), Desk()
    async with _running(smsc) as port, _sender(_options(port), desk) as sender:
        await sender.send([_message(0)])
        assert smsc.caught[0].validity == "240919120000000+"
        assert smsc.caught[0].source == "12379"


async def test_a_plus_sign_before_the_number_is_understood() -> None:
    smsc, desk = _smsc(), Desk()
    async with _running(smsc) as port, _sender(_options(port), desk) as sender:
        await sender.send([_message(0, address="+8613800138000")])
        assert smsc.caught[0].destination == "8613800138000"


@pytest.mark.parametrize("address", ["0138001380", "12345", "86138001380001234", "8613800138000 ", "86-13800138000", "reader@example.org", "８６１３８００１３８０００"])
async def test_what_is_no_telephone_number_is_refused_and_does_not_leave(address: str) -> None:
    smsc, desk = _smsc(), Desk()
    async with _running(smsc) as port, _sender(_options(port), desk) as sender:
        (receipt,) = await sender.send([_message(0, address=address)])
        assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.BAD_ADDRESS)
        assert smsc.submits == 0


async def test_a_number_that_the_gateway_refuses_rejects_only_itself() -> None:
    smsc, desk = _smsc(Faults(refuse_prefixes=("861380013800",))), Desk()
    async with _running(smsc) as port, _sender(_options(port), desk) as sender:
        receipts = await sender.send([_message(0), _message(50), _message(1)])
        assert [(r.outcome, r.reason) for r in receipts] == [
            (Outcome.REJECTED, Reason.BAD_ADDRESS), (Outcome.ACCEPTED, None), (Outcome.REJECTED, Reason.BAD_ADDRESS)]
        assert receipts[0].evidence == "submit_sm_resp 0x0000000b"


async def test_the_second_part_of_a_refused_message_stays_at_home() -> None:
    smsc, desk = _smsc(Faults(refuse_prefixes=("86",))), Desk()
    async with _running(smsc) as port, _sender(_options(port, window=1), desk) as sender:
        (receipt,) = await sender.send([_message(0, _LONG)])
        assert smsc.submits == 1
        assert receipt.evidence == "submit_sm_resp 0x0000000b, not sent"


async def test_a_text_of_too_many_parts_is_refused_with_the_count() -> None:
    smsc, desk = _smsc(), Desk()
    async with _running(smsc) as port, _sender(_options(port, max_parts=1), desk) as sender:
        assert sender.limits.max_chars == 70
        receipts = await sender.send([_message(0, "雨" * 71), _message(1, "雨" * 70)])
        assert (receipts[0].outcome, receipts[0].reason) == (Outcome.REJECTED, Reason.TOO_LONG)
        assert receipts[0].evidence == "the text needs 2 SMS parts, 1 are allowed: shorten it"
        assert receipts[1].outcome is Outcome.ACCEPTED


async def test_a_text_as_long_as_the_limit_always_fits() -> None:
    smsc, desk = _smsc(), Desk()
    async with _running(smsc) as port, _sender(_options(port, max_parts=3), desk) as sender:
        assert sender.limits.max_chars == 201
        (receipt,) = await sender.send([_message(0, "雨" * 201)])
        assert receipt.outcome is Outcome.ACCEPTED


async def test_a_throttled_submit_is_retry_and_the_others_go_on() -> None:
    smsc, desk = _smsc(Faults(throttle_every=5)), Desk()
    async with _running(smsc) as port, _sender(_options(port, window=3), desk) as sender:
        receipts = await sender.send([_message(n) for n in range(20)])
        throttled = [r for r in receipts if r.outcome is Outcome.RETRY]
        assert len(throttled) == 4
        assert {r.reason for r in throttled} == {Reason.RATE_LIMITED}
        assert throttled[0].evidence == "submit_sm_resp 0x00000058"
        assert smsc.received == 16


async def test_a_gateway_that_throttles_everything_gets_no_flood() -> None:
    smsc, desk = _smsc(Faults(throttle_every=1)), Desk()
    async with _running(smsc) as port, _sender(_options(port, window=4), desk) as sender:
        receipts = await sender.send([_message(n) for n in range(500)])
        assert {(r.outcome, r.reason) for r in receipts} == {(Outcome.RETRY, Reason.RATE_LIMITED)}
        assert smsc.submits <= 6 * 4
        assert receipts[-1].evidence.startswith("held back after throttling")
        smsc.misbehave(Faults())
        receipts = await sender.send([_message(n) for n in range(5)])
        assert {r.outcome for r in receipts} == {Outcome.ACCEPTED}


async def test_no_more_submits_are_unanswered_than_the_window_allows() -> None:
    smsc, desk = _smsc(Faults(mute=True)), Desk()
    async with _running(smsc) as port, _sender(_options(port, window=7, timeout_s=0.3), desk) as sender:
        await _until(lambda: not sender.trouble)
        receipts = await sender.send([_message(n) for n in range(50)])
        assert smsc.submits == 7
        assert [r.outcome for r in receipts] == [Outcome.UNKNOWN] * 7 + [Outcome.RETRY] * 43
        assert (receipts[0].reason, receipts[0].evidence) == (Reason.TIMEOUT, "no submit_sm_resp; no answer to a submit for 0.3 s")
        assert (receipts[-1].reason, receipts[-1].evidence) == (Reason.UNREACHABLE, "not sent; no answer to a submit for 0.3 s")


async def test_a_long_message_with_only_its_first_part_sent_may_be_sent_again() -> None:
    smsc, desk = _smsc(Faults(mute=True)), Desk()
    async with _running(smsc) as port, _sender(_options(port, window=1, timeout_s=0.3), desk) as sender:
        await _until(lambda: not sender.trouble)
        (receipt,) = await sender.send([_message(0, _LONG)])
        assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)
        assert receipt.evidence.startswith("no submit_sm_resp, not sent")


async def test_a_connection_cut_in_the_middle_leaves_unknown_for_what_was_sent_and_comes_back() -> None:
    smsc, desk = _smsc(Faults(mute=True)), Desk()
    async with _running(smsc) as port, _sender(_options(port, window=2), desk) as sender:
        sending = asyncio.create_task(sender.send([_message(n) for n in range(4)]))
        await _until(lambda: smsc.submits == 2)
        smsc.misbehave(Faults())
        smsc.cut()
        receipts = await sending
        assert [r.outcome for r in receipts] == [Outcome.UNKNOWN] * 2 + [Outcome.RETRY] * 2
        await _until(lambda: smsc.binds >= 2 and not sender.trouble)
        receipts = await sender.send([_message(n) for n in range(4)])
        assert {r.outcome for r in receipts} == {Outcome.ACCEPTED}


async def test_a_dead_gateway_is_retry_at_once_and_is_found_again_when_it_lives() -> None:
    smsc, desk = _smsc(), Desk()
    with own_port() as port:
        async with _sender(_options(port), desk) as sender:
            (receipt,) = await sender.send([_message(0)])
            assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)
            assert receipt.evidence == "not sent; no connection: ConnectionRefusedError"
            await smsc.start("127.0.0.1", port)
            await _until(lambda: not sender.trouble)
            (receipt,) = await sender.send([_message(0)])
            assert receipt.outcome is Outcome.ACCEPTED
        await smsc.stop()


async def test_a_gateway_that_cuts_every_connection_is_retry() -> None:
    smsc, desk = _smsc(Faults(dead=True)), Desk()
    async with _running(smsc) as port, _sender(_options(port), desk) as sender:
        (receipt,) = await sender.send([_message(0)])
        assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)


async def test_a_wrong_password_shows_the_bind_answer_and_not_the_password() -> None:
    smsc, desk = _smsc(), Desk()
    async with _running(smsc) as port, _sender(_options(port, password="wrong-pw"), desk) as sender:
        (receipt,) = await sender.send([_message(0)])
        assert (receipt.outcome, receipt.evidence) == (Outcome.RETRY, "not sent; bind_transceiver_resp 0x0000000e")


async def test_an_undelivered_part_makes_the_message_rejected_once() -> None:
    smsc, desk = _smsc(Faults(undelivered_prefixes=("86",))), Desk()
    async with _running(smsc) as port, _sender(_options(port), desk) as sender:
        await sender.send([_message(0, _LONG)])
        await _until(lambda: smsc.acks == 2)
        assert desk.receipts == [Receipt(key="key-0", outcome=Outcome.REJECTED, at=_NOW, reason=Reason.UNREACHABLE,
                                         external_id="0000000001,0000000002", evidence="deliver_sm stat:UNDELIV")]


async def test_a_black_hole_accepts_and_never_reports() -> None:
    smsc, desk = _smsc(Faults(black_hole=True)), Desk()
    async with _running(smsc) as port, _sender(_options(port), desk) as sender:
        (receipt,) = await sender.send([_message(0)])
        await asyncio.sleep(0.1)
        assert receipt.outcome is Outcome.ACCEPTED
        assert desk.receipts == []


async def test_a_slow_gateway_is_waited_for() -> None:
    smsc, desk = _smsc(Faults(slow_s=0.2)), Desk()
    async with _running(smsc) as port, _sender(_options(port), desk) as sender:
        receipts = await sender.send([_message(n) for n in range(3)])
        assert {r.outcome for r in receipts} == {Outcome.ACCEPTED}


async def test_a_report_that_overtakes_its_answer_still_finds_its_message() -> None:
    smsc, desk = _smsc(Faults(early_reports=True)), Desk()
    async with _running(smsc) as port, _sender(_options(port), desk) as sender:
        await sender.send([_message(0, _LONG)])
        await _until(lambda: bool(desk.receipts))
        assert [(r.key, r.outcome) for r in desk.receipts] == [("key-0", Outcome.DELIVERED)]
        await _until(lambda: smsc.acks == 2)


async def test_no_report_is_asked_for_when_the_option_says_so() -> None:
    smsc, desk = _smsc(), Desk()
    async with _running(smsc) as port, _sender(_options(port, registered_delivery=False), desk) as sender:
        await sender.send([_message(0)])
        await asyncio.sleep(0.1)
        assert smsc.reports_sent == 0


async def test_a_report_after_a_restart_is_handed_on_under_the_gateway_id_and_acknowledged() -> None:
    smsc, first, second = _smsc(Faults(hold_reports=True)), Desk(), Desk()
    async with _running(smsc) as port:
        async with _sender(_options(port), first) as sender:
            (receipt,) = await sender.send([_message(0)])
        async with _sender(_options(port), second):
            smsc.misbehave(Faults())
            await _until(lambda: bool(second.receipts))
            assert second.receipts == [Receipt(key="", outcome=Outcome.DELIVERED, at=_NOW, external_id=receipt.external_id,
                                               evidence="deliver_sm stat:DELIVRD of one part")]
            await _until(lambda: smsc.acks == 1)
    assert first.receipts == []


async def test_an_id_is_forgotten_in_time_and_its_report_goes_to_the_desk_by_id() -> None:
    smsc, desk = _smsc(Faults(hold_reports=True)), Desk()
    async with _running(smsc) as port, _sender(_options(port, remember_s=0.05), desk) as sender:
        for n in range(3):
            await sender.send([_message(n)])
            await asyncio.sleep(0.06)
        smsc.misbehave(Faults())
        await _until(lambda: len(desk.receipts) == 3)
        assert {r.external_id: r.key for r in desk.receipts}["0000000001"] == ""


async def test_a_reply_reaches_the_desk_with_its_sender() -> None:
    smsc, desk = _smsc(), Desk()
    async with _running(smsc) as port, _sender(_options(port), desk):
        smsc.say(source="8613800138000", destination="12379", text="STOP")
        smsc.say(source="8613800138001", destination="12379", text="收到")
        await _until(lambda: len(desk.replies) == 2)
        assert desk.replies == [Reply(channel="sms", address="8613800138000", text="STOP", at=_NOW),
                                Reply(channel="sms", address="8613800138001", text="收到", at=_NOW)]
        await _until(lambda: smsc.acks == 2)


async def test_a_report_that_the_desk_could_not_store_is_offered_again_before_it_is_acknowledged() -> None:
    smsc, desk = _smsc(), Desk(broken=1)
    complaints: list[int] = []  # how many reports were acknowledged at that moment
    asyncio.get_running_loop().set_exception_handler(lambda *_: complaints.append(smsc.acks))
    async with _running(smsc) as port, _sender(_options(port), desk) as sender:
        await sender.send([_message(0)])
        await _until(lambda: bool(desk.receipts))
        assert complaints == [0]
        await _until(lambda: smsc.acks == 1)
        assert desk.receipts[0].outcome is Outcome.DELIVERED


@pytest.mark.parametrize("noise", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\0\0\x05abcdefghijklmnop", b"\xff" * 64, b""])
async def test_a_gateway_that_does_not_speak_smpp_is_retry(noise: bytes) -> None:
    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(noise)
        writer.close()

    server = await asyncio.start_server(gateway, "127.0.0.1", 0)
    async with _sender(_options(int(server.sockets[0].getsockname()[1]), timeout_s=0.5, reconnect_max_s=60), Desk()) as sender:
        (receipt,) = await sender.send([_message(0)])
        assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)
    server.close()
    await server.wait_closed()


async def test_a_cancelled_batch_sends_no_more() -> None:
    smsc, desk = _smsc(Faults(slow_s=0.1)), Desk()
    async with _running(smsc) as port, _sender(_options(port, window=2), desk) as sender:
        sending = asyncio.create_task(sender.send([_message(n) for n in range(100)]))
        await _until(lambda: smsc.submits == 2)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        (receipt,) = await sender.send([_message(200)])
        assert receipt.outcome is Outcome.ACCEPTED
        assert smsc.submits in (3, 5), "two more, if the answers came at the moment of the cancel"


async def test_batches_sent_at_the_same_time_each_get_their_own_receipts() -> None:
    smsc, desk = _smsc(), Desk()
    async with _running(smsc) as port, _sender(_options(port, window=3), desk) as sender:
        batches = [[_message(100 * b + n) for n in range(20)] for b in range(5)]
        for batch, receipts in zip(batches, await asyncio.gather(*(sender.send(b) for b in batches)), strict=True):
            assert [r.key for r in receipts] == [m.key for m in batch]
            assert {r.outcome for r in receipts} == {Outcome.ACCEPTED}
        assert len({c.destination for c in smsc.caught}) == 100


async def test_closing_in_the_middle_settles_every_message() -> None:
    smsc, desk = _smsc(Faults(mute=True)), Desk()
    async with _running(smsc) as port, _sender(_options(port, window=1), desk) as sender:
        sending = asyncio.create_task(sender.send([_message(0), _message(1)]))
        await _until(lambda: smsc.submits == 1)
        await sender.close()
        receipts = await sending
        assert [r.outcome for r in receipts] == [Outcome.UNKNOWN, Outcome.RETRY]
