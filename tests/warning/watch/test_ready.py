"""Ready texts: the strongest evidence gives the number, both languages tell the same facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from shapely import box

from geo.zone import Zone, ZoneSet
from warning.level import Level
from warning.watch.evidence import Evidence
from warning.watch.issuer import load_issuers
from warning.watch.proposal import Action, Proposal, Reason
from warning.watch.ready import LANGUAGES, Facts, act, ready_texts, request, worded
from warning.watch.rulefile import load_rule_sets
from warning.wording import Texts, agree

NOW = datetime(2024, 9, 19, 4, 5, tzinfo=UTC)
END = NOW + timedelta(hours=6)
ZONES = ZoneSet(origin="by hand", zones=(
    Zone(code="310115", name_zh="浦东新区", name_en="Pudong New Area", level="district", geometry=box(121, 31, 122, 32)),
    Zone(code="310120", name_zh="奉贤区", name_en="Fengxian District", level="district", geometry=box(122, 31, 123, 32))))
ISSUER = next(one for one in load_issuers(rule_sets=load_rule_sets()) if one.code == "310000")


def seen(peak: float | None, *, test: str = "rain/6h [mm] >= 50", units: str = "mm", zone: str = "310115", observed: bool = False) -> Evidence:
    return Evidence(
        zone=zone, hazard="rainstorm", peak=peak, units=units, test=test, share=0.5, known_share=1.0, cells=(1,), peak_time=None, onset=None,
        end=None, row="r", rule_set="s", version="v", observed=observed)


def facts(*evidence: Evidence, **changes: object) -> Facts:
    base = Facts(
        hazard="rainstorm", hazard_zh="暴雨", hazard_en="rainstorm", level=Level.ORANGE, previous_level=None, action="new",
        zones=("310115", "310120"), evidence=evidence, onset=None, sent=NOW, expires=END, status="Actual")
    return replace(base, **changes)  # type: ignore[arg-type]  # a table of fields


def test_the_highest_peak_gives_the_number_the_unit_and_the_window() -> None:
    asked = request(facts(seen(61.5), seen(120.0, zone="310120", observed=True), seen(None)), issuer=ISSUER, zones=ZONES)
    assert (asked.quantity, asked.window, asked.peak, asked.units, asked.observed) == ("rain", timedelta(hours=6), 120.0, "mm", True)
    assert "6小时累积雨量已达120毫米" in worded(facts(seen(120.0, observed=True)), issuer=ISSUER, zones=ZONES)["zh-CN"]["description"]


def test_where_less_is_worse_the_lowest_gives_the_number() -> None:
    low = [seen(peak, test="visibility [m] < 500", units="m") for peak in (400.0, 0.0, 150.0)]
    asked = request(facts(*low), issuer=ISSUER, zones=ZONES)
    assert (asked.quantity, asked.window, asked.peak) == ("visibility", None, 0.0)


@pytest.mark.parametrize("evidence", [(), (seen(None),)])
def test_without_a_number_none_is_told(evidence: tuple[Evidence, ...]) -> None:
    asked = request(facts(*evidence), issuer=ISSUER, zones=ZONES)
    assert (asked.peak, asked.quantity, asked.units) == (None, "", "")
    assert "毫米" not in worded(facts(*evidence), issuer=ISSUER, zones=ZONES)["zh-CN"]["sms"]


@pytest.mark.parametrize(("action", "previous"), [
    ("new", None), ("update", Level.YELLOW), ("update", Level.ORANGE), ("update", None), ("cancel", Level.ORANGE)])
@pytest.mark.parametrize("status", ["Actual", "Exercise", "Test"])
def test_the_library_never_parts_the_languages(action: str, previous: Level | None, status: str) -> None:
    told = facts(seen(61.5), action=action, previous_level=previous, status=status, onset=NOW + timedelta(hours=1))
    words = worded(told, issuer=ISSUER, zones=ZONES)
    assert tuple(words) == LANGUAGES
    zh, en = (Texts(**words[language]) for language in LANGUAGES)
    assert agree(zh, en, request(told, issuer=ISSUER, zones=ZONES)) == []
    assert all(text for language in words.values() for text in language.values())


def test_a_proposal_is_worded_as_it_would_go_out_now() -> None:
    proposal = Proposal(
        issuer="310000", hazard="rainstorm", event_code="11B03", hazard_zh="暴雨", hazard_en="rainstorm", level=None,
        previous_level=Level.RED, action=Action.CANCEL, reason=Reason.NO_LONGER_EXCEEDED, zones=("310115",), event_id="e", onset=None,
        expires=END, evidence=(), cause_to_decide=(), created_at=NOW)
    words = ready_texts(proposal, issuer=ISSUER, zones=ZONES, now=NOW, expires=END, status="Exercise")
    assert words["zh-CN"]["sms"] == "【演练】上海中心气象台19日12时05分解除浦东新区暴雨红色预警信号。"
    assert words["en-US"]["title"] == "[EXERCISE] Rainstorm Red Warning lifted: Pudong New Area"


def test_nothing_is_no_act_that_is_told() -> None:
    assert [act(word) for word in ("new", "update", "cancel")] == ["new", "update", "cancel"]
    with pytest.raises(ValueError, match="'nothing' is no act"):
        act("nothing")
