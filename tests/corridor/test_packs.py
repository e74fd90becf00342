"""Packs over sites, with a real ledger and real channels: opened, raised, lowered, ended; signed by two; nothing out of its lane."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from httpx import AsyncClient

from channels.message import Limits, Message, Outcome, Reason, Receipt, Reply, Reports
from channels.wire.smsc import Faults
from tests.corridor.conftest import APPROVER, FORECASTER, Corridor, until
from warning.account import Account
from warning.app import opened
from warning.doors import doors_of
from warning.errors import Conflict, NotAllowed
from warning.level import Level
from warning.settings import load_settings
from warning.store.drill import DrillClock

# The underpass lies in the middle of the rain.
OWNER = "8613900000009"
WET = (121.60, 31.00, 121.72, 31.15)
PACK = """
id: test-underpass
title: {zh: 试验下立交, en: Test underpass}
sector: transport
version: "1"
sites: [underpass]
sources: {here: {zh: 本测试, en: this test}}
classes:
  - key: some
    zh: 一级
    en: "some rain"
    lead_h: 2
    condition: {quantity: rain, window_h: 1, op: ">=", value: 30, units: "mm"}
    action: {zh: "值守。", en: "Watch."}
    source: [here]
    confidence: A
  - key: much
    zh: 二级
    en: "much rain"
    lead_h: 2
    condition: {quantity: rain, window_h: 1, op: ">=", value: 60, units: "mm"}
    action: {zh: "封闭。", en: "Close."}
    source: [here]
    confidence: A
