"""Short messages over a terminal on a serial line (a pseudo-terminal) and on a TCP port."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.satellite import Options, Sender
from channels.wire import shortframe
from channels.wire.shortframe import Ack, Ask, BadFrame
from channels.wire.terminal_sink import TerminalSink

NOW = datetime(2024, 9, 20, 1, 0, tzinfo=UTC)
MESSAGE = Message(
    key="id-1.7", address="310115", subject="s", text="浦东暴雨红色，速转移", language="zh-CN", identifier="id-1", event="ev", version=1, msg_type="Alert",
    status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=1))


async def _nothing(_: Receipt | Reply) -> None:
    return None


async def _send(options: Options, messages: Sequence[Message]) -> list[Receipt]:
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = Sender(options, Doors(now=lambda: NOW, http=http, on_receipt=_nothing, on_reply=_nothing))
        await sender.open()
        return await sender.send(messages)


@pytest.fixture
async def terminal() -> AsyncIterator[tuple[TerminalSink, Path]]:
    running = TerminalSink()
    yield running, running.start()
    running.stop()


def _options(device: Path, *, timeout_s: float = 30.0, pause_s: float = 0.0) -> Options:
    return Options(lane="exercise", device=device, timeout_s=timeout_s, pause_s=pause_s)


def test_a_frame_is_this_line() -> None:
    """GBK of 暴雨 is B1A9 D3EA; the CRC is that of the bytes between dollar and star."""
    line = shortframe.ask(10, "310115", "暴雨".encode("gbk"))
    assert line.startswith(b"$XSSM,000A,310115,B1A9D3EA*")
    assert line.endswith(b"\r\n")
    assert shortframe.read(line) == Ask(number=10, terminal="310115", text="暴雨")
    assert shortframe.read(shortframe.ack(10, 3)) == Ack(number=10, code=3)


def test_the_checksum_is_that_of_the_catalogue() -> None:
    """CRC-16/CCITT-FALSE of ``123456789`` is 29B1."""
    with pytest.raises(BadFrame, match="another kind"):
        shortframe.read(b"$123456789*29B1")
    with pytest.raises(BadFrame, match="checksum"):
        shortframe.read(b"$123456789*29B2")


@pytest.mark.parametrize("line", [b"", b"$", b"no frame", b"$XSSM,000A*0000", b"\xff\xfe*29B1"])
def test_noise_is_no_frame(line: bytes) -> None:
    with pytest.raises(BadFrame):
        shortframe.read(line)


async def test_the_terminal_sends_the_text_and_its_answer_is_the_evidence(terminal: tuple[TerminalSink, Path]) -> None:
    sink, device = terminal
    receipts = await _send(_options(device), [MESSAGE, replace(MESSAGE, key="id-1.8", address="310116")])
    assert [(r.outcome, r.evidence) for r in receipts] == [(Outcome.ACCEPTED, "terminal 0: taken")] * 2
    assert [(frame.terminal, frame.text) for frame in sink.taken] == [("310115", MESSAGE.text), ("310116", MESSAGE.text)]


@pytest.mark.parametrize(("code", "outcome", "reason"), [
    (shortframe.BUSY, Outcome.RETRY, Reason.RATE_LIMITED), (shortframe.BAD_TERMINAL, Outcome.REJECTED, Reason.BAD_ADDRESS),
    (shortframe.NO_SIGNAL, Outcome.RETRY, Reason.UNREACHABLE), (shortframe.TOO_LONG, Outcome.REJECTED, Reason.TOO_LONG),
    (shortframe.DAMAGED, Outcome.RETRY, Reason.REFUSED), (77, Outcome.REJECTED, Reason.REFUSED),
])
async def test_every_answer_of_the_terminal_has_a_meaning(
    terminal: tuple[TerminalSink, Path], code: int, outcome: Outcome, reason: Reason
) -> None:
    terminal[0].answers["310115"] = code
    [receipt] = await _send(_options(terminal[1]), [MESSAGE])
    assert (receipt.outcome, receipt.reason) == (outcome, reason)


async def test_a_terminal_that_does_not_answer_may_have_sent_it(terminal: tuple[TerminalSink, Path]) -> None:
    terminal[0].answers["310115"] = None
    [receipt] = await _send(_options(terminal[1], timeout_s=0.3), [MESSAGE])
    assert (receipt.outcome, receipt.reason) == (Outcome.UNKNOWN, Reason.TIMEOUT)


async def test_noise_and_old_answers_on_the_line_are_passed_over(terminal: tuple[TerminalSink, Path]) -> None:
    sink, device = terminal
    sink.say(b"\xff\x00 garbage\n" + shortframe.ack(999, shortframe.NO_SIGNAL) + b"$XSAK,0001,3*0000\r\n")
    [receipt] = await _send(_options(device), [MESSAGE])
    assert receipt.outcome is Outcome.ACCEPTED


async def test_a_character_that_gbk_does_not_have_is_marked_and_counted(terminal: tuple[TerminalSink, Path]) -> None:
    [receipt] = await _send(_options(terminal[1]), [replace(MESSAGE, text="速转移🌊到𠮷村")])
    assert terminal[0].taken[0].text == "速转移〓到〓村"
    assert receipt.evidence == "terminal 0: taken; 2 characters that GBK does not have stand as 〓"


async def test_a_text_that_does_not_fit_the_card_never_reaches_the_line(terminal: tuple[TerminalSink, Path]) -> None:
    [receipt] = await _send(_options(terminal[1]), [replace(MESSAGE, text="雨" * 61)])
    assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.TOO_LONG)
    assert terminal[0].taken == []


async def test_the_pause_of_the_card_is_kept(terminal: tuple[TerminalSink, Path]) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    await _send(_options(terminal[1], pause_s=0.2), [replace(MESSAGE, key=f"id-1.{n}") for n in range(3)])
    assert loop.time() - started >= 0.4
    assert len(terminal[0].taken) == 3


async def test_the_same_frames_go_over_tcp() -> None:
    hung_up = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frame = shortframe.read(await reader.readline())
        writer.write(shortframe.ack(frame.number, shortframe.TAKEN))
        await reader.read()
        writer.close()
        await writer.wait_closed()
        hung_up.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        options = Options(lane="exercise", host="127.0.0.1", port=int(server.sockets[0].getsockname()[1]), timeout_s=30)
        [receipt] = await _send(options, [MESSAGE])
        await asyncio.wait_for(hung_up.wait(), 30)
    assert receipt.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(("given", "says"), [
    ({}, "device or host"), ({"device": "/dev/null", "host": "10.0.0.1"}, "device or host"), ({"device": "/dev/null", "speed": 300}, "speed"),
])
def test_a_way_that_is_none_or_two_is_refused(given: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Options.model_validate({"lane": "exercise"} | given)
