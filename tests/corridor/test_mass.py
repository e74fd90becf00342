"""The mass lane on the real ledger: red overtakes blue, a retraction is one step each for two people, the next channel of the same person."""

import asyncio
from collections.abc import Sequence

import pytest

from channels.crowd import Crowd, CrowdReceipt
from channels.message import Limits, Message, Outcome, Receipt
from tests.corridor.conftest import APPROVER, AT, FORECASTER, PLACES, Corridor, until
from warning.dispatch.subscribe import FallBack, ResidentSubscription
from warning.errors import Conflict, Invalid, NotAllowed
from warning.level import Level
from warning.store import muster, progress
from warning.web.retract import retract

FIRST, ONE, MAIL = "8613900000000", "8613900000001", "one@residents.example"


class Slow:
    """A gateway of 200 a second, if not told otherwise, that keeps the order in which warnings came to it."""

    def __init__(self, answer: Outcome = Outcome.ACCEPTED, *, a_second: int = 200) -> None:
        self.answer, self.a_second = answer, a_second
        self.limits = Limits(max_chars=None, batch=20)
        self.handed: list[tuple[str, int]] = []

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        raise AssertionError(f"{len(messages)} people are handed over as a crowd")

    async def send_crowd(self, crowd: Crowd) -> CrowdReceipt:
        self.handed.append((crowd.message.identifier, len(crowd.addresses)))
        await asyncio.sleep(len(crowd.addresses) / self.a_second)
        n = len(crowd.addresses)
        return CrowdReceipt(outcomes=[self.answer] * n, external_ids=[f"{crowd.key(i)}" for i in range(n)], common="taken")


async def registered(corridor: Corridor, count: int, zone: str) -> None:
    await corridor.execute(
        "INSERT INTO subscription (kind, lane, channel, address, language, min_level, cell, district) "
        "SELECT 'resident', 'exercise', 'sms', CAST(:base + n AS text), 'zh-CN', 1, 'c3115_12165', CAST(:zone AS text) "
        "FROM generate_series(1, :count) n", base=8613900000000 + (int(zone) - 310000) * 100_000, zone=zone, count=count)


async def test_a_red_warning_is_handed_over_before_the_rest_of_a_blue_one_that_is_under_way(corridor: Corridor) -> None:
    gateway = Slow(a_second=80)
    corridor.parts.dispatch.attach("sms", gateway)
    await registered(corridor, 1500, "310115")
    await registered(corridor, 10, "310116")
    async with corridor.working(concurrency=1):
        blue = await corridor.warned(level=Level.BLUE)

        async def under_way() -> bool:
            return len(gateway.handed) >= 8

        await until(under_way)
        red = await corridor.warned(zones=("310116",), issuer="310116", level=Level.RED)
        before = len(gateway.handed)

        async def red_left() -> bool:
            return any(identifier == red for identifier, _ in gateway.handed)

        await until(red_left)
        place = next(n for n, (identifier, _) in enumerate(gateway.handed) if identifier == red)
        left = (await progress.counts(corridor.parts.database, blue))["sms"].get("queued", 0)
    assert place - before <= 2, "the batch is put down after the hand that is under way, not at its end"
    assert left > 500, "the blue one was far from done"


async def test_the_first_hundred_of_a_blue_warning_are_told_while_a_red_one_is_under_way_and_the_rest_after_it(corridor: Corridor) -> None:
    gateway = Slow()
    corridor.parts.dispatch.attach("sms", gateway)
    await registered(corridor, 1500, "310115")
    await registered(corridor, 130, "310116")
    async with corridor.working(concurrency=1):
        red = await corridor.warned(level=Level.RED)

        async def under_way() -> bool:
            return sum(count for identifier, count in gateway.handed if identifier == red) > 200

        await until(under_way, within_s=60)
        blue = await corridor.warned(zones=("310116",), issuer="310116", level=Level.BLUE)

        async def blue_left() -> bool:
            return any(identifier == blue for identifier, _ in gateway.handed)

        await until(blue_left, within_s=60)
        left = (await progress.counts(corridor.parts.database, red))["sms"].get("queued", 0)
        await corridor.drained(within_s=120)
    assert left > 300, "the red one was far from done"
    told = [identifier for identifier, count in gateway.handed for _ in range(count)]
    last_red = len(told) - 1 - told[::-1].index(red)
    assert (told[:last_red].count(blue), told[last_red:].count(blue)) == (100, 30)
    assert told.count(red) == 1500


