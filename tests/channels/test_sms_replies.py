"""Over SMPP: what a person writes back at length, and messages of class 0."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from channels.message import Reply
from tests.channels.gateways import NOW, Desk, meeting, message


async def _until(true: Callable[[], bool], *, within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what is watched is a plain counter of the peer
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("text", ["收到" * 40, "STOP [now] " * 20])
async def test_a_long_reply_reaches_the_desk_as_one_and_each_part_is_acknowledged(text: str) -> None:
    desk = Desk()
    async with meeting("smpp", desk) as (_, smsc):
        smsc.say(source="8613800138000", destination="12379", text=text)
        await _until(lambda: bool(desk.replies))
        assert desk.replies == [Reply(channel="sms", address="8613800138000", text=text, at=NOW)]
        await _until(lambda: smsc.acks == 2)


async def test_a_flash_message_says_so_in_its_coding_and_is_read_like_any_other() -> None:
    async with meeting("smpp", Desk()) as (sender, smsc):
        await sender.send([message(0, flash=True), message(1), replace(message(2, "Rain [red] €"), flash=True)])
        assert [(c.text, c.flash) for c in smsc.caught] == [("暴雨红色预警", True), ("暴雨红色预警", False), ("Rain [red] €", True)]
    async with meeting("smpp", Desk(), flash=True) as (sender, smsc):
        await sender.send([message(0)])
        assert [c.flash for c in smsc.caught] == [True]