"""


def site(lane: str = "exercise", channel: str = "sms", address: str = "") -> dict[str, object]:
    contact = {"channel": channel, "address": address} if address else {}
    return {"type": "FeatureCollection", "features": [{
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [121.66, 31.07]}, "properties": {
            "code": "u1", "kind": "underpass", "name_zh": "一号下立交", "name_en": "Underpass 1", "owner": "养护所", "buffer_m": 300,
            "lane": lane, **contact}}]}


@asynccontextmanager
async def with_packs(corridor: Corridor, *packs: str, sites: Mapping[str, object]) -> AsyncIterator[Corridor]:
    """The same ledger, opened with a config folder of its own: one file is a pack."""
    own = corridor.folder / "own"
    for name in ("packs", "sites"):
        (own / name).mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(packs):
        (own / "packs" / f"p{number}.yaml").write_text(text, encoding="utf-8")
    (own / "sites" / "mine.geojson").write_text(json.dumps(sites), encoding="utf-8")
    settings = load_settings(corridor.settings_file).model_copy(update={"config": own, "cycles_up": 1, "cycles_down": 2})
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(opened(settings))
        yield replace(corridor, parts=parts)


async def cycle(corridor: Corridor, mm: float) -> None:
    await corridor.rain({WET: mm} if mm else {}, dry_hours=6, ahead_hours=6)
    await corridor.next_cycle()
    assert isinstance(corridor.parts.clock, DrillClock)
    await corridor.parts.clock.refresh()


async def notices(corridor: Corridor, pack: str = "test-underpass") -> list[dict[str, Any]]:
    return await corridor.rows("SELECT * FROM risk_notice WHERE pack = :p ORDER BY id", p=pack)


async def signed(corridor: Corridor, pack: str = "test-underpass") -> None:
    await corridor.parts.risk.sign(pack, account=FORECASTER)
    await corridor.parts.risk.sign(pack, account=APPROVER)


async def test_a_notice_is_opened_raised_lowered_and_ended_and_its_owner_hears_each_once(corridor: Corridor) -> None:
    async with with_packs(corridor, PACK, sites=site(address=OWNER)) as own:
        await signed(own)
        for mm in (6.0, 11.0, 6.0, 6.0, 0.0, 0.0, 0.0):  # 36 mm in the hour, 66, 36 twice, dry: two known cycles before each step down
            await cycle(own, mm)
            await own.parts.risk.send_due()
        rows = await notices(own)
        assert [(row["act"], row["class"], row["version"]) for row in rows] == [
            ("opened", "some", 1), ("raised", "much", 2), ("lowered", "some", 3), ("ended", "some", 4)]
        assert {row["state"] for row in rows} <= {"accepted", "delivered"}
        assert len({row["event_id"] for row in rows}) == 1
        heard = corridor.heard(OWNER)
        assert [("封闭。" in text, "解除" in text) for text in heard] == [(False, False), (True, False), (False, False), (False, True)]
        assert all(text.startswith("【上海预警】【演练】一号下立交") for text in heard)
        assert "依据：本测试。" in heard[0]
        await own.parts.risk.send_due()
        assert len(corridor.heard(OWNER)) == 4, "told once"


async def test_a_pack_sends_only_after_two_people_signed_these_very_words(corridor: Corridor) -> None:
    async with with_packs(corridor, PACK, sites=site(address=OWNER)) as own:
        await cycle(own, 6.0)
        await own.parts.risk.send_due()
        [held] = await notices(own)
        assert (held["state"], held["reason"]) == ("muted", "unsigned")
        await own.parts.risk.sign("test-underpass", account=FORECASTER)
        with pytest.raises(NotAllowed, match="a second person approves"):
            await own.parts.risk.sign("test-underpass", account=FORECASTER)
        with pytest.raises(NotAllowed, match="may not approve"):
            await own.parts.risk.sign("test-underpass", account=Account(name="gu", role="forecaster"))
        assert (await notices(own))[0]["state"] == "muted"
        # The second signature lets what is open be told.
        await own.parts.risk.sign("test-underpass", account=APPROVER)
        await own.parts.risk.send_due()
        assert (await notices(own))[0]["state"] in ("accepted", "delivered")
        with pytest.raises(Conflict, match="two signatures already"):
            await own.parts.risk.sign("test-underpass", account=APPROVER)
        acts = await own.rows("SELECT who, act FROM audit WHERE object = 'pack test-underpass' ORDER BY id")
        assert acts == [{"who": "fu", "act": "submit pack"}, {"who": "lin", "act": "approve pack"}]
    async with with_packs(corridor, PACK.replace("value: 30", "value: 31"), sites=site(address=OWNER)) as changed:
        [found] = [one for one in changed.parts.packs if one.id == "test-underpass"]
        assert (await changed.parts.risks.signatures([found]))["test-underpass"].approved_by is None


async def test_an_end_is_not_told_to_an_owner_who_was_never_told_the_start(corridor: Corridor) -> None:
    async with with_packs(corridor, PACK, sites=site(address=OWNER)) as own:
        await cycle(own, 6.0)  # nobody has signed
        await signed(own)
        await own.parts.risk.withdraw("test-underpass", account=FORECASTER, reason="wrong number")
        await cycle(own, 0.0)
        await cycle(own, 0.0)
        await signed(own)
        await own.parts.risk.send_due()
        assert [(row["act"], row["state"]) for row in await notices(own)] == [("opened", "muted"), ("ended", "muted")]
        assert corridor.heard(OWNER) == []


@pytest.mark.parametrize(("faults", "end", "heard"), [
    (Faults(throttle_every=1), "muted", 0), (Faults(mute=True), "accepted", 1)])
async def test_an_end_follows_a_start_that_may_have_left_and_not_one_that_surely_did_not(
    hasty: Corridor, faults: Faults, end: str, heard: int
) -> None:
    async with with_packs(hasty, PACK, sites=site(address=OWNER)) as own:
        await signed(own)
        hasty.smsc.misbehave(faults)
        await cycle(own, 6.0)
        await own.parts.risk.send_due()
        hasty.smsc.misbehave(Faults(black_hole=True))
        await cycle(own, 0.0)
        await cycle(own, 0.0)
        await own.execute("UPDATE risk_notice SET next_try_at = NULL")
        await own.parts.risk.send_due()
        assert [(row["act"], row["state"]) for row in await notices(own)] == [("opened", "superseded"), ("ended", end)]
        assert len(hasty.heard(OWNER)) == heard


@pytest.mark.parametrize(("lane", "contact", "why"), [("actual", True, "wrong_lane"), ("exercise", False, "no_contact")])
async def test_a_drill_never_reaches_an_actual_contact_and_no_contact_is_said(
    corridor: Corridor, lane: str, contact: bool, why: str
) -> None:
    address = OWNER if contact else ""
    async with with_packs(corridor, PACK, sites=site(lane=lane, address=address)) as own:
        await signed(own)
        await cycle(own, 6.0)
        await own.parts.risk.send_due()
        assert [(row["state"], row["reason"]) for row in await notices(own)] == [("muted", why)]
        assert corridor.heard(OWNER) == []


CHAIN = PACK.replace("test-underpass", "test-chain").replace(
    "    lead_h: 2\n    condition: {quantity: rain, window_h: 1, op: \">=\", value: 60",
    "    in_force: {hazard: rainstorm, level: orange}\n    lead_h: 2\n    condition: {quantity: rain, window_h: 1, op: \">=\", value: 40")


async def test_a_chain_asks_for_a_warning_in_force_over_the_site(corridor: Corridor) -> None:
    async with with_packs(corridor, CHAIN, sites=site()) as own:
        await cycle(own, 8.0)  # 48 mm: the second class's number, without its warning
        assert [row["class"] for row in await notices(own, "test-chain")] == ["some"]
        await corridor.warned(zones=("310120",), level=Level.RED)  # not over the site
        await corridor.warned(zones=("310115",), level=Level.YELLOW)  # over it, not strong enough
        await cycle(own, 8.0)
        assert [row["class"] for row in await notices(own, "test-chain")] == ["some"]
        await corridor.warned(issuer="310115", zones=("310115",), level=Level.ORANGE)
        await cycle(own, 8.0)
        assert [row["class"] for row in await notices(own, "test-chain")] == ["some", "much"]


async def test_a_proposal_names_the_sites_in_its_zones(corridor: Corridor) -> None:
    async with with_packs(corridor, PACK, sites=site()) as own:
        await cycle(own, 20.0)
        [red] = await own.proposals("310115")
        codes = [one["code"] for one in red["body"]["affected"]["sites"]]
        assert codes == ["u1"], "the shipped examples stand only where there are no others"


async def test_a_notice_goes_to_one_contact_and_never_to_a_public_channel_whatever_the_file_names(corridor: Corridor) -> None:
    async with with_packs(corridor, PACK, sites=site(channel="spool", address="{identifier}")) as own:
        await signed(own)
        await cycle(own, 6.0)
        await own.parts.risk.send_due()
        [notice] = await notices(own)
        assert (notice["state"], notice["reason"]) == ("failed", "refused")
        assert "never to a public channel like spool" in notice["outcome"]


class Breaking:
    """A channel that takes one message and then breaks in a way nobody foresaw."""

    limits = Limits(max_chars=None)

    def __init__(self) -> None:
        self.got = 0

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.got += 1
        if self.got > 1:
            raise RuntimeError("never foreseen")
        return [Receipt(key=message.key, outcome=Outcome.ACCEPTED, at=message.sent) for message in messages]


async def test_what_has_left_is_written_down_although_the_next_one_breaks_its_channel(corridor: Corridor) -> None:
    two = site(address=OWNER)
    features = cast("list[dict[str, Any]]", two["features"])
    features.append({**features[0], "properties": {**features[0]["properties"], "code": "u2", "name_en": "Underpass 2"}})
    async with with_packs(corridor, PACK, sites=two) as own:
        await signed(own)
        await cycle(own, 6.0)
        breaking = Breaking()
        own.parts.risk.attach("sms", breaking)
        await own.parts.risk.send_due()
        assert sorted(row["state"] for row in await notices(own)) == ["accepted", "unknown"]


async def moved_on(*workers: Corridor) -> dict[str, Any]:
    """The only notice, when a report has moved it: both workers are bound, and the centre reports to either."""
    async def reported() -> bool:
        for worker in workers:
            await worker.parts.dispatch.flush()
        return (await notices(workers[-1]))[0]["state"] not in ("claimed", "accepted")

    await until(reported, within_s=60)
    return (await notices(workers[-1]))[0]


async def test_a_handsets_late_report_is_the_notices_last_word(corridor: Corridor) -> None:
    """The corridor's centre reports each text delivered a moment after it took it; a second report changes nothing."""
    async with with_packs(corridor, PACK, sites=site(address=OWNER)) as own:
        await signed(own)
        await cycle(own, 6.0)
        await own.parts.risk.send_due()
        row = await moved_on(corridor, own)
        assert row["state"] == "delivered"
        assert "stat:DELIVRD" in row["outcome"]
        await own.parts.dispatch.on_receipt(Receipt(
            key=f"risk.{row['id']}", outcome=Outcome.REJECTED, reason=Reason.UNREACHABLE, at=own.now, evidence="stat:UNDELIV"))
        await own.parts.dispatch.on_receipt(Receipt(key="risk.x", outcome=Outcome.DELIVERED, at=own.now))
        await own.parts.dispatch.flush()
        assert (await notices(own))[0] == row


