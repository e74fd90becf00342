"""The keeper of routes: what it learns from operators and other workers, and what it calls back when a way may be used again."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from tests.warning.dispatch.test_routes import NOW, Clock, Gateway, messages, routed
from warning.dispatch.breaker import Circuit
from warning.dispatch.routekeeper import Order, RouteKeeper, RouteView
from warning.dispatch.routes import Route, RouteState


class Said:
    """Fulfils RouteLedger: what other workers say, and what was called back."""

    def __init__(self, *others: RouteView) -> None:
        self.others = list(others)
        self.ordered: list[Order] = []
        self.recalled: list[str] = []

    async def report(self, worker: str, states: Mapping[str, Sequence[RouteState]]) -> None: ...

    async def orders(self) -> list[Order]:
        return self.ordered

    async def views(self) -> list[RouteView]:
        return self.others

    async def recall(self, channel: str) -> int:
        self.recalled.append(channel)
        return 0


def other_worker(circuit: Circuit, *, since_s: float, route: str = "only", worker: str = "there") -> RouteView:
    return RouteView(channel="sms", worker=worker, state=RouteState(
        route=route, circuit=circuit, since=NOW + timedelta(seconds=since_s), skipped=False, accepted=0, failed=0, note=""))


async def test_what_was_put_off_is_called_back_once_when_the_way_may_be_used_again() -> None:
    clock = Clock()
    sender = routed(clock, Route("only", Gateway(clock, dies_after=0)))
    ledger = Said()
    keeper = RouteKeeper(ledger, {"sms": sender}, worker="here")
    await keeper.look()
    await sender.send(messages(10))
    await keeper.look()
    assert ledger.recalled == []
    clock.at += 5.0
    await keeper.look()
    await keeper.look()
    assert ledger.recalled == ["sms"]
    await sender.send(messages(1))  # the trial fails, and somebody says "try" before the keeper has looked
    ledger.ordered = [Order(channel="sms", route="only", skipped=False, tried=1)]
    await keeper.look()
    assert ledger.recalled == ["sms", "sms"]


async def test_a_route_that_answers_another_worker_is_tried_at_once_and_one_that_did_before_it_fell_silent_here_is_not() -> None:
    clock = Clock()
    sender = routed(clock, Route("only", Gateway(clock, dies_after=0)))
    clock.at = 10.0
    await sender.send(messages(10))
    ledger = Said(other_worker(Circuit.CLOSED, since_s=9), other_worker(Circuit.CLOSED, since_s=11, route="another"),
                  other_worker(Circuit.OPEN, since_s=11, worker="third"), other_worker(Circuit.CLOSED, since_s=11, worker="here"))
    keeper = RouteKeeper(ledger, {"sms": sender}, worker="here")
    await keeper.look()
    assert sender.states()[0].circuit is Circuit.OPEN
    ledger.others.append(other_worker(Circuit.CLOSED, since_s=11, worker="fourth"))
    await keeper.look()
    assert (sender.states()[0].circuit, ledger.recalled) == (Circuit.HALF_OPEN, ["sms"])


async def test_what_a_worker_that_is_cut_off_puts_off_is_called_back_by_one_that_is_not() -> None:
    clock = Clock()
    ledger = Said(other_worker(Circuit.OPEN, since_s=0), other_worker(Circuit.CLOSED, since_s=0, route="spare"))
    keeper = RouteKeeper(ledger, {"sms": routed(clock, Route("only", Gateway(clock)))}, worker="here")
    await keeper.look()
    assert ledger.recalled == [], "it still has a route"
    ledger.others.pop()
    await keeper.look()
    await keeper.look()
    assert ledger.recalled == ["sms", "sms"]
