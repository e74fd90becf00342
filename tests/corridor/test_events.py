"""One event, one thread, in the ledger: a zone that goes over to another event is never without a warning and never under two."""

import json
from dataclasses import replace
from uuid import UUID, uuid4

from geo.zone import Zone
from tests.corridor.conftest import APPROVER, FORECASTER, OFFICER, Corridor
from warning.app import opened
from warning.capxml import read
from warning.dispatch.subscribe import OfficeSubscription
from warning.level import Level
from warning.settings import load_settings
from warning.store.watch import WatchStore
from warning.watch.desk import Found, StageTimes
from warning.watch.memory import Memory
from warning.watch.proposal import Action, Proposal, Reason

PUDONG, JINSHAN = "8613900000001", "8613900000002"
BOTH = ("310115", "310116")


async def in_force(corridor: Corridor) -> list[tuple[str, str, tuple[str, ...]]]:
    found = await WatchStore(corridor.parts.database, cap_status="Exercise").in_force(now=corridor.now)
    return sorted((one.level.key, one.identifier, one.zones) for one in found)


async def test_a_zone_that_rises_alone_leaves_its_old_event_by_the_same_signature(corridor: Corridor) -> None:
    await corridor.resident(PUDONG)
    await corridor.resident(JINSHAN, "310116")
    blue = await corridor.warned(zones=BOTH, level=Level.BLUE)
    await corridor.send(blue)
    red = await corridor.warned(zones=("310115",), level=Level.RED)
    [(_, update, left), (_, newest, own)] = await in_force(corridor)
    assert (left, newest, own) == (("310116",), red, ("310115",))
    # The update comes to its turn first, and still the start of the new warning is told before it.
    await corridor.send(update)
    await corridor.send(red)
    assert (await corridor.states(update))[PUDONG] == ("muted", "carried_on")
    assert (await corridor.deliveries(update))[JINSHAN]["role"] == "change"
    assert ["红色" in text for text in corridor.heard(PUDONG)] == [False, True]
    assert "解除" not in "".join(corridor.heard(PUDONG))
    alerts = await corridor.rows("SELECT * FROM alert ORDER BY real_at")
    assert [(a["msg_type"], a["version"], a["level"]) for a in alerts] == [("Alert", 1, 1), ("Alert", 1, 4), ("Update", 2, 1)]
    assert read(alerts[2]["cap_xml"].encode()).alert.note == f"演练 Exercise: 继续见 carried on in {red}"
    [approval] = await corridor.rows("SELECT * FROM approval WHERE proposal_id = :p", p=alerts[2]["proposal_id"])
    assert (approval["submitted_by"], approval["by"], approval["reason"]) == (FORECASTER.name, APPROVER.name, f"follows from {red}")


async def test_a_channel_on_which_events_stand_apart_hears_the_end_by_its_kind_not_its_name(corridor: Corridor) -> None:
    settings = load_settings(corridor.settings_file)
    webhook = next(one for one in settings.channels if one.kind == "webhook")
    more = settings.model_copy(update={"channels": (*settings.channels, webhook.model_copy(update={"name": "partners"}))})
    async with opened(more) as parts:
        own = replace(corridor, parts=parts)
        await parts.subscriptions.office(
            OfficeSubscription(name="partner", channel="partners", address=corridor.sink.url("/partner"), zones=("310115",)), account=OFFICER)
        blue = await own.warned(zones=("310115",), level=Level.BLUE)
        await own.send(blue)
        red = await own.warned(zones=BOTH, level=Level.RED)
        await own.send(red)
        [end] = [row["identifier"] for row in await own.rows("SELECT identifier FROM alert WHERE msg_type = 'Cancel'")]
        await own.send(end)
        assert (await own.states(end))[corridor.sink.url("/partner")] == ("accepted", "")


async def test_a_zone_that_falls_alone_is_told_the_lower_level_and_no_end(corridor: Corridor) -> None:
    await corridor.resident(PUDONG)
    red = await corridor.warned(zones=BOTH, level=Level.RED)
    await corridor.send(red)
    orange = await corridor.warned(zones=("310115",), level=Level.ORANGE)
    for identifier in [row[1] for row in await in_force(corridor)]:
        await corridor.send(identifier)
    assert (await corridor.deliveries(orange))[PUDONG]["role"] == "start"
    assert [("红色" in text, "橙色" in text) for text in corridor.heard(PUDONG)] == [(True, False), (False, True)]


