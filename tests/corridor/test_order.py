"""Order between versions: never an end without a start, never an older version after a newer one, nobody told twice."""

import asyncio
from collections.abc import Sequence

from channels.message import Limits, Message, Outcome, Receipt
from channels.wire.smsc import Faults
from tests.corridor.conftest import AT, Corridor
from warning.app import opened
from warning.level import Level
from warning.settings import load_settings
from warning.store.drill import DrillClock

ONE, TWO = "8613900000001", "8613900000002"
LIFTED = "解除"
BOTH = ("310115", "310116")


async def one_reached_one_in_backoff(corridor: Corridor) -> str:
    """An alert in two batches (one a district): the first went out, the second was throttled and waits for its next try."""
    await corridor.resident(ONE)
    await corridor.resident(TWO, "310116")
    identifier = await corridor.warned(zones=BOTH, level=Level.YELLOW)
    first, second = await corridor.expand(identifier)
    await corridor.deliver(first)
    corridor.smsc.misbehave(Faults(throttle_every=1))
    await corridor.deliver(second)
    corridor.smsc.misbehave(Faults())
    states = await corridor.states(identifier)
    assert states[ONE][0] in ("accepted", "delivered")
    assert states[TWO] == ("queued", "rate_limited")
    return identifier


async def test_a_cancel_during_back_off_goes_to_those_reached_and_to_nobody_else(corridor: Corridor) -> None:
    alert = await one_reached_one_in_backoff(corridor)
    cancel = await corridor.warned(zones=BOTH, level=Level.RED, action="cancel", replaces=alert)  # its jobs run before all others
    async with corridor.working():
        await corridor.drained()
    assert LIFTED not in corridor.heard(ONE)[0]
    assert LIFTED in corridor.heard(ONE)[1]
    assert len(corridor.heard(ONE)) == 2
    assert corridor.heard(TWO) == []
    assert (await corridor.states(alert))[TWO] == ("superseded", "newer_version")
    assert (await corridor.states(cancel))[TWO] == ("muted", "no_start")
    assert (await corridor.deliveries(cancel))[ONE]["role"] == "end"


async def test_an_update_during_back_off_is_the_one_version_that_is_told(corridor: Corridor) -> None:
    alert = await one_reached_one_in_backoff(corridor)
    update = await corridor.warned(zones=BOTH, level=Level.RED, action="update", replaces=alert)
    async with corridor.working():
        await corridor.drained()
    assert ["红色" in text for text in corridor.heard(ONE)] == [False, True]
    assert ["红色" in text for text in corridor.heard(TWO)] == [True]
    assert (await corridor.states(alert))[TWO] == ("superseded", "newer_version")
    assert (await corridor.states(update))[TWO][0] in ("accepted", "delivered")


class Held:
    """A gateway that answers when it is let."""

    limits = Limits(max_chars=None)

    def __init__(self) -> None:
        self.began, self.let = asyncio.Event(), asyncio.Event()
        self.texts: list[str] = []

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.texts += [message.text for message in messages]
        self.began.set()
        await self.let.wait()
        return [Receipt(key=m.key, outcome=Outcome.ACCEPTED, at=AT, evidence="taken") for m in messages]


async def test_a_cancel_waits_while_its_alert_is_on_the_wire(corridor: Corridor) -> None:
    gateway = Held()
    corridor.parts.dispatch.attach("sms", gateway)
    await corridor.resident(ONE)
    alert = await corridor.warned()
    [first] = await corridor.expand(alert)
    sending = asyncio.create_task(corridor.deliver(first))
    await asyncio.wait_for(gateway.began.wait(), timeout=60)
    cancel = await corridor.warned(action="cancel", replaces=alert)
    await corridor.send(cancel)
    assert (await corridor.states(cancel))[ONE] == ("queued", "")
    assert len(gateway.texts) == 1
    gateway.let.set()
    await sending
    async with corridor.working():
        await corridor.drained()
    assert [LIFTED in text for text in gateway.texts] == [False, True]


async def test_two_workers_that_take_the_same_batch_send_each_person_one_message(corridor: Corridor) -> None:
    numbers = [f"86139000001{n:02d}" for n in range(40)]
    for number in numbers:
        await corridor.resident(number)
    alert = await corridor.warned()
    [batch] = await corridor.expand(alert)
    async with opened(load_settings(corridor.settings_file)) as other:
        assert isinstance(other.clock, DrillClock)
        await asyncio.gather(
            corridor.deliver(batch), other.mass.send(batch.id), corridor.deliver(batch))
    assert {number: len(corridor.heard(number)) for number in numbers} == dict.fromkeys(numbers, 1)
    assert {row["attempts"] for row in (await corridor.deliveries(alert)).values()} == {1}


async def test_an_alert_that_is_expanded_twice_has_one_delivery_each(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    alert = await corridor.warned()
    await asyncio.gather(*(corridor.parts.dispatch.expand(alert) for _ in range(3)))
    assert [row["n"] for row in await corridor.rows("SELECT count(*) AS n FROM recipient")] == [1]
    assert [row["n"] for row in await corridor.rows("SELECT count(*) AS n FROM crowd")] == [1]


async def test_two_warnings_of_one_place_and_one_address_twice_over_two_places_are_each_told_once(corridor: Corridor) -> None:
    # The same phone registered for home and work: one message per place is what was asked for, never two for one place.
    await corridor.resident(ONE)
    await corridor.resident(ONE)
    alert = await corridor.warned()
    await corridor.send(alert)
    assert len(corridor.heard(ONE)) == 1
