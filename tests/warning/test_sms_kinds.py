"""Every kind of text message can be named in the settings, as docs/channels-sms.md shows, and is one kind to the rest of the engine."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import yaml

from channels.crowd import CrowdSender
from channels.message import Receipt, Reply
from channels.port import Doors, Examined
from channels.wire.gateways import KINDS
from warning.adapters import build_sender
from warning.dispatch.kind import PERSONAL, TEXT_MESSAGE, kind_of
from warning.errors import ConfigError
from warning.settings import ChannelSettings

_DOCS = Path(__file__).parents[2] / "docs" / "channels-sms.md"


async def _nothing(_: Receipt | Reply) -> None:
    """Not looked at here."""


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Doors(now=lambda: datetime.now(UTC), http=http, on_receipt=_nothing, on_reply=_nothing)


def _shown() -> list[ChannelSettings]:
    block = re.search(r"```yaml\n(.*?)```", _DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    return [ChannelSettings.model_validate(one) for one in yaml.safe_load(block[1])["channels"]]


async def test_the_settings_that_the_docs_show_build_channels_with_a_crowd_lane_and_a_health(doors: Doors) -> None:
    shown = _shown()
    assert [channel.kind for channel in shown] == ["cmpp", "sgip"]
    for channel in shown:
        sender = build_sender(channel, doors)
        assert isinstance(sender, CrowdSender)
        assert isinstance(sender, Examined)
        assert (sender.health().up, sender.health().note) == (False, "not opened")


@pytest.mark.parametrize(("place", "key", "value"), [
    (0, "sp_id", "12345"), (0, "version", "1.2"), (0, "source", "气象台"), (0, "rate_per_s", -1), (0, "service", "预警"),
    (1, "node", 2**32), (1, "corp", "123456"), (1, "listen_port", 70000),
])
async def test_a_wrong_option_is_refused_with_channel_and_key(doors: Doors, place: int, key: str, value: object) -> None:
    channel = _shown()[place]
    wrong = channel.model_copy(update={"options": {**channel.options, key: value}})
    with pytest.raises(ConfigError, match=f"^channels: {channel.name}: {key}: "):
        build_sender(wrong, doors)


def test_a_text_message_is_one_kind_whoever_carries_it() -> None:
    kinds = {"sms": "sms", "mobile": "cmpp", "telecom": "smgp", "unicom": "sgip", "mail": "email", "screens": "mqtt"}
    assert {name: kind_of(name, kinds) for name in kinds} == {
        "sms": "sms", "mobile": "sms", "telecom": "sms", "unicom": "sms", "mail": "email", "screens": "mqtt"}
    assert {name for name in kinds if kind_of(name, kinds) in PERSONAL} == {"sms", "mobile", "telecom", "unicom", "mail"}
    assert {kind.rstrip("3") for kind in KINDS} == TEXT_MESSAGE  # each has its drill gateway
