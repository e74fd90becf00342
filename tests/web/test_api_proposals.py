"""Proposals over the API: two people, and every refusal with its reason."""

import uuid
from datetime import timedelta
from pathlib import Path

from tests.web.conftest import World, opened_world
from warning.level import Level
from warning.store.board import in_force


async def test_without_a_token_nobody_reads_proposals(world: World) -> None:
    answer = await world.get("/api/proposals")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await world.get("/api/proposals", Authorization="Bearer nonsense")).status_code == 401


async def test_a_withdrawn_token_counts_no_more(world: World) -> None:
    assert (await world.get("/api/proposals", "wang")).status_code == 200
    await world.execute("UPDATE account SET active = false WHERE name = 'wang'")
    assert (await world.get("/api/proposals", "wang")).status_code == 401


async def test_a_viewer_may_not_approve(world: World) -> None:
    proposal = await world.proposed()
    await world.post(f"/api/proposals/{proposal}/submit", "fu", {"revision": 1})
    answer = await world.post(f"/api/proposals/{proposal}/approve", "wang", {"revision": 2})
    assert answer.status_code == 403
    assert (await world.get("/api/alerts")).json() == []


async def test_the_person_who_submitted_may_not_approve(world: World) -> None:
    proposal = await world.proposed()
    await world.post(f"/api/proposals/{proposal}/submit", "lin", {"revision": 1})
    answer = await world.post(f"/api/proposals/{proposal}/approve", "lin", {"revision": 2})
    assert answer.status_code == 403
    assert "second person" in answer.json()["detail"]


async def test_a_proposal_from_data_is_submitted_with_changes_and_approved(world: World) -> None:
    proposal = await world.proposed()
    ends = (world.now + timedelta(hours=4)).isoformat()
    sent = await world.post(f"/api/proposals/{proposal}/submit", "fu", {"revision": 1, "changes": {"level": "orange", "expires": ends}})
    assert sent.status_code == 200, sent.text
    read = (await world.get(f"/api/proposals/{proposal}", "lin")).json()
    assert (read["status"], read["submitted_by"], read["changes"]["level"], read["revision"]) == ("submitted", "fu", "orange", 2)
    signed = await world.post(f"/api/proposals/{proposal}/approve", "lin", {"revision": 2})
    assert signed.status_code == 200, signed.text
    alert = (await world.get(f"/api/alerts/{signed.json()['identifier']}")).json()
    assert alert["level"] == "orange"
    assert alert["issuer"] == "310115"


async def test_approving_a_page_that_is_out_of_date_is_refused(world: World) -> None:
    proposal = await world.proposed()
    await world.post(f"/api/proposals/{proposal}/submit", "fu", {"revision": 1})
    answer = await world.post(f"/api/proposals/{proposal}/approve", "lin", {"revision": 1})
    assert answer.status_code in (403, 409)
    assert "reload" in answer.json()["detail"]


async def test_a_returned_proposal_is_open_again_with_the_reason(world: World) -> None:
    proposal = await world.proposed()
    await world.post(f"/api/proposals/{proposal}/submit", "fu", {"revision": 1})
    assert (await world.post(f"/api/proposals/{proposal}/return", "lin", {"reason": ""})).status_code == 422
    assert (await world.post(f"/api/proposals/{proposal}/return", "lin", {"reason": "check the coast"})).status_code == 200
    read = (await world.get(f"/api/proposals/{proposal}", "fu")).json()
    assert (read["status"], read["returned"]) == ("open", "check the coast")


async def test_a_dismissed_proposal_waits_no_more(world: World) -> None:
    proposal = await world.proposed()
    assert (await world.post(f"/api/proposals/{proposal}/dismiss", "fu", {"reason": "radar clutter"})).status_code == 200
    assert (await world.get("/api/proposals", "fu")).json() == []
    [kept] = (await world.get("/api/proposals?live=false", "fu")).json()
    assert kept["status"] == "dismissed"


async def test_an_open_cause_must_be_decided_before_submitting(world: World) -> None:
    proposal = await world.proposed(open_cause=True)
    refused = await world.post(f"/api/proposals/{proposal}/submit", "fu", {"revision": 1})
    assert refused.status_code == 422
    assert "gale" in refused.json()["detail"]
    taken = await world.post(f"/api/proposals/{proposal}/submit", "fu", {"revision": 1, "changes": {"hazard": "gale"}})
    assert taken.status_code == 200, taken.text