async def test_working_out_whom_a_blue_warning_concerns_makes_room_for_a_red_one_after_its_first_page(
    corridor: Corridor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(muster, "PAGE", 50)
    await registered(corridor, 130, "310116")
    blue = await corridor.warned(zones=("310116",), issuer="310116", level=Level.BLUE)
    await corridor.warned(level=Level.RED)  # nobody has looked at it yet: its job waits
    await corridor.parts.dispatch.expand(blue)
    assert (await corridor.rows("SELECT sum(size) AS n FROM crowd WHERE identifier = :i", i=blue))[0]["n"] == 50
    jobs = await corridor.rows("SELECT args->>'identifier' AS identifier FROM procrastinate_jobs WHERE task_name = 'xiaoxishu.expand' "
                               "AND status = 'todo' ORDER BY priority DESC, id")
    assert [job["identifier"] == blue for job in jobs] == [False, True, True]
    async with corridor.working():
        await corridor.drained(within_s=60)
    assert {state for state, _ in (await corridor.states(blue)).values()} <= {"accepted", "delivered"}
    assert len(await corridor.states(blue)) == 130


async def test_a_blue_update_of_a_red_warning_is_worked_out_before_the_reds_thousands_and_gives_way_to_none_of_them(
    corridor: Corridor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registered(corridor, 130, "310116")
    red = await corridor.warned(zones=("310116",), issuer="310116", level=Level.RED)
    await corridor.parts.dispatch.expand(red)  # its people wait for a worker
    monkeypatch.setattr(muster, "PAGE", 20)
    monkeypatch.setattr(muster, "ROOTS_PAGE", 1)
    blue = await corridor.warned(zones=("310116",), issuer="310116", level=Level.BLUE, action="update", replaces=red)
    await corridor.parts.dispatch.expand(blue)
    assert (await corridor.rows("SELECT sum(size) AS n FROM crowd WHERE identifier = :i", i=blue))[0]["n"] == 130
    async with corridor.working():
        await corridor.drained()
    assert set((await corridor.states(red)).values()) == {("superseded", "newer_version")}
    assert {state for state, _ in (await corridor.states(blue)).values()} <= {"accepted", "delivered"}


async def test_a_blue_update_of_an_orange_warning_that_gives_way_to_red_still_goes_before_the_oranges_thousands(
    corridor: Corridor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await registered(corridor, 130, "310116")
    orange = await corridor.warned(zones=("310116",), issuer="310116", level=Level.ORANGE)
    await corridor.parts.dispatch.expand(orange)
    await corridor.warned(level=Level.RED)  # its job waits
    monkeypatch.setattr(muster, "PAGE", 20)
    monkeypatch.setattr(muster, "ROOTS_PAGE", 1)
    blue = await corridor.warned(zones=("310116",), issuer="310116", level=Level.BLUE, action="update", replaces=orange)
    await corridor.parts.dispatch.expand(blue)
    assert (await corridor.rows("SELECT sum(size) AS n FROM crowd WHERE identifier = :i", i=blue))[0]["n"] == 100
    [on] = await corridor.rows("SELECT min(priority) AS rank FROM procrastinate_jobs WHERE args->>'identifier' = :i AND status = 'todo'", i=blue)
    [thousands] = await corridor.rows("SELECT min(priority) AS rank FROM crowd WHERE identifier = :i", i=orange)
    assert on["rank"] > thousands["rank"]


async def test_a_blue_warning_that_gave_way_goes_on_and_tells_each_person_once(corridor: Corridor) -> None:
    gateway = Slow()
    corridor.parts.dispatch.attach("sms", gateway)
    await registered(corridor, 120, "310115")
    await registered(corridor, 10, "310116")
    async with corridor.working():
        blue = await corridor.warned(level=Level.BLUE)

        async def begun() -> bool:
            return bool(gateway.handed)

        await until(begun)
        red = await corridor.warned(zones=("310116",), issuer="310116", level=Level.RED)
        await corridor.drained()
    counts = await progress.counts(corridor.parts.database, blue)
    assert counts["sms"] == {"accepted": 120}
    assert sum(n for identifier, n in gateway.handed if identifier == blue) == 120
    assert (await progress.counts(corridor.parts.database, red))["sms"] == {"accepted": 10}
    assert {row["attempts"] for row in await corridor.rows("SELECT attempts FROM recipient")} == {1}
    [line] = await progress.steps(corridor.parts.database, blue)
    assert (line.channel, line.district, line.counts, line.twice) == ("sms", "310115", {"accepted": 120}, 0)


async def test_a_retraction_is_one_step_for_a_forecaster_and_one_for_an_approver_and_says_what_was_wrong(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    alert = await corridor.warned(level=Level.ORANGE)
    await corridor.send(alert)
    made = await retract(corridor.parts, alert, reason="test message sent by mistake 误发", account=FORECASTER)
    assert made.retracts == alert
    with pytest.raises(NotAllowed, match="the person who submitted it may not approve it"):
        await corridor.parts.issue.approve(made.proposal, account=FORECASTER, revision=made.revision)
    cancel = await corridor.parts.issue.approve(made.proposal, account=APPROVER, revision=made.revision)
    await corridor.send(cancel)
    assert len(corridor.heard(ONE)) == 2
    assert "更正：test message sent by mistake 误发" in corridor.heard(ONE)[1]
    [row] = await corridor.rows("SELECT msg_type, cap_xml FROM alert WHERE identifier = :i", i=cancel)
    assert row["msg_type"] == "Cancel"
    assert "Correction: test message sent by mistake 误发" in row["cap_xml"]
    with pytest.raises(Conflict, match="nothing left to retract"):
        await retract(corridor.parts, alert, reason="again", account=FORECASTER)


async def test_a_retraction_without_a_reason_is_refused_and_leaves_nothing_behind(corridor: Corridor) -> None:
    alert = await corridor.warned()
    with pytest.raises(Invalid, match="say what was wrong"):
        await retract(corridor.parts, alert, reason="  ", account=FORECASTER)
    assert [row["n"] for row in await corridor.rows("SELECT count(*) AS n FROM proposal")] == [1]


async def falls_back(corridor: Corridor, answer: Outcome = Outcome.ACCEPTED) -> tuple[str, list[Message]]:
    """A person who named e-mail as the next channel was told by SMS, and no receipt came in time; one before him in the batch has his."""
    mails: list[Message] = []
    await corridor.resident(FIRST)

    class Mail(Slow):
        async def send_crowd(self, crowd: Crowd) -> CrowdReceipt:
            mails.extend(crowd.single(i) for i in range(len(crowd.addresses)))
            return CrowdReceipt(outcomes=[Outcome.ACCEPTED] * len(crowd.addresses), external_ids=[""] * len(crowd.addresses), common="250")

    corridor.parts.dispatch.attach("sms", Slow(answer))
    corridor.parts.dispatch.attach("email", Mail())
    lat, lon = PLACES["310115"]
    await corridor.parts.subscriptions.resident(ResidentSubscription(
        channel="sms", address=ONE, lat=lat, lon=lon, min_level="blue", lane="exercise", fall_back=FallBack(channel="email", address=MAIL)))
    alert = await corridor.warned()
    await corridor.send(alert)
    assert await corridor.parts.mass.fall_back() == 0, "the deadline has not passed"
    told = (await corridor.deliveries(alert))[FIRST]
    await corridor.parts.dispatch.on_receipt(
        Receipt(key=f"{alert}.c{told['crowd_id']}.{told['number']}", outcome=Outcome.DELIVERED, at=AT, evidence="DELIVRD"))
    await corridor.parts.dispatch.flush()
    await corridor.execute("UPDATE crowd SET fall_back_at = clock_timestamp()")
    return alert, mails


async def test_who_has_no_receipt_in_time_is_told_on_the_channel_he_named_next_and_hears_the_end_on_both(corridor: Corridor) -> None:
    alert, mails = await falls_back(corridor)
    assert await corridor.parts.mass.fall_back() == 1
    assert await corridor.parts.mass.fall_back() == 0
    async with corridor.working():
        await corridor.drained()
    assert [mail.address for mail in mails] == [MAIL]
    lines = {line.channel: line.fell_back for line in await progress.steps(corridor.parts.database, alert)}
    assert lines == {"sms": 0, "email": 1}
    cancel = await corridor.warned(action="cancel", replaces=alert)
    await corridor.send(cancel)
    assert {address: row["role"] for address, row in (await corridor.deliveries(cancel)).items()} == {FIRST: "end", ONE: "end", MAIL: "end"}


async def test_a_receipt_that_comes_before_the_second_message_leaves_ends_the_fall_back(corridor: Corridor) -> None:
    alert, mails = await falls_back(corridor, Outcome.UNKNOWN)  # no answer is no receipt either
    assert await corridor.parts.mass.fall_back() == 1
    told = (await corridor.deliveries(alert))[ONE]
    await corridor.parts.dispatch.on_receipt(
        Receipt(key=f"{alert}.c{told['crowd_id']}.{told['number']}", outcome=Outcome.DELIVERED, at=AT, evidence="DELIVRD"))
    await corridor.parts.dispatch.flush()
    await corridor.send(alert)
    assert (await corridor.states(alert))[MAIL] == ("muted", "receipt_came")
    assert mails == []


async def test_an_address_on_standby_is_not_told_at_first_until_it_is_registered_for_itself(corridor: Corridor) -> None:
    await falls_back(corridor)
    first = (await corridor.rows("SELECT count(*) AS n FROM recipient"))[0]["n"]
    lat, lon = PLACES["310115"]
    await corridor.parts.subscriptions.resident(
        ResidentSubscription(channel="email", address=MAIL, lat=lat, lon=lon, min_level="blue", lane="exercise"))
    second = await corridor.warned(issuer="310115", level=Level.RED)
    await corridor.parts.dispatch.expand(second)
    assert first == 2
    assert set(await corridor.deliveries(second)) == {FIRST, ONE, MAIL}
