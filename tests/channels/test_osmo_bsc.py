"""A base station controller that is not ours: osmo-bsc (Debian's package of that name) answers our CBSP."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from channels import cbsp
from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors

NOW = datetime(2024, 9, 20, 1, 0, tzinfo=UTC)
MESSAGE = Message(
    key="id-1.7", address="bss:all", subject="暴雨红色预警", text="暴雨" * 50, language="zh-CN", identifier="id-1", event="ev", version=1,
    msg_type="Alert", status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=1))

# One cell, 4660.17, with a broadcast channel. Its ports are fixed, so each run has a loopback address of its own.
CONFIG = """log stderr
 logging filter all 1
 logging level set-all error
line vty
 no login
 bind {address}
ctrl
 bind {address}
cbc
 mode server
 server
  local-ip {address}
  local-port 48049
network
 network country code 460
 mobile network code 0
 bts 0
  type osmo-bts
  band GSM900
  cell_identity 17
  location_area_code 4660
  base_station_id_code 63
  ipa unit-id 6969 0
  trx 0
   rf_locked 1
   arfcn 1
   nominal power 23
   max_power_red 20
   rsl e1 tei 0
   timeslot 0
    phys_chan_config CCCH+SDCCH4+CBCH
{slots}
e1_input
 e1_line 0 driver ipa
 ipa bind {address}
""".replace("{slots}", "\n".join(f"   timeslot {n}\n    phys_chan_config TCH/F" for n in range(1, 8)))


async def _nothing(_: Receipt | Reply) -> None:
    return None


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[str]:
    program = shutil.which("osmo-bsc")
    if program is None:
        pytest.skip("no real radio peer")
    own = f"127.{os.getpid() >> 16 & 0x7F | 0x80}.{os.getpid() >> 8 & 0xFF}.{os.getpid() & 0xFF or 1}"
    (tmp_path / "bsc.cfg").write_text(CONFIG.replace("{address}", own))
    with (tmp_path / "log").open("wb") as log:
        running = await asyncio.create_subprocess_exec(program, "-c", str(tmp_path / "bsc.cfg"), cwd=tmp_path, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(60):
            while True:
                assert running.returncode is None, (tmp_path / "log").read_text()
                try:
                    _, writer = await asyncio.open_connection(own, 48049)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield own
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def test_a_real_controller_broadcasts_replaces_and_ends_what_we_say(address: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = cbsp.Sender(cbsp.Options(lane="exercise", host=address, timeout_s=5),
                             Doors(now=lambda: NOW, http=http, on_receipt=_nothing, on_reply=_nothing))

        async def said(message: Message) -> tuple[Outcome, str]:
            [receipt] = await sender.send([message])  # a connection for each: it serves one at a time
            return receipt.outcome, receipt.evidence

        assert await said(MESSAGE) == (Outcome.ACCEPTED, "WRITE-REPLACE COMPLETE")
        assert await said(MESSAGE) == (Outcome.ACCEPTED, "WRITE-REPLACE COMPLETE"), "cause 0x0d: it is on the air from before"
        assert await said(replace(MESSAGE, version=3, msg_type="Update", text="大暴雨" * 205)) == (
            Outcome.ACCEPTED, "WRITE-REPLACE COMPLETE"), "version 2 was never broadcast: 1 is replaced, with fifteen pages"
        assert await said(replace(MESSAGE, event="b", address="lac:4660,9999")) == (
            Outcome.ACCEPTED, "WRITE-REPLACE in part, in other cells cause 0x00 (parameter not recognised)"), "at the pace of fifteen pages"
        assert await said(replace(MESSAGE, event="c", address="cell:4660.18")) == (
            Outcome.REJECTED, "the controller failed (message 0x03), cause 0x00 (parameter not recognised)")
        assert await said(replace(MESSAGE, event="d", address="cell:4660.17", text="雨" * 500)) == (Outcome.ACCEPTED, "WRITE-REPLACE COMPLETE")
        [full] = await sender.send([replace(MESSAGE, event="e", text="雨" * 615)])
        assert (full.outcome, full.reason) == (Outcome.RETRY, Reason.REFUSED), full.evidence
        assert await said(replace(MESSAGE, version=4, msg_type="Cancel")) == (Outcome.ACCEPTED, "KILL COMPLETE")
        assert await said(replace(MESSAGE, version=5, msg_type="Cancel")) == (Outcome.ACCEPTED, "KILL: nothing was broadcast")
        assert await said(replace(MESSAGE, event="e", text="雨" * 615)) == (Outcome.ACCEPTED, "WRITE-REPLACE COMPLETE"), "there is room again"
