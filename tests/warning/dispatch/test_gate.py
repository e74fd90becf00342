"""A channel whose way out is cut: what waits for it stays in the ledger, untried."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import pytest

from channels.message import Outcome, Reason
from tests.warning.dispatch.test_dispatch_desk import NOW, Gateway, Memory, alert, desk, work
from warning.clock import VirtualClock
from warning.dispatch.delivery import RetryPolicy, State, Step
from warning.dispatch.gate import Gates
from warning.dispatch.risk.desk import RiskDesk, RiskLedger
from warning.dispatch.risk.notice import DueNotice
from warning.dispatch.word import DueWord, NewWord, WordDesk
from warning.level import Level


async def test_a_batch_whose_way_out_is_cut_is_left_untouched_and_looked_at_again_when_it_may_open() -> None:
    ledger = Memory(alert())
    gateway = Gateway()
    made = desk(ledger, gateway)
    made.gate(ledger.channel, lambda: 7.0)
    await made.send(5)
    assert ledger.postponed == [(5, 5, 7.0)]
    assert gateway.got == []


async def test_a_batch_under_way_is_left_where_it_is_when_the_way_out_is_cut() -> None:
    ledger = Memory(alert(), works=[work(number) for number in range(1, 121)])
    ledger.policy = RetryPolicy(patient=True)
    gateway = Gateway()
    made = desk(ledger, gateway)
    made.gate(ledger.channel, lambda: 7.0 if gateway.got else 0.0)
    await made.send(5)
    assert (len(gateway.got), ledger.recorded, ledger.postponed) == (50, 1, [(5, 5, 7.0)])


class One:
    """Fulfils the ledgers of words and of risk notices: one message that was tried nine times before."""

    def __init__(self, due: DueWord | DueNotice) -> None:
        self._due = due
        self.steps: list[Step] = []

    async def due(self, **_: object) -> list[Any]:
        return [self._due]

    async def settle(self, steps: Mapping[int, Step], **_: object) -> None:
        self.steps += steps.values()


@pytest.mark.parametrize(("routed", "state"), [(True, State.QUEUED), (False, State.FAILED)])
async def test_a_word_and_a_risk_notice_wait_for_a_way_that_is_cut_too(*, routed: bool, state: State) -> None:
    gates = Gates()
    if routed:
        gates.watch("sms", lambda: 7.0)
    words = One(DueWord(id=1, attempts=9, word=NewWord(
        lane="exercise", channel="sms", address="8613800000000", subject="duty", text="go", language="zh-CN", at=NOW, expires=NOW + timedelta(hours=1))))
    notices = One(DueNotice(
        id=1, event="e", version=1, act="opened", level=Level.RED, channel="sms", address="8613800000000", language="zh-CN", status="Exercise",
        texts={"zh-CN": {"headline": "h", "text": "t"}}, at=NOW, expires=NOW + timedelta(hours=1), attempts=9))
    for ledger, made in (
            (words, WordDesk(words, kinds={"sms": "sms"}, clock=VirtualClock(NOW), policy=RetryPolicy(), gates=gates)),
            (notices, RiskDesk(cast(RiskLedger, notices), digests={}, kinds={"sms": "sms"}, clock=VirtualClock(NOW), policy=RetryPolicy(), gates=gates))):
        made.attach("sms", Gateway(Outcome.RETRY, Reason.UNREACHABLE))
        await made.send_due()
        assert [step.state for step in ledger.steps] == [state]
