"""What an operator is told of a gateway: one that accepts everything and delivers nothing, one that is slow, silent, or gone."""

import asyncio
from collections.abc import Callable
from contextlib import closing, suppress

import httpx
import pytest

from channels.message import Outcome, Reason
from channels.port import Examined, Health
from channels.wire.sms_tally import Tally
from channels.wire.smsc import Faults
from tests.channels.gateways import NOW, Desk, channel, meeting, message

SENTENCE = ("the gateway accepted 100 messages and reported on 0 of them within 120 s: nothing shows that they arrive; use another route and ask the "
            "operator why no reports come")


async def _until(true: Callable[[], bool], *, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what is watched is a plain counter of the peer
            await asyncio.sleep(0.01)


def _tally(*, accepted: int, delivered: int = 0, failed: int = 0, reports: bool = True) -> Tally:
    """Messages sent at second 1000, told of since."""
    tally = Tally(report_within_s=120.0, reports=reports)
    cohort = tally.cohort(1000.0)
    cohort.accepted, cohort.delivered, cohort.failed = accepted, delivered, failed
    return tally


def test_a_gateway_that_accepts_everything_and_delivers_nothing_is_found_when_its_reports_are_due() -> None:
    tally = _tally(accepted=100)
    assert tally.health(1129.0, trouble="").note == ""  # the last of the ten seconds has until 1130
    assert tally.health(1130.0, trouble="").note == SENTENCE


def test_a_later_flood_does_not_hide_it_and_a_new_report_heals_it() -> None:
    tally = _tally(accepted=100)
    tally.cohort(1200.0).accepted = 10_000
    assert tally.health(1210.0, trouble="").note == SENTENCE
    tally._cohorts[0].delivered = 90
    assert tally.health(1210.0, trouble="") == Health(accepted=10_100, delivered=90, failed=0, waiting=10_010, last_answer_at=None)


def test_a_gateway_whose_handsets_are_never_reached_is_found_too() -> None:
    assert _tally(accepted=100, delivered=2, failed=95).health(1130.0, trouble="").note == (
        "the gateway accepted 100 messages and delivered 2, 95 failed: use another route and ask the operator why handsets are not reached")


@pytest.mark.parametrize(("accepted", "delivered", "failed"), [(100, 60, 5), (19, 0, 0), (100, 5, 0), (0, 0, 0)])
def test_few_messages_or_some_deliveries_say_nothing_against_it(accepted: int, delivered: int, failed: int) -> None:
    assert _tally(accepted=accepted, delivered=delivered, failed=failed).health(1130.0, trouble="").note == ""


def test_reports_of_forgotten_messages_speak_for_the_gateway_too() -> None:
    tally = _tally(accepted=100)
    tally.cohort(1060.0).strays = 50
    assert tally.health(1130.0, trouble="").note == ""


def test_a_channel_that_asks_for_no_reports_waits_for_none() -> None:
    health = _tally(accepted=100, reports=False).health(1130.0, trouble="")
    assert (health.waiting, health.note) == (0, "")


def test_what_was_an_hour_ago_is_forgotten() -> None:
    tally = _tally(accepted=100)
    tally.cohort(4601.0)
    assert tally.health(4601.0, trouble="").accepted == 0


async def test_a_sender_counts_what_was_accepted_delivered_and_is_awaited() -> None:
    desk = Desk()
    async with meeting("cmpp 2.0", desk, faults=Faults(undelivered_prefixes=("8613800138001",))) as (sender, smsc):
        assert isinstance(sender, Examined)
        await sender.send([message(0), message(1)])
        await _until(lambda: len(desk.receipts) == 2)
        smsc.misbehave(Faults(black_hole=True))
        await sender.send([message(n) for n in range(2, 5)])
        assert sender.health() == Health(accepted=5, delivered=1, failed=1, waiting=3, last_answer_at=NOW)


async def test_a_gateway_that_is_gone_is_down_with_its_reason() -> None:
    async with meeting("smgp", Desk()) as (sender, smsc):
        await smsc.stop()
        await _until(lambda: not sender.health().up)
        assert sender.health().note.startswith(("connection lost", "the gateway closed", "no connection"))


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with closing(writer), suppress(ConnectionError):
        await reader.read()


async def _dripping(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An answer to the login that never comes to its end."""
    with closing(writer):
        for octet in b"\0\0\0\x1e\x80\0\0\1" + bytes(1000):
            if writer.is_closing():
                break
            writer.write(bytes((octet,)))
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("serve", [_silent, _dripping])
async def test_a_gateway_that_does_not_answer_the_login_costs_its_time_limit_and_no_more(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object],
) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)  # type: ignore[arg-type]  # a coroutine function
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = channel("cmpp 2.0", Desk(), http, port=int(server.sockets[0].getsockname()[1]), timeout_s=0.3)
        started = asyncio.get_running_loop().time()
        await sender.open()
        (receipt,) = await sender.send([message(0)])
        assert asyncio.get_running_loop().time() - started < 15, "the one that drips would take 20 s"
        assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)
        assert receipt.evidence == "not sent; no connection: TimeoutError"
        await sender.close()
    server.close()
    await server.wait_closed()
    await asyncio.sleep(0.1)  # the one that drips looks up that often


async def test_a_slow_gateway_is_waited_for_within_the_time_limit() -> None:
    async with meeting("cmpp 2.0", Desk(), faults=Faults(slow_s=0.3)) as (sender, _):
        assert {r.outcome for r in await sender.send([message(n) for n in range(40)])} == {Outcome.ACCEPTED}


async def test_a_text_too_long_for_a_few_odd_characters_names_them() -> None:
    text = "Heavy rain warning: stay indoors. " * 28 + "“now”"  # 957 characters: 7 parts of 153, 15 of 67
    async with meeting("cmpp 2.0", Desk()) as (sender, smsc):
        (receipt,) = await sender.send([message(0, text)])
        assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.TOO_LONG)
        assert receipt.evidence == ("the text needs 15 SMS parts, 6 are allowed: shorten it, or write it without “ ”, for which every part holds less "
                                    "than half")
        (receipt,) = await sender.send([message(0, "雨" * 403)])
        assert receipt.evidence == "the text needs 7 SMS parts, 6 are allowed: shorten it"
        assert smsc.submits == 0
