"""Mail to a crowd: one rendering, a few connections, every reader his own envelope; what is lost is lost for as few as possible."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import SecretStr

from channels.crowd import Crowd, CrowdReceipt
from channels.email import Options, Sender, message_id
from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.wire.mail_sink import MailSink

NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)
MESSAGE = Message(
    key="batch-1", address="", subject="演练:暴雨红色预警", text="未来三小时有特大暴雨。", language="zh-CN", identifier="id", event="event-7", version=1,
    msg_type="Alert", status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=8))


async def _nothing(_: Receipt | Reply) -> None:
    """Mail has no late receipts."""


async def _send(port: int, addresses: Sequence[str], *, message: Message = MESSAGE, parallel: int = 4, timeout_s: float = 30.0) -> CrowdReceipt:
    options = Options(lane="exercise", timeout_s=timeout_s, host="127.0.0.1", port=port, security="none", password=SecretStr(""),
                      sender="warnings@met.example", list_id="warnings.met.example", parallel=parallel)
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = Sender(options, Doors(now=lambda: NOW, http=http, on_receipt=_nothing, on_reply=_nothing))
        await sender.open()
        said = await sender.send_crowd(Crowd(message=message, addresses=addresses, numbers=range(100, 100 + len(addresses))))
        await sender.close()
        return said


@pytest.fixture
async def sink() -> AsyncIterator[tuple[MailSink, int]]:
    running = MailSink()
    port = await running.start()
    yield running, port
    await running.stop()


async def test_every_reader_gets_his_own_mail_under_the_id_of_his_place(sink: tuple[MailSink, int]) -> None:
    server, port = sink
    readers = [f"reader{n}@example.org" for n in range(120)]
    said = await _send(port, readers)
    assert said.outcomes == [Outcome.ACCEPTED] * 120
    assert (said.common, said.reasons, said.evidence) == ("250 2.0.0 OK taken by the drill's mail sink", {}, {})
    assert set(server.received.values()) == {1}
    assert len(server.received) == 120
    mail = server.message("reader7@example.org")
    assert mail["To"] == "reader7@example.org"
    assert mail["Message-ID"] == message_id("batch-1.107", "warnings@met.example")
    assert mail.get_content().strip() == "未来三小时有特大暴雨。"


async def test_a_reader_that_is_refused_is_named_by_his_position(sink: tuple[MailSink, int]) -> None:
    server, port = sink
    server.answers = {"gone@example.org": "550 5.1.1 no such user", "busy@example.org": "451 4.7.1 greylisted"}
    said = await _send(port, ["a@example.org", "gone@example.org", "no address", "busy@example.org", "b@example.org"])
    assert said.outcomes == [Outcome.ACCEPTED, Outcome.REJECTED, Outcome.REJECTED, Outcome.RETRY, Outcome.ACCEPTED]
    assert said.reasons == {1: Reason.BAD_ADDRESS, 2: Reason.BAD_ADDRESS, 3: Reason.REFUSED}
    assert said.evidence[1] == "550 5.1.1 no such user"
    assert sorted(server.received) == ["a@example.org", "b@example.org"]


@pytest.mark.parametrize(("message", "reason"), [
    (replace(MESSAGE, status="Actual"), Reason.WRONG_LANE), (replace(MESSAGE, expires=NOW), Reason.EXPIRED)])
async def test_the_fence_stands_before_a_crowd_too(sink: tuple[MailSink, int], message: Message, reason: Reason) -> None:
    said = await _send(sink[1], ["a@example.org", "b@example.org"], message=message)
    assert (said.outcomes, said.reasons) == ([Outcome.REJECTED] * 2, {0: reason, 1: reason})
    assert not sink[0].received


@asynccontextmanager
async def _scripted(script: Callable[[list[str]], bytes | None], *, groups: bool = True) -> AsyncIterator[tuple[int, list[list[str]]]]:
    """A server that answers each line by a function of all lines of its connection so far; None hangs up. The content ends with a line ``.``."""
    heard: list[list[str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines: list[str] = []
        heard.append(lines)
        with closing(writer):
            writer.write(b"220 mail.test\r\n")
            content = False
            while line := (await reader.readline()).decode().strip("\r\n"):
                if content and line != ".":
                    while line and line != ".":
                        line = (await reader.readline()).decode().strip("\r\n") or " "
                lines.append(line)
                if line.startswith("EHLO"):
                    answer: bytes | None = b"250-mail.test\r\n250 PIPELINING\r\n" if groups else b"250 mail.test\r\n"
                else:
                    answer = script(lines)
                if answer is None:
                    break
                content = line == "DATA" and answer.startswith(b"354")
                writer.write(answer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1]), heard


def _well(lines: list[str]) -> bytes:
    return {"DATA": b"354 go on\r\n", ".": b"250 2.0.0 queued\r\n", "QUIT": b"221 bye\r\n"}.get(lines[-1], b"250 2.1.0 OK\r\n")


async def test_the_content_and_the_next_mails_commands_travel_together() -> None:
    async with _scripted(_well) as (port, heard):
        said = await _send(port, ["a@example.org", "b@example.org"])
    assert said.outcomes == [Outcome.ACCEPTED] * 2
    assert heard[0][1:] == ["MAIL FROM:<warnings@met.example>", "RCPT TO:<a@example.org>", "DATA", ".",
                            "MAIL FROM:<warnings@met.example>", "RCPT TO:<b@example.org>", "DATA", ".", "QUIT"]


async def test_content_asked_for_after_a_refused_recipient_is_ended_by_a_dot_alone() -> None:
    """RFC 2920 §3.1: such a server is to be expected, and nobody must get an empty mail."""
    def script(lines: list[str]) -> bytes:
        if "RCPT TO:<gone" in lines[-1]:
            return b"550 5.1.1 unknown\r\n"
        if lines[-1] == "." and "gone" in lines[-3]:
            return b"554 5.5.1 no valid recipients\r\n"
        return _well(lines)

    async with _scripted(script) as (port, heard):
        said = await _send(port, ["gone@example.org", "b@example.org"])
    assert said.outcomes == [Outcome.REJECTED, Outcome.ACCEPTED]
    assert said.reasons == {0: Reason.BAD_ADDRESS}
    assert heard[0][1:6] == ["MAIL FROM:<warnings@met.example>", "RCPT TO:<gone@example.org>", "DATA", ".", "RSET"]


async def test_a_connection_lost_in_the_middle_leaves_one_unknown_and_sends_the_rest_over_a_fresh_one() -> None:
    """The mail whose content was written may have arrived; the next one, whose commands stood behind it, has not."""
    contents = 0

    def script(lines: list[str]) -> bytes | None:
        nonlocal contents
        contents += lines[-1] == "."
        return None if lines[-1] == "." and contents == 3 else _well(lines)

    async with _scripted(script) as (port, heard):
        said = await _send(port, [f"r{n}@example.org" for n in range(6)])
    assert said.outcomes == [Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.UNKNOWN, Outcome.RETRY, Outcome.ACCEPTED, Outcome.ACCEPTED]
    assert said.reasons == {2: Reason.TIMEOUT, 3: Reason.UNREACHABLE}
    assert len(heard) == 2


async def test_a_server_that_falls_silent_costs_a_time_limit_for_each_connection_and_ends_the_tries() -> None:
    async with _scripted(lambda lines: b"" if lines[-1].startswith("MAIL") else _well(lines)) as (port, heard):
        started = asyncio.get_running_loop().time()
        said = await _send(port, [f"r{n}@example.org" for n in range(40)], timeout_s=0.3)
        took = asyncio.get_running_loop().time() - started
    assert said.outcomes == [Outcome.RETRY] * 40
    assert set(said.reasons.values()) == {Reason.UNREACHABLE}
    assert len(heard) == 2
    assert took < 10, "forty would take 12 s"


@pytest.mark.parametrize(("readers", "connections"), [(50, 1), (51, 2), (130, 3), (400, 3)])
async def test_a_large_batch_takes_several_connections_and_no_more_than_allowed(readers: int, connections: int) -> None:
    async with _scripted(_well) as (port, heard):
        said = await _send(port, [f"r{n}@example.org" for n in range(readers)], parallel=3)
    assert said.outcomes == [Outcome.ACCEPTED] * readers
    assert len(heard) == connections
