"""Reports without our key come to any worker of the account, before the answer is written down or long after: whatever they prove is proved."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from channels.message import Limits, Message, Outcome, Reason, Receipt
from tests.corridor.conftest import AT, OFFICER, Corridor, until
from tests.corridor.test_packs import OWNER, PACK, cycle, notices, signed, site, with_packs
from tests.corridor.test_registration import asked, wish
from warning.app import opened
from warning.dispatch.subscribe import OfficeSubscription
from warning.parts import Parts
from warning.settings import load_settings

ONE, TWO, THREE = "8613900000001", "8613900000002", "8613900000003"


class Hasty:
    """A gateway whose reports overtake its answer: the first part's comes to the other worker, the last part's to this one, without our key."""

    limits = Limits(max_chars=None)

    def __init__(self, here: Parts, there: Parts) -> None:
        self._workers = [there, here]
        self.outcome = Outcome.DELIVERED
        self.channel = "sms"
        self.sent = 0

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        said = []
        for message in messages:
            self.sent += 1
            parts = [f"{self.sent}.a", f"{self.sent}.b"]
            for worker, part in zip(self._workers, parts, strict=True):
                await worker.dispatch.on_receipt(Receipt(
                    key="", outcome=self.outcome, at=AT, external_id=part, evidence="deliver_sm stat:DELIVRD of one part", channel=self.channel,
                    reason=None if self.outcome is Outcome.DELIVERED else Reason.UNREACHABLE))
                await worker.dispatch.flush()
            said.append(Receipt(key=message.key, outcome=Outcome.ACCEPTED, at=AT, external_id=",".join(parts), evidence="ok"))
        return said


async def test_a_report_that_comes_to_another_worker_before_the_acceptance_is_the_last_word_on_whatever_was_sent(corridor: Corridor) -> None:
    post = await corridor.parts.subscriptions.office(OfficeSubscription(name="li", channel="sms", address=TWO, zones=("310115",)), account=OFFICER)
    await corridor.resident(ONE)
    async with opened(load_settings(corridor.settings_file), channels=False) as other:
        hasty = Hasty(corridor.parts, other)
        for desk in (corridor.parts.dispatch, corridor.parts.words, corridor.parts.trials):
            desk.attach("sms", hasty)
        alert = await corridor.warned()
        await corridor.send(alert)
        await asked(corridor, wish(THREE))
        await corridor.parts.words.send_due()
        await corridor.parts.office.test(post, account=OFFICER)
        await corridor.parts.trials.look()

        async def told() -> set[str]:
            rows = await corridor.rows("SELECT state FROM word UNION ALL SELECT state FROM trial")
            return {state for state, _ in (await corridor.states(alert)).values()} | {row["state"] for row in rows}

        async def proved() -> bool:
            await other.dispatch.flush()
            return await told() == {"delivered"}

        await until(proved, within_s=60)
        assert hasty.sent == 4
        assert (corridor.parts.dispatch.strays, other.dispatch.strays) == (0, 0)


async def test_what_another_channels_gateway_calls_by_the_same_id_is_another_message(corridor: Corridor) -> None:
    post = await corridor.parts.subscriptions.office(OfficeSubscription(name="li", channel="sms", address=TWO, zones=("310115",)), account=OFFICER)
    await corridor.resident(ONE)
    south = Hasty(corridor.parts, corridor.parts)
    south.channel = "sms-south"
    for desk in (corridor.parts.dispatch, corridor.parts.words, corridor.parts.trials):
        desk.attach("sms", south)
    alert = await corridor.warned()
    await corridor.send(alert)
    await asked(corridor, wish(THREE))
    await corridor.parts.words.send_due()
    await corridor.parts.office.test(post, account=OFFICER)
    await corridor.parts.trials.look()
    await corridor.parts.dispatch.flush(last=True)
    rows = await corridor.rows("SELECT state FROM word UNION ALL SELECT state FROM trial")
    assert [state for state, _ in (await corridor.states(alert)).values()] + [row["state"] for row in rows] == ["accepted"] * 4
    assert corridor.parts.dispatch.strays == 8


@pytest.mark.parametrize(("outcome", "end"), [(Outcome.DELIVERED, ("delivered", "")), (Outcome.REJECTED, ("failed", "unreachable"))])
async def test_a_risk_notices_parts_are_joined_whichever_workers_hear_of_them(corridor: Corridor, outcome: Outcome, end: tuple[str, str]) -> None:
    async with with_packs(corridor, PACK, sites=site(address=OWNER)) as own:
        await signed(own)
        await cycle(own, 6.0)
        hasty = Hasty(own.parts, corridor.parts)
        hasty.outcome = outcome
        own.parts.risk.attach("sms", hasty)
        await own.parts.risk.send_due()

        async def settled() -> bool:
            [row] = await notices(own)
            return (row["state"], row["reason"]) == end

        await until(settled, within_s=60)
        assert hasty.sent == 1


async def test_a_report_that_fits_nothing_is_a_stray_when_its_minute_is_over_and_a_worker_that_ends_waits_no_longer(corridor: Corridor) -> None:
    stray = Receipt(key="", outcome=Outcome.DELIVERED, at=AT, external_id="nobody's", evidence="DELIVRD")
    async with opened(load_settings(corridor.settings_file), channels=False) as other:
        await other.dispatch.on_receipt(stray)
        await other.dispatch.on_receipt(replace(stray, outcome=Outcome.REJECTED))  # a gateway may contradict itself
        await other.dispatch.flush()
        assert other.dispatch.strays == 0
        await other.dispatch.flush(last=True)
        assert other.dispatch.strays == 1