async def test_an_event_whose_last_zone_goes_over_ends_with_that_signature(corridor: Corridor) -> None:
    blue = await corridor.warned(zones=("310115",), level=Level.BLUE)
    red = await corridor.warned(zones=BOTH, level=Level.RED)
    assert [(level, zones) for level, _, zones in await in_force(corridor)] == [("red", BOTH)]
    [end] = await corridor.rows("SELECT * FROM alert WHERE msg_type = 'Cancel'")
    document = read(end["cap_xml"].encode()).alert
    assert [reference.identifier for reference in document.references] == [blue]
    assert document.note.endswith(red)


async def test_a_drawn_ground_loses_the_ground_of_the_zones_that_go(corridor: Corridor) -> None:
    first = await corridor.warned(zones=BOTH, level=Level.BLUE)
    zones: list[Zone] = [corridor.parts.zones[code] for code in BOTH]
    drawn = zones[0].geometry.union(zones[1].geometry)
    await corridor.execute(
        "UPDATE alert SET polygon = CAST(:p AS jsonb) WHERE identifier = :i", p=json.dumps(drawn.__geo_interface__), i=first)
    await corridor.warned(zones=("310115",), level=Level.RED)
    [update] = await corridor.rows("SELECT * FROM alert WHERE version = 2")
    assert update["zones"] == ["310116"]
    [area] = read(update["cap_xml"].encode()).alert.infos[0].areas
    east = max(lon for ring in area.polygons for _, lon in ring)
    assert east < zones[0].geometry.bounds[2] - 0.1, "nothing of Pudong is left in it"


async def test_two_issuers_keep_their_own_warnings_of_one_place(corridor: Corridor) -> None:
    await corridor.warned(zones=("310115",), level=Level.YELLOW)
    await corridor.warned(issuer="310115", level=Level.RED)
    assert [(level, zones) for level, _, zones in await in_force(corridor)] == [("red", ("310115",)), ("yellow", ("310115",))]


async def test_what_was_asked_of_an_event_before_another_took_its_zone_is_void(corridor: Corridor) -> None:
    blue = await corridor.warned(zones=BOTH, level=Level.BLUE)
    [event] = await corridor.rows("SELECT event_id FROM alert WHERE identifier = :i", i=blue)
    asked = await stored(corridor, proposal(corridor, Action.UPDATE, Level.BLUE, BOTH, event=str(event["event_id"])))
    await corridor.warned(zones=("310115",), level=Level.RED)
    rows = await corridor.rows("SELECT status FROM proposal WHERE id = :id", id=asked[0])
    assert rows == [{"status": "superseded"}]


async def test_an_issuer_may_ask_for_two_new_warnings_of_one_hazard_at_once(corridor: Corridor) -> None:
    new = [proposal(corridor, Action.NEW, Level.RED, ("310115",)), proposal(corridor, Action.NEW, Level.BLUE, ("310116",))]
    assert len(await stored(corridor, *new)) == 2
    assert await stored(corridor, *new) == [], "both wait already"
    again = [new[0], proposal(corridor, Action.NEW, Level.YELLOW, ("310116",))]
    assert len(await stored(corridor, *again)) == 1
    live = await corridor.rows("SELECT level, zones FROM proposal WHERE status = 'open' ORDER BY level")
    assert live == [{"level": 2, "zones": ["310116"]}, {"level": 4, "zones": ["310115"]}]


async def test_what_a_person_set_stays_a_persons_when_its_area_changes(corridor: Corridor) -> None:
    await corridor.warned(zones=BOTH, level=Level.BLUE)
    await corridor.warned(zones=("310115",), level=Level.RED)
    found = await WatchStore(corridor.parts.database, cap_status="Exercise").in_force(now=corridor.now)
    assert [one.by_hand for one in found] == [True, True]


def proposal(corridor: Corridor, action: Action, level: Level, zones: tuple[str, ...], *, event: str | None = None) -> Proposal:
    return Proposal(
        issuer="310000", hazard="rainstorm", event_code="11B03", hazard_zh="暴雨", hazard_en="rainstorm", level=level,
        previous_level=None, action=action, reason=Reason.FIRST, zones=zones, event_id=event, onset=corridor.now, expires=None,
        evidence=(), cause_to_decide=(), created_at=corridor.now)


