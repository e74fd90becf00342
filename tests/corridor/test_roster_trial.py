"""A test message to a person on the roster: really sent, no warning in any word, and its answer is the last proof of contact."""

from datetime import timedelta

import pytest

from tests.corridor.conftest import Corridor, until
from tests.corridor.test_calls import ADMIN, PUDONG, brings, warned
from warning.account import Account
from warning.errors import Conflict, NotAllowed, NotFound, TooMany
from warning.level import Level
from warning.roster.gap import GapKind

WANG = "8613800000001"


async def contact(corridor: Corridor, channel: str = "sms", person: str = "王一") -> int:
    return next(one.id for post in await corridor.parts.rosters.posts(ADMIN) for each in post.people if each.name == person
                for one in each.contacts if one.channel == channel)


async def proofs(corridor: Corridor) -> list[tuple[str, str]]:
    """By whom the tests were answered, and how the contacts were proved."""
    rows = await corridor.rows(
        "SELECT s.channel, k.proved_how FROM roster_contact k JOIN subscription s ON s.id = k.subscription_id WHERE k.proved_at IS NOT NULL ORDER BY 1")
    return [(row["channel"], row["proved_how"]) for row in rows]


async def shown(corridor: Corridor) -> str:
    """A test is asked for and sent; what the telephone shows."""
    await corridor.parts.proofs.test(await contact(corridor), account=ADMIN)

    async def sent() -> bool:
        await corridor.parts.trials.look()
        return await corridor.rows("SELECT 1 FROM trial WHERE state IN ('waiting', 'claimed')") == []

    await until(sent, within_s=30)
    return corridor.heard(WANG)[-1]


async def test_its_words_are_a_tests_and_its_link_renews_the_proof(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    text = await shown(corridor)
    assert text.startswith("【上海预警】【测试】这是叫应名录的联系测试，不是预警，无须采取任何行动。请回复“收到”，或打开链接：http://drill.test/api/test-ack/")
    assert not any(word in text for word in ("暴雨", "橙色", "红色", "防御", "发布"))
    assert await proofs(corridor) == []
    assert await corridor.parts.office.answer_test(text.rsplit("/", 1)[-1], by="王一") == "王一（叫应）"
    assert await proofs(corridor) == [("sms", "test")]
    assert await contact(corridor) not in [gap.contact_id for gap in await corridor.parts.rosters.gaps(ADMIN) if gap.kind is GapKind.UNPROVED]
    assert await corridor.rows("SELECT 1 FROM delivery") == []  # no alert in any ledger


async def test_a_yes_written_back_over_the_real_protocol_is_its_answer_too(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await shown(corridor)
    assert corridor.smsc.say(source=WANG, destination="12379", text="收到") == 1

    async def proved() -> bool:
        return await proofs(corridor) == [("sms", "test")]

    await until(proved, within_s=30)
    latest = await corridor.parts.proofs.latest([await contact(corridor)], account=ADMIN)
    assert [one.answered_by for one in latest.values()] == ["王一"]
    assert await corridor.parts.proofs.reply("sms", WANG, "收到") is None  # answered once
    assert await corridor.parts.proofs.reply("sms", "8613899999999", "收到") is None  # and a stranger proves nothing


async def test_a_contact_gets_one_in_ten_minutes_and_an_account_asks_for_two_hundred_in_an_hour(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    number, other = await contact(corridor), await contact(corridor, "webhook")
    await corridor.parts.proofs.test(number, account=ADMIN)
    with pytest.raises(TooMany) as refused:
        await corridor.parts.proofs.test(number, account=ADMIN)
    assert 590 < refused.value.retry_after_s <= 600
    await corridor.execute(
        "INSERT INTO trial (id, subscription_id, asked_by, token_hash) SELECT gen_random_uuid(), min(id), 'root', 'x' || n FROM subscription, generate_series(1, 199) n "
        "WHERE name LIKE '李二%' GROUP BY n")
    with pytest.raises(TooMany, match="200 tests"):
        await corridor.parts.proofs.test(other, account=ADMIN)
    await corridor.parts.proofs.test(other, account=Account(name="pudong", role="office", area="310115"))


async def test_nobody_is_tested_while_he_is_called_for_a_warning(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor, Level.ORANGE)
    with pytest.raises(Conflict, match="王一 is being called for a warning"):
        await corridor.parts.proofs.test(await contact(corridor), account=ADMIN)
    done = await corridor.parts.proofs.test_all(ADMIN)
    assert (done.asked, len(done.held_back)) == ((), 4)


async def test_everybody_whose_proof_is_missing_or_soon_too_old_is_tested_at_once_and_an_alarm_comes_before_it_is(corridor: Corridor) -> None:
    await brings(corridor, PUDONG[0])
    await corridor.execute("UPDATE roster_contact SET proved_at = :at", at=corridor.now - timedelta(days=75))
    assert [gap.kind for gap in await corridor.parts.rosters.gaps(ADMIN)] == []
    await corridor.move(timedelta(days=1, seconds=1))  # 76 of 90 days: 14 are left
    await corridor.parts.rosters.look()
    [notice] = await corridor.rows("SELECT text, next_step FROM notice WHERE cleared_at IS NULL")
    assert notice["text"].startswith("应答验证即将过期：浦东新区防汛责任人 (王一) / its proof is soon too old: 浦东新区防汛责任人 (王一)")
    assert "send a test message" in notice["next_step"]
    assert len((await corridor.parts.proofs.test_all(ADMIN)).asked) == 2


async def test_a_neighbour_and_a_stranger_test_nobody(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    for account in (Account(name="jinshan", role="office", area="310116"), Account(name="nowhere", role="office"), Account(name="fu", role="forecaster")):
        with pytest.raises(NotAllowed):
            await corridor.parts.proofs.test(await contact(corridor), account=account)
    with pytest.raises(NotFound):
        await corridor.parts.proofs.test(999_999, account=ADMIN)
