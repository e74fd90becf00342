"""A resident registers by a code over a real SMS centre; STOP and LIST come back the same way; nothing is told to whoever asks."""

import re
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from channels.message import Reply
from tests.corridor.conftest import PLACES, Corridor, opened_corridor, until
from warning.dispatch.registration import Asked
from warning.dispatch.subscribe import FallBack, ResidentSubscription
from warning.errors import Invalid, NotFound
from warning.level import Level

ONE, TWO = "8613900000001", "8613900000002"


def wish(number: str = ONE, zone: str = "310115", *, min_level: str = "yellow", hazards: tuple[str, ...] = (), quiet: str = "") -> ResidentSubscription:
    lat, lon = PLACES[zone]
    return ResidentSubscription(channel="sms", address=number, lat=lat, lon=lon, min_level=min_level, hazards=hazards, quiet=quiet)


async def asked(corridor: Corridor, new: ResidentSubscription) -> Asked:
    made = await corridor.parts.registration.ask(new)
    assert isinstance(made, Asked)
    return made


async def code_of(corridor: Corridor, number: str = ONE) -> str:
    """The newest code that reached this phone."""
    await corridor.parts.words.send_due()
    found = re.findall(r"验证码(\d{6})", corridor.heard(number)[-1])
    return str(found[0])


async def says(corridor: Corridor, words: str, number: str = ONE) -> str:
    """A text from the phone; what was answered."""
    before = len(corridor.heard(number))
    await corridor.parts.registration.reply(Reply(channel="sms", address=number, text=words, at=corridor.now))
    await corridor.parts.words.send_due()
    heard = corridor.heard(number)[before:]
    return heard[0] if heard else ""


async def wishes(corridor: Corridor) -> list[tuple[int, bool]]:
    return [(row["min_level"], row["active"]) for row in await corridor.rows("SELECT min_level, active FROM subscription ORDER BY id")]


async def test_nothing_is_stored_before_the_code_comes_back_and_nothing_lies_open_after_it(corridor: Corridor) -> None:
    request = await asked(corridor, wish())
    assert await wishes(corridor) == []
    proven = await corridor.parts.registration.confirm(request.request, code=await code_of(corridor))
    assert await wishes(corridor) == [(int(Level.YELLOW), True)]
    assert [(place.district, place.min_level) for place in proven.places] == [("310115", Level.YELLOW)]
    for table in ("subscription", "registration", "word"):
        assert ONE not in str(await corridor.rows(f"SELECT * FROM {table}")), table
    alert = await corridor.warned()
    await corridor.send(alert)
    assert "暴雨" in corridor.heard(ONE)[-1], "a sealed number is opened where the message leaves"


async def test_the_code_is_proven_by_the_handsets_receipt(corridor: Corridor) -> None:
    await asked(corridor, wish())
    await corridor.parts.words.send_due()

    async def delivered() -> bool:
        return [row["state"] for row in await corridor.rows("SELECT state FROM word")] == ["delivered"]

    await until(delivered)


async def test_a_change_needs_a_code_as_well(corridor: Corridor) -> None:
    first = await asked(corridor, wish(min_level="yellow"))
    await corridor.parts.registration.confirm(first.request, code=await code_of(corridor))
    stranger = await asked(corridor, wish(min_level="red"))  # somebody else, who knows the number
    with pytest.raises(Invalid, match="code"):
        await corridor.parts.registration.confirm(stranger.request, code="guess1")
    assert await wishes(corridor) == [(int(Level.YELLOW), True)]
    await corridor.parts.registration.confirm(stranger.request, code=await code_of(corridor))
    assert await wishes(corridor) == [(int(Level.RED), True)]


