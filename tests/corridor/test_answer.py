"""Call and acknowledge: an office answers in time, or the next person is named."""

import asyncio
import json
from datetime import timedelta

import pytest

from tests.corridor.conftest import Corridor
from warning.account import Account
from warning.app import opened
from warning.dispatch.subscribe import OfficeSubscription
from warning.errors import Conflict, Invalid, NotFound
from warning.level import Level
from warning.settings import load_settings

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
    assert (late.state, late.escalated_to, late.next) == ("overdue", "duty room", None)
    assert await corridor.parts.answer.escalate() == []
    [notice] = await corridor.rows("SELECT * FROM notice")
    assert notice["text"].startswith(f"【演练】{OFFICE} has not answered")
    assert notice["next_step"] == "call duty room by telephone and enter the answer"


async def with_a_deputy(corridor: Corridor) -> str:
    """The office got a red warning and has a deputy, and the deputy the duty officer of the city; gives the office's answer token."""
    last = await corridor.post("市防汛办", "/city")
    deputy = await corridor.post("副局长", "/deputy", after=last)
    await corridor.post(OFFICE, "/office", after=deputy, stand_in=False)
    await corridor.send(await corridor.warned(level=Level.RED))
    assert set(corridor.sink.received) == {"/office"}  # nobody is woken before it is needed
    return token_at(corridor, "/office")


def token_at(corridor: Corridor, path: str) -> str:
    return str(json.loads(corridor.sink.latest[path])["ack_url"]).rsplit("/", 1)[-1]


async def escalated(corridor: Corridor) -> list[str]:
    """Five minutes go by, and what is due is sent; the posts that were late."""
    await corridor.move(timedelta(minutes=5))
    late = await corridor.parts.answer.escalate()
    async with corridor.working():
        await corridor.drained()
    return [one.post for one in late]


async def states(corridor: Corridor) -> dict[str, tuple[str, str]]:
    return {one.post: (one.state, one.answered_by) for one in await corridor.parts.answer.board()}


async def test_when_an_office_is_silent_the_next_one_is_really_called_and_then_the_one_after(corridor: Corridor) -> None:
    await with_a_deputy(corridor)
    assert await escalated(corridor) == [OFFICE]
    assert set(corridor.sink.received) == {"/office", "/deputy"}
    assert "红色" in json.loads(corridor.sink.latest["/deputy"])["headline"]
    assert await escalated(corridor) == [OFFICE]
    assert corridor.sink.received["/city"] == 1
    assert await escalated(corridor) == [OFFICE]
    [notice] = await corridor.rows("SELECT next_step FROM notice WHERE text LIKE :o", o=f"%{OFFICE}%")
    assert notice["next_step"] == "nobody has answered: call by telephone, send somebody, and enter the answer"
    assert await escalated(corridor) == []


async def test_the_deputys_answer_stops_everything_for_the_office_too(corridor: Corridor) -> None:
    await with_a_deputy(corridor)
    await escalated(corridor)
    await corridor.parts.answer.acknowledge(token_at(corridor, "/deputy"), by="副局长王")
    assert await states(corridor) == {OFFICE: ("answered", "副局长王")}
    assert await escalated(corridor) == []
    assert await corridor.rows("SELECT 1 FROM notice WHERE key LIKE 'callout %' AND cleared_at IS NULL") == []


async def test_a_late_answer_of_the_office_ends_what_its_deputy_was_called_for(corridor: Corridor) -> None:
    token = await with_a_deputy(corridor)
    await escalated(corridor)
    assert (await corridor.parts.answer.acknowledge(token, by="值班员")).late
    assert await states(corridor) == {OFFICE: ("answered", "值班员")}
    assert await escalated(corridor) == []
    assert "/city" not in corridor.sink.received


async def test_escalation_ends_with_the_event_and_whoever_was_called_hears_the_end(corridor: Corridor) -> None:
    await with_a_deputy(corridor)
    await escalated(corridor)
    [alert] = [row["identifier"] for row in await corridor.rows("SELECT identifier FROM alert")]
    await corridor.send(await corridor.warned(action="cancel", replaces=alert))
    assert json.loads(corridor.sink.latest["/deputy"])["msg_type"] == "Cancel"
    assert "/city" not in corridor.sink.received
    assert await escalated(corridor) == []


async def test_deadlines_survive_a_restart_and_two_processes_call_the_next_one_once(corridor: Corridor) -> None:
    await with_a_deputy(corridor)
    await corridor.move(timedelta(minutes=5))
    async with opened(load_settings(corridor.settings_file), channels=False) as restarted:
        both = await asyncio.gather(corridor.parts.answer.escalate(), restarted.answer.escalate())
    assert sorted(len(found) for found in both) == [0, 1]
    async with corridor.working():
        await corridor.drained()
    assert corridor.sink.received["/deputy"] == 1


async def test_nobody_makes_somebody_elses_subscription_the_next_one(corridor: Corridor) -> None:
    foreign = await corridor.office("别处", "/x")
    with pytest.raises(Invalid, match="escalates_to: you have no subscription"):
        await corridor.parts.subscriptions.office(
            OfficeSubscription(name="a", channel="webhook", address=corridor.sink.url("/y"), escalates_to=foreign),
            account=Account(name="somebody else", role="office"))


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
        (await corridor.rows("SELECT identifier FROM alert"))[0]["identifier"], [row["id"] for row in await corridor.rows("SELECT id FROM subscription")])
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
