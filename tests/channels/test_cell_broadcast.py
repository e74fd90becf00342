"""Cell broadcast: CBSP octets derived by hand from TS 48.049, pages of TS 23.041, a controller of the drill, and a CBC that gets CAP."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from channels import cbc, cbsp
from channels.cbsp import serial
from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.wire import cbsp as wire
from channels.wire.bsc_sink import BscSink
from channels.wire.http_sink import HttpSink
from channels.wire.pages import is_gsm7, pages_of

NOW = datetime(2024, 9, 20, 1, 0, tzinfo=UTC)
CAP = b"""<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><info><area><areaDesc>x</areaDesc>%s</area></info></alert>"""
POLYGON = CAP % b"<polygon>31,121 31,122 32,122 31,121</polygon>"
MESSAGE = Message(
    key="id-1.7", address="lac:4660", subject="暴雨红色预警", text="暴雨", language="zh-CN", identifier="id-1", event="ev", version=1, msg_type="Alert",
    status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=1), body=POLYGON, content_type="application/cap+xml")


async def _nothing(_: Receipt | Reply) -> None:
    return None


@asynccontextmanager
async def _doors() -> AsyncIterator[Doors]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Doors(now=lambda: NOW, http=http, on_receipt=_nothing, on_reply=_nothing)


async def _broadcast(port: int, messages: Sequence[Message], *, timeout_s: float = 30.0) -> list[Receipt]:
    async with _doors() as doors:
        sender = cbsp.Sender(cbsp.Options(lane="exercise", host="127.0.0.1", port=port, timeout_s=timeout_s), doors)
        await sender.open()
        return await sender.send(messages)


@pytest.fixture
async def bsc() -> AsyncIterator[tuple[BscSink, int]]:
    running = BscSink()
    port = await running.start()
    yield running, port
    await running.stop()


def test_a_write_replace_is_these_octets() -> None:
    """Type 01, length 3 octets; 0e message id, 03 new serial, 04 cells (length 2: discriminator 5 = areas), 12 channel, 05 category, 06 period,
    07 broadcasts, 13 pages, 0c coding, 01 content: used octets, then 82."""
    expected = bytes.fromhex("01 00006e  0e 111d  03 4010  04 0003 05 1234  12 00  05 00  06 0010  07 0002  13 01  0c 48  01 04 66b4 96e8") + bytes(78)
    made = wire.write_replace(identifier=4381, serial=0x4010, cells=wire.cells_of("lac:4660"), text="暴雨", period=16, broadcasts=2)
    assert made.hex() == expected.hex()


def test_a_replacement_names_the_serial_number_of_what_it_replaces() -> None:
    """02 old serial, behind the new one."""
    made = wire.write_replace(identifier=4381, serial=0x4012, cells=b"\x06", text="雨", period=16, broadcasts=2, replaces=0x4010)
    assert made[:16].hex(" ") == "01 00 00 6f 0e 11 1d 03 40 12 02 40 10 04 00 01"


def test_a_kill_is_these_octets() -> None:
    assert wire.kill(identifier=4381, serial=0x4010, cells=wire.cells_of("cell:4660.17")) == bytes.fromhex(
        "04 000010  0e 111d  02 4010  04 0005 01 1234 0011  12 00")


def test_a_failure_tells_its_cause_whatever_kind_of_cell_it_names() -> None:
    for address in ("bss:all", "lac:4660,4661", "cell:4660.17"):
        [pdu], left = wire.split(wire.answer(wire.WRITE_REPLACE_FAILURE, identifier=1, serial=2, cells=wire.cells_of(address), cause=3) + b"\x01")
        assert (pdu.causes, pdu.new_serial, left) == ((3,), 2, b"\x01")


def test_octets_that_are_none_are_refused_and_part_of_a_message_waits() -> None:
    with pytest.raises(wire.BadPdu, match="0x99 that is not known"):
        wire.split(bytes.fromhex("01 000002 9900"))
    with pytest.raises(wire.BadPdu, match="cut off"):
        wire.split(bytes.fromhex("01 000002 0e11"))
    with pytest.raises(wire.BadPdu, match="64 kB"):
        wire.split(bytes.fromhex("01 ffffff 00"))
    assert wire.split(bytes.fromhex("01 000003 0e11")) == ([], bytes.fromhex("01 000003 0e11"))


@pytest.mark.parametrize("address", ["bss", "lac:", "lac:65536", "lac:-1", "cell:1", "cell:1.2.3", "cell:1.x", "all"])
def test_an_address_that_names_no_cells_is_refused(address: str) -> None:
    with pytest.raises(wire.BadPdu):
        wire.cells_of(address)


def test_pages_hold_93_latin_or_41_chinese_characters_and_fifteen_are_the_most() -> None:
    assert [len(page) for page in pages_of("a" * 94)] == [93, 1]
    assert [len(page) for page in pages_of("雨" * 83)] == [41, 41, 1]
    assert len(pages_of("雨" * 615)) == len(pages_of("a" * 1395)) == 15
    with pytest.raises(ValueError, match="16 pages"):
        pages_of("雨" * 616)
    assert [len(page) for page in pages_of("雨" * 40 + "𠮷" + "雨")] == [40, 2], "a character of two units is not cut in two"
    assert is_gsm7("Gale: stay inside, 20 m/s @ 8 o'clock") and not is_gsm7("暴雨")  # noqa: PT018 one alphabet, two sides


async def test_an_update_is_on_the_air_before_the_alert_is_ended(bsc: tuple[BscSink, int]) -> None:
    sink, port = bsc
    await _broadcast(port, [MESSAGE])
    [receipt] = await _broadcast(port, [replace(MESSAGE, version=2, msg_type="Update", text="大暴雨" * 40)])
    assert (receipt.outcome, receipt.evidence) == (Outcome.ACCEPTED, "WRITE-REPLACE COMPLETE")
    assert sink.on_air == {(4381, serial("ev", 2)): "大暴雨" * 40}
    assert [(pdu.kind, pdu.old_serial) for pdu in sink.taken[:2]] == [(wire.WRITE_REPLACE, None), (wire.WRITE_REPLACE, serial("ev", 1))]


async def test_an_update_replaces_the_newest_version_that_is_on_the_air(bsc: tuple[BscSink, int]) -> None:
    sink, port = bsc
    await _broadcast(port, [MESSAGE])
    [receipt] = await _broadcast(port, [replace(MESSAGE, version=4, msg_type="Update", text="大暴雨")])
    assert receipt.evidence == "WRITE-REPLACE COMPLETE"
    assert sink.on_air == {(4381, serial("ev", 4)): "大暴雨"}
    assert [pdu.old_serial for pdu in sink.taken if pdu.kind == wire.WRITE_REPLACE] == [None, *(serial("ev", n) for n in (3, 2, 1))]


async def test_an_update_without_anything_on_the_air_is_broadcast_all_the_same(bsc: tuple[BscSink, int]) -> None:
    [receipt] = await _broadcast(bsc[1], [replace(MESSAGE, version=3, msg_type="Update", text="大暴雨")])
    assert (receipt.outcome, list(bsc[0].on_air.values())) == (Outcome.ACCEPTED, ["大暴雨"])


async def test_what_an_earlier_try_wrote_is_accepted_and_not_a_dead_letter(bsc: tuple[BscSink, int]) -> None:
    """A worker that is cut off after WRITE-REPLACE leaves it to another, which asks again under the same number."""
    await _broadcast(bsc[1], [MESSAGE])
    [receipt] = await _broadcast(bsc[1], [MESSAGE])
    assert (receipt.outcome, receipt.evidence) == (Outcome.ACCEPTED, "WRITE-REPLACE COMPLETE")
    assert len(bsc[0].on_air) == 1


async def test_another_event_of_the_same_number_is_refused_loudly(bsc: tuple[BscSink, int]) -> None:
    twin = next(f"ev{n}" for n in range(100_000) if serial(f"ev{n}", 1) == serial("ev", 1))
    receipts = await _broadcast(bsc[1], [MESSAGE, replace(MESSAGE, event=twin, text="大风")])
    assert [r.outcome for r in receipts] == [Outcome.ACCEPTED, Outcome.REJECTED]
    assert "another event has the same number" in receipts[1].evidence
    assert list(bsc[0].on_air.values()) == ["暴雨"]


async def test_cells_of_which_one_does_not_exist_are_warned_and_the_evidence_says_which_not(bsc: tuple[BscSink, int]) -> None:
    [receipt] = await _broadcast(bsc[1], [replace(MESSAGE, address="lac:4660,9999")])
    assert (receipt.outcome, receipt.evidence) == (Outcome.ACCEPTED, "WRITE-REPLACE in part, in other cells cause 0x03 (cell identity not valid)")


async def test_three_events_of_fifteen_pages_find_room_and_a_fourth_waits(bsc: tuple[BscSink, int]) -> None:
    """15 pages a period of 45 units: a third of the channel each."""
    receipts = await _broadcast(bsc[1], [replace(MESSAGE, event=f"e{n}", text="雨" * 615) for n in range(4)])
    assert [(r.outcome, r.reason) for r in receipts] == [(Outcome.ACCEPTED, None)] * 3 + [(Outcome.RETRY, Reason.REFUSED)]
    assert "capacity exceeded): end what need not be broadcast" in receipts[3].evidence


async def test_a_controller_that_serves_another_centre_is_waited_for(bsc: tuple[BscSink, int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bsc[1])
    await reader.readexactly(12)
    [busy] = await _broadcast(bsc[1], [MESSAGE], timeout_s=0.3)
    assert (busy.outcome, busy.reason) == (Outcome.RETRY, Reason.UNREACHABLE), "surely not sent: it may be tried again"
    waiting = asyncio.create_task(_broadcast(bsc[1], [MESSAGE]))
    await asyncio.sleep(0)
    writer.close()
    await writer.wait_closed()
    assert [r.outcome for r in await waiting] == [Outcome.ACCEPTED]


async def test_a_cancel_ends_whatever_version_is_on_the_air(bsc: tuple[BscSink, int]) -> None:
    sink, port = bsc
    await _broadcast(port, [MESSAGE, replace(MESSAGE, event="other")])
    [receipt] = await _broadcast(port, [replace(MESSAGE, version=3, msg_type="Cancel", text="解除")])
    assert (receipt.outcome, receipt.evidence) == (Outcome.ACCEPTED, "KILL COMPLETE")
    assert list(sink.on_air) == [(4381, serial("other", 1))]


async def test_cells_that_do_not_exist_are_refused_with_the_cause(bsc: tuple[BscSink, int]) -> None:
    receipts = await _broadcast(bsc[1], [replace(MESSAGE, address="lac:9999"), MESSAGE])
    assert [(r.outcome, r.reason) for r in receipts] == [(Outcome.REJECTED, Reason.REFUSED), (Outcome.ACCEPTED, None)]
    assert receipts[0].evidence.endswith("cause 0x03 (cell identity not valid)")


async def test_a_controller_that_does_not_answer_leaves_one_unknown_and_the_rest_untried(bsc: tuple[BscSink, int]) -> None:
    bsc[0].deaf = True
    receipts = await _broadcast(bsc[1], [replace(MESSAGE, key=f"k.{n}") for n in range(3)], timeout_s=1.0)
    assert [(r.outcome, r.reason) for r in receipts] == [
        (Outcome.UNKNOWN, Reason.TIMEOUT), (Outcome.RETRY, Reason.UNREACHABLE), (Outcome.RETRY, Reason.UNREACHABLE)]


async def test_a_text_of_more_than_fifteen_pages_is_refused_before_the_wire(bsc: tuple[BscSink, int]) -> None:
    [receipt] = await _broadcast(bsc[1], [replace(MESSAGE, text="雨" * 616)])
    assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.TOO_LONG)
    assert bsc[0].taken == []


@asynccontextmanager
async def _cbc(**given: object) -> AsyncIterator[tuple[HttpSink, cbc.Sender]]:
    sink = HttpSink(now=lambda: NOW)
    await sink.start()
    async with _doors() as doors:
        sender = cbc.Sender(cbc.Options.model_validate({"lane": "exercise", "timeout_s": 30, "allow_private": True} | given), doors)
        await sender.open()
        try:
            yield sink, sender
        finally:
            await sender.close()
            await sink.stop()


async def test_a_cbc_gets_the_cap_as_it_was_signed() -> None:
    async with _cbc() as (sink, sender):
        [receipt] = await sender.send([replace(MESSAGE, address=sink.url("/cap"))])
        assert receipt.outcome is Outcome.ACCEPTED
        assert sink.latest["/cap"] == POLYGON
        headers = dict(sender._letter(MESSAGE).headers)
    assert (headers["X-CB-Message-Identifier"], headers["X-CB-Data-Coding"], headers["X-CB-Pages"], headers["X-CB-Action"]) == (
        "4381", "ucs2", "1", "write-replace")


async def test_real_warnings_have_the_identifier_of_their_level_and_exercises_their_own() -> None:
    async with _cbc() as (_, sender):
        found = [sender.message_identifier(replace(MESSAGE, status="Actual", priority=level)) for level in (1, 2, 3, 4)]
        assert found == [4378, 4373, 4371, 4370]
        assert sender.message_identifier(replace(MESSAGE, status="Test")) == 4381


@pytest.mark.parametrize(("body", "says"), [
    (CAP % b"<geocode><valueName>x</valueName><value>310115</value></geocode>", "no polygon or circle"), (b"{}", "no CAP document"), (b"", "no CAP document"),
])
async def test_a_cap_that_a_cbc_cannot_map_is_refused_with_the_mend(body: bytes, says: str) -> None:
    async with _cbc() as (sink, sender):
        [receipt] = await sender.send([replace(MESSAGE, address=sink.url("/cap"), body=body)])
        assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.REFUSED)
        assert says in receipt.evidence
        assert not sink.received
