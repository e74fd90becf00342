"""One signature where a rule lets it, two everywhere else; what a register holds; what two languages that differ need."""

from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from tests.warning.issue.test_issue_desk import CODES, END, HAN, ISSUERS, LI, NOW, SETS, ZONES, World, hand, square
from warning.account import Account
from warning.cap import Status
from warning.errors import Conflict, Invalid, NotAllowed
from warning.issue.desk import IssueDesk
from warning.issue.fastlane import FastRule, rule_for
from warning.level import Level
from warning.watch.issuer import Issuer
from warning.watch.registered import Registered, unregistered

RED_RAIN = FastRule(hazards=("rainstorm",), levels=(Level.RED,), roles=("approver",), within=timedelta(minutes=30))


def fast_world(status: Status = "Exercise", *rules: FastRule, issuer: Issuer | None = None) -> World:
    world = World(status)
    issuers = ISSUERS if issuer is None else {**ISSUERS, issuer.code: issuer}
    world.desk = IssueDesk(
        world.memory, clock=world.clock, zones=ZONES, issuers=issuers, rule_sets=SETS, event_codes=CODES, cap_status=status,
        public_url="https://w.example/", planned=world.planned, fast_lane=rules)
    return world


@pytest.mark.parametrize(("change", "lets"), [
    ({}, True),
    ({"level": Level.ORANGE}, False),
    ({"hazard": "gale"}, False),
    ({"account": LI}, False),
    ({"action": "cancel"}, False),
    ({"action": "update"}, True),
    ({"status": "Exercise"}, False),  # a drill beside real warnings
    ({"account": replace(HAN, scripted=True)}, False),
])
def test_whom_the_fast_lane_lets_through(change: dict[str, object], lets: bool) -> None:
    asked = {"account": HAN, "hazard": "rainstorm", "level": Level.RED, "action": "new", "status": "Actual"} | change
    account = asked.pop("account")
    assert isinstance(account, Account)
    assert (rule_for((RED_RAIN,), account, ours="Actual", **asked) is RED_RAIN) is lets  # type: ignore[arg-type]  # a table of fields


async def test_one_signature_is_enough_where_a_rule_lets_it_and_a_review_is_owed() -> None:
    world = fast_world("Exercise", RED_RAIN)
    made = await world.desk.compose(hand(level=Level.RED), account=LI)
    identifier = await world.desk.express(made, account=HAN, revision=1, changes={})
    [alert], [approval] = world.memory.alerts, world.memory.approvals
    assert (alert.identifier, alert.status) == (identifier, "Exercise")
    assert (approval.verdict, approval.submitted_by, approval.by) == ("express", "han.mei", "han.mei")
    assert approval.review_by == NOW + timedelta(minutes=30)
    assert "演练" in alert.cap_xml, "a drill in a hurry is still a drill"


@pytest.mark.parametrize(("rules", "level", "account", "said"), [
    ((), Level.RED, HAN, "no rule of the fast lane lets a approver issue red rainstorm alone"),
    ((RED_RAIN,), Level.ORANGE, HAN, "no rule of the fast lane"),
    ((RED_RAIN,), Level.RED, LI, "no rule of the fast lane lets a forecaster"),
    ((RED_RAIN,), Level.RED, replace(HAN, area="310120"), "may act inside 310120"),
])
async def test_nobody_else_issues_alone(rules: tuple[FastRule, ...], level: Level, account: Account, said: str) -> None:
    world = fast_world("Exercise", *rules)
    made = await world.desk.compose(hand(level=level), account=LI)
    with pytest.raises(NotAllowed, match=said):
        await world.desk.express(made, account=account, revision=1, changes={})
    assert world.memory.alerts == []


async def test_a_drill_beside_real_warnings_is_never_in_a_hurry_and_never_becomes_one() -> None:
    world = fast_world("Actual", RED_RAIN)
    made = await world.desk.compose(hand(level=Level.RED, status="Exercise"), account=LI)
    with pytest.raises(NotAllowed, match="no rule of the fast lane"):
        await world.desk.express(made, account=HAN, revision=1, changes={})
    with pytest.raises(Conflict, match="this is an Exercise and you were about to sign an Actual"):
        await world.desk.express(made, account=HAN, revision=1, changes={}, status="Actual")
    with pytest.raises(Invalid, match="status cannot be changed"):
        await world.desk.submit(made, account=LI, revision=1, changes={"status": "Actual"})
    await world.desk.submit(made, account=LI, revision=1, changes={})
    with pytest.raises(Conflict, match="about to sign an Actual"):
        await world.desk.approve(made, account=HAN, revision=2, status="Actual")
    await world.desk.approve(made, account=HAN, revision=2, status="Exercise")
    assert [alert.status for alert in world.memory.alerts] == ["Exercise"]


async def test_an_authority_issues_what_it_is_registered_for_and_may_always_lift_it() -> None:
    own = replace(ISSUERS["310115"], registered=(Registered(hazards=("rainstorm",), levels=(Level.BLUE, Level.YELLOW)),))
    world = fast_world("Exercise", RED_RAIN, issuer=own)
    with pytest.raises(NotAllowed, match=r"310115 is not registered to issue orange rainstorm for 310115; its register stands in issuers.yaml"):
        await world.desk.compose(hand(), account=LI)
    yellow = await world.desk.compose(hand(level=Level.YELLOW), account=LI)
    for signing in (world.desk.submit(yellow, account=LI, revision=1, changes={"level": "red"}),
                    world.desk.express(yellow, account=HAN, revision=1, changes={"level": "red"})):
        with pytest.raises(NotAllowed, match="not registered to issue red rainstorm"):
            await signing
    await world.desk.submit(yellow, account=LI, revision=1, changes={})
    first = await world.desk.approve(yellow, account=HAN, revision=2)
    lifted = await world.out(hand(level=Level.YELLOW, action="cancel", replaces=first, note="over"))
    assert lifted.msg_type == "Cancel"


