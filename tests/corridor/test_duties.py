"""A response's duties and the roster's posts: who holds them is written to, answers by the link of the message, and is pressed on until somebody has taken them."""

import json
from datetime import timedelta

import pytest

from channels.wire.smsc import Faults
from tests.corridor.conftest import Corridor
from tests.corridor.test_calls import brings, warned
from warning.errors import Conflict, Invalid, NotFound
from warning.level import Level
from warning.response.errand import Letter

ROSTER = (
    "310000,上海市,市防汛办,责任人,1,赵总,,8613800000009,",
    "310115,浦东新区,防汛责任人,责任人,1,王一,,8613800000001,",
    "310115,浦东新区,防汛责任人,责任人,2,李二,,8613800000002,",
    "310115140,书院镇,防汛责任人,责任人,1,陈三,,8613800000003,",
    "310116,金山区,防汛责任人,责任人,1,钱四,,8613800000004,",
)
POST = "浦东新区防汛责任人"


async def followed(corridor: Corridor, seconds: float) -> None:
    """So much virtual time goes by, and the response desk looks; what is due leaves."""
    await corridor.move(timedelta(seconds=seconds))
    await corridor.parts.response.follow()
    await corridor.parts.words.send_due()


def duties(corridor: Corridor, number: str) -> list[str]:
    """What this telephone was told of duties; the warning itself is another message."""
    return [text for text in corridor.heard(f"861380000000{number}") if "请履职" in text]


def word(text: str) -> str:
    return text.rsplit("/", 1)[-1]


def states(letter: Letter) -> dict[str, str]:
    return {duty.key: duty.state for duty in letter.duties}


async def test_each_post_is_told_its_own_duties_at_once_in_a_drills_words_with_the_shelters_near_its_ground(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER)
    await warned(corridor, Level.ORANGE)
    await followed(corridor, 0)
    [city], [pudong], [town] = duties(corridor, "9"), duties(corridor, "1"), duties(corridor, "3")
    for text in (city, pudong, town):
        assert text.startswith("【上海预警】【演练】防汛防台应急响应Ⅱ级：")
    assert "市防汛办，请履职：\n1. 值班人员到岗，接通各区视频会商（5分钟内确认，30分钟内完成）" in city
    assert f"{POST}，请履职：\n1. 预降内河水位，泵车待命（10分钟内确认，60分钟内完成）\n2. 下立交派人值守" in pudong
    assert "书院镇防汛责任人，请履职：\n1. 转移危险区域人员，开放避难场所（5分钟内确认，120分钟内完成）" in town
    assert "\n避难场所：" in pudong
    assert duties(corridor, "2") == []  # the deputy is not woken yet
    assert duties(corridor, "4") == []  # Jinshan is not warned
    await followed(corridor, 0)
    assert len(duties(corridor, "1")) == 1


async def test_the_link_takes_ticks_and_ends_the_posts_own_duties_and_the_times_are_kept(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER)
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    [text] = duties(corridor, "1")
    desk = corridor.parts.response
    assert states(await desk.letter(word(text))) == {"pumps": "waiting"}
    await corridor.move(timedelta(minutes=3))
    taken = await desk.take_all(word(text), by="王一")
    [pumps] = taken.duties
    assert (pumps.state, pumps.acknowledged_who, pumps.acknowledged_at) == ("acknowledged", f"王一（{POST}）", corridor.now)
    with pytest.raises(Conflict, match="nothing waits"):
        await desk.take_all(word(text), by="王一")
    with pytest.raises(Invalid, match="inland water level lowered"):
        await desk.done_by_letter(word(text), pumps.id, by="王一")
    await desk.tick_by_letter(word(text), pumps.id, 0, by="王一")
    await desk.tick_by_letter(word(text), pumps.id, 1, by="王一")
    await corridor.move(timedelta(minutes=20))
    [done] = (await desk.done_by_letter(word(text), pumps.id, by="王一")).duties
    assert (done.state, done.done_at, sorted(done.ticked)) == ("done", corridor.now, [0, 1])
    # Another post's duty is none of this link's.
    [other] = (await desk.letter(word(duties(corridor, "9")[0]))).duties
    with pytest.raises(NotFound):
        await desk.done_by_letter(word(text), other.id, by="王一", remark="x")
    with pytest.raises(NotFound):
        await desk.letter("0" * 64)


