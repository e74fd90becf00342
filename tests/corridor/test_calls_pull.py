"""A way that fails does not hold up a call: the next channel or person is due at once, in virtual time, and the board says why."""

import asyncio
from datetime import timedelta

from channels.wire.smsc import Faults
from tests.corridor.conftest import OFFICER, Corridor, until
from tests.corridor.test_calls import POST, PUDONG, board, brings, later, told, warned
from warning.account import Account
from warning.app import opened
from warning.dispatch.subscribe import OfficeSubscription
from warning.level import Level
from warning.settings import load_settings

OFFICE, DEPUTY = "浦东新区应急管理局", "8613800000002"
NOWHERE = "http://127.0.0.1:9"


async def office_with_a_deputy(corridor: Corridor) -> None:
    """The office is told by webhook, its deputy by text message."""
    deputy = await corridor.parts.subscriptions.office(
        OfficeSubscription(name="副局长", channel="sms", address=DEPUTY, zones=("310115",), standby=True), account=OFFICER)
    await corridor.post(OFFICE, "/office", after=deputy, stand_in=False)


async def ways(corridor: Corridor) -> list[tuple[str, str, str, str]]:
    """Of the only call: who by which channel, the attempt's state, and why it failed."""
    [call] = await corridor.parts.answer.board()
    return [(one.name, one.channel, one.state, one.why) for one in call.attempts]


async def test_an_offices_call_opens_when_its_audience_is_worked_out_whether_its_message_can_leave_or_not(corridor: Corridor) -> None:
    await office_with_a_deputy(corridor)
    identifier = await corridor.warned(level=Level.ORANGE)
    await corridor.expand(identifier)  # and no worker takes its message up
    [call] = await corridor.parts.answer.board()
    assert (call.post, call.state, call.opened_at, call.first_tried_at) == (OFFICE, "waiting", corridor.now, None)
    assert call.deadline - call.opened_at == timedelta(minutes=5)
    await corridor.move(timedelta(minutes=5))
    assert [one.post for one in await corridor.parts.answer.escalate()] == [OFFICE]
    await corridor.expand(identifier)  # asked again, as after a crash: the same call
    assert len(await corridor.parts.answer.board()) == 1


async def test_behind_a_shut_channel_the_next_one_is_called_at_once_by_another_and_the_office_is_told_when_it_opens(corridor: Corridor) -> None:
    await office_with_a_deputy(corridor)
    shut = [30.0]
    corridor.parts.dispatch.gate("webhook", lambda: shut[0])
    await corridor.send(await corridor.warned(level=Level.ORANGE))
    assert "/office" not in corridor.sink.received
    assert [one.post for one in await corridor.parts.answer.escalate()] == [OFFICE]  # no second of virtual time has gone by
    [call] = await corridor.parts.answer.board()
    assert (call.state, call.escalated_to, call.deadline) == ("overdue", "副局长", call.opened_at)
    assert (await ways(corridor))[:2] == [(OFFICE, "webhook", "called", "unreachable"), ("副局长", "sms", "called", "")]
    [notice] = await corridor.rows("SELECT text FROM notice WHERE key LIKE 'callout %'")
    assert notice["text"] == f"【演练】{OFFICE} has not been reached with {call.identifier}: every way so far has failed"
    shut[0] = 0.0
    for due in await corridor.rows("SELECT id FROM batch ORDER BY id"):
        await corridor.parts.dispatch.send(due["id"])
    assert corridor.sink.received["/office"] == 1
    assert len(corridor.heard(DEPUTY)) == 1


async def test_an_app_that_cannot_be_reached_makes_the_text_message_leave_at_once_and_no_other_person_is_woken(corridor: Corridor) -> None:
    await brings(corridor, PUDONG[0].replace("{}/wang", f"{NOWHERE}/wang"), PUDONG[1])
    await warned(corridor)
    assert await later(corridor, 0) == []
    assert told(corridor) == {"1": 1}
    assert (await ways(corridor))[:3] == [("王一", "sms", "called", ""), ("王一", "webhook", "called", "unreachable"), ("李二", "webhook", "planned", "")]
    assert await later(corridor, 299) == []
    assert await later(corridor, 1) == [POST]  # the next person keeps his five minutes
    assert told(corridor) == {"1": 1, "/li": 1}


