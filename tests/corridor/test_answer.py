"""Call and acknowledge: an office answers in time, or the next person is named."""

import json
from datetime import timedelta

import pytest

from tests.corridor.conftest import Corridor
from warning.errors import Conflict, NotFound
from warning.level import Level

OFFICE = "浦东新区应急管理局"


async def called(corridor: Corridor, level: Level = Level.ORANGE) -> str:
    """An alert that the office got; gives the token of its answer link."""
    await corridor.office(OFFICE, "/office")
    await corridor.send(await corridor.warned(level=level))
    letter = json.loads(corridor.sink.latest["/office"])
    return str(letter.get("ack_url", "")).rsplit("/", 1)[-1]


async def test_an_office_that_answers_by_its_link_has_answered(corridor: Corridor) -> None:
    token = await called(corridor)
    [callout] = await corridor.parts.answer.board()
    assert (callout.state, callout.post, callout.deadline - callout.opened_at) == ("waiting", OFFICE, timedelta(minutes=5))
    await corridor.move(timedelta(minutes=2))
    answered = await corridor.parts.answer.acknowledge(token, by="值班员")
    assert (answered.post, answered.late, answered.at) == (OFFICE, False, corridor.now)
    [callout] = await corridor.parts.answer.board()
    assert (callout.state, callout.answered_by) == ("answered", "值班员")
    await corridor.move(timedelta(minutes=10))
    assert await corridor.parts.answer.escalate() == []


async def test_a_silent_office_is_overdue_and_the_duty_room_is_told_whom_to_call(corridor: Corridor) -> None:
    await called(corridor)
    await corridor.move(timedelta(minutes=4, seconds=59))
    assert await corridor.parts.answer.escalate() == []
    await corridor.move(timedelta(seconds=1))
    [late] = await corridor.parts.answer.escalate()
    assert (late.state, late.step, late.escalated_to) == ("overdue", 2, "duty room")
    assert await corridor.parts.answer.escalate() == []
    [notice] = await corridor.rows("SELECT * FROM notice")
    assert notice["text"].startswith(f"{OFFICE} has not answered")
    assert notice["next_step"] == "call duty room by telephone and enter the answer"


async def test_the_next_post_is_named_where_the_office_has_one(corridor: Corridor) -> None:
    token = await called(corridor)
    deputy = await corridor.office("副局长", "/deputy", zones=("310151",))
    await corridor.execute("UPDATE subscription SET escalates_to = :d WHERE name = :n", d=deputy, n=OFFICE)
    await corridor.move(timedelta(minutes=5))
    [late] = await corridor.parts.answer.escalate()
    assert late.escalated_to == "副局长"
    assert (await corridor.parts.answer.acknowledge(token, by="值班员")).late


async def test_a_used_token_is_refused_and_so_is_one_that_was_never_given(corridor: Corridor) -> None:
    token = await called(corridor)
    await corridor.parts.answer.acknowledge(token, by="one")
    with pytest.raises(Conflict, match="already answered"):
        await corridor.parts.answer.acknowledge(token, by="two")
    with pytest.raises(NotFound, match="newest message"):
        await corridor.parts.answer.acknowledge(token[:-1] + ("0" if token[-1] != "0" else "1"), by="three")


async def test_nobody_is_called_for_yellow(corridor: Corridor) -> None:
    assert await called(corridor, Level.YELLOW) == ""
    assert await corridor.parts.answer.board() == []


async def test_a_second_try_carries_the_same_link(corridor: Corridor) -> None:
    token = await called(corridor)
    again = await corridor.parts.answer.call(
        (await corridor.rows("SELECT identifier FROM alert"))[0]["identifier"],
        [(row["id"], OFFICE) for row in await corridor.rows("SELECT id FROM subscription")])
    assert [link.rsplit("/", 1)[-1] for link in again.values()] == [token]
    assert len(await corridor.parts.answer.board()) == 1


async def test_a_cancel_ends_what_is_still_waited_for(corridor: Corridor) -> None:
    token = await called(corridor)
    [alert] = await corridor.rows("SELECT identifier FROM alert")
    await corridor.warned(level=Level.ORANGE, action="cancel", replaces=alert["identifier"])
    [callout] = await corridor.parts.answer.board()
    assert callout.state == "ended"
    with pytest.raises(Conflict, match="already ended"):
        await corridor.parts.answer.acknowledge(token, by="late")


async def test_an_answer_stands_in_the_stage_ledger(corridor: Corridor) -> None:
    token = await called(corridor)
    await corridor.parts.answer.acknowledge(token, by="值班员")
    assert await corridor.rows("SELECT channel FROM stage_event WHERE stage = 'acknowledge'") == [{"channel": OFFICE}]