async def test_while_nobody_has_taken_them_the_next_person_is_told_after_five_minutes_and_nobody_after_that(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER)
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    await followed(corridor, 299)
    assert duties(corridor, "2") == []
    await followed(corridor, 1)
    [text] = duties(corridor, "2")
    await corridor.parts.response.take_all(word(text), by="李二")
    await followed(corridor, 600)
    assert (len(duties(corridor, "1")), len(duties(corridor, "2"))) == (1, 1)


async def test_once_they_are_taken_nobody_else_is_woken(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER)
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    await corridor.parts.response.take_all(word(duties(corridor, "1")[0]), by="王一")
    await followed(corridor, 600)
    assert duties(corridor, "2") == []


async def test_a_number_that_is_refused_brings_the_next_person_forward(corridor: Corridor) -> None:
    corridor.smsc.misbehave(Faults(refuse_prefixes=("8613800000001",)))
    await brings(corridor, *ROSTER)
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    await followed(corridor, 1)
    assert len(duties(corridor, "2")) == 1


async def test_a_rise_writes_anew_to_who_gains_a_duty_and_to_nobody_else(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER)
    first = await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    await corridor.parts.response.take_all(word(duties(corridor, "1")[0]), by="王一")
    await warned(corridor, Level.ORANGE, replaces=first)
    await followed(corridor, 0)
    assert [len(duties(corridor, number)) for number in "139"] == [2, 1, 1]
    assert word(duties(corridor, "1")[0]) == word(duties(corridor, "1")[1])  # the same link, for all of it
    assert states(await corridor.parts.response.letter(word(duties(corridor, "1")[0]))) == {
        "pumps": "acknowledged", "underpasses": "waiting", "work-sites": "waiting"}


async def test_a_duty_that_no_post_can_be_written_to_about_and_one_that_is_late_are_alarms_in_a_drills_words(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER[1:3])  # nobody of the city
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    [notice] = await corridor.rows("SELECT text FROM notice WHERE key LIKE 'unheld duties %' AND cleared_at IS NULL")
    assert notice["text"] == "【演练】response flood-control: 1 duties have nobody on the roster who can be written to"
    await followed(corridor, 600)
    late = [row["text"] for row in await corridor.rows("SELECT text FROM notice WHERE key LIKE 'duty % taken' AND cleared_at IS NULL ORDER BY text")]
    assert [text for text in late if POST in text] == [
        f"【演练】响应 flood-control，区排水值班 310115（{POST}）：预降内河水位，泵车待命：逾期无人承担 / "
        f"[EXERCISE] response flood-control, district drainage duty officer of 310115 ({POST}): "
        "Lower the inland water level and put pump trucks on call: nobody has taken charge in time"]


async def test_a_closed_response_presses_nobody_any_more(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER)
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    await corridor.execute("UPDATE response SET state = 'closed', closed_at = opened_at, closed_who = 'fu', reason = 'over'")
    await followed(corridor, 600)
    assert duties(corridor, "2") == []
    with pytest.raises(Conflict):
        await corridor.parts.response.take_all(word(duties(corridor, "1")[0]), by="王一")


async def test_a_system_is_told_as_json_with_the_link_and_no_link_lies_open_in_the_database(corridor: Corridor) -> None:
    await brings(corridor, "310115,浦东新区,防汛责任人,责任人,1,调度平台,{}/system,,")
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    told = json.loads(corridor.sink.latest["/system"])
    assert (told["status"], told["headline"]) == ("Exercise", f"【演练】防汛防台应急响应Ⅳ级：{POST}，请履职")
    assert (await corridor.parts.response.letter(word(told["url"]))).post == POST
    assert await corridor.rows("SELECT 1 FROM word w WHERE CAST(w AS text) LIKE '%/api/duty/%'") == []


async def test_who_is_called_for_the_warning_reads_of_the_shelters_near_the_warned_part_of_his_ground(corridor: Corridor) -> None:
    await brings(corridor, ROSTER[1])
    await warned(corridor, Level.ORANGE)
    [text] = corridor.heard("8613800000001")
    assert text.startswith("【上海预警】【演练】")
    assert "\n避难场所：" in text
