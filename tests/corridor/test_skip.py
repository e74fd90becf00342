"""Skip: an operator settles what failed, and says why; it stays failed, it is named, and whoever may have heard the start hears the end."""

import pytest

from channels.wire.smsc import Faults
from tests.corridor.conftest import Corridor, until
from tests.ports import own_port
from warning.account import Account
from warning.errors import Invalid, NotAllowed
from warning.store.progress import dead_letters

OPERATOR = Account(name="lin", role="approver")
ONE, TWO = "8613900000001", "8613900000002"


async def failed_office(corridor: Corridor) -> tuple[str, str, int]:
    """A warning whose one office cannot be reached; (identifier, address, delivery id)."""
    with own_port() as nobody:
        dead = f"http://127.0.0.1:{nobody}/duty"
        await corridor.office("pumping station", "", url=dead)
        alert = await corridor.warned()
        async with corridor.working():
            await corridor.drained()
    return alert, dead, (await corridor.deliveries(alert))[dead]["id"]


async def audits(corridor: Corridor) -> list[tuple[str, str, dict[str, object]]]:
    return [(row["who"], row["object"], row["detail"]) for row in await corridor.rows("SELECT * FROM audit WHERE act = 'skip' ORDER BY id")]


async def test_a_skipped_failure_stays_failed_by_its_own_name_and_the_audit_says_who_and_why(corridor: Corridor) -> None:
    alert, dead, delivery = await failed_office(corridor)
    assert await corridor.parts.dispatch.skip([delivery], reason="station is closed for repair", account=OPERATOR) == 1
    row = (await corridor.deliveries(alert))[dead]
    assert (row["state"], row["reason"]) == ("failed", "skipped")
    assert row["evidence"].startswith("lin: station is closed for repair (unreachable: ")
    assert await audits(corridor) == [("lin", f"alert {alert}", {
        "reason": "station is closed for repair",
        "skipped": [{"channel": "webhook", "failed": "unreachable", "count": 1}]})]
    # Twice is once; and a retry is a newer decision.
    assert await corridor.parts.dispatch.skip([delivery], reason="again", account=OPERATOR) == 0
    assert await corridor.parts.dispatch.retry([delivery], account=OPERATOR) == 1
    assert len(await audits(corridor)) == 1


async def test_residents_are_skipped_by_the_reason_for_which_they_failed_and_the_others_stay_open(corridor: Corridor) -> None:
    corridor.smsc.misbehave(Faults(refuse_prefixes=(ONE,), undelivered_prefixes=(TWO,)))
    for number in (ONE, TWO):
        await corridor.resident(number)
    alert = await corridor.warned()
    await corridor.send(alert)

    async def both_failed() -> bool:
        return await corridor.rows("SELECT tally[5] AS failed FROM crowd") == [{"failed": 2}]

    await until(both_failed)
    letters = {one.reason: one for one in await dead_letters(corridor.parts.database, alert)}
    assert {reason: one.count for reason, one in letters.items()} == {"bad_address": 1, "unreachable": 1}
    bad = letters["bad_address"]
    assert await corridor.parts.dispatch.skip([], crowd_ids=bad.crowds, only="bad_address", reason="wrong number", account=OPERATOR) == 1
    assert {one.reason: one.count for one in await dead_letters(corridor.parts.database, alert)} == {"skipped": 1, "unreachable": 1}
    [(_, _, detail)] = await audits(corridor)
    assert detail["skipped"] == [{"channel": "sms", "failed": "bad_address", "count": 1}]


async def test_who_may_have_heard_the_start_hears_the_end_though_an_operator_skipped_the_rest(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    alert = await corridor.warned()
    [crowd] = await corridor.expand(alert)
    await corridor.execute(
        "UPDATE crowd SET codes = decode('04', 'hex'), said = '[[\"\", \"\"], [\"timeout\", \"no answer\"]]', said_by = decode('0100', 'hex'), "
        "tally = ARRAY[0,0,0,0,1,0,0,0,0], faults = '{\"timeout\": 1}', open = false WHERE id = :i", i=crowd.id)
    assert await corridor.parts.dispatch.skip([], crowd_ids=[crowd.id], only="refused", reason="-", account=OPERATOR) == 0
    assert await corridor.parts.dispatch.skip([], crowd_ids=[crowd.id], only="timeout", reason="handset is off", account=OPERATOR) == 1
    [row] = await corridor.rows("SELECT faults, tally FROM crowd")
    assert (row["faults"], row["tally"][4]) == ({"skipped_unsure": 1}, 1)
    end = await corridor.warned(action="cancel", replaces=alert)
    await corridor.send(end)
    assert len(corridor.heard(ONE)) == 1, "the end went out, and the start was not tried again"


async def test_a_skip_wants_a_reason_and_an_operator_of_the_place(corridor: Corridor) -> None:
    _, _, delivery = await failed_office(corridor)
    with pytest.raises(Invalid, match="reason: say why"):
        await corridor.parts.dispatch.skip([delivery], reason=" ", account=OPERATOR)
    for account in (Account(name="wang", role="viewer"), Account(name="li", role="forecaster", area="310116")):
        with pytest.raises(NotAllowed):
            await corridor.parts.dispatch.skip([delivery], reason="closed", account=account)
    assert await audits(corridor) == []
