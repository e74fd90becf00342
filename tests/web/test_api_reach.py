"""Reach over the API and on the console: what the approver sees before signing, and what came of it."""

import re

from tests.web.conftest import World
from warning.dispatch.plan import Load, Rate, plan
from warning.store.reach import Noise
from warning.watch.issuer import load_issuers
from warning.watch.rulefile import load_rule_sets
from warning.web.console.reach import reach_html


async def test_a_proposal_tells_who_would_be_reached_by_when(world: World) -> None:
    await world.execute("INSERT INTO subscription (kind, lane, channel, address, cell, district) "
                        "VALUES ('resident', 'exercise', 'sms', '8619900000001', 'c3115_12165', '310115')")
    proposal = await world.proposed()
    answer = await world.get(f"/api/proposals/{proposal}/reach", "wang")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    [sms] = found["plan"]["channels"]
    assert (found["moments_s"], sms["channel"], sms["people"], sms["rate_from"]) == ([60, 120, 300, 600], "sms", 1, "assumed")
    assert found["noise"] == []
    assert (await world.get(f"/api/proposals/{proposal}/reach")).status_code == 401


async def test_an_alert_shows_the_plan_that_was_signed_with_it(world: World) -> None:
    proposal = await world.proposed()
    await world.post(f"/api/proposals/{proposal}/submit", "fu", {"revision": 1})
    signed = await world.post(f"/api/proposals/{proposal}/approve", "lin", {"revision": 2})
    found = (await world.get(f"/api/alerts/{signed.json()['identifier']}/reach", "lin")).json()
    assert found["compared"]["planned"]["deadline_s"] == 600
    assert found["compared"]["happened"] == []
    assert (await world.get("/api/alerts/none/reach", "lin")).status_code == 404


def test_the_panel_says_what_remains_what_is_assumed_and_what_the_place_has_had() -> None:
    found = plan([Load(channel="sms<b>", kind="sms", people=100_000, parts=2, waiting=0), Load(channel="mqtt", kind="mqtt", people=16, parts=1, waiting=0)],
                 {"mqtt": Rate(per_second=50.0, accept_s=1.0)})
    issuers = {one.code: one for one in load_issuers(rule_sets=load_rule_sets())}
    html = reach_html(found, [Noise(issuer="310000", alerts=3), Noise(issuer="999999", alerts=2)], "en", issuers)
    # 100 parts/s from 5 s on: 595 s carry 29,750 people.
    assert "not reached in person within ten minutes: 70,250 / 100,000 · carried for everybody by MQTT push" in html
    assert "* the rate is assumed, it was never measured: sms" in html
    assert "warnings this place has had in the last 12 h: 5 (Shanghai Central Meteorological Observatory × 3, 999999 × 2)" in html
    assert "<b>" not in html
    # Two parts a person: 50 people/s, so 55, 115, 295 and 595 seconds of them; what is sent to all at once is there at the first look.
    cells = [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in html.split("<tr>")[1:]]
    assert cells == [["channel", "people", "1 min", "2 min", "5 min", "10 min", "rate"],
                     ["sms&lt;b&gt;", "100,000", "2,750", "5,750", "14,750", "29,750", "100/s *"], ["MQTT push", "16", "16", "16", "16", "16", "50/s"]]
    assert "十分钟内" in reach_html(found, [], "zh", {})