def test_a_register_is_read_entry_by_entry() -> None:
    entries = (Registered(hazards=("rainstorm",), zones=("310000",)), Registered(hazards=("heat",), levels=(Level.RED,), zones=("310115",)))
    asked = {"zones": ("310115", "310120")}
    assert unregistered(entries, hazard="rainstorm", level=Level.RED, **asked) == ()
    assert unregistered(entries, hazard="heat", level=Level.RED, **asked) == ("310120",)
    assert unregistered(entries, hazard="heat", level=Level.BLUE, **asked) == ("310115", "310120")
    assert unregistered((), hazard="anything", level=Level.RED, **asked) == ()


async def test_languages_that_differ_go_out_only_with_a_reason_and_the_look_names_each_difference() -> None:
    world = World()
    made = await world.desk.compose(hand(), account=LI)
    words = dict((await world.desk.look(made)).texts["zh-CN"]) | {"description": "浦东新区的雨不小。"}
    changes = {"texts": {"zh-CN": {key: words[key] for key in ("headline", "description", "instruction")}}}
    seen = await world.desk.look(made, changes=changes)
    assert "zh-CN description does not name the colour 橙色" in seen.unlike
    assert seen.texts["zh-CN"]["description"] != seen.template["zh-CN"]["description"]
    with pytest.raises(Invalid, match="do not say the same: .*does not name the colour 橙色.*say in override why"):
        await world.desk.submit(made, account=LI, revision=1, changes=changes)
    await world.desk.submit(made, account=LI, revision=1, changes=changes | {"override": "the mayor's own words"})
    await world.desk.approve(made, account=HAN, revision=2)
    assert "浦东新区的雨不小。" in world.memory.alerts[0].cap_xml
    assert world.memory.approvals[0].changes["override"] == "the mayor's own words"


async def test_a_headline_that_could_not_be_sent_is_looked_at_with_every_difference_and_no_alert() -> None:
    world = World()
    made = await world.desk.compose(hand(), account=LI)
    words = dict((await world.desk.look(made)).texts["zh-CN"])
    seen = await world.desk.look(made, changes={"texts": {"zh-CN": words | {"headline": "浦东新区的雨不小"}}})
    assert seen.alert is None
    assert "zh-CN headline does not name 橙色" in seen.unworded
    assert {"zh-CN headline does not name the colour 橙色", "zh-CN headline does not name the hazard 暴雨"} <= set(seen.unlike)
    assert (await world.desk.look(made)).alert is not None


async def test_texts_that_part_are_refused_with_every_difference() -> None:
    world = World()
    made = await world.desk.compose(hand(texts={"en-US": {"headline": "[EXERCISE] Red gale warning"}}), account=LI)
    with pytest.raises(Invalid, match="the two languages do not say the same: .*names the colour Red.*does not name the hazard"):
        await world.desk.submit(made, account=LI, revision=1, changes={})
    # A partner's script cannot mend them: its alert waits for people, and is not signed as it is.
    await world.desk.submit(made, account=replace(LI, scripted=True), revision=1, changes={})
    with pytest.raises(NotAllowed, match="the two languages do not say the same; .*names the colour Red.*does not name the hazard"):
        await world.desk.approve(made, account=HAN, revision=2)


async def test_a_circle_is_a_circle_in_cap_and_a_polygon_inside_it_for_everybody_else() -> None:
    world = World()
    alert = await world.out(hand(), changes={"circle": {"lat": 31.05, "lon": 121.05, "km": 2}})
    root = ET.fromstring(alert.cap_xml)
    assert {one.text for one in root.iter("{urn:oasis:names:tc:emergency:cap:1.2}circle")} == {"31.05,121.05 2.0"}
    assert alert.polygon is not None
    assert len(alert.polygon["coordinates"][0]) == 73  # type: ignore[index]  # a GeoJSON polygon
    with pytest.raises(Invalid, match="there is a polygon too"):
        await world.desk.look(alert.proposal_id, changes={"circle": {"lat": 31, "lon": 121, "km": 2}, "polygon": square(121, 31, 121.1, 31.1)})


async def test_what_is_composed_as_a_circle_stays_one_and_its_shares_are_exact() -> None:
    world = World()
    look = await world.desk.look_by_hand(hand(circle={"lat": 31.05, "lon": 121.05, "km": 2}), account=LI)
    # 72 corners on a circle of 2 km hold 36 · 4 · sin 5° = 12.550 km²; the square is 9.527 km by 11.120 km, 105.9 km².
    [own] = look.covered
    assert own.zone.code == "310115"
    assert own.km2 == pytest.approx(12.55, rel=0.002)
    assert own.share == pytest.approx(12.55 / 105.9, rel=0.004)
    assert (await world.out(hand(circle={"lat": 31.05, "lon": 121.05, "km": 2}))).cap_xml.count("<circle>") == 2
    assert END > NOW
