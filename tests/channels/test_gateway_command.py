"""``xiaoxishu sms-gateway``: a gateway to try a channel against, as a process of its own."""

import asyncio
import signal
import sys
from collections.abc import Callable

import httpx
import pytest
from typer.testing import CliRunner

from channels.message import Outcome
from channels.wire.gateways import KINDS
from tests.channels.gateways import Desk, channel, message
from tests.ports import own_port
from warning.cli.entry import cli

_CHANNEL = {"sms": "smpp", "cmpp": "cmpp 2.0", "cmpp3": "cmpp 3.0", "smgp": "smgp", "sgip": "sgip"}


async def _until(true: Callable[[], bool], *, within_s: float = 60.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what is watched is the list that the channel fills
            await asyncio.sleep(0.02)


def test_every_kind_of_text_message_has_its_gateway() -> None:
    assert set(KINDS) == set(_CHANNEL)


@pytest.mark.parametrize("kind", ["cmpp3", "sgip"])
async def test_a_channel_delivers_over_the_gateway_of_the_command(kind: str) -> None:
    desk = Desk()
    with own_port() as listening:
        extra = ("--report-port", str(listening), "--report-login", "smg:5ecret", "--disorder") if kind == "sgip" else ()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "warning.cli", "sms-gateway", "--kind", kind, *extra, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        try:
            said = (await process.stdout.readline()).decode()
            assert said.startswith(f"{kind} gateway on 127.0.0.1:")
            port = int(said.split(";")[0].rsplit(":", 1)[1])
            async with httpx.AsyncClient(trust_env=False) as http:
                sender = channel(_CHANNEL[kind], desk, http, port=port, listening=listening)
                await sender.open()
                try:
                    (receipt,) = await sender.send([message(0)])
                    assert receipt.outcome is Outcome.ACCEPTED
                    await _until(lambda: any(r.key == "key-0" for r in desk.receipts))
                finally:
                    await sender.close()
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            await process.communicate()
    assert process.returncode == 130


def test_a_kind_that_is_none_is_refused_with_those_there_are() -> None:
    done = CliRunner().invoke(cli, ["sms-gateway", "--kind", "fax"])
    assert done.exit_code == 2
    assert "'fax'; there is sms, cmpp, cmpp3, smgp, sgip" in " ".join(done.output.replace("│", " ").split())
