"""How alerts go out, read for all of them at once; and the story of an event, from its first data to its last act."""

from tests.web.conftest import World
from tests.web.test_api_outcome import told
from warning.account import Account
from warning.store import board
from warning.store.outgoing import Progress, outgoing
from warning.store.stages import mark
from warning.store.story import story

LIN = Account(name="lin", role="approver")


async def look(world: World, *identifiers: str) -> dict[str, Progress]:
    return await outgoing(world.parts.database, [await board.alert(world.parts.database, one) for one in identifiers])


async def test_channels_districts_and_failures_of_every_alert_come_in_one_look(world: World) -> None:
    first = await told(world)
    second = await world.warned(zones=["310120"], level="orange")
    await world.execute("UPDATE delivery SET state = 'failed', reason = 'gone', evidence = 'HTTP 410'")
    found = await look(world, second, first)
    assert list(found) == [second, first]
    assert dict(found[first].counts) == {"sms": {"queued": 1}, "webhook": {"failed": 1}}
    assert dict(found[first].districts) == {"310115": (0, 1)}
    [failed] = found[first].failed
    assert (failed.channel, failed.recipient, failed.reason, failed.people) == ("webhook", "office of Pudong", "gone", 1)
    assert (found[first].settled, found[first].race.done, found[second].race.done) == (0, False, False)
    assert await look(world) == {}


async def test_what_an_operator_has_settled_is_counted_and_no_longer_listed(world: World) -> None:
    identifier = await told(world)
    await world.execute("UPDATE delivery SET state = 'failed', reason = 'gone', evidence = 'HTTP 410'")
    [failed] = (await look(world, identifier))[identifier].failed
    answer = await world.post("/api/deliveries/skip", "fu", {"deliveries": [failed.delivery_id], "reason": "office has moved"})
    assert answer.json() == {"skipped": 1}
    found = (await look(world, identifier))[identifier]
    assert (found.failed, found.settled) == ((), 1)
    [letter] = (await world.get(f"/api/alerts/{identifier}/dead-letters", "wang")).json()
    assert (letter["reason"], letter["next_step"]) == ("skipped", "settled by an operator; retry takes it up again")


async def test_first_and_last_acceptance_of_each_channel_count_from_the_datas_arrival(world: World) -> None:
    identifier = await told(world)
    alert = await board.alert(world.parts.database, identifier)
    async with world.parts.database.begin() as connection:
        for stage in ("first_accepted", "last_accepted"):
            await mark(connection, chain=str(alert.proposal_id), stage=stage, at=world.now, channel="sms")
    await world.execute(
        "UPDATE stage_event SET real_at = (SELECT min(real_at) FROM stage_event WHERE chain = :c) + CASE stage WHEN 'first_accepted' "
        "THEN interval '40 seconds' ELSE interval '95 seconds' END WHERE chain = :c AND channel = 'sms'", {"c": str(alert.proposal_id)})
    found = (await look(world, identifier))[identifier].accepted["sms"]
    assert (found.first_s, found.last_s) == (40.0, 95.0)


async def test_the_story_tells_every_version_who_signed_it_who_answered_and_what_was_done(world: World) -> None:
    first = await told(world)
    await world.execute(
        "UPDATE duty_call SET post = 'duty room', state = 'answered', answered_at = opened_at, answered_by = 'Zhao' WHERE identifier = :i", {"i": first})
    second = await world.warned(level="orange", action="update", replaces=first)
    event = (await board.alert(world.parts.database, first)).event_id
    found = await story(world.parts.database, event)
    assert [(one.identifier, one.version, one.msg_type, one.submitted_by, one.signed_by) for one in found.versions] == [
        (first, 1, "Alert", "fu", "lin"), (second, 2, "Update", "fu", "lin")]
    assert [(one.post, one.state, one.answered_by) for one in found.called] == [("duty room", "answered", "Zhao")]
    acts = [(one.who, one.act) for one in found.deeds]
    assert acts == [("fu", "compose"), ("fu", "submit"), ("lin", "approve")] * 2
