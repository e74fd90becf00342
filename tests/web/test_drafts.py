"""What was not submitted is its account's own and is given back; what is under way is not begun again."""

import asyncio
from datetime import UTC, datetime

from warning.web.console import drafts
from warning.web.console.drafts import Draft, Drafts
from warning.web.console.once import Once

AT = datetime(2024, 9, 20, 0, 30, tzinfo=UTC)


def test_a_draft_is_given_back_to_its_own_account_until_it_is_dropped() -> None:
    kept = Drafts()
    kept.keep("fu", "p1", Draft(revision=1, changes={"level": "red"}, at=AT))
    kept.keep("lin", "p1", Draft(revision=1, changes={"level": "blue"}, at=AT))
    found = kept.of("fu", "p1")
    assert found is not None
    assert found.changes == {"level": "red"}
    kept.drop("fu", "p1")
    assert kept.of("fu", "p1") is None
    assert kept.of("lin", "p1") is not None
    assert kept.of("fu", "p2") is None


def test_the_oldest_draft_makes_room() -> None:
    kept = Drafts()
    for number in range(drafts.MOST + 1):
        kept.keep("fu", str(number), Draft(revision=1, at=AT))
    assert kept.of("fu", "0") is None
    assert kept.of("fu", "1") is not None


async def test_an_act_under_way_or_done_is_not_begun_again_and_one_that_was_refused_is() -> None:
    once, begun, gate = Once(), [], asyncio.Event()

    async def slowly() -> bool:
        begun.append("slowly")
        await gate.wait()
        return False

    async def well() -> bool:
        begun.append("well")
        return True

    first = asyncio.create_task(once(slowly))
    await asyncio.sleep(0)
    assert await once(well) is False
    gate.set()
    assert await first is False
    assert await once(well) is True
    assert await once(well) is False
    assert begun == ["slowly", "well"]