async def test_the_most_urgent_proposal_comes_first(world: World) -> None:
    first = await world.proposed(zone="310101")
    second = await world.proposed(zone="310115")
    await world.post(f"/api/proposals/{second}/submit", "fu", {"revision": 1})
    found = [row["id"] for row in (await world.get("/api/proposals", "fu")).json()]
    assert found == [str(second), str(first)]


async def test_a_proposal_stands_where_the_colour_that_was_submitted_puts_it(world: World) -> None:
    lowered, orange, raised = [await world.proposed(zone=zone, level=level) for zone, level in (
        ("310101", Level.RED), ("310104", Level.ORANGE), ("310115", Level.BLUE))]
    for proposal, changes in ((lowered, {"level": "yellow"}), (orange, {}), (raised, {"level": "red"})):
        sent = await world.post(f"/api/proposals/{proposal}/submit", "fu", {"revision": 1, "changes": changes})
        assert sent.status_code == 200, sent.text
    found = [row["id"] for row in (await world.get("/api/proposals", "fu")).json()]
    assert found == [str(raised), str(orange), str(lowered)]


async def test_of_proposals_of_one_colour_the_earlier_onset_comes_first_and_then_the_older_data(world: World) -> None:
    made = sorted([await world.proposed(zone=zone) for zone in ("310101", "310104", "310115", "310120")])
    fresh, old, oldest, late = made  # by their ids, the last order of all, the other way round
    for proposal, onset, age in ((fresh, 10, 1), (old, 10, 6), (oldest, 10, 12), (late, 20, 30)):
        await world.execute("UPDATE proposal SET onset = :o, data_time = :d WHERE id = :i", {
            "o": world.now + timedelta(minutes=onset), "d": world.now - timedelta(minutes=age), "i": proposal})
    assert [row["id"] for row in (await world.get("/api/proposals", "fu")).json()] == [str(oldest), str(old), str(fresh), str(late)]


async def test_where_warnings_are_real_a_red_drill_signed_once_waits_behind_a_blue_that_nobody_has_signed(database_url: str, tmp_path: Path) -> None:
    async with opened_world(database_url, tmp_path, status="Actual") as world:
        made = {}
        for status, level in (("Exercise", "red"), ("Actual", "blue")):
            hand = {"issuer": "310000", "hazard": "rainstorm", "event_code": "11B03", "level": level, "zones": ["310115"], "status": status,
                    "onset": world.now.isoformat(), "expires": (world.now + timedelta(hours=1)).isoformat()}
            made[status] = (await world.post("/api/proposals", "fu", hand)).json()["id"]
        await world.post(f"/api/proposals/{made['Exercise']}/submit", "fu", {"revision": 1})
        found = [(row["cap_status"], row["status"]) for row in (await world.get("/api/proposals", "fu")).json()]
        assert found == [("Actual", "open"), ("Exercise", "submitted")]
        # And the same of what is in force.
        await world.post(f"/api/proposals/{made['Actual']}/submit", "fu", {"revision": 1})
        for status, proposal in made.items():
            signed = await world.post(f"/api/proposals/{proposal}/approve", "lin", {"revision": 2, "status": status})
            assert signed.status_code == 200, signed.text
        assert [alert.status for alert in await in_force(world.parts.database, world.now)] == ["Actual", "Exercise"]


async def test_a_proposal_that_is_not_there_is_404_and_a_word_is_422(world: World) -> None:
    assert (await world.get(f"/api/proposals/{uuid.uuid4()}", "fu")).status_code == 404
    assert (await world.get("/api/proposals/first", "fu")).status_code == 422


async def test_a_hand_made_update_names_what_it_replaces(world: World) -> None:
    answer = await world.post("/api/proposals", "fu", {
        "issuer": "310000", "hazard": "rainstorm", "event_code": "11B03", "level": "red", "zones": ["310115"], "action": "update",
        "onset": world.now.isoformat(), "expires": (world.now + timedelta(hours=1)).isoformat()})
    assert answer.status_code == 422
    assert "replaces" in answer.json()["detail"]


async def test_a_time_without_an_offset_is_refused(world: World) -> None:
    proposal = await world.proposed()
    answer = await world.post(
        f"/api/proposals/{proposal}/submit", "fu", {"revision": 1, "changes": {"expires": "2024-09-20T12:00:00"}})
    assert answer.status_code == 422
