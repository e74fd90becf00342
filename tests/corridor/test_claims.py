"""The claiming transaction at its edges: what it sees of other versions that are signed, on the wire, or were on it when a worker died."""

import asyncio

import pytest
from sqlalchemy import text

from channels.crowd import Crowd, CrowdReceipt
from channels.message import Outcome, Receipt
from tests.corridor.conftest import AT, PLACES, Corridor, until
from tests.corridor.test_fences import POLICY
from tests.corridor.test_mass import MAIL, Slow, falls_back, registered
from warning.dispatch.delivery import State
from warning.dispatch.mass.outcome import came_late
from warning.dispatch.mass.sheet import CODE
from warning.dispatch.subscribe import ResidentSubscription
from warning.dispatch.work import Hand
from warning.store.crowd import sheet_of, write
from warning.store.mass import MassStore
from warning.store.mass_queries import SOME

ONE = "8613900000001"


async def claimed(corridor: Corridor, identifier: str, batch_id: int) -> Hand:
    stored = await corridor.parts.ledger.alert(identifier)
    return await corridor.parts.ledger.claim(batch_id, stored, "webhook", after=0, most=9, now=corridor.now, policy=POLICY)


async def test_an_older_version_waits_for_a_newer_one_whose_people_are_worked_out_but_not_for_ever(corridor: Corridor) -> None:
    await corridor.office("duty", "/office")
    await corridor.resident(ONE)
    alert = await corridor.warned()
    due = await corridor.expand(alert)
    await corridor.warned(action="cancel", replaces=alert)  # signed; its job has not run
    for batch in due:
        await corridor.deliver(batch)
    assert set((await corridor.states(alert)).values()) == {("queued", "")}
    assert (corridor.smsc.submits, corridor.sink.received["/office"]) == (0, 0)
    await corridor.execute("UPDATE alert SET real_at = real_at - interval '31 seconds'")
    await corridor.execute("UPDATE delivery SET next_try_at = NULL")
    await corridor.execute("UPDATE crowd SET next_try_at = NULL")
    for batch in due:
        await corridor.deliver(batch)
    assert {state for state, _ in (await corridor.states(alert)).values()} <= {"accepted", "delivered"}


async def test_an_offices_older_version_is_superseded_when_a_newer_one_is_there(corridor: Corridor) -> None:
    await corridor.office("duty", "/office")
    alert = await corridor.warned()
    [first] = await corridor.expand(alert)
    update = await corridor.warned(action="update", replaces=alert)
    [second] = await corridor.expand(update)
    await corridor.deliver(first)
    assert set((await corridor.states(alert)).values()) == {("superseded", "newer_version")}
    await corridor.deliver(second)
    assert set((await corridor.states(update)).values()) == {("accepted", "")}
    assert corridor.sink.received["/office"] == 1


@pytest.mark.parametrize("taken_up_first", [False, True])
async def test_an_offices_end_waits_for_the_start_on_the_wire_and_follows_when_its_worker_has_died(corridor: Corridor, *, taken_up_first: bool) -> None:
    await corridor.office("duty", "/office")
    alert = await corridor.warned()
    [first] = await corridor.expand(alert)
    assert len((await claimed(corridor, alert, first.id)).works) == 1
    cancel = await corridor.warned(action="cancel", replaces=alert)
    [last] = await corridor.expand(cancel)
    await corridor.deliver(last)
    assert set((await corridor.states(cancel)).values()) == {("queued", "")}
    await corridor.execute("UPDATE delivery SET lease_until = clock_timestamp() - interval '1 second' WHERE state = 'claimed'")
    await corridor.execute("UPDATE delivery SET next_try_at = NULL")
    if taken_up_first:
        await corridor.deliver(first)
        assert set((await corridor.states(alert)).values()) == {("superseded", "newer_version_unsure")}
    await corridor.deliver(last)
    assert set((await corridor.states(cancel)).values()) == {("accepted", "")}, "the start may have left, so its end is owed"
    if taken_up_first:
        [told] = (await corridor.deliveries(alert)).values()
        await corridor.parts.dispatch.on_receipt(Receipt(key=f"{alert}.{told['id']}", outcome=Outcome.DELIVERED, at=AT, evidence="read"))
        await corridor.parts.dispatch.flush()
        assert set((await corridor.states(alert)).values()) == {("delivered", "")}