async def stored(corridor: Corridor, *proposals: Proposal) -> list[UUID]:
    """A cycle that asks for these; the ids of those that are new."""
    store = WatchStore(corridor.parts.database, cap_status="Exercise")
    [payload] = await corridor.rows(
        "INSERT INTO payload (id, source, path, checksum, fetched_at, state) VALUES "
        "(gen_random_uuid(), 'nowcast', 'x', CAST(clock_timestamp() AS text), :now, 'received') RETURNING id", now=corridor.now)
    now = await store.real_now()
    found = [
        Found(id=uuid4(), proposal=p, expires=corridor.now.replace(hour=23), texts={}, polygon=None, affected={})
        for p in proposals
    ]
    return await store.conclude(
        payload["id"], found=found, memories={"310000": Memory()}, data_time=corridor.now,
        times=StageTimes(arrived=now, decoded=now, derived=now, decode_s=0, derive_s=0), now=corridor.now)


async def test_who_has_a_second_place_under_a_weaker_warning_hears_that_one_and_no_end_when_the_stronger_is_lifted(corridor: Corridor) -> None:
    await corridor.resident(PUDONG)
    await corridor.resident(PUDONG, "310116")
    red = await corridor.warned(zones=("310115",), level=Level.RED)
    await corridor.send(red)
    yellow = await corridor.warned(zones=("310116",), level=Level.YELLOW)
    await corridor.send(yellow)
    assert await corridor.states(yellow) == {PUDONG: ("muted", "stronger_in_force")}
    end = await corridor.warned(zones=("310115",), level=Level.RED, action="cancel", replaces=red)
    async with corridor.working():
        await corridor.drained()
    assert await corridor.states(end) == {PUDONG: ("muted", "carried_on")}
    assert [("红色" in text, "黄色" in text, "解除" in text) for text in corridor.heard(PUDONG)] == [(True, False, False), (False, True, False)]


async def test_when_a_districts_stronger_warning_is_lifted_the_citys_that_still_stands_is_told(corridor: Corridor) -> None:
    await corridor.resident(PUDONG)
    orange = await corridor.warned(issuer="310115", level=Level.ORANGE)
    await corridor.send(orange)
    blue = await corridor.warned(level=Level.BLUE)
    yellow = await corridor.warned(issuer="310116", zones=("310116",), level=Level.YELLOW)
    await corridor.send(blue)
    await corridor.send(yellow)
    falls = await corridor.warned(issuer="310115", level=Level.BLUE, action="update", replaces=orange)
    await corridor.send(falls)
    assert await corridor.states(blue) == {PUDONG: ("muted", "stronger_in_force")}, "a blue one of another issuer says nothing new"
    end = await corridor.warned(issuer="310115", level=Level.BLUE, action="cancel", replaces=falls)
    async with corridor.working():
        await corridor.drained()
    assert (await corridor.states(end))[PUDONG][0] in ("accepted", "delivered")
    assert (await corridor.states(blue))[PUDONG][0] in ("accepted", "delivered")
    assert ["解除" in text for text in corridor.heard(PUDONG)].count(True) == 1
    assert len(corridor.heard(PUDONG)) == 4


async def test_what_is_still_queued_of_an_event_is_not_told_once_another_event_has_taken_the_place_over(corridor: Corridor) -> None:
    await corridor.resident(PUDONG)
    await corridor.parts.subscriptions.office(OfficeSubscription(name="post", channel="sms", address=JINSHAN, zones=("310115",)), account=OFFICER)
    blue = await corridor.warned(zones=BOTH, level=Level.BLUE)
    waiting = await corridor.expand(blue)
    red = await corridor.warned(zones=("310115",), level=Level.RED)
    [update] = [row["identifier"] for row in await corridor.rows("SELECT identifier FROM alert WHERE version = 2")]
    await corridor.send(red)
    await corridor.send(update)
    for late in waiting:
        await corridor.deliver(late)
    for number in (PUDONG, JINSHAN):  # a resident, and an office
        assert (await corridor.states(update))[number] == ("muted", "carried_on")
        assert (await corridor.states(blue))[number] == ("superseded", "newer_version")
        assert ["红色" in text for text in corridor.heard(number)] == [True]