async def test_a_notice_that_a_handset_never_got_has_failed_with_the_reason(corridor: Corridor) -> None:
    async with with_packs(corridor, PACK, sites=site(address=OWNER)) as own:
        await signed(own)
        own.smsc.misbehave(Faults(undelivered_prefixes=(OWNER,)))
        await cycle(own, 6.0)
        await own.parts.risk.send_due()
        row = await moved_on(corridor, own)
        assert (row["state"], row["reason"]) == ("failed", "unreachable")


async def test_a_late_report_of_a_notice_is_no_deliverys_evidence(corridor: Corridor) -> None:
    await corridor.office("duty", "/office")
    alert = await corridor.warned()
    await corridor.send(alert)
    [before] = (await corridor.deliveries(alert)).values()
    channel = next(one for one in corridor.parts.settings.channels if one.name == "sms")

    async def nobody(_: Reply) -> None: ...

    async with AsyncClient() as http:
        doors = doors_of(channel, corridor.parts, http, nobody)
        await doors.on_receipt(Receipt(key=f"risk.{before['id']}", outcome=Outcome.DELIVERED, at=corridor.now))
        await doors.on_reports([Reports(outcome=Outcome.DELIVERED, at=corridor.now, keys=[f"risk.{before['id']}"], external_ids=["7"])])
    await corridor.parts.dispatch.flush()
    [after] = (await corridor.deliveries(alert)).values()
    assert (after["state"], after["evidence"]) == (before["state"], before["evidence"])


def test_the_shipped_examples_are_marked_and_have_no_contact() -> None:
    document = json.loads((Path(__file__).parents[2] / "config" / "sites" / "examples.geojson").read_text(encoding="utf-8"))
    properties = [feature["properties"] for feature in document["features"]]
    assert all(one["example"] and "address" not in one for one in properties)
