"""Calls by plan: posts of a roster, every branch of the plan in virtual minutes, and answers by every way."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from tests.corridor.conftest import Corridor, opened_corridor, until
from warning.account import Account
from warning.app import opened
from warning.errors import Conflict, NotAllowed, NotFound
from warning.level import Level
from warning.settings import load_settings

ADMIN = Account(name="root", role="admin")
HEAD = "区划代码,区划名称,岗位,类别,顺序,姓名,webhook,sms,email"


async def brings(corridor: Corridor, *rows: str, head: str = HEAD, whole: bool = False) -> None:
    """A roster of these rows; ``{}`` stands for the offices' web server."""
    words = "\n".join([head, *rows]).replace("{}", corridor.sink.url(""))
    reading, _ = await corridor.parts.rosters.bring([("roster.csv", words.encode())], account=ADMIN, whole=whole)
    assert [fault.line("en") for fault in reading.grave] == []


PUDONG = (
    "310115,浦东新区,防汛责任人,责任人,1,王一,{}/wang,8613800000001,",
    "310115,浦东新区,防汛责任人,责任人,2,李二,{}/li,8613800000002,",
)
CITY = "310000,上海市,市防汛办,责任人,1,赵总,{}/zhao,,"
POST = "浦东新区防汛责任人"


async def warned(corridor: Corridor, level: Level = Level.ORANGE, *, replaces: str | None = None, zones: tuple[str, ...] = ("310115",)) -> str:
    identifier = await corridor.warned(level=level, replaces=replaces, action="new" if replaces is None else "update", zones=zones)
    await corridor.send(identifier)
    return identifier


async def later(corridor: Corridor, seconds: float) -> list[str]:
    """So much virtual time goes by; the posts at which somebody else was called by it."""
    await corridor.move(timedelta(seconds=seconds))
    late = await corridor.parts.answer.escalate()
    async with corridor.working():
        await corridor.drained()
    return [one.post for one in late]


def token(corridor: Corridor, path: str) -> str:
    return str(json.loads(corridor.sink.latest[path])["ack_url"]).rsplit("/", 1)[-1]


async def board(corridor: Corridor) -> dict[str, tuple[str, str]]:
    return {one.post: (one.state, one.answered_by) for one in await corridor.parts.answer.board()}


def told(corridor: Corridor) -> dict[str, int]:
    """How often each person was told, by app and by text message."""
    texts = {number: len(corridor.heard(f"861380000000{number}")) for number in "12"}
    return {**{path: n for path, n in corridor.sink.received.items() if n}, **{number: n for number, n in texts.items() if n}}


async def test_orange_goes_by_app_then_by_text_message_then_to_the_next_person_then_to_the_level_above_then_to_the_duty_room(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG, CITY)
    await warned(corridor)
    assert told(corridor) == {"/wang": 1}  # at once, and nobody else is woken
    assert await later(corridor, 119) == []
    assert told(corridor) == {"/wang": 1}
    assert await later(corridor, 1) == []  # 2 min: the next channel of the same person
    assert told(corridor) == {"/wang": 1, "1": 1}
    assert await later(corridor, 179) == []
    assert await later(corridor, 1) == [POST]  # 5 min: the next person
    assert told(corridor) == {"/wang": 1, "1": 1, "/li": 1}
    assert await board(corridor) == {POST: ("overdue", "")}
    await later(corridor, 120)
    assert told(corridor) == {"/wang": 1, "1": 1, "/li": 1, "2": 1}
    assert await later(corridor, 180) == [POST]  # 10 min: the level above
    assert corridor.sink.received["/zhao"] == 1
    assert await later(corridor, 300) == [POST]  # and then a person with a telephone
    [notice] = await corridor.rows("SELECT next_step FROM notice WHERE key LIKE 'callout %' AND cleared_at IS NULL")
    assert notice["next_step"] == "nobody has answered: call by telephone, send somebody, and enter the answer"
    assert await later(corridor, 3600) == []


