"""The vanguard: the first hundred of each alert and channel who can be told now go before everybody else."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from tests.warning.dispatch.test_dispatch_desk import alert
from warning.dispatch.delivery import State
from warning.dispatch.mass.sheet import blank, put
from warning.dispatch.rank import Errand, deadline_of, rank
from warning.store.crowd import NewCrowd
from warning.store.muster import _led


def batch(channel: str, first: int, size: int) -> NewCrowd:
    return NewCrowd(
        root=None, identifier="i", event_id=UUID(int=7), version=1, channel=channel, language="zh-CN", district="310115", role="start", priority=7,
        sheet=blank(np.arange(first, first + size, dtype=np.int64)))


def test_it_is_cut_once_a_channel_from_the_first_batch_that_can_be_told_now() -> None:
    asleep = replace(batch("sms", 0, 150), asleep_until=datetime(2024, 9, 20, tzinfo=UTC))
    muted = batch("sms", 200, 150)
    put(muted.sheet, np.arange(150), State.MUTED, ("stronger_in_force", ""))
    led: list[str] = []
    made = _led(alert(), [asleep, muted, batch("sms", 400, 150), batch("sms", 600, 150), batch("email", 800, 3)], led)
    stored = alert()
    first = rank(stored.level, Errand.VANGUARD, deadline_of(sent=stored.sent, expires=stored.expires))
    assert [(one.channel, int(one.sheet.members[0]), len(one.sheet), one.priority == first) for one in made] == [
        ("sms", 0, 150, False), ("sms", 200, 150, False), ("sms", 400, 100, True), ("sms", 500, 50, False), ("sms", 600, 150, False),
        ("email", 800, 3, True)]
    assert led == ["sms", "email"]
    assert [len(one.sheet) for one in _led(alert(), [batch("sms", 900, 150)], led)] == [150], "the next page has none"