async def test_when_every_way_to_a_person_has_failed_the_next_person_is_called_at_once(corridor: Corridor) -> None:
    """An address that nobody listens at and a number that the gateway knows to be none: red goes by both at the same moment."""
    corridor.smsc.misbehave(Faults(refuse_prefixes=("8613800000001",)))
    await brings(corridor, PUDONG[0].replace("{}/wang", f"{NOWHERE}/wang"), PUDONG[1])
    await warned(corridor, Level.RED)
    async with corridor.working():
        await corridor.drained()
    assert await later(corridor, 0) == [POST]
    assert told(corridor) == {"/li": 1, "2": 1}
    assert (await ways(corridor))[:2] == [("王一", "sms", "called", "bad_address"), ("王一", "webhook", "called", "unreachable")]


async def test_a_handset_report_that_the_message_bounced_brings_the_next_person_forward(corridor: Corridor) -> None:
    corridor.smsc.misbehave(Faults(undelivered_prefixes=("8613800000001",)))
    await brings(corridor, "310115,浦东新区,防汛责任人,责任人,1,王一,,8613800000001,", PUDONG[1])
    await warned(corridor)

    async def bounced() -> bool:
        return await corridor.rows("SELECT 1 FROM delivery WHERE state = 'failed'") != []

    await until(bounced, within_s=30)
    assert await later(corridor, 0) == [POST]
    assert corridor.sink.received["/li"] == 1
    assert await board(corridor) == {POST: ("overdue", "")}


async def test_when_nobody_on_the_list_can_be_reached_the_duty_room_has_it_at_once(corridor: Corridor) -> None:
    corridor.smsc.misbehave(Faults(refuse_prefixes=("86138",)))
    await brings(corridor, "310115,浦东新区,防汛责任人,责任人,1,王一,,8613800000001,", "310115,浦东新区,防汛责任人,责任人,2,李二,,8613800000002,")
    await warned(corridor)
    assert await later(corridor, 0) == [POST]
    assert await later(corridor, 0) == [POST]
    [call] = await corridor.parts.answer.board()
    assert (call.escalated_to, call.next) == ("duty room", None)


async def test_a_contact_retired_in_the_middle_of_a_call_costs_no_time(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor)
    await corridor.execute("UPDATE subscription SET active = false WHERE channel = 'sms' AND name LIKE '王一%'")
    await later(corridor, 120)
    await later(corridor, 0)
    assert ("王一", "sms", "no_way", "no_way") in await ways(corridor)
    assert await later(corridor, 179) == []  # his app has it, so he has his five minutes
    assert await later(corridor, 1) == [POST]


async def test_two_processes_that_see_a_failure_after_a_restart_call_the_next_person_once(corridor: Corridor) -> None:
    await brings(corridor, PUDONG[0].replace("{}/wang,8613800000001", f"{NOWHERE}/wang,"), PUDONG[1])
    await warned(corridor)
    settings = load_settings(corridor.settings_file)
    async with opened(settings, channels=False) as one, opened(settings, channels=False) as other:
        found = await asyncio.gather(one.answer.escalate(), other.answer.escalate(), one.answer.escalate())
    await later(corridor, 0)
    assert sum(len(calls) for calls in found) <= 1
    assert told(corridor) == {"/li": 1}
    assert await board(corridor) == {POST: ("overdue", "")}


async def test_an_answer_that_crosses_a_failure_is_the_answer_and_wakes_nobody(corridor: Corridor) -> None:
    """The app's message bounces at the moment at which its person says on the telephone that he has it."""
    await brings(corridor, PUDONG[0].replace("{}/wang,8613800000001", f"{NOWHERE}/wang,"), PUDONG[1])
    await warned(corridor)
    [call] = await corridor.parts.answer.board()
    await asyncio.gather(corridor.parts.answer.enter(call.id, by="王一", account=Account(name="lin", role="approver")), corridor.parts.answer.escalate())
    await later(corridor, 600)
    assert await board(corridor) == {POST: ("answered", "王一")}
    assert told(corridor) == {}


async def test_a_warning_that_falls_below_every_plan_ends_a_call_that_waits_and_one_that_is_overdue(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG, "310116,金山区,防汛责任人,责任人,1,孙无,,,")
    first = await warned(corridor, zones=("310115", "310116"))
    assert await board(corridor) == {POST: ("waiting", ""), "金山区防汛责任人": ("overdue", "")}
    await warned(corridor, Level.YELLOW, replaces=first, zones=("310115", "310116"))
    assert {state for state, _ in (await board(corridor)).values()} == {"ended"}
    before = told(corridor)
    assert await later(corridor, 3600) == []
    assert told(corridor) == before
    assert await corridor.rows("SELECT 1 FROM notice WHERE cleared_at IS NULL AND (key LIKE 'callout %' OR key LIKE 'no way %')") == []