async def test_five_wrong_tries_use_a_code_up_and_ten_minutes_end_it(corridor: Corridor) -> None:
    request = await asked(corridor, wish())
    code = await code_of(corridor)
    for _ in range(5):
        with pytest.raises(Invalid):
            await corridor.parts.registration.confirm(request.request, code="x")
    with pytest.raises(Invalid):
        await corridor.parts.registration.confirm(request.request, code=code)
    late = await asked(corridor, wish())
    code = await code_of(corridor)
    await corridor.move(timedelta(minutes=10))
    with pytest.raises(Invalid):
        await corridor.parts.registration.confirm(late.request, code=code)
    assert await wishes(corridor) == []


async def test_a_code_counts_once_and_only_for_its_own_request(corridor: Corridor) -> None:
    first, second = await asked(corridor, wish()), await asked(corridor, wish(TWO))
    code = await code_of(corridor)
    other = await code_of(corridor, TWO)
    if code != other:
        with pytest.raises(Invalid):
            await corridor.parts.registration.confirm(second.request, code=code)
    await corridor.parts.registration.confirm(first.request, code=code)
    for request in (first.request, uuid4()):
        with pytest.raises(Invalid):
            await corridor.parts.registration.confirm(request, code=code)


async def test_who_is_registered_cannot_be_asked_and_a_number_gets_three_codes_an_hour(corridor: Corridor) -> None:
    await corridor.resident(ONE)
    for number in (ONE, TWO):
        for _ in range(5):
            await asked(corridor, wish(number))  # the same answer every time
    await corridor.parts.words.send_due()
    assert [len(corridor.heard(number)) for number in (ONE, TWO)] == [3, 3]
    await corridor.move(timedelta(minutes=61))
    await asked(corridor, wish())
    await corridor.parts.words.send_due()
    assert len(corridor.heard(ONE)) == 4


