"""The main job from end to end: a gridded nowcast becomes signed, targeted warnings with receipts."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.corridor.conftest import APPROVER, FORECASTER, Corridor, until
from warning.cap import Alert
from warning.capxml import read, xsd_errors
from warning.errors import NotAllowed
from warning.level import Level
from warning.stage import PROMISE_S, timeline
from warning.store.stages import chain_events

# About 12 km × 17 km in the middle of Pudong: an eighth of the district, a thirtieth of the city.
PUDONG = (121.60, 31.00, 121.72, 31.15)
WET, DRY = "8613900000001", "8613900000002"


async def proposed(corridor: Corridor) -> UUID:
    """20 mm in ten minutes for two hours over a part of Pudong: its one rainstorm proposal."""
    await corridor.rain({PUDONG: 20.0})
    [row] = await corridor.rows("SELECT id FROM proposal WHERE hazard = 'rainstorm'")
    return UUID(str(row["id"]))


async def cap_of(corridor: Corridor, identifier: str) -> Alert:
    [row] = await corridor.rows("SELECT cap_xml FROM alert WHERE identifier = :i", i=identifier)
    assert xsd_errors(row["cap_xml"].encode()) == []
    return read(row["cap_xml"].encode()).alert


async def test_over_100_mm_in_an_hour_in_one_district_is_red_there_and_nothing_in_the_city(corridor: Corridor) -> None:
    await corridor.rain({PUDONG: 20.0})
    [proposal] = await corridor.rows("SELECT * FROM proposal WHERE hazard = 'rainstorm'")
    assert (proposal["issuer"], proposal["zones"], proposal["level"], proposal["status"]) == ("310115", ["310115"], 4, "open")
    assert (proposal["action"], proposal["reason"]) == ("new", "first")
    [evidence] = proposal["body"]["evidence"]
    assert evidence["row"] == "shanghai-2019/rainstorm/red"
    assert evidence["test"] == "rain/1h [mm] >= 100"
    assert evidence["peak"] == 120.0  # six sums of 20 mm
    assert evidence["onset"] == "2024-09-19T16:50:00Z"  # five of them make 100 mm
    assert 0.05 <= evidence["share"] < 0.25
    assert len(evidence["cells"]) == 13 * 16  # every cell of the box, and no other
    assert proposal["body"]["affected"]["population"] == 5_681_512  # census 2020
    assert "120毫米" in proposal["texts"]["zh-CN"]["description"]
    assert "120 mm in 1 h" in proposal["texts"]["en-US"]["description"]


async def test_from_the_grid_to_the_handset_with_evidence_at_every_step(corridor: Corridor) -> None:
    await corridor.spool()
    await corridor.resident(WET)
    await corridor.resident(DRY, "310116")
    chain = await proposed(corridor)
    identifier = await corridor.sign(chain)
    async with corridor.working():
        await corridor.drained()

        async def reported() -> bool:
            return (await corridor.states(identifier))[WET] == ("delivered", "")

        await until(reported)
    assert set(await corridor.deliveries(identifier)) == {WET, "{identifier}"}  # nobody in Jinshan
    [said] = corridor.heard(WET)
    assert said.startswith("【上海预警】【演练】上海市浦东新区气象台20日00时00分发布暴雨红色预警信号")
    assert "浦东新区1小时累积雨量可达120毫米" in said
    assert corridor.heard(DRY) == []
    ends = await corridor.deliveries(identifier)
    assert "DELIVRD" in ends[WET]["evidence"]
    assert ends["{identifier}"]["state"] == "accepted"
    assert "fsync" in ends["{identifier}"]["evidence"]
    [file] = [path for path in (corridor.folder / "spool").rglob("*") if path.is_file()]
    assert WET not in file.read_text(encoding="utf-8")
    assert "11B03" in file.read_text(encoding="utf-8")
    times = timeline(await chain_events(corridor.parts.database, str(chain)))
    assert [(t.stage, t.channel) for t in times if not t.channel] == [
        (stage, "") for stage in ("arrival", "decode", "derive", "propose", "submit", "approve", "issue", "expand")]
    assert {(t.stage, t.channel) for t in times if t.channel} == {
        (stage, channel) for stage in ("first_accepted", "last_accepted") for channel in ("sms", "spool")}
    since = [t.since_arrival_s for t in times if not t.channel]
    assert since == sorted(since)
    assert max(t.since_arrival_s for t in times if t.stage == "last_accepted") < PROMISE_S
    assert not [t for t in times if t.late]


async def test_the_cap_has_two_languages_and_the_polygon_of_the_district(corridor: Corridor) -> None:
    alert = await cap_of(corridor, await corridor.sign(await proposed(corridor)))
    assert (alert.status, alert.msg_type) == ("Exercise", "Alert")
    assert [info.language for info in alert.infos] == ["zh-CN", "en-US"]
    assert {info.severity for info in alert.infos} == {"Extreme"}
    assert alert.references == ()
    for info in alert.infos:
        assert [code.value for code in info.event_codes] == ["11B03"]
        [area] = info.areas
        assert [code.value for code in area.geocodes] == ["310115000000", "310115"]
        assert area.polygons
        assert max(len(ring) for ring in area.polygons) <= 101


async def test_an_update_and_a_cancel_refer_to_the_version_before_and_keep_the_event(corridor: Corridor) -> None:
    first = await corridor.sign(await proposed(corridor))
    await corridor.move(timedelta(minutes=5))
    second = await corridor.warned(issuer="310115", level=Level.ORANGE, action="update", replaces=first)
    await corridor.move(timedelta(minutes=5))
    third = await corridor.warned(issuer="310115", level=Level.ORANGE, action="cancel", replaces=second)
    one, two, three = [await cap_of(corridor, i) for i in (first, second, third)]
    assert [alert.msg_type for alert in (one, two, three)] == ["Alert", "Update", "Cancel"]
    assert [(r.identifier, r.sender, r.sent) for r in two.references] == [(first, one.sender, one.sent)]
    assert [(r.identifier, r.sender, r.sent) for r in three.references] == [(second, two.sender, two.sent)]
    rows = await corridor.rows("SELECT version, event_id FROM alert ORDER BY version")
    assert [row["version"] for row in rows] == [1, 2, 3]
    assert len({row["event_id"] for row in rows}) == 1


async def test_the_person_who_submitted_may_not_approve(corridor: Corridor) -> None:
    chain = await proposed(corridor)
    await corridor.parts.issue.submit(chain, account=APPROVER, revision=1, changes={})
    with pytest.raises(NotAllowed, match="the person who submitted it may not approve it"):
        await corridor.parts.issue.approve(chain, account=APPROVER, revision=2)
    assert await corridor.rows("SELECT * FROM alert") == []


async def test_an_unsigned_proposal_leaves_nothing_behind(corridor: Corridor) -> None:
    await corridor.spool()
    await corridor.resident(WET)
    chain = await proposed(corridor)
    with pytest.raises(NotAllowed, match="nobody has submitted it yet"):
        await corridor.parts.issue.approve(chain, account=APPROVER, revision=1)
    await corridor.parts.issue.submit(chain, account=FORECASTER, revision=1, changes={})
    for table in ("alert", "batch", "delivery", "approval", "procrastinate_jobs"):
        assert await corridor.rows(f"SELECT * FROM {table}") == [], table  # names above
    assert corridor.smsc.submits == 0
    assert not (corridor.folder / "spool").exists()
