"""A list that is mended while a call is open: whoever is called this moment is called by the new way at once, in virtual time."""

from collections.abc import Sequence
from copy import copy
from datetime import datetime, timedelta

import pytest

from tests.corridor.conftest import OFFICER, Corridor, until
from tests.corridor.test_calls import ADMIN, HEAD, POST, PUDONG, brings, later, token, told, warned
from tests.corridor.test_calls_pull import NOWHERE, OFFICE, ways
from warning.answer.work import Office
from warning.level import Level
from warning.office.desk import OfficeDesk
from warning.office.wish import Changes, NewContact, NewPause
from warning.roster.post import Post
from warning.store.answer import AnswerStore

NEW = "8613800000003"


async def sent(corridor: Corridor) -> None:
    """What is due this moment leaves, and no virtual time goes by."""
    async with corridor.working():
        await corridor.drained()


async def test_a_number_mended_in_the_middle_of_a_call_is_called_at_once_and_its_link_answers(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor)
    await later(corridor, 180)  # the app at once, the old number at two minutes
    await brings(corridor, PUDONG[0].replace("8613800000001", NEW), PUDONG[1])
    await sent(corridor)
    [text] = corridor.heard(NEW)
    assert "【演练】" in text
    assert ("王一", "sms", "called", "") in (await ways(corridor))[2:3]
    assert told(corridor) == {"/wang": 1, "1": 1}  # nobody is told twice, and nobody else is woken
    assert await later(corridor, 119) == []
    assert await later(corridor, 1) == [POST]  # Li keeps his five minutes
    answered = await corridor.parts.answer.acknowledge(text.rsplit("/", 1)[-1], by="王一")
    assert answered.posts == (POST,)


async def test_the_number_of_somebody_whose_turn_is_to_come_is_called_when_it_comes(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor)
    await brings(corridor, PUDONG[0], PUDONG[1].replace("{}/li", "{}/lee"))
    await sent(corridor)
    assert told(corridor) == {"/wang": 1}
    await later(corridor, 300)
    assert {path: count for path, count in told(corridor).items() if path.startswith("/")} == {"/wang": 1, "/lee": 1}


async def test_a_number_given_to_somebody_who_had_none_takes_the_call_back_from_the_duty_room(corridor: Corridor) -> None:
    await brings(corridor, "310115,浦东新区,防汛责任人,责任人,1,孙无,,,")
    await warned(corridor)
    assert [call.escalated_to for call in await corridor.parts.answer.board()] == ["duty room"]
    await brings(corridor, f"310115,浦东新区,防汛责任人,责任人,1,孙无,,{NEW},")
    await sent(corridor)
    assert len(corridor.heard(NEW)) == 1
    assert await corridor.rows("SELECT 1 FROM notice WHERE key LIKE 'no way %' AND cleared_at IS NULL") == []


async def test_who_is_put_in_the_place_of_a_person_is_called_when_somebody_else_is(corridor: Corridor) -> None:
    await brings(corridor, PUDONG[0])
    await warned(corridor)
    await brings(corridor, "310115,浦东新区,防汛责任人,责任人,1,周新,{}/zhou,,")
    await sent(corridor)
    assert told(corridor) == {"/wang": 1}
    await later(corridor, 300)
    assert corridor.sink.received["/zhou"] == 1


class Cut(Exception):
    """The power is cut."""


async def cut(lane: str) -> None:
    raise Cut(lane)


async def test_a_list_that_was_written_just_before_a_crash_counts_at_the_next_look(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor)
    await later(corridor, 180)
    dying = copy(corridor.parts.rosters)
    dying._changed = cut
    words = "\n".join((HEAD, PUDONG[0].replace("8613800000001", NEW), PUDONG[1])).replace("{}", corridor.sink.url(""))
    with pytest.raises(Cut):
        await dying.bring([("roster.csv", words.encode())], account=ADMIN)
    await sent(corridor)
    assert corridor.heard(NEW) == []
    assert await later(corridor, 0) == []
    assert len(corridor.heard(NEW)) == 1
    assert await corridor.parts.answer._ledger.outdated() == []
    assert await later(corridor, 1) == []
    assert len(corridor.heard(NEW)) == 1