async def test_red_goes_by_every_way_of_the_person_at_the_same_moment(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor, Level.RED)
    async with corridor.working():
        await corridor.drained()
    assert told(corridor) == {"/wang": 1, "1": 1}
    assert await later(corridor, 300) == [POST]
    assert told(corridor) == {"/wang": 1, "1": 1, "/li": 1, "2": 1}


async def test_yellow_calls_nobody_and_a_post_elsewhere_is_left_in_peace(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG, "310116,金山区,防汛责任人,责任人,1,钱三,{}/qian,,")
    await warned(corridor, Level.YELLOW)
    assert await corridor.parts.answer.board() == []
    await warned(corridor, Level.ORANGE)
    assert set(await board(corridor)) == {POST}


async def test_an_answer_stops_everything_for_the_post_also_what_waits_in_a_queue(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    identifier = await warned(corridor)
    await corridor.move(timedelta(minutes=5))
    await corridor.parts.answer.escalate()  # text message to Wang and app to Li are queued, and no worker runs yet
    assert [row["state"] for row in await corridor.rows("SELECT state FROM delivery ORDER BY id")] == ["accepted", "queued", "queued"]
    answered = await corridor.parts.answer.acknowledge(token(corridor, "/wang"), by="王一")
    assert (answered.posts, answered.late) == ((POST,), True)
    async with corridor.working():
        await corridor.drained()
    assert told(corridor) == {"/wang": 1}
    states = await corridor.rows("SELECT state, reason FROM delivery WHERE identifier = :i ORDER BY id", i=identifier)
    assert [(row["state"], row["reason"]) for row in states] == [("accepted", ""), ("muted", "answered"), ("muted", "answered")]
    assert await later(corridor, 3600) == []
    assert {row["state"] for row in await corridor.rows("SELECT state FROM call_attempt")} == {"called", "stopped"}


async def test_what_was_withdrawn_for_one_post_goes_out_when_another_needs_the_same_person(corridor: Corridor) -> None:
    await brings(corridor, PUDONG[0], "310115,浦东新区,联络员,联络员,1,李二,{}/li,,", "310115,浦东新区,联络员,联络员,2,王一,{}/wang,8613800000001,")
    await corridor.parts.dispatch.expand(await corridor.warned(level=Level.ORANGE))  # both are queued, and no worker runs yet
    mine = next(call for call in await corridor.parts.answer.board() if call.post == POST)
    await corridor.parts.answer.enter(mine.id, by="王一", account=Account(name="lin", role="approver"))
    async with corridor.working():
        await corridor.drained()
    assert told(corridor) == {"/li": 1}
    await later(corridor, 300)
    assert told(corridor) == {"/li": 1, "/wang": 1}


async def test_two_answers_that_cross_are_one_answer_and_a_refusal(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor)
    await later(corridor, 300)
    both = await asyncio.gather(
        corridor.parts.answer.acknowledge(token(corridor, "/wang"), by="王一"),
        corridor.parts.answer.acknowledge(token(corridor, "/li"), by="李二"), return_exceptions=True)
    [winner] = [one for one in both if not isinstance(one, BaseException)]
    [refused] = [one for one in both if isinstance(one, BaseException)]
    assert isinstance(refused, Conflict)
    assert winner.post == POST
    assert len(await corridor.rows("SELECT 1 FROM audit WHERE act = 'acknowledge'")) == 1


async def test_an_answer_that_crosses_the_call_of_the_next_person_leaves_no_call_behind(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor)
    await corridor.move(timedelta(minutes=5))
    await asyncio.gather(corridor.parts.answer.escalate(), corridor.parts.answer.acknowledge(token(corridor, "/wang"), by="王一"))
    async with corridor.working():
        await corridor.drained()
    assert told(corridor) == {"/wang": 1}
    assert await board(corridor) == {POST: ("answered", "王一")}


async def test_a_restart_between_two_attempts_forgets_no_deadline_and_calls_nobody_twice(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack)
        await brings(corridor, *PUDONG)
        await warned(corridor)
        await corridor.move(timedelta(minutes=2))
        settings = load_settings(corridor.settings_file)
        async with opened(settings, channels=False) as one, opened(settings, channels=False) as other:
            await asyncio.gather(one.answer.escalate(), other.answer.escalate(), one.answer.escalate())
        await corridor.move(timedelta(minutes=3))
        async with opened(settings, channels=False) as third:
            assert [call.post for call in await third.answer.escalate()] == [POST]
        async with corridor.working():
            await corridor.drained()
        assert told(corridor) == {"/wang": 1, "1": 1, "/li": 1}


async def test_a_person_without_a_telephone_costs_no_time_and_the_operators_read_it_at_once(corridor: Corridor) -> None:
    await brings(corridor, "310115,浦东新区,防汛责任人,责任人,1,孙无,,,", "310115,浦东新区,防汛责任人,责任人,2,李二,{}/li,,")
    await warned(corridor)
    assert told(corridor) == {"/li": 1}
    [call] = await corridor.parts.answer.board()
    assert (call.state, call.deadline - call.opened_at) == ("waiting", timedelta(minutes=5))
    assert [(one.name, one.state) for one in call.attempts] == [("孙无", "no_way"), ("李二", "called"), ("duty room", "planned")]
    [notice] = await corridor.rows("SELECT text, next_step FROM notice WHERE key LIKE 'no way %'")
    assert notice["text"] == f"{POST}: no telephone or app for 孙无"
    await corridor.parts.answer.acknowledge(token(corridor, "/li"), by="李二")
    assert await corridor.rows("SELECT 1 FROM notice WHERE key LIKE 'no way %' AND cleared_at IS NULL") == []


async def test_a_post_that_nobody_can_be_reached_at_is_the_duty_rooms_at_once(corridor: Corridor) -> None:
    await brings(corridor, "310115,浦东新区,防汛责任人,责任人,1,孙无,,,")
    await warned(corridor)
    [call] = await corridor.parts.answer.board()
    assert (call.state, call.escalated_to) == ("overdue", "duty room")


async def test_a_reply_by_text_message_needs_no_link_and_answers_every_call_of_its_person(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG, "310115140,书院镇,防汛责任人,责任人,1,王一,{}/wang,8613800000001,")
    await warned(corridor, Level.RED)
    async with corridor.working():
        await corridor.drained()
    assert told(corridor) == {"/wang": 1, "1": 1}  # one person with two posts is told once
    assert len(await corridor.parts.answer.board(open_only=True)) == 2
    answered = await corridor.parts.answer.reply("sms", "13800000001", "收到。")  # as a mainland gateway gives it
    assert answered is not None
    assert sorted(answered.posts) == ["书院镇防汛责任人", POST]
    assert await corridor.parts.answer.board(open_only=True) == []
    [audit] = await corridor.rows("SELECT who, detail FROM audit WHERE act = 'acknowledge'")
    assert (audit["who"], audit["detail"]["how"], len(audit["detail"]["posts"])) == ("王一", "reply", 2)


async def test_a_question_is_no_answer_but_the_desk_reads_it(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor, Level.RED)
    assert await corridor.parts.answer.reply("sms", "8613800000001", "什么情况？") is None
    assert await corridor.parts.answer.heard("sms", "8613800000001", "什么情况？")
    assert not await corridor.parts.answer.heard("sms", "8613899999999", "什么情况？")
    assert await corridor.parts.answer.reply("sms", "8613899999999", "1") is None  # a stranger answers nothing
    assert await board(corridor) == {POST: ("waiting", "")}
    [notice] = await corridor.rows("SELECT text FROM notice WHERE key LIKE 'heard %'")
    assert notice["text"] == f"{POST} wrote back: 什么情况？"


async def test_a_handset_that_writes_back_over_the_real_protocol_is_heard(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor, Level.RED)
    async with corridor.working():
        await corridor.drained()
    assert corridor.smsc.say(source="8613800000001", destination="12379", text="1") == 1

    async def answered() -> bool:
        return (await board(corridor))[POST][0] == "answered"

    await until(answered)
    assert await board(corridor) == {POST: ("answered", "王一")}


async def test_an_operator_enters_what_was_said_on_the_telephone_and_stands_for_it(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor)
    [call] = await corridor.parts.answer.board()
    with pytest.raises(NotAllowed):
        await corridor.parts.answer.enter(call.id, by="王一", account=Account(name="wang", role="viewer"))
    with pytest.raises(NotAllowed):
        await corridor.parts.answer.enter(call.id, by="王一", account=Account(name="jinshan", role="office", area="310116"))
    await corridor.parts.answer.enter(call.id, by="王一", note="座机", account=Account(name="pudong", role="office", area="310115"))
    [call] = await corridor.parts.answer.board()
    assert (call.state, call.answered_by, call.answered_how) == ("answered", "王一", "desk")
    [audit] = await corridor.rows("SELECT who, detail FROM audit WHERE act = 'acknowledge'")
    assert (audit["who"], audit["detail"]["said"], audit["detail"]["note"]) == ("pudong", "王一", "座机")
    with pytest.raises(Conflict, match="already answered"):
        await corridor.parts.answer.enter(call.id, by="李二", account=Account(name="lin", role="approver"))
    with pytest.raises(NotFound):
        await corridor.parts.answer.enter(call.event_id, by="李二", account=Account(name="lin", role="approver"))


async def test_a_higher_level_calls_anew_and_an_equal_one_does_not(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    first = await warned(corridor)
    await corridor.parts.answer.acknowledge(token(corridor, "/wang"), by="王一")
    same = await warned(corridor, replaces=first)
    assert [call.identifier for call in await corridor.parts.answer.board()] == [first]
    assert "ack_url" not in json.loads(corridor.sink.latest["/wang"])  # told of the change, not called
    red = await warned(corridor, Level.RED, replaces=same)
    assert [(call.identifier, call.state) for call in await corridor.parts.answer.board()] == [(red, "waiting"), (first, "answered")]
    assert (await corridor.parts.answer.acknowledge(token(corridor, "/wang"), by="王一")).identifier == red
    assert corridor.sink.received["/wang"] == 3


async def test_who_has_read_of_the_change_and_is_called_for_it_later_is_asked_for_an_answer(corridor: Corridor) -> None:
    """Li has had the orange warning, so he hears that it is red; that he must answer, he hears when Wang has not."""
    await brings(corridor, *PUDONG)
    first = await warned(corridor)
    await later(corridor, 300)
    await corridor.parts.answer.acknowledge(token(corridor, "/li"), by="李二")
    await warned(corridor, Level.RED, replaces=first)
    async with corridor.working():
        await corridor.drained()
    assert corridor.sink.received["/li"] == 2
    assert "ack_url" not in json.loads(corridor.sink.latest["/li"])
    assert await later(corridor, 300) == [POST]
    assert corridor.sink.received["/li"] == 3
    assert (await corridor.parts.answer.acknowledge(token(corridor, "/li"), by="李二")).posts == (POST,)
    assert await later(corridor, 3600) == []


async def test_escalation_ends_with_the_event_by_its_end_and_by_its_time(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    identifier = await warned(corridor)
    await corridor.send(await corridor.warned(action="cancel", replaces=identifier))
    assert await board(corridor) == {POST: ("ended", "")}
    assert json.loads(corridor.sink.latest["/wang"])["msg_type"] == "Cancel"  # who was called hears the end
    assert await later(corridor, 3600) == []
    assert told(corridor) == {"/wang": 2}
    await warned(corridor)
    await corridor.move(timedelta(hours=4))
    assert await corridor.parts.answer.escalate() == []
    assert {state for state, _ in (await board(corridor)).values()} == {"ended"}


async def test_a_post_whose_place_is_no_longer_warned_has_to_answer_no_more(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG, "310116,金山区,防汛责任人,责任人,1,钱三,{}/qian,,")
    both = await warned(corridor, zones=("310115", "310116"))
    await warned(corridor, replaces=both, zones=("310116",))
    assert await board(corridor) == {POST: ("ended", ""), "金山区防汛责任人": ("waiting", "")}


async def test_both_times_stand_in_the_stage_ledger_by_post(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor)
    await corridor.parts.answer.acknowledge(token(corridor, "/wang"), by="王一")
    rows = await corridor.rows("SELECT stage, channel FROM stage_event WHERE stage IN ('call', 'acknowledge') ORDER BY id")
    assert [(row["stage"], row["channel"]) for row in rows] == [("call", POST), ("acknowledge", POST)]
    [call] = await corridor.parts.answer.board()
    assert call.first_tried_at == call.opened_at
    assert await corridor.rows("SELECT proved_how FROM roster_contact WHERE proved_at IS NOT NULL") == [{"proved_how": "link"}]


async def test_nobody_reads_a_telephone_in_the_database(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    for table in ("subscription", "roster_person", "audit"):
        assert await corridor.rows(f"SELECT 1 FROM {table} t WHERE CAST(t AS text) LIKE '%8613800000001%'") == []
    posts = await corridor.parts.rosters.posts(ADMIN)
    assert [one.address for one in posts[0].people[0].contacts][1] == "8613800000001"


async def test_a_number_that_was_changed_is_called_no_more_and_the_new_one_is(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await brings(corridor, PUDONG[0].replace("/wang", "/new"))
    await warned(corridor)
    assert told(corridor) == {"/new": 1}


@pytest.fixture
async def beside(database_url: str, tmp_path: Path) -> AsyncIterator[Corridor]:
    """A deployment that warns for real, with a second channel for drills."""
    async with AsyncExitStack() as stack:
        first = await opened_corridor(database_url, tmp_path, stack, status="Actual", channels=False)
        settings = yaml.safe_load(first.settings_file.read_text(encoding="utf-8"))
        settings["channels"].append({"name": "drillhook", "kind": "webhook", "options": {"lane": "exercise", "allow_private": True}})
        first.settings_file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        parts = await stack.enter_async_context(opened(load_settings(first.settings_file)))
        yield Corridor(parts=parts, smsc=first.smsc, sink=first.sink, folder=first.folder, settings_file=first.settings_file)


async def test_a_drills_calls_never_leave_the_drills_lane(beside: Corridor) -> None:
    await brings(beside, *PUDONG)  # people who must act when it is real
    identifier = await beside.warned()
    await beside.execute("UPDATE alert SET status = 'Exercise' WHERE identifier = :i", i=identifier)
    await beside.send(identifier)
    assert await beside.parts.answer.board() == []
    assert told(beside) == {}


async def test_the_link_of_what_was_read_answers_nothing_that_still_waits_in_a_queue(corridor: Corridor) -> None:
    """Red is queued when Wang opens the link of the orange message: he has not read of red, and is told of it."""
    await brings(corridor, *PUDONG)
    first = await warned(corridor)
    link = token(corridor, "/wang")
    red = await corridor.warned(level=Level.RED, replaces=first, action="update")
    await corridor.parts.dispatch.expand(red)
    with pytest.raises(Conflict, match="already"):
        await corridor.parts.answer.acknowledge(link, by="王一")  # the orange call has ended with the red one's opening
    assert await corridor.parts.answer.reply("sms", "8613800000001", "收到") is None
    async with corridor.working():
        await corridor.drained()
    assert corridor.sink.received["/wang"] == 2
    assert [(call.identifier, call.state) for call in await corridor.parts.answer.board()][0] == (red, "waiting")
    assert (await corridor.parts.answer.acknowledge(token(corridor, "/wang"), by="王一")).identifier == red


async def test_a_level_that_comes_back_after_it_had_fallen_calls_anew(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    red = await warned(corridor, Level.RED)
    await corridor.parts.answer.acknowledge(token(corridor, "/wang"), by="王一")
    yellow = await warned(corridor, Level.YELLOW, replaces=red)
    assert len(await corridor.parts.answer.board()) == 1
    again = await warned(corridor, Level.RED, replaces=yellow)
    assert [(call.identifier, call.state) for call in await corridor.parts.answer.board()][0] == (again, "waiting")
    assert "ack_url" in json.loads(corridor.sink.latest["/wang"])