async def test_asking_again_and_again_buys_no_more_guesses_than_codes_were_sent(corridor: Corridor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code is one of a million: whoever asks for somebody else's number a thousand times would have five tries at each of a thousand."""
    monkeypatch.setattr("warning.dispatch.registration._new_code", lambda: "424242")
    requests = [(await asked(corridor, wish())).request for _ in range(5)]
    for request in requests[3:]:  # these were answered like the others, but no code went out
        with pytest.raises(Invalid):
            await corridor.parts.registration.confirm(request, code="424242")
    assert await wishes(corridor) == []
    await corridor.parts.registration.confirm(requests[2], code="424242")
    assert len(await wishes(corridor)) == 1


async def test_the_address_named_for_the_next_channel_must_be_proven_too(corridor: Corridor) -> None:
    lat, lon = PLACES["310115"]
    request = await asked(corridor, ResidentSubscription(
        channel="sms", address=ONE, lat=lat, lon=lon, fall_back=FallBack(channel="email", address="one@residents.example")))
    code = await code_of(corridor)
    mailed = next(row for row in await corridor.rows("SELECT * FROM word WHERE channel = 'email'"))
    with pytest.raises(Invalid):
        await corridor.parts.registration.confirm(request.request, code=code)
    [second] = re.findall(r"\d{6}", corridor.parts.addresses.open(mailed["text"]))
    await corridor.parts.registration.confirm(request.request, code=code, next_code=second)
    assert [row["standby"] for row in await corridor.rows("SELECT standby FROM subscription ORDER BY id")] == [True, False]


async def test_stop_and_list_are_answered_to_the_number_that_sent_them(corridor: Corridor) -> None:
    assert "没有登记" in await says(corridor, "查询")
    await corridor.resident(ONE, min_level="orange")
    await corridor.resident(ONE, "310120")
    told = await says(corridor, " 查询。")
    assert all(part in told for part in ("2处", "浦东新区（全部灾种，橙色及以上）", "奉贤区（全部灾种，全部等级）", "退订回复TD"))
    assert "已退订" in await says(corridor, "td")
    assert [active for _, active in await wishes(corridor)] == [False, False]
    assert "没有登记" in await says(corridor, ["LIST", "CX"][1])
    assert await says(corridor, "thank you") == ""


async def test_a_list_in_english_for_who_registered_in_english(corridor: Corridor) -> None:
    lat, lon = PLACES["310115"]
    await corridor.parts.subscriptions.resident(ResidentSubscription(
        channel="sms", address=ONE, lat=lat, lon=lon, language="en-US", hazards=("rainstorm",), quiet="22:00-07:00"))
    assert "1 place: Pudong New Area (rainstorm, yellow and above, quiet 22:00-07:00)" in await says(corridor, "list")


async def test_a_text_that_asks_to_join_is_answered_with_a_code_and_the_code_sent_back_registers(corridor: Corridor) -> None:
    assert "没有找到" in await says(corridor, "订阅 上海")
    code = re.findall(r"验证码(\d{6})", await says(corridor, "订阅浦东新区"))[0]
    assert await wishes(corridor) == []
    assert await says(corridor, code, TWO) == "", "from another number it is worth nothing"
    assert "已登记：浦东新区" in await says(corridor, code)
    assert await wishes(corridor) == [(int(Level.YELLOW), True)]


async def test_two_programs_that_answer_each_other_soon_fall_silent(corridor: Corridor) -> None:
    assert [bool(await says(corridor, "LIST")) for _ in range(10)] == [True] * 8 + [False] * 2


async def test_the_word_that_came_with_the_code_shows_and_ends_places_for_a_quarter_of_an_hour(corridor: Corridor) -> None:
    await corridor.resident(ONE, "310120")
    request = await asked(corridor, wish())
    proven = await corridor.parts.registration.confirm(request.request, code=await code_of(corridor))
    desk = corridor.parts.registration
    assert [place.district for place in await desk.places(proven.word)] == ["310120", "310115"]
    await corridor.resident(TWO)
    others = await corridor.rows("SELECT id FROM subscription ORDER BY id DESC LIMIT 1")
    assert len(await desk.end(proven.word, others[0]["id"])) == 2, "somebody else's place is not mine to end"
    assert [place.district for place in await desk.end(proven.word, proven.id)] == ["310120"]
    assert await desk.end(proven.word, 0) == []
    await corridor.move(timedelta(minutes=15))
    with pytest.raises(NotFound):
        await desk.places(proven.word)
    with pytest.raises(NotFound):
        await desk.places("guessed")


async def test_rows_from_before_are_sealed_by_the_running_engine_and_stay_the_same_person(corridor: Corridor) -> None:
    for cell, number in (("c3115_12165", ONE), ("c3116_12165", ONE), ("c3115_12165", TWO)):
        await corridor.execute(
            "INSERT INTO subscription (kind, lane, channel, address, cell, district) VALUES ('resident', 'exercise', 'sms', :a, :c, '310115')",
            a=number, c=cell)
    await corridor.resident(ONE, "310120")  # a new place of somebody who was registered before
    [persons] = await corridor.rows("SELECT count(DISTINCT person) AS n, count(person) AS rows FROM subscription")
    assert (persons["n"], persons["rows"]) == (1, 3)
    assert await corridor.parts.subscribers.seal_old() == 1
    assert await corridor.parts.subscribers.seal_old() == 0
    assert ONE not in (kept := str(await corridor.rows("SELECT address FROM subscription")))
    assert TWO not in kept
    alert = await corridor.warned()
    await corridor.send(alert)
    assert [len(corridor.heard(number)) for number in (ONE, TWO)] == [1, 1]
    assert await corridor.parts.subscriptions.stop("sms", TWO) == 1


async def test_requests_and_words_are_forgotten_a_day_after_their_time(corridor: Corridor) -> None:
    await asked(corridor, wish())
    assert await corridor.parts.registrations.prune(now=corridor.now) == 0
    await corridor.move(timedelta(days=1, minutes=11))
    assert await corridor.parts.registrations.prune(now=corridor.now) == 2


async def test_a_process_without_channels_sends_no_words(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        corridor = await opened_corridor(database_url, tmp_path, stack, channels=False)
        await asked(corridor, wish())
        assert await corridor.parts.words.send_due() == 0
