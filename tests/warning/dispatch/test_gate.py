"""A channel whose way out is cut: what waits for it stays in the ledger, untried."""

from tests.warning.dispatch.test_dispatch_desk import Gateway, Memory, alert, desk, work
from warning.dispatch.delivery import RetryPolicy


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
