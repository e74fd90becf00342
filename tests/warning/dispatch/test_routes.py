"""Several routes of one channel: by health and weight, at their pace; what did not leave goes on, what may have left never does."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from channels.crowd import Crowd
from channels.message import Limits, Message, Outcome, Reason, Receipt
from channels.port import Health
from warning.dispatch.breaker import Breaker, Bucket, Circuit
from warning.dispatch.gate import Gates
from warning.dispatch.routes import Route, RoutedSender

NOW = datetime(2024, 9, 20, tzinfo=UTC)


class Clock:
    """Virtual seconds: sleeping moves them."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.at)

    def time_s(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


class Gateway:
    """Takes ``dies_after`` messages, then answers as ``dead`` says; each batch takes ``slow_s`` of the virtual clock."""

    def __init__(
        self, clock: Clock, *, dies_after: int | None = None, dead: tuple[Outcome, Reason] = (Outcome.RETRY, Reason.UNREACHABLE),
        max_chars: int | None = None, slow_s: float = 0.0,
    ) -> None:
        self.clock = clock
        self.dies_after = dies_after
        self.dead = dead
        self.slow_s = slow_s
        self.limits = Limits(max_chars=max_chars)
        self.got: Counter[str] = Counter()
        self.times: list[float] = []
        self.asked = 0
        self.note = ""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def health(self) -> Health:
        return Health(accepted=0, delivered=0, failed=0, waiting=0, last_answer_at=None, note=self.note)

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.asked += len(messages)
        self.clock.at += self.slow_s
        receipts = []
        for message in messages:
            if self.dies_after is not None and sum(self.got.values()) >= self.dies_after:
                outcome, reason = self.dead
                receipts.append(Receipt(key=message.key, outcome=outcome, at=NOW, reason=reason, evidence="dead"))
                continue
            self.got[message.key] += 1
            self.times.append(self.clock.at)
            receipts.append(Receipt(key=message.key, outcome=Outcome.ACCEPTED, at=NOW, evidence="taken", external_id=f"g{message.key}"))
        return receipts


def messages(count: int) -> list[Message]:
    return [Message(
        key=f"k{n}", address=f"a{n}", subject="s", text="t", language="zh-CN", identifier="i", event="e", version=1, msg_type="Alert",
        status="Exercise", priority=4, sent=NOW, expires=NOW + timedelta(hours=1)) for n in range(count)]


def routed(clock: Clock, *routes: Route, within_s: float = 30.0) -> RoutedSender:
    return RoutedSender(routes, now=clock.now, within_s=within_s, time_s=clock.time_s, sleep=clock.sleep)


def outcomes(receipts: Sequence[Receipt]) -> Counter[Outcome]:
    return Counter(receipt.outcome for receipt in receipts)


async def test_routes_share_by_weight_and_a_receipt_names_its_route() -> None:
    clock = Clock()
    a, b = Gateway(clock), Gateway(clock)
    receipts = await routed(clock, Route("mobile", a, weight=3), Route("telecom", b, weight=1)).send(messages(400))
    assert (len(a.got), len(b.got)) == (300, 100)
    assert [receipt.key for receipt in receipts] == [f"k{n}" for n in range(400)]
    assert {receipt.evidence for receipt in receipts} == {"mobile: taken", "telecom: taken"}


async def test_a_route_of_weight_zero_stands_by_until_no_other_may_be_used() -> None:
    clock = Clock()
    first, spare = Gateway(clock), Gateway(clock)
    sender = routed(clock, Route("first", first), Route("spare", spare, weight=0))
    await sender.send(messages(10))
    assert (len(first.got), len(spare.got)) == (10, 0)
    first.dies_after = 0
    assert outcomes(await sender.send(messages(10))) == {Outcome.ACCEPTED: 10}
    assert len(spare.got) == 10


async def test_a_gateway_that_dies_in_the_middle_of_a_batch_loses_nobody_and_nobody_hears_twice() -> None:
    clock = Clock()
    a, b = Gateway(clock, dies_after=37), Gateway(clock)
    receipts = await routed(clock, Route("a", a), Route("b", b)).send(messages(200))
    assert outcomes(receipts) == {Outcome.ACCEPTED: 200}
    assert len(a.got) == 37
    assert set((a.got + b.got).values()) == {1}
    assert len(a.got + b.got) == 200


@pytest.mark.parametrize("dead", [
    (Outcome.UNKNOWN, Reason.TIMEOUT), (Outcome.RETRY, Reason.TIMEOUT), (Outcome.RETRY, Reason.BROKEN_REPLY),
    (Outcome.REJECTED, Reason.BAD_ADDRESS),
])
async def test_what_may_have_left_or_is_refused_for_good_is_never_given_to_another_route(dead: tuple[Outcome, Reason]) -> None:
    clock = Clock()
    a, b = Gateway(clock, dies_after=0, dead=dead), Gateway(clock)
    receipts = await routed(clock, Route("a", a, weight=1), Route("b", b, weight=0)).send(messages(5))
    assert [(receipt.outcome, receipt.reason) for receipt in receipts] == [dead] * 5
    assert not b.got


async def test_when_both_die_everybody_is_tried_again_later_and_the_dead_are_not_asked_again_at_once() -> None:
    clock = Clock()
    a, b = Gateway(clock, dies_after=0), Gateway(clock, dies_after=0)
    sender = routed(clock, Route("a", a), Route("b", b))
    first = await sender.send(messages(10))
    assert {(r.outcome, r.reason) for r in first} == {(Outcome.RETRY, Reason.UNREACHABLE)}
    asked = a.asked + b.asked
    second = await sender.send(messages(10))
    assert {(r.outcome, r.reason) for r in second} == {(Outcome.RETRY, Reason.UNREACHABLE)}
    assert second[0].evidence == "no route may be used now: a open, b open"
    assert a.asked + b.asked == asked
    assert not sender.health().up


async def test_a_route_that_comes_back_is_tried_with_one_message_before_it_is_trusted() -> None:
    clock = Clock()
    a, b = Gateway(clock, dies_after=0), Gateway(clock)
    sender = routed(clock, Route("a", a), Route("b", b))
    await sender.send(messages(10))
    assert [state.circuit for state in sender.states()] == [Circuit.OPEN, Circuit.CLOSED]
    clock.at += 5.0
    assert sender.states()[0].circuit is Circuit.HALF_OPEN
    before = a.asked
    assert outcomes(await sender.send(messages(10))) == {Outcome.ACCEPTED: 10}
    assert a.asked == before + 1
    assert [state.circuit for state in sender.states()] == [Circuit.OPEN, Circuit.CLOSED]
    clock.at += 5.0
    assert sender.states()[0].circuit is Circuit.OPEN, "after a failed trial the pause is twice as long"
    clock.at += 5.0
    a.dies_after = None
    await sender.send(messages(10))
    assert len(a.got) == 1
    assert sender.states()[0].circuit is Circuit.CLOSED
    await sender.send(messages(10))
    assert a.got.total() == 6
    assert sender.states()[0].since == NOW + timedelta(seconds=15)


async def test_when_the_only_route_comes_back_the_whole_hand_follows_the_message_on_trial() -> None:
    clock = Clock()
    gateway = Gateway(clock, dies_after=0)
    sender = routed(clock, Route("only", gateway))
    await sender.send(messages(10))
    clock.at += 5.0
    before = gateway.asked
    assert outcomes(await sender.send(messages(10))) == {Outcome.RETRY: 10}
    assert gateway.asked == before + 1, "a trial that fails is one message"
    clock.at += 10.0
    gateway.dies_after, gateway.slow_s = None, 1.0
    assert outcomes(await sender.send(messages(10))) == {Outcome.ACCEPTED: 10}
    assert gateway.times == [16.0] + [17.0] * 9
    assert list(gateway.got) == [f"k{n}" for n in range(10)]


async def test_a_trial_that_takes_all_the_time_there_is_leaves_the_rest_to_the_next_batch() -> None:
    clock = Clock()
    gateway = Gateway(clock, dies_after=0)
    sender = routed(clock, Route("only", gateway))
    await sender.send(messages(10))
    clock.at += 5.0
    gateway.dies_after, gateway.slow_s = None, 31.0
    first, *rest = await sender.send(messages(10))
    assert first.outcome is Outcome.ACCEPTED
    assert {(one.outcome, one.reason, one.evidence) for one in rest} == {(
        Outcome.RETRY, Reason.UNREACHABLE, "not tried: the message on trial took all the time there was")}


async def test_a_standby_that_fell_silent_is_tried_with_one_message_though_it_is_not_its_turn() -> None:
    clock = Clock()
    first, spare = Gateway(clock), Gateway(clock)
    standby = Route("spare", spare, weight=0)
    standby.breaker.silent(0, messages=3)
    clock.at += 5.0
    sender = routed(clock, Route("first", first), standby)
    await sender.send(messages(10))
    await sender.send(messages(10))
    assert (len(first.got), len(spare.got)) == (10, 1)
    assert first.got.total() == 19


async def test_the_rate_of_a_route_is_kept_and_what_finds_no_time_waits_for_the_next_batch() -> None:
    clock = Clock()
    a = Gateway(clock)
    receipts = await routed(clock, Route("a", a, rate_per_s=10), within_s=5).send(messages(100))
    # Ten at once, then ten a second while there is time: at 0, 1, 2, 3 and 4 s.
    assert Counter(a.times) == {0.0: 10, 1.0: 10, 2.0: 10, 3.0: 10, 4.0: 10}
    assert outcomes(receipts) == {Outcome.ACCEPTED: 50, Outcome.RETRY: 50}
    assert {receipt.reason for receipt in receipts if receipt.outcome is Outcome.RETRY} == {Reason.RATE_LIMITED}


async def test_what_one_route_is_too_slow_for_goes_over_another() -> None:
    clock = Clock()
    slow, fast = Gateway(clock), Gateway(clock)
    sender = routed(clock, Route("slow", slow, rate_per_s=1, weight=1), Route("fast", fast, weight=0), within_s=5)
    receipts = await sender.send(messages(100))
    assert outcomes(receipts) == {Outcome.ACCEPTED: 100}
    assert (len(slow.got), len(fast.got)) == (5, 95)


async def test_no_further_route_is_tried_once_the_time_for_the_batch_is_over() -> None:
    clock = Clock()
    a, b = Gateway(clock, dies_after=0, slow_s=31.0), Gateway(clock)
    receipts = await routed(clock, Route("a", a, weight=1), Route("b", b, weight=0), within_s=30).send(messages(3))
    assert outcomes(receipts) == {Outcome.RETRY: 3}
    assert not b.got


async def test_a_route_whose_gateway_is_in_doubt_carries_only_what_no_other_can() -> None:
    clock = Clock()
    doubtful, good = Gateway(clock), Gateway(clock)
    doubtful.note = "accepts everything, delivers nothing: call its operator"
    sender = routed(clock, Route("doubtful", doubtful), Route("good", good))
    await sender.send(messages(10))
    assert (len(doubtful.got), len(good.got)) == (0, 10)
    assert sender.states()[0].note == doubtful.note


async def test_an_operator_takes_a_route_out_and_puts_it_in_again() -> None:
    clock = Clock()
    a, b = Gateway(clock), Gateway(clock)
    sender = routed(clock, Route("a", a), Route("b", b))
    sender.skip(frozenset({"a"}))
    await sender.send(messages(10))
    assert (len(a.got), len(b.got)) == (0, 10)
    sender.skip(frozenset())
    await sender.send(messages(10))
    assert len(a.got) == 5


async def test_an_operator_says_try_and_the_pause_is_over() -> None:
    clock = Clock()
    a = Gateway(clock, dies_after=0)
    sender = routed(clock, Route("a", a))
    await sender.send(messages(5))
    a.dies_after = None
    sender.try_now("a")
    assert outcomes(await sender.send(messages(1))) == {Outcome.ACCEPTED: 1}
    assert sender.states()[0].circuit is Circuit.CLOSED


async def test_a_text_must_fit_every_route() -> None:
    clock = Clock()
    sender = routed(clock, Route("a", Gateway(clock, max_chars=70)), Route("b", Gateway(clock)), Route("c", Gateway(clock, max_chars=500)))
    assert sender.limits.max_chars == 70


async def test_a_crowd_is_shared_and_moved_the_same_way() -> None:
    clock = Clock()
    a, b = Gateway(clock, dies_after=10), Gateway(clock)
    crowd = Crowd(message=messages(1)[0], addresses=[f"a{n}" for n in range(100)], numbers=range(500, 600))
    said = await routed(clock, Route("a", a), Route("b", b)).send_crowd(crowd)
    assert said.outcomes == [Outcome.ACCEPTED] * 100
    assert sorted((a.got + b.got).elements()) == sorted(f"k0.{n}" for n in range(500, 600))
    assert {said.evidence.get(place, said.common) for place in range(100)} == {"a: taken", "b: taken"}
    by = [said.evidence.get(place, said.common).partition(":")[0] for place in range(100)]
    assert said.external_ids == [f"{route}/gk0.{n}" for route, n in zip(by, range(500, 600), strict=True)]


async def test_a_pause_for_which_a_gateway_asks_is_handed_on_with_the_crowd() -> None:
    clock = Clock()

    class Busy(Gateway):
        async def send(self, messages: Sequence[Message]) -> list[Receipt]:
            return [Receipt(key=m.key, outcome=Outcome.RETRY, at=NOW, reason=Reason.REFUSED, evidence="HTTP 503",
                            retry_after=timedelta(seconds=7)) for m in messages]

    said = await routed(clock, Route(name="a", sender=Busy(clock))).send_crowd(
        Crowd(message=messages(1)[0], addresses=["a0", "a1"], numbers=[0, 1]))
    assert said.waits == {0: timedelta(seconds=7), 1: timedelta(seconds=7)}


async def test_a_route_that_breaks_while_sending_leaves_unknown_what_it_had_in_hand_and_others_are_not_harmed() -> None:
    class Broken(Gateway):
        async def send(self, messages: Sequence[Message]) -> list[Receipt]:
            raise RuntimeError(f"a fault of the adapter with {len(messages)} messages")

    clock = Clock()
    b = Gateway(clock)
    receipts = await routed(clock, Route("a", Broken(clock)), Route("b", b)).send(messages(10))
    assert outcomes(receipts) == {Outcome.UNKNOWN: 5, Outcome.ACCEPTED: 5}
    assert {receipt.evidence for receipt in receipts if receipt.outcome is Outcome.UNKNOWN} == {"a: the route failed while sending: RuntimeError"}


def test_a_circuit_opens_after_three_silent_messages_and_not_when_answers_stand_between() -> None:
    breaker = Breaker(trip_after=3, pause_s=5, longest_s=15)
    breaker.silent(0, messages=2)
    breaker.answered()
    breaker.silent(0, messages=2)
    assert breaker.state(0) is Circuit.CLOSED
    breaker.silent(0, messages=1)
    assert (breaker.state(4.9), breaker.state(5.0), breaker.room(5.0)) == (Circuit.OPEN, Circuit.HALF_OPEN, 1)
    breaker.taken(5.0)
    assert breaker.room(5.0) == 0, "one trial at a time"
    for at, opens_in in ((5.0, 10.0), (15.0, 15.0), (30.0, 15.0)):
        breaker.silent(at, messages=1)
        assert breaker.opens_in(at) == opens_in
        breaker.silent(at + 1, messages=9)
        assert breaker.opens_in(at + 1) == opens_in - 1, "what was under way when it opened does not lengthen the pause"
    breaker.answered()
    breaker.silent(50, messages=3)
    assert breaker.opens_in(50) == 5.0, "once it has answered the first pause is short again"


def test_what_says_nothing_of_the_endpoint_frees_the_trial_and_so_does_an_operator() -> None:
    breaker = Breaker(trip_after=1, pause_s=5)
    breaker.try_now(0)
    assert breaker.room(0) is None, "a closed circuit needs no trial"
    breaker.silent(0, messages=1)
    for free in (breaker.untold, lambda: breaker.try_now(6)):
        breaker.taken(6)
        assert breaker.room(6) == 0
        free()
        assert breaker.room(6) == 1


def test_a_bucket_lets_the_burst_through_and_then_the_rate() -> None:
    bucket = Bucket(2.0)
    assert [bucket.take(1, 0.0) for _ in range(4)] == [0.0, 0.0, 0.5, 1.0]
    assert [bucket.take(1, 10.0) for _ in range(3)] == [0.0, 0.0, 0.5], "a long rest is worth no more than the burst"
    bucket.give_back(2)
    assert [bucket.take(1, 10.0), bucket.take(1, 10.0)] == [0.0, 0.5]
    assert Bucket(None).take(1000, 0.0) == 0.0
    assert [Bucket(rate).portion for rate in (None, 0.5, 2.5)] == [None, 1, 2]


async def test_neither_a_bad_address_nor_a_rate_without_time_keeps_a_route_on_trial_for_ever() -> None:
    clock = Clock()
    gateway = Gateway(clock, dies_after=0)
    route = Route("only", gateway, rate_per_s=10.0)
    sender = routed(clock, route, within_s=0.5)
    await sender.send(messages(3))
    clock.at += 5.0
    route.bucket.take(20, clock.at)
    assert outcomes(await sender.send(messages(1))) == {Outcome.RETRY: 1}
    assert (sender.states()[0].circuit, sender.closed_for()) == (Circuit.HALF_OPEN, 0.0)
    clock.at += 5.0
    gateway.dead = Outcome.REJECTED, Reason.BAD_ADDRESS
    await sender.send(messages(1))
    assert (sender.states()[0].circuit, sender.closed_for()) == (Circuit.HALF_OPEN, 0.0)
    gateway.dead = Outcome.REJECTED, Reason.REFUSED
    await sender.send(messages(1))
    assert sender.states()[0].circuit is Circuit.CLOSED, "a refusal is an answer"


async def test_a_channel_is_closed_for_as_long_as_every_route_is_silent_or_taken_out() -> None:
    clock = Clock()
    a, b = Gateway(clock, dies_after=0), Gateway(clock, dies_after=0)
    sender = routed(clock, Route("a", a), Route("b", b))
    assert sender.closed_for() == 0
    await sender.send(messages(10))
    assert sender.closed_for() == 5.0
    clock.at += 2.0
    assert sender.closed_for() == 3.0
    clock.at += 3.0
    assert sender.closed_for() == 0, "one message may be tried"
    sender.skip(frozenset({"a", "b"}))
    assert sender.closed_for() > 0
    gates = Gates()
    gates.watch("sms", sender.closed_for)
    assert gates.pause("sms", now=NOW, expires=NOW + timedelta(hours=1)) > 0
    assert gates.pause("sms", now=NOW, expires=NOW) == 0, "an expiry is written down at once"
    assert gates.pause("email", now=NOW, expires=NOW + timedelta(hours=1)) == 0
