"""A reply is looked for among the channels of its own kind and lane: what is pressed in a drill answers no real call."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from geo.zone import ZoneSet
from warning.answer.callplan import CallPlans
from warning.answer.desk import AnswerDesk, AnswerLedger
from warning.clock import VirtualClock


class Asked:
    """Keeps which channels a reply was looked for on."""

    def __init__(self) -> None:
        self.channels: list[str] = []

    async def by_person(self, channels: Sequence[str], forms: Sequence[str], answer: Any) -> None:
        assert forms
        assert answer.by
        self.channels = sorted(channels)


@pytest.mark.parametrize(("channel", "looked"), [("mobile", ["mobile", "telecom"]), ("drill", ["drill"]), ("mail", ["mail"])])
async def test_a_reply_counts_on_every_route_of_its_kind_and_in_its_own_lane_only(channel: str, looked: list[str]) -> None:
    ledger = Asked()
    desk = AnswerDesk(
        cast(AnswerLedger, ledger), clock=VirtualClock(datetime(2024, 9, 20, tzinfo=UTC)), secret="s", within=timedelta(minutes=5), public_url="http://w.example",
        plans=cast(CallPlans, None), zones=ZoneSet(zones=(), origin="none"), kinds={"mobile": "sms", "telecom": "cmpp", "drill": "sms", "mail": "email"},
        lanes={"mobile": "actual", "telecom": "actual", "drill": "exercise", "mail": "actual"})
    await desk.reply(channel, "8613800000001", "收到")
    assert ledger.channels == looked