class Meanwhile(AnswerStore):
    """A ledger in which a list is brought in right after it was read."""

    def __init__(self, ledger: AnswerStore, corridor: Corridor, *rows: str) -> None:
        self.__dict__.update(ledger.__dict__)
        self.corridor, self.rows = corridor, rows

    async def posts(self, lane: str) -> tuple[list[Post], int]:
        found = await super().posts(lane)
        await brings(self.corridor, *self.rows)
        return found


async def test_a_list_that_comes_while_calls_are_opened_by_the_one_before_counts_at_the_next_look(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    identifier = await corridor.warned(level=Level.RED)
    alert = await corridor.parts.ledger.alert(identifier)
    desk = copy(corridor.parts.answer)
    assert isinstance(desk._ledger, AnswerStore)
    desk._ledger = Meanwhile(desk._ledger, corridor, PUDONG[0].replace("8613800000001", NEW), PUDONG[1])
    assert await desk.open(alert, frozenset({"310115"})) == 1
    await sent(corridor)
    assert corridor.heard(NEW) == []  # the call knows the old number only, which is no longer in use
    await later(corridor, 0)
    assert len(corridor.heard(NEW)) == 1


async def test_a_post_that_the_list_gains_while_a_warning_is_in_force_is_called_for_it_and_nobody_twice(corridor: Corridor) -> None:
    await brings(corridor, PUDONG[0])
    await warned(corridor)
    await sent(corridor)
    lost = await corridor.warned(level=Level.ORANGE, zones=("310116",))
    await corridor.send(lost)
    await corridor.send(await corridor.warned(level=Level.ORANGE, zones=("310116",), action="cancel", replaces=lost))
    await brings(corridor, PUDONG[0], "310115140,书院镇,防汛责任人,责任人,1,陈三,{}/chen,,", "310116,金山区,防汛责任人,责任人,1,钱四,{}/qian,,")
    async with corridor.working():
        await until(lambda: heard(corridor, "/chen"))
        await corridor.drained()
    assert told(corridor) == {"/wang": 1, "/chen": 1}  # what was lifted calls nobody any more
    assert (await corridor.parts.answer.acknowledge(token(corridor, "/chen"), by="陈三")).posts == ("书院镇防汛责任人",)


async def test_an_audience_worked_out_once_more_after_the_lifting_calls_nobody(corridor: Corridor) -> None:
    """A job that comes late: the post is new, and would be told of an end whose start it never had."""
    lost = await corridor.warned(level=Level.ORANGE)
    await corridor.send(lost)
    await corridor.send(await corridor.warned(level=Level.ORANGE, action="cancel", replaces=lost))
    await brings(corridor, PUDONG[0])
    await corridor.send(lost)
    assert await corridor.rows("SELECT post FROM duty_call WHERE post_id IS NOT NULL") == []
    await sent(corridor)
    assert told(corridor) == {}


async def heard(corridor: Corridor, path: str) -> bool:
    return corridor.sink.received[path] > 0


async def test_the_same_list_brought_in_again_calls_nobody_anew(corridor: Corridor) -> None:
    await brings(corridor, *PUDONG)
    await warned(corridor, Level.RED)
    await sent(corridor)
    await brings(corridor, *PUDONG)
    await sent(corridor)
    assert told(corridor) == {"/wang": 1, "1": 1}


async def test_an_office_whose_address_is_mended_is_told_at_once_and_answers_by_the_link(corridor: Corridor) -> None:
    number = await corridor.office(OFFICE, "", url=f"{NOWHERE}/office")
    await corridor.send(await corridor.warned(level=Level.ORANGE))
    assert await later(corridor, 0) == [OFFICE]  # nobody was reached: the duty room has it
    await corridor.parts.office.change(number, Changes(address=corridor.sink.url("/office")), account=OFFICER)
    await sent(corridor)
    assert corridor.sink.received["/office"] == 1
    assert await ways(corridor) == [(OFFICE, "webhook", "called", ""), ("duty room", "", "no_way", "")]
    assert (await corridor.parts.answer.acknowledge(token(corridor, "/office"), by="值班员")).posts == (OFFICE,)


async def test_a_contact_that_an_office_adds_during_its_call_is_called_when_its_turn_comes(corridor: Corridor) -> None:
    number = await corridor.office(OFFICE, "/office")
    await corridor.send(await corridor.warned(level=Level.ORANGE))
    await corridor.parts.office.set_contacts(number, [NewContact(name="副局长", channel="webhook", address=corridor.sink.url("/deputy"))], account=OFFICER)
    await sent(corridor)
    assert "/deputy" not in corridor.sink.received
    await corridor.move(timedelta(minutes=5))
    await later(corridor, 0)
    assert corridor.sink.received["/deputy"] == 1


async def cut_off() -> None:
    raise Cut


def dying(corridor: Corridor) -> OfficeDesk:
    """An office's desk whose process ends right after the change was written."""
    desk = copy(corridor.parts.office)
    desk._calls = copy(desk._calls)
    desk._calls.renew_offices = cut_off  # type: ignore[method-assign]
    return desk


async def test_an_address_that_an_office_mended_just_before_a_crash_is_told_at_the_next_look_and_once(corridor: Corridor) -> None:
    number = await corridor.office(OFFICE, "", url=f"{NOWHERE}/office")
    await corridor.send(await corridor.warned(level=Level.ORANGE))
    await later(corridor, 0)
    with pytest.raises(Cut):
        await dying(corridor).change(number, Changes(address=corridor.sink.url("/office")), account=OFFICER)
    await sent(corridor)
    assert "/office" not in corridor.sink.received
    await later(corridor, 0)
    assert corridor.sink.received["/office"] == 1
    await later(corridor, 0)
    assert corridor.sink.received["/office"] == 1


async def test_a_contact_that_an_office_added_just_before_a_crash_is_called_when_its_turn_comes(corridor: Corridor) -> None:
    number = await corridor.office(OFFICE, "/office")
    await corridor.send(await corridor.warned(level=Level.ORANGE))
    with pytest.raises(Cut):
        await dying(corridor).set_contacts(
            number, [NewContact(name="副局长", channel="webhook", address=corridor.sink.url("/deputy"))], account=OFFICER)
    await later(corridor, 299)
    assert "/deputy" not in corridor.sink.received
    await later(corridor, 1)
    assert corridor.sink.received["/deputy"] == 1


async def test_a_contact_that_is_added_while_the_call_is_opened_by_the_chain_before_is_called_too(corridor: Corridor) -> None:
    number = await corridor.office(OFFICE, "/office")
    desk = copy(corridor.parts.answer)
    assert isinstance(desk._ledger, AnswerStore)
    desk._ledger = Added(desk._ledger, corridor, number)
    identifier = await corridor.warned(level=Level.ORANGE)
    await corridor.parts.dispatch.expand(identifier)
    assert await desk.call(identifier, [number]) != {}
    await later(corridor, 300)
    assert corridor.sink.received["/deputy"] == 1


async def test_who_covers_for_an_office_that_pauses_during_its_call_is_called_when_the_next_one_is_due(corridor: Corridor) -> None:
    number = await corridor.office(OFFICE, "/office")
    cover = await corridor.office("代班", "/cover", zones=("310116",))
    await corridor.send(await corridor.warned(level=Level.ORANGE))
    with pytest.raises(Cut):  # and the process dies right after the pause was written
        await dying(corridor).pause(number, NewPause(starts_at=corridor.now, ends_at=corridor.now + timedelta(days=1), cover=cover), account=OFFICER)
    await later(corridor, 299)
    assert told(corridor) == {"/office": 1}
    await later(corridor, 1)
    assert told(corridor) == {"/office": 1, "/cover": 1}
    assert (await corridor.parts.answer.acknowledge(token(corridor, "/office"), by="局长")).posts == (OFFICE,)  # a pause takes nothing back


async def test_an_office_whose_cover_was_ended_is_not_called_twice_in_the_place_of_the_duty_room(corridor: Corridor) -> None:
    number = await corridor.office(OFFICE, "/office")
    cover = await corridor.office("代班", "/cover", zones=("310116",))
    await corridor.parts.office.pause(number, NewPause(starts_at=corridor.now, ends_at=corridor.now + timedelta(days=1), cover=cover), account=OFFICER)
    await corridor.parts.subscriptions.end(cover, account=OFFICER)
    await corridor.send(await corridor.warned(level=Level.ORANGE))  # told itself after all: nobody else is left
    assert [name for name, *_ in await ways(corridor)] == [OFFICE, "duty room"]


async def test_a_stand_in_that_pauses_during_a_call_has_its_cover_called_and_one_that_comes_back_is_called_again(corridor: Corridor) -> None:
    number = await corridor.office(OFFICE, "/office")
    [deputy] = (await corridor.parts.office.set_contacts(
        number, [NewContact(name="副局长", channel="webhook", address=corridor.sink.url("/deputy"))], account=OFFICER)).contacts
    cover = await corridor.office("代班", "/cover", zones=("310116",))
    until = corridor.now + timedelta(days=1)
    pause = await corridor.parts.office.pause(deputy.id, NewPause(starts_at=corridor.now, ends_at=until), account=OFFICER)
    await corridor.send(await corridor.warned(level=Level.ORANGE))
    assert {name for name, *_ in await ways(corridor)} == {OFFICE, "duty room"}
    await corridor.parts.office.end_pause(pause, account=OFFICER)
    assert {name for name, *_ in await ways(corridor)} == {OFFICE, "副局长", "duty room"}
    await corridor.parts.office.pause(deputy.id, NewPause(starts_at=corridor.now, ends_at=until, cover=cover), account=OFFICER)
    await later(corridor, 300)
    assert told(corridor) == {"/office": 1, "/deputy": 1, "/cover": 1}
    assert [call.state for call in await corridor.parts.answer.board() if call.post == OFFICE] == ["overdue"]


async def test_a_pause_that_begins_and_ends_by_its_own_date_during_a_call_counts_from_that_moment(corridor: Corridor) -> None:
    number = await corridor.office(OFFICE, "/office")
    [deputy] = (await corridor.parts.office.set_contacts(
        number, [NewContact(name="副局长", channel="webhook", address=corridor.sink.url("/deputy"))], account=OFFICER)).contacts
    cover = await corridor.office("代班", "/cover", zones=("310116",))
    # Asked for long before: from a minute after the call until a minute before the next one is due.
    starts = corridor.now + timedelta(seconds=60)
    await corridor.parts.office.pause(deputy.id, NewPause(starts_at=starts, ends_at=starts + timedelta(seconds=180), cover=cover), account=OFFICER)
    await corridor.send(await corridor.warned(level=Level.ORANGE))
    assert [name for name, *_ in await ways(corridor)] == [OFFICE, "副局长", "duty room"]
    await later(corridor, 59)
    assert "代班" not in {name for name, *_ in await ways(corridor)}
    await later(corridor, 1)
    assert "代班" in {name for name, *_ in await ways(corridor)}
    editions = await corridor.rows("SELECT number FROM office_edition WHERE subscription_id = :s", s=number)
    await later(corridor, 10)
    assert await corridor.rows("SELECT number FROM office_edition WHERE subscription_id = :s", s=number) == editions, "each turn counts once"
    await later(corridor, 169)
    assert await corridor.rows("SELECT number FROM office_edition WHERE subscription_id = :s", s=number) == editions
    await later(corridor, 1)
    assert await corridor.rows("SELECT number FROM office_edition WHERE subscription_id = :s", s=number) != editions, "its end is a turn too"


class Added(AnswerStore):
    """A ledger in which an office adds a contact right after its chain was read."""

    def __init__(self, ledger: AnswerStore, corridor: Corridor, number: int) -> None:
        self.__dict__.update(ledger.__dict__)
        self.corridor, self.number = corridor, number

    async def offices(self, subscription_ids: Sequence[int], *, at: datetime) -> list[Office]:
        found = await super().offices(subscription_ids, at=at)
        await self.corridor.parts.office.set_contacts(
            self.number, [NewContact(name="副局长", channel="webhook", address=self.corridor.sink.url("/deputy"))], account=OFFICER)
        return found


async def test_while_a_worker_may_still_be_at_the_old_address_the_new_one_waits_and_is_told_afterwards(corridor: Corridor) -> None:
    number = await corridor.office(OFFICE, "", url=f"{NOWHERE}/office")
    await corridor.send(await corridor.warned(level=Level.ORANGE))
    await later(corridor, 0)
    await corridor.execute("UPDATE delivery SET state = 'claimed', lease_until = clock_timestamp() + interval '1 hour'")
    await corridor.parts.office.change(number, Changes(address=corridor.sink.url("/office")), account=OFFICER)
    await corridor.parts.answer.escalate()
    assert await corridor.rows("SELECT state FROM delivery") == [{"state": "claimed"}]
    await corridor.execute("UPDATE delivery SET state = 'failed', lease_until = NULL")
    await later(corridor, 1)
    assert corridor.sink.received["/office"] == 1
