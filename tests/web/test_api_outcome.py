"""Progress, dead letters and the retraction over the API: counted by channel and district, with next steps, and two people for a retraction."""

from tests.web.conftest import World
from warning.dispatch.subscribe import ResidentSubscription

RESIDENT = ResidentSubscription(channel="sms", address="8613800000000", lat=31.15, lon=121.65, min_level="blue")


async def told(world: World) -> str:
    """A red alert for an office by webhook and a resident of Pudong by SMS, expanded and not sent."""
    office = await world.post("/api/subscriptions", "office", {
        "name": "office of Pudong", "channel": "webhook", "address": "https://203.0.113.7/hook", "zones": ["310115"], "secret": "x" * 16})
    assert office.status_code == 201, office.text
    await world.parts.subscriptions.resident(RESIDENT)
    identifier = await world.warned()
    await world.parts.dispatch.expand(identifier)
    return identifier


async def test_progress_counts_residents_by_district_and_offices_without_one(world: World) -> None:
    identifier = await told(world)
    body = (await world.get(f"/api/alerts/{identifier}/progress", "wang")).json()
    assert (body["done"], body["reached"], body["owed"], body["promise_s"]) == (False, 0, 2, 600.0)
    assert {(one["channel"], one["district"]): one["counts"] for one in body["lines"]} == {
        ("sms", "310115"): {"queued": 1}, ("webhook", ""): {"queued": 1}}
    assert (await world.get("/api/alerts/none/progress", "wang")).status_code == 404


async def test_dead_letters_name_the_channel_the_reason_and_what_retry_asks_for(world: World) -> None:
    identifier = await told(world)
    await world.execute("UPDATE delivery SET state = 'failed', reason = 'gone', evidence = 'HTTP 410', ended_at = clock_timestamp()")
    answer = await world.get(f"/api/alerts/{identifier}/dead-letters", "wang")
    [letter] = answer.json()
    assert (letter["channel"], letter["reason"], letter["count"]) == ("webhook", "gone", 1)
    assert "register again" in letter["next_step"]
    assert "203.0.113.7" not in answer.text
    again = await world.post("/api/deliveries/retry", "fu", {"deliveries": letter["deliveries"]})
    assert again.json() == {"retried": 1}


async def test_a_retraction_is_one_step_for_each_of_two_people(world: World) -> None:
    identifier = await told(world)
    asked = await world.post(f"/api/alerts/{identifier}/retract", "fu", {"reason": "the wrong district"})
    assert asked.status_code == 201, asked.text
    body = asked.json()
    assert body["retracts"] == identifier
    path = f"/api/proposals/{body['proposal']}/approve"
    own = await world.post(path, "fu", {"revision": body["revision"]})
    assert own.status_code == 403
    signed = await world.post(path, "lin", {"revision": body["revision"]})
    assert signed.status_code == 200, signed.text
    ended = (await world.get(f"/api/alerts/{signed.json()['identifier']}")).json()
    assert (ended["msg_type"], ended["version"]) == ("Cancel", 2)
    assert (await world.post(f"/api/alerts/{identifier}/retract", "fu", {"reason": "again"})).status_code == 409
