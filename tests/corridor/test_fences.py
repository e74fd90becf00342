"""Fences around what was learnt the hard way: what overtakes, what comes from a stranger, what is taken up again and again."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from channels.message import Limits, Message, Outcome, Reason, Receipt
from tests.corridor.conftest import APPROVER, AT, FORECASTER, OFFICER, PLACES, Corridor
from warning.account import Account
from warning.dispatch.delivery import RetryPolicy, State, Step
from warning.dispatch.subscribe import OfficeSubscription, ResidentSubscription
from warning.errors import NotAllowed
from warning.issue.hand import HandMade
from warning.level import Level

ONE, TWO = "8613900000001", "8613900000002"
POLICY = RetryPolicy(max_attempts=3)


class Talker:
    """A gateway whose answers hold what no database wants to keep."""

    limits = Limits(max_chars=None)

    def __init__(self, said: str, outcome: Outcome = Outcome.ACCEPTED) -> None:
        self.said, self.outcome = said, outcome

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        return [Receipt(key=m.key, outcome=self.outcome, at=AT, evidence=self.said, external_id=f"g\0{self.said}") for m in messages]


async def test_a_cancel_that_is_expanded_before_its_alert_lets_nobody_be_told_of_a_start_without_end(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    alert = await corridor.warned()
    cancel = await corridor.warned(action="cancel", replaces=alert)
    await corridor.parts.dispatch.expand(cancel)  # its job was quicker
    await corridor.parts.dispatch.expand(alert)
    async with corridor.working():
        await corridor.drained()
    assert (await corridor.states(alert))[ONE] == ("superseded", "newer_version")
    assert (await corridor.states(cancel))[ONE] == ("muted", "no_start")
    assert corridor.heard(ONE) == []


async def test_a_peers_stray_bytes_do_not_undo_the_record_of_what_has_left(corridor: Corridor) -> None:
    await corridor.office("duty", "/office")
    corridor.parts.dispatch.attach("webhook", Talker("ok \0 \udcff"))
    alert = await corridor.warned()
    await corridor.send(alert)
    [end] = (await corridor.deliveries(alert)).values()
    assert (end["state"], end["evidence"]) == ("accepted", "ok  ?")


async def test_a_late_receipt_with_stray_bytes_is_written_too(corridor: Corridor) -> None:
    await corridor.office("duty", "/office")
    corridor.parts.dispatch.attach("webhook", Talker("ok"))
    alert = await corridor.warned()
    await corridor.send(alert)
    [end] = (await corridor.deliveries(alert)).values()
    await corridor.parts.dispatch.on_receipt(
        Receipt(key=f"{alert}.{end['id']}", outcome=Outcome.DELIVERED, at=AT, evidence="read \0 it"))
    await corridor.parts.dispatch.flush()
    [end] = (await corridor.deliveries(alert)).values()
    assert (end["state"], end["evidence"]) == ("delivered", "ok; read  it")


async def test_a_worker_that_was_called_dead_cannot_write_over_the_try_of_the_one_that_took_over(corridor: Corridor) -> None:
    await corridor.office("duty", "/office")
    alert = await corridor.warned()
    [batch] = await corridor.expand(alert)
    ledger, stored, policy = corridor.parts.ledger, await corridor.parts.ledger.alert(alert), POLICY
    [first] = (await ledger.claim(batch.id, stored, "webhook", after=0, most=9, now=corridor.now, policy=policy)).works
    await corridor.execute("UPDATE delivery SET lease_until = clock_timestamp() - interval '1 second'")
    [second] = (await ledger.claim(batch.id, stored, "webhook", after=0, most=9, now=corridor.now, policy=policy)).works
    assert (first.attempts, second.attempts) == (1, 2)
    gave_up = Step(state=State.FAILED, attempts=1, reason=Reason.REFUSED.value, evidence="of the dead worker", external_id="")
    await ledger.record(stored, "webhook", batch.id, {first.delivery_id: gave_up}, priority=4, now=corridor.now)
    [end] = (await corridor.deliveries(alert)).values()
    assert (end["state"], end["evidence"], end["maybe_twice"]) == ("claimed", "", True)


async def test_a_batch_that_kills_whoever_takes_it_up_ends_failed_with_a_next_step(corridor: Corridor) -> None:
    await corridor.office("duty", "/office")
    alert = await corridor.warned()
    [batch] = await corridor.expand(alert)
    stored, policy = await corridor.parts.ledger.alert(alert), POLICY
    for _ in range(2 * policy.max_attempts):
        assert (await corridor.parts.ledger.claim(batch.id, stored, "webhook", after=0, most=9, now=corridor.now, policy=policy)).works
        await corridor.execute("UPDATE delivery SET lease_until = clock_timestamp() - interval '1 second'")
    assert (await corridor.parts.ledger.claim(batch.id, stored, "webhook", after=0, most=9, now=corridor.now, policy=policy)).works == ()
    [end] = (await corridor.deliveries(alert)).values()
    assert (end["state"], end["reason"], end["evidence"]) == ("failed", "timeout", "taken up again and again without an answer")


async def test_a_district_may_not_end_a_warning_that_is_wider_than_itself(corridor: Corridor) -> None:
    wide = await corridor.warned(zones=("310115", "310120"), level=Level.ORANGE)
    pudong = Account(name="pudong desk", role="forecaster", area="310115")
    narrow = HandMade(
        issuer="310000", hazard="rainstorm", event_code="11B03", level=Level.ORANGE, zones=("310115",), onset=corridor.now,
        expires=corridor.now + timedelta(hours=3), action="cancel", replaces=wide, note="over")
    with pytest.raises(NotAllowed, match="310120"):
        await corridor.parts.issue.compose(narrow, account=pudong)
    # Composed by somebody who may, it cannot be signed by somebody who may not.
    proposal = await corridor.parts.issue.compose(narrow, account=FORECASTER)
    await corridor.parts.issue.submit(proposal, account=FORECASTER, revision=1, changes={})
    with pytest.raises(NotAllowed, match="310120"):
        await corridor.parts.issue.approve(proposal, account=Account(name="lin of Pudong", role="approver", area="310115"), revision=2)
    assert await corridor.parts.issue.approve(proposal, account=APPROVER, revision=2)


async def test_one_person_with_several_places_in_the_warned_area_is_told_once(corridor: Corridor) -> None:
    lat, lon = PLACES["310115"]
    for step in range(3):  # home, work and school: three cells of one district
        await corridor.parts.subscriptions.resident(ResidentSubscription(
            channel="sms", address=ONE, lat=lat + 0.02 * step, lon=lon, min_level="blue", lane="exercise"))
    assert [row["n"] for row in await corridor.rows("SELECT count(DISTINCT cell) AS n FROM subscription")] == [3]
    alert = await corridor.warned()
    await corridor.send(alert)
    await corridor.send(await corridor.warned(action="cancel", replaces=alert))
    assert len(corridor.heard(ONE)) == 2


async def test_the_open_door_for_residents_changes_nothing_that_its_owner_chose(corridor: Corridor) -> None:
    await corridor.resident(ONE, min_level="blue")
    lat, lon = PLACES["310115"]
    stranger = ResidentSubscription(channel="sms", address=ONE, lat=lat, lon=lon, min_level="red")  # somebody else, who knows the number
    await corridor.parts.registration.ask(stranger)
    [kept] = await corridor.rows("SELECT min_level, active FROM subscription")
    assert (kept["min_level"], kept["active"]) == (int(Level.BLUE), True)
    await corridor.parts.subscriptions.stop("sms", ONE)
    await corridor.parts.registration.ask(stranger)
    [kept] = await corridor.rows("SELECT active FROM subscription")
    assert kept["active"] is False


async def test_a_stop_mutes_what_is_still_queued(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    first = await corridor.resident(TWO)
    await corridor.resident(TWO, "310120")
    await corridor.resident(three := "8613900000003")
    await corridor.resident(three, "310120")
    alert = await corridor.warned()
    waiting = await corridor.expand(alert)
    await corridor.parts.subscriptions.stop("sms", f"+{ONE}")
    await corridor.parts.subscriptions.stop("sms", three)
    await corridor.execute("UPDATE subscription SET active = false WHERE id = :id", id=first)  # he has another place, and has not said STOP
    for batch in waiting:
        await corridor.deliver(batch)
    ends = await corridor.states(alert)
    assert ends[ONE] == ("muted", "stopped")
    assert ends[TWO][0] in ("accepted", "delivered")
    assert ends[three] == ("muted", "stopped"), "at all his places"
    assert (len(corridor.heard(ONE)), len(corridor.heard(TWO)), len(corridor.heard(three))) == (0, 1, 0)
    await corridor.parts.subscriptions.office(OfficeSubscription(name="duty", channel="sms", address=ONE, zones=("310115",)), account=OFFICER)
    await corridor.parts.subscriptions.stop("sms", ONE)
    assert await corridor.rows("SELECT active FROM subscription WHERE kind = 'office'") == [{"active": True}], "duty is ended by the office, not by a text"
