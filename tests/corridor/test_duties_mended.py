"""A roster that is mended while a response is open: its letters follow the list as it is, whatever happened in between."""

from tests.corridor.conftest import Corridor
from tests.corridor.test_calls import brings, warned
from tests.corridor.test_duties import POST, ROSTER, duties, followed, word
from warning.level import Level


async def steps(corridor: Corridor) -> list[tuple[str, str]]:
    return [(row["person"], row["state"]) for row in await corridor.rows(
        "SELECT t.person, t.state FROM duty_step t JOIN duty_letter l ON l.id = t.letter_id WHERE l.post = :post ORDER BY t.id", post=POST)]


async def test_a_number_mended_while_his_duty_waits_is_written_to_at_the_next_look_and_its_link_takes_the_duty(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER)
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    await brings(corridor, ROSTER[0], ROSTER[1].replace("8613800000001", "8613800000007"), *ROSTER[2:])
    await followed(corridor, 1)
    [text] = duties(corridor, "7")
    assert (len(duties(corridor, "1")), len(duties(corridor, "9")), duties(corridor, "2")) == (1, 1, [])
    assert word(text) == word(duties(corridor, "1")[0])  # the same link: whoever has the old telephone sees what the new one does
    await corridor.parts.response.take_all(word(text), by="王一")
    await followed(corridor, 600)
    assert (len(duties(corridor, "7")), duties(corridor, "2")) == (1, [])


async def test_a_number_mended_before_his_turn_is_written_to_at_his_turn_and_the_old_one_never(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER)
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    await brings(corridor, *ROSTER[:2], ROSTER[2].replace("8613800000002", "8613800000007"), *ROSTER[3:])
    await followed(corridor, 299)
    assert await steps(corridor) == [("王一", "sent"), ("李二", "stopped"), ("李二", "planned")]
    assert duties(corridor, "7") == []
    await followed(corridor, 1)
    assert (len(duties(corridor, "7")), duties(corridor, "2")) == (1, [])


async def test_who_takes_the_place_of_a_person_is_written_to_five_minutes_after_him(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER[:2])
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    await followed(corridor, 120)
    await brings(corridor, ROSTER[0], "310115,浦东新区,防汛责任人,责任人,1,周新,,8613800000007,")
    await followed(corridor, 179)
    assert duties(corridor, "7") == []
    await followed(corridor, 1)
    assert len(duties(corridor, "7")) == 1


async def test_a_post_that_the_list_gains_while_its_duty_has_nobody_is_written_to_and_the_alarm_ends(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER[1:3])
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    unheld = "SELECT 1 FROM notice WHERE key LIKE 'unheld duties %' AND cleared_at IS NULL"
    assert len(await corridor.rows(unheld)) == 1
    await brings(corridor, *ROSTER[:3])
    await followed(corridor, 1)
    assert (len(duties(corridor, "9")), len(duties(corridor, "1")), await corridor.rows(unheld)) == (1, 1, [])


async def test_a_post_that_the_list_loses_is_written_to_no_more(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER)
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    await brings(corridor, ROSTER[0], *ROSTER[3:], whole=True)
    await followed(corridor, 1)
    assert await steps(corridor) == [("王一", "sent"), ("李二", "stopped")]
    await followed(corridor, 600)
    assert duties(corridor, "2") == []


async def test_a_duty_that_is_taken_wakes_nobody_when_the_list_is_mended_and_one_list_twice_wakes_nobody_at_all(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER)
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    await brings(corridor, *ROSTER)
    await followed(corridor, 1)
    assert [len(duties(corridor, number)) for number in "129"] == [1, 0, 1]
    await corridor.parts.response.take_all(word(duties(corridor, "1")[0]), by="王一")
    await brings(corridor, ROSTER[0], ROSTER[1].replace("8613800000001", "8613800000007"), *ROSTER[2:])
    await followed(corridor, 600)
    assert (duties(corridor, "7"), duties(corridor, "2")) == ([], [])


async def test_a_list_mended_after_a_response_was_closed_writes_to_nobody(corridor: Corridor) -> None:
    await brings(corridor, *ROSTER)
    await warned(corridor, Level.BLUE)
    await followed(corridor, 0)
    await corridor.execute("UPDATE response SET state = 'closed', closed_at = opened_at, closed_who = 'fu', reason = 'over'")
    await brings(corridor, ROSTER[0], ROSTER[1].replace("8613800000001", "8613800000007"), *ROSTER[2:])
    await followed(corridor, 1)
    assert duties(corridor, "7") == []
