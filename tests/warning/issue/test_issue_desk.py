"""The issue desk with a ledger in memory and the real rules, words and CAP."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from shapely import box

from geo.zone import Zone, ZoneSet
from warning import cap
from warning.account import Account
from warning.capxml import read, xsd_errors
from warning.clock import VirtualClock
from warning.errors import Conflict, Invalid, NotAllowed, NotFound
from warning.issue.approval import Approval
from warning.issue.companion import Beside
from warning.issue.desk import IssueDesk
from warning.issue.hand import HandMade
from warning.issue.state import move
from warning.issue.work import Earlier, NewAlert, StoredProposal
from warning.level import Level
from warning.watch.eventcode import load_event_codes
from warning.watch.issuer import load_issuers
from warning.watch.rulefile import load_rule_sets

NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)
END = NOW + timedelta(hours=6)
SETS = load_rule_sets()
ISSUERS = {issuer.code: issuer for issuer in load_issuers(rule_sets=SETS)}
CODES = load_event_codes()
ZONES = ZoneSet(origin="by hand", zones=(
    Zone(code="310000", name_zh="上海市", name_en="Shanghai", level="city", geometry=box(121.0, 31.0, 121.2, 31.1)),
    Zone(code="310115", name_zh="浦东新区", name_en="Pudong New Area", level="district", parent="310000", geometry=box(121.0, 31.0, 121.1, 31.1)),
    Zone(code="310120", name_zh="奉贤区", name_en="Fengxian District", level="district", parent="310000", geometry=box(121.1, 31.0, 121.2, 31.1)),
))
LI = Account(name="li.lei", role="forecaster")
HAN = Account(name="han.mei", role="approver")


def square(west: float, south: float, east: float, north: float) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}


class Memory:
    """Fulfils IssueLedger; ``thieves`` identifiers are taken by somebody else at the moment of issue."""

    def __init__(self) -> None:
        self.proposals: dict[UUID, StoredProposal] = {}
        self.alerts: list[NewAlert] = []
        self.approvals: list[Approval] = []
        self.thieves = 0

    async def proposal(self, proposal_id: UUID) -> StoredProposal:
        return self.proposals[proposal_id]

    async def add(self, proposal: StoredProposal, *, who: str) -> None:
        assert who
        self.proposals[proposal.id] = proposal

    async def submit(self, proposal_id: UUID, *, who: str, revision: int, changes: Mapping[str, object], at: datetime) -> None:
        old = self.proposals[proposal_id]
        assert at.tzinfo is not None
        if old.revision != revision:
            raise Conflict(f"the proposal was changed meanwhile (you read revision {revision}, it is {old.revision}): reload it")
        self.proposals[proposal_id] = replace(
            old, status=move(old.status, "submit"), submitted_by=who, changes=dict(changes), revision=revision + 1)

    async def close(self, proposal_id: UUID, *, act: str, who: str, reason: str, at: datetime) -> None:
        assert (who, reason, at.tzinfo is not None) != ("", "", False)
        old = self.proposals[proposal_id]
        self.proposals[proposal_id] = replace(old, status=move(old.status, act), revision=old.revision + 1)

    async def latest(self, event_id: UUID) -> Earlier | None:
        found = [alert for alert in self.alerts if alert.event_id == event_id]
        if not found:
            return None
        last = max(found, key=lambda alert: alert.version)
        return Earlier(identifier=last.identifier, sender=last.sender, sent=last.sent, version=last.version, level=last.level,
                       hazard=last.hazard, zones=last.zones, expires=last.expires, status=last.status,
                       cancelled=last.msg_type == "Cancel")

    async def event_of(self, identifier: str) -> UUID:
        for alert in self.alerts:
            if alert.identifier == identifier:
                return alert.event_id
        raise NotFound(f"no alert {identifier}")

    async def taken(self, sender: str, *, since: datetime) -> set[str]:
        return {alert.identifier for alert in self.alerts if alert.sender == sender and alert.sent >= since - timedelta(hours=1)}

    async def beside(self, *_: object, **__: object) -> list[Beside]:
        return []  # tests/corridor/test_events.py has them in a real ledger

    async def issue(
        self, alert: NewAlert, approval: Approval, *, revision: int, companions: Sequence[tuple[StoredProposal, NewAlert]]
    ) -> None:
        old = self.proposals[alert.proposal_id]
        assert old.revision == revision
        if self.thieves:
            self.thieves -= 1
            self.alerts.append(replace(alert, event_id=uuid4()))
            raise Conflict("taken meanwhile")
        self.proposals[old.id] = replace(old, status=move(old.status, "express" if approval.verdict == "express" else "approve"), event_id=alert.event_id)
        assert not companions
        self.alerts.append(alert)
        self.approvals.append(approval)


class World:
    def __init__(self, status: cap.Status = "Exercise") -> None:
        self.memory, self.clock = Memory(), VirtualClock(NOW)
        self.desk = IssueDesk(
            self.memory, clock=self.clock, zones=ZONES, issuers=ISSUERS, rule_sets=SETS, event_codes=CODES, cap_status=status,
            public_url="https://w.example/", planned=self.planned)

    async def planned(self, alert: NewAlert) -> str:
        return f"plan of {alert.identifier}"

    async def out(self, hand: HandMade, *, changes: Mapping[str, object] | None = None) -> NewAlert:
        made = await self.desk.compose(hand, account=LI)
        await self.desk.submit(made, account=LI, revision=1, changes=changes or {})
        await self.desk.approve(made, account=HAN, revision=2)
        return self.memory.alerts[-1]


def hand(**changes: object) -> HandMade:
    base = HandMade(issuer="310115", hazard="rainstorm", event_code="11B03", level=Level.ORANGE, zones=("310115",), onset=NOW, expires=END)
    return replace(base, **changes)  # type: ignore[arg-type]  # a table of fields


@pytest.mark.parametrize(("issuer", "code", "hazard", "category", "zh"), [
    ("310115", "11B03", "rainstorm", "Met", "暴雨"),
    ("310115", "11B25", "11B25", "Fire", "森林火险"),
    ("310115", "11D00", "11D00", "Geo", "地质灾害"),
    ("310115", "11A52", "11B22", "Met", "干旱"),
    ("310115", "11B29", "11B29", "Env", "重污染"),
    ("310000-332", "11A01", "huangpu_tide", "Met", "黄浦江高潮位"),
])
async def test_any_issuer_warns_of_any_emergency_under_its_own_code(
    issuer: str, code: str, hazard: str, category: str, zh: str
) -> None:
    alert = await World().out(hand(issuer=issuer, hazard=hazard, event_code=code))
    document = read(alert.cap_xml.encode()).alert
    info = document.infos[0]
    assert (alert.hazard, info.categories, info.event) == (hazard, (category,), zh)
    assert document.sender == ISSUERS[issuer].sender
    assert info.sender_name == ISSUERS[issuer].name_zh
    assert xsd_errors(alert.cap_xml.encode()) == []


async def test_two_people_make_one_alert_and_its_papers_are_whole() -> None:
    world = World()
    alert = await world.out(hand())
    assert alert.identifier == "31011541600000_20240919120000"
    assert (alert.version, alert.msg_type, alert.status, alert.level) == (1, "Alert", "Exercise", Level.ORANGE)
    assert alert.headlines["zh-CN"].startswith("【演练】")
    approval = world.memory.approvals[0]
    assert (approval.submitted_by, approval.by, approval.verdict, approval.scripted) == ("li.lei", "han.mei", "approved", False)


async def test_nobody_signs_twice_and_every_fault_is_told() -> None:
    world = World()
    made = await world.desk.compose(hand(), account=HAN)
    with pytest.raises(NotAllowed, match="nobody has submitted it yet"):
        await world.desk.approve(made, account=LI, revision=1)
    await world.desk.submit(made, account=HAN, revision=1, changes={})
    with pytest.raises(NotAllowed, match="the person who submitted it may not approve it"):
        await world.desk.approve(made, account=HAN, revision=2)
    assert world.memory.alerts == []


async def test_a_district_approver_does_not_sign_for_the_city() -> None:
    world = World()
    made = await world.desk.compose(hand(issuer="310000", zones=("310000",)), account=LI)
    await world.desk.submit(made, account=LI, revision=1, changes={})
    with pytest.raises(NotAllowed, match="may not approve this hazard in this area"):
        await world.desk.approve(made, account=replace(HAN, area="310115"), revision=2)


@pytest.mark.parametrize(("account", "asked", "told"), [
    (replace(LI, area="310115"), {"issuer": "310000", "zones": ("310000",)}, "may act inside 310115, not for 310000"),
    (replace(LI, hazards=("rainstorm",)), {"event_code": "11B01"}, "may act on rainstorm, not on typhoon"),
    (Account(name="w", role="viewer"), {}, "a viewer may not submit"),
])
async def test_the_right_is_asked_for_what_the_code_means(account: Account, asked: dict[str, object], told: str) -> None:
    with pytest.raises(NotAllowed, match=told):
        await World().desk.compose(hand(**asked), account=account)


@pytest.mark.parametrize(("asked", "told"), [
    ({"issuer": "999999"}, "issuer: '999999' is none of"),
    ({"zones": ("320500",)}, "zones: '320500' is no zone of this deployment"),
    ({"zones": ("310120",)}, "310115 may not warn 310120"),
    ({"expires": NOW}, "is not after now"),
    ({"action": "update"}, "replaces: an update names the alert that it follows"),
    ({"texts": {"fr": {"headline": "Alerte"}}}, "texts: 'fr' is no language"),
    ({"texts": {"zh-CN": {"titel": "x"}}}, "texts: zh-CN: has headline, description, instruction, sms, title"),
    ({"polygon": square(121.11, 31.01, 121.15, 31.05)}, "polygon: lies outside the chosen zones"),
    ({"polygon": square(121.05, 31.0, 121.15, 31.1)}, "polygon: reaches into 310120; choose these zones too"),
    ({"polygon": {"type": "Point", "coordinates": [121.05, 31.05]}}, "polygon: needs a valid Polygon"),
])
async def test_a_wrong_warning_by_hand_is_refused_with_its_field(asked: dict[str, object], told: str) -> None:
    world = World()
    with pytest.raises(Invalid, match=told):
        await world.desk.compose(hand(**asked), account=LI)
    assert world.memory.proposals == {}


async def test_an_event_code_of_no_list_is_not_found() -> None:
    with pytest.raises(NotFound, match="no event code '99Z99'"):
        await World().desk.compose(hand(event_code="99Z99"), account=LI)


@pytest.mark.parametrize("polygon", [square(121.02, 31.02, 121.05, 31.05), square(121.05, 31.05, 121.1002, 31.08), square(120.9, 31.0, 121.05, 31.1)])
async def test_a_polygon_inside_the_zones_a_hair_over_the_border_or_out_at_sea_is_kept(polygon: dict[str, object]) -> None:
    alert = await World().out(hand(polygon=polygon))
    assert alert.polygon is not None
    ring = read(alert.cap_xml.encode()).alert.infos[0].areas[0].polygons[0]
    assert len(ring) == 5


async def test_an_update_and_a_cancel_follow_their_alert_and_name_it() -> None:
    world = World()
    first = await world.out(hand())
    world.clock.move_to(NOW + timedelta(minutes=10))
    second = await world.out(hand(action="update", level=Level.RED, replaces=first.identifier))
    world.clock.move_to(NOW + timedelta(minutes=20))
    third = await world.out(hand(action="cancel", level=Level.RED, replaces=second.identifier, note="the rain has moved out to sea"))
    assert read(third.cap_xml.encode()).alert.note == "演练 Exercise: the rain has moved out to sea"
    assert [alert.msg_type for alert in world.memory.alerts] == ["Alert", "Update", "Cancel"]
    assert [alert.version for alert in world.memory.alerts] == [1, 2, 3]
    assert len({alert.event_id for alert in world.memory.alerts}) == 1
    assert [ref.identifier for ref in read(third.cap_xml.encode()).alert.references] == [second.identifier]
    assert "解除" in third.headlines["zh-CN"]


@pytest.mark.parametrize(("asked", "told"), [
    ({"issuer": "310120", "zones": ("310120",)}, "only its own issuer updates or cancels it"),
    ({"event_code": "11B06"}, "is rainstorm of 31011541600000, not gale"),
    ({"action": "new"}, "is an update or a cancel, not new"),
])
async def test_nobody_follows_the_alert_of_another_issuer_or_hazard(asked: dict[str, object], told: str) -> None:
    world = World()
    first = await world.out(hand())
    with pytest.raises(Invalid, match=told):
        await world.desk.compose(hand(**{"action": "cancel", "replaces": first.identifier, **asked}), account=LI)


async def test_who_may_not_warn_the_whole_of_it_neither_ends_it_nor_signs_its_end() -> None:
    world = World()
    first = await world.out(hand(issuer="310000", zones=("310115", "310120")))
    narrow = hand(issuer="310000", zones=("310115",), action="update", replaces=first.identifier)
    with pytest.raises(NotAllowed, match="may act inside 310115, not for 310120"):
        await world.desk.compose(narrow, account=replace(LI, area="310115"))
    made = await world.desk.compose(narrow, account=LI)
    await world.desk.submit(made, account=LI, revision=1, changes={})
    with pytest.raises(NotAllowed, match="may act inside 310115, not for 310120"):
        await world.desk.approve(made, account=replace(HAN, area="310115"), revision=2)


async def test_what_was_cancelled_or_is_over_is_not_updated() -> None:
    for over in ("cancel", "time"):
        world = World()
        first = await world.out(hand())
        world.clock.move_to(NOW + timedelta(minutes=10))
        made = await world.desk.compose(hand(action="update", replaces=first.identifier, expires=END + timedelta(hours=9)), account=LI)
        await world.desk.submit(made, account=LI, revision=1, changes={})
        if over == "cancel":
            await world.out(hand(action="cancel", replaces=first.identifier, note="over"))
        else:
            world.clock.move_to(END)
        with pytest.raises(Invalid, match="its event has ended meanwhile"):
            await world.desk.approve(made, account=HAN, revision=2)


async def test_a_form_that_was_changed_after_it_was_read_is_not_signed() -> None:
    world = World()
    made = await world.desk.compose(hand(), account=LI)
    await world.desk.submit(made, account=LI, revision=1, changes={})
    with pytest.raises(NotAllowed, match="it was changed after the page was loaded"):
        await world.desk.approve(made, account=HAN, revision=1)


async def test_the_signature_that_comes_after_the_end_is_refused() -> None:
    world = World()
    made = await world.desk.compose(hand(), account=LI)
    await world.desk.submit(made, account=LI, revision=1, changes={})
    world.clock.move_to(END)
    with pytest.raises(NotAllowed, match="its time is over: propose it again"):
        await world.desk.approve(made, account=HAN, revision=2)


async def test_texts_by_hand_go_out_as_they_were_written_and_with_the_time_of_the_signature() -> None:
    world = World()
    texts = {"zh-CN": {"description": "【演练】12时00分，浦东新区暴雨橙色预警：沿江请转移。"},
             "en-US": {"description": "[EXERCISE] 12:00: orange rainstorm warning for Pudong New Area, leave the river."}}
    made = await world.desk.compose(hand(texts=texts), account=LI)
    await world.desk.submit(made, account=LI, revision=1, changes={})
    world.clock.move_to(NOW + timedelta(minutes=9))
    await world.desk.approve(made, account=HAN, revision=2)
    infos = read(world.memory.alerts[0].cap_xml.encode()).alert.infos
    assert [info.description for info in infos] == [
        "【演练】12时09分，浦东新区暴雨橙色预警：沿江请转移。",
        "[EXERCISE] 12:09: orange rainstorm warning for Pudong New Area, leave the river."]


@pytest.mark.parametrize(("changes", "told"), [
    ({"colour": "red"}, "changes: colour cannot be changed"),
    ({"zones": []}, "zones: a list with at least one zone code"),
    ({"zones": ["310120"]}, "zones: 310115 may not warn 310120"),
    ({"expires": "tomorrow"}, "expires: 'tomorrow' is no ISO 8601 time"),
    ({"expires": "2024-09-20T12:00:00"}, "expires: say the offset"),
    ({"hazard": "typhoon"}, "cause: 'typhoon' is no candidate"),
    ({"texts": "all new"}, "texts: "),
    ({"texts": {"zh-CN": {"headline": 7}}}, "texts: zh-CN: has headline"),
    ({"polygon": square(121.11, 31.01, 121.15, 31.05)}, "polygon: lies outside"),
])
async def test_a_wrong_change_is_refused_and_nothing_is_submitted(changes: dict[str, object], told: str) -> None:
    world = World()
    made = await world.desk.compose(hand(), account=LI)
    with pytest.raises(Invalid, match=told):
        await world.desk.submit(made, account=LI, revision=1, changes=changes)
    assert world.memory.proposals[made].status == "open"


async def test_what_was_changed_is_what_goes_out() -> None:
    alert = await World().out(hand(), changes={"level": "red", "expires": "2024-09-19T20:00:00+08:00"})
    assert (alert.level, alert.expires) == (Level.RED, datetime(2024, 9, 19, 12, 0, tzinfo=UTC))
    assert "红色" in alert.headlines["zh-CN"]


async def test_a_return_needs_a_reason_and_an_approver_and_a_dismissal_a_forecaster() -> None:
    world = World()
    made = await world.desk.compose(hand(), account=LI)
    await world.desk.submit(made, account=LI, revision=1, changes={})
    with pytest.raises(Invalid, match="reason: say why"):
        await world.desk.give_back(made, account=HAN, reason="  ")
    with pytest.raises(NotAllowed, match="a forecaster may not approve"):
        await world.desk.give_back(made, account=LI, reason="no")
    await world.desk.give_back(made, account=HAN, reason="too early")
    assert world.memory.proposals[made].status == "open"
    with pytest.raises(NotAllowed, match="may act inside 310120"):
        await world.desk.dismiss(made, account=replace(LI, area="310120"), reason="no")
    await world.desk.dismiss(made, account=LI, reason="radar says no")
    assert world.memory.proposals[made].status == "dismissed"


async def test_an_identifier_that_was_taken_meanwhile_is_asked_for_again_and_again_only_so_often() -> None:
    world = World()
    world.memory.thieves = 2
    assert (await world.out(hand())).identifier == "31011541600000_20240919120002"
    world = World()
    world.memory.thieves = 3
    with pytest.raises(Conflict):
        await world.out(hand())


async def test_an_actual_alert_carries_no_drills_mark() -> None:
    alert = await World("Actual").out(hand())
    assert "演练" not in alert.cap_xml
    assert "EXERCISE" not in alert.cap_xml


async def test_a_deployment_that_warns_for_real_can_issue_a_single_drill_and_says_so_in_every_text() -> None:
    world = World("Actual")
    drill = await world.out(hand(status="Exercise"))
    assert drill.status == "Exercise"
    info = read(drill.cap_xml.encode()).alert
    assert info.status == "Exercise"
    assert all(headline.startswith(("【演练】", "[EXERCISE]")) for headline in drill.headlines.values())
    assert (await world.out(hand(zones=("310120",), issuer="310120"))).status == "Actual"


@pytest.mark.parametrize("status", ["Exercise", "Test"])
async def test_a_drill_deployment_can_never_issue_for_real(status: cap.Status) -> None:
    with pytest.raises(Invalid, match="a drill cannot be switched to live"):
        await World(status).desk.compose(hand(status="Actual"), account=LI)


async def test_what_follows_a_drill_is_a_drill_and_what_follows_a_warning_is_none() -> None:
    world = World("Actual")
    drill, real = await world.out(hand(status="Exercise")), await world.out(hand(issuer="310120", zones=("310120",)))
    with pytest.raises(Invalid, match="is Exercise, so what follows it is Exercise too"):
        await world.desk.compose(hand(action="cancel", replaces=drill.identifier), account=LI)
    with pytest.raises(Invalid, match="is Actual, so what follows it is Actual too"):
        await world.desk.compose(
            hand(action="cancel", replaces=real.identifier, issuer="310120", zones=("310120",), status="Exercise"), account=LI)
    ended = await world.out(hand(action="cancel", replaces=drill.identifier, status="Exercise", note="over"))
    assert (ended.msg_type, ended.status) == ("Cancel", "Exercise")