async def test_an_offices_end_sees_a_start_that_another_worker_is_claiming_at_this_moment(corridor: Corridor) -> None:
    await corridor.office("duty", "/office")
    alert = await corridor.warned()
    await corridor.expand(alert)
    cancel = await corridor.warned(action="cancel", replaces=alert)
    [last] = await corridor.expand(cancel)
    event = (await corridor.parts.ledger.alert(alert)).event_id
    async with corridor.parts.database.begin() as other:
        await other.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:k, 0))"), {"k": f"{event}/webhook"})
        await other.execute(text(
            "UPDATE delivery SET state = 'claimed', attempts = 1, lease_until = clock_timestamp() + interval '1 minute' WHERE identifier = :i"), {"i": alert})
        ending = asyncio.create_task(claimed(corridor, cancel, last.id))

        async def waits() -> bool:
            return ending.done() or bool(await corridor.rows(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))

        await until(waits)
    assert (await ending).works == ()
    assert set((await corridor.states(cancel)).values()) == {("queued", "")}, "never muted as an end without a start"


async def test_residents_end_sees_a_start_that_another_worker_is_claiming_at_this_moment(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    alert = await corridor.warned()
    await corridor.expand(alert)
    cancel = await corridor.warned(action="cancel", replaces=alert)
    [last] = await corridor.expand(cancel)
    async with corridor.parts.database.begin() as other:
        await other.execute(text("UPDATE crowd SET codes = :claimed, attempt = 1, lease_until = clock_timestamp() + interval '1 minute' "
                                 "WHERE identifier = :i"), {"i": alert, "claimed": bytes([CODE[State.CLAIMED]])})
        ending = asyncio.create_task(corridor.deliver(last))

        async def waits() -> bool:
            return ending.done() or bool(await corridor.rows(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))

        await until(waits)
    await ending
    assert await corridor.states(cancel) == {ONE: ("queued", "")}, "never muted as an end without a start"


async def test_a_report_that_another_process_writes_while_a_hand_is_written_down_is_not_lost(corridor: Corridor) -> None:
    await registered(corridor, 2, "310115")
    [due] = await corridor.expand(await corridor.warned())
    store, now = corridor.parts.mass._ledger, corridor.now
    assert isinstance(store, MassStore)
    claim = await store.claim(due.id, firsts={"sms": 1}, now=now, policy=POLICY)
    assert claim is not None
    first, second = claim.numbers.tolist()
    taken = CrowdReceipt(outcomes=[Outcome.ACCEPTED], external_ids=["a"], common="ok")

    async def advanced(went: int, upcoming: list[int]) -> None:
        await store.advance(claim, [went], taken, upcoming, chain="c", first=False, now=now, policy=POLICY, fall_back_s=None)

    await advanced(0, [1])
    async with corridor.parts.database.begin() as other:
        # Another process has heard from the first handset, and its transaction is still open when the second answer is to be written.
        row = (await other.execute(text(SOME), {"ids": [due.id]})).one()
        sheet = sheet_of(row)
        assert came_late(sheet, {first: Receipt(key="", outcome=Outcome.DELIVERED, at=AT, evidence="DELIVRD")})
        await write(other, [(due.id, sheet)])
        writing = asyncio.create_task(advanced(1, []))

        async def waits() -> bool:
            return writing.done() or bool(await corridor.rows(
                "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))

        await until(waits)
    await writing
    [kept] = await corridor.rows("SELECT codes FROM crowd WHERE id = :i", i=due.id)
    assert [kept["codes"][place] for place in (first, second)] == [CODE[State.DELIVERED], CODE[State.ACCEPTED]]


async def test_a_batch_under_way_is_put_down_when_a_newer_version_is_signed(corridor: Corridor) -> None:
    class Told(Slow):
        async def send_crowd(self, crowd: Crowd) -> CrowdReceipt:
            if not self.handed:
                self.cancel = await corridor.warned(action="cancel", replaces=alert)
                # Another worker has its job: nothing else in the queue is more urgent than this batch.
                await corridor.execute("UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 hour' WHERE status = 'todo'")
            return await super().send_crowd(crowd)

    gateway = Told()
    corridor.parts.dispatch.attach("sms", gateway)
    await registered(corridor, 200, "310115")
    alert = await corridor.warned()
    vanguard, _ = await corridor.expand(alert)
    await corridor.deliver(vanguard)
    assert gateway.handed == [(alert, 20)], "of a hundred people the first hand, and nobody after it"
    for batch in await corridor.expand(gateway.cancel):
        await corridor.deliver(batch)
    assert gateway.handed == [(alert, 20), (gateway.cancel, 20)], "who heard the start hears the end"


async def test_a_warning_that_has_a_newer_version_falls_back_to_nobody(corridor: Corridor) -> None:
    alert, mails = await falls_back(corridor)
    await corridor.warned(action="cancel", replaces=alert)
    assert await corridor.parts.mass.fall_back() == 0
    assert await corridor.rows("SELECT 1 FROM crowd WHERE falls_from IS NOT NULL") == []
    assert mails == []


async def test_a_handset_that_fails_is_not_waited_for_the_next_channel_is_told_at_once(corridor: Corridor) -> None:
    alert, mails = await falls_back(corridor)
    await corridor.execute("UPDATE crowd SET fall_back_at = clock_timestamp() + interval '1 hour'")
    told = (await corridor.deliveries(alert))[ONE]
    await corridor.parts.dispatch.on_receipt(
        Receipt(key=f"{alert}.c{told['crowd_id']}.{told['number']}", outcome=Outcome.REJECTED, at=AT, evidence="UNDELIV"))
    await corridor.parts.dispatch.flush()
    assert await corridor.parts.mass.fall_back() == 1
    await corridor.execute("UPDATE crowd SET fall_back_at = clock_timestamp() WHERE identifier = :i AND falls_from IS NULL", i=alert)
    assert await corridor.parts.mass.fall_back() == 0, "nobody is told there a second time"
    async with corridor.working():
        await corridor.drained()
    assert len(mails) == 1


async def test_who_is_registered_on_the_next_channel_himself_is_not_told_there_twice(corridor: Corridor) -> None:
    alert, mails = await falls_back(corridor)
    lat, lon = PLACES["310115"]
    await corridor.parts.subscriptions.resident(
        ResidentSubscription(channel="email", address=MAIL, lat=lat, lon=lon, min_level="blue", lane="exercise"))
    await corridor.execute("UPDATE crowd SET fall_back_at = NULL")
    update = await corridor.warned(action="update", replaces=alert)
    await corridor.send(update)
    assert [(mail.address, mail.identifier) for mail in mails] == [(MAIL, update)]
    await corridor.execute("UPDATE crowd SET fall_back_at = clock_timestamp() WHERE identifier = :i AND channel = 'sms'", i=update)
    assert await corridor.parts.mass.fall_back() == 0
    assert await corridor.rows("SELECT 1 FROM crowd WHERE falls_from IS NOT NULL") == []


async def test_a_batch_that_a_worker_holds_is_left_alone_by_a_second_job_for_it(corridor: Corridor) -> None:
    class Doubled(Slow):
        doubled = False

        async def send_crowd(self, crowd: Crowd) -> CrowdReceipt:
            if not self.doubled:
                self.doubled = True
                await corridor.deliver(batch)
            return await super().send_crowd(crowd)

    gateway = Doubled()
    corridor.parts.dispatch.attach("sms", gateway)
    await registered(corridor, 20, "310115")
    alert = await corridor.warned()
    [batch] = await corridor.expand(alert)
    await corridor.deliver(batch)
    assert gateway.doubled
    assert gateway.handed == [(alert, 20)], "each once, though two jobs named the batch"
