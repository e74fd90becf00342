"""A channel whose library is an extra says which, when it is missing."""

import sys
from datetime import UTC, datetime

import httpx
import pytest

from channels.message import Receipt, Reply
from channels.port import Doors
from warning.adapters import build_sender
from warning.errors import ConfigError
from warning.settings import ChannelSettings


async def _nothing(_: Receipt | Reply) -> None:
    """Not looked at here."""


async def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == "channels.chat" or name.partition(".")[0] == "apprise"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "apprise", None)
    async with httpx.AsyncClient(trust_env=False) as http:
        doors = Doors(now=lambda: datetime.now(UTC), http=http, on_receipt=_nothing, on_reply=_nothing)
        with pytest.raises(ConfigError, match=r"channels: group: needs apprise: pip install 'xiaoxishu\[chat\]'"):
            build_sender(ChannelSettings(name="group", kind="chat", options={"lane": "exercise"}), doors)
