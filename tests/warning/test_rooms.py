"""How many characters a channel takes is known before its adapter is opened, and is what the adapter itself says."""

from datetime import UTC, datetime

import httpx
import pytest

from channels.message import Receipt, Reply
from channels.port import Doors
from warning.adapters import build_sender, room_of
from warning.settings import ChannelSettings

_HOST = {"lane": "exercise", "host": "127.0.0.1", "port": 9}


async def _nothing(_: Receipt | Reply) -> None:
    """Not looked at here."""


@pytest.mark.parametrize(("kind", "options", "room"), [
    ("sms", _HOST | {"system_id": "a", "password": "b", "source": "1"}, 402), ("sms", _HOST | {"system_id": "a", "password": "b", "source": "1", "max_parts": 1}, 70),
    ("chat", {"lane": "exercise"}, 682), ("display", _HOST, 120), ("cbsp", _HOST, 615), ("webhook", {"lane": "exercise"}, None),
])
async def test_the_room_that_is_shown_before_the_signature_is_the_adapters_own(kind: str, options: dict[str, object], room: int | None) -> None:
    settings = ChannelSettings(name="one", kind=kind, options=options)
    async with httpx.AsyncClient(trust_env=False) as http:
        doors = Doors(now=lambda: datetime.now(UTC), http=http, on_receipt=_nothing, on_reply=_nothing)
        assert room_of(settings) == build_sender(settings, doors).limits.max_chars == room
