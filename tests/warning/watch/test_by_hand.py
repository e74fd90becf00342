"""By hand: any issuer, any emergency, its own event code, no grid."""

from datetime import UTC, datetime, timedelta

import pytest

from warning.errors import Invalid
from warning.level import Level
from warning.watch.eventcode import hazard_of, load_event_codes
from warning.watch.hazard import Hazard
from warning.watch.issuer import load_issuers
from warning.watch.proposal import Action, InForce, Reason, by_hand, proposal_from_json, to_json
from warning.watch.rulefile import load_rule_sets

NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)
END = NOW + timedelta(hours=12)
SETS = load_rule_sets()
ISSUERS = {issuer.code: issuer for issuer in load_issuers(rule_sets=SETS)}
CODES = load_event_codes()


def kind(code: str, issuer: str) -> Hazard:
    return hazard_of(code, SETS[ISSUERS[issuer].rule_set], CODES)


def test_a_district_warns_of_forest_fire_danger_without_a_rule() -> None:
    proposal = by_hand(
        ISSUERS["310118"], kind("11B25", "310118"), Level.ORANGE, ["310118"], expires=END, now=NOW, note="dry week"
    )
    assert (proposal.action, proposal.reason) == (Action.NEW, Reason.BY_HAND)
    assert (proposal.event_code, proposal.hazard_zh, proposal.hazard_en) == ("11B25", "森林火险", "forest fire danger")
    assert (proposal.zones, proposal.evidence, proposal.note) == (("310118",), (), "dry week")
    assert proposal_from_json(to_json(proposal)) == proposal


def test_the_water_authority_warns_of_the_tide_that_no_number_is_known_for() -> None:
    tide = SETS["hydrology-shanghai"].hazard("huangpu_tide")
    proposal = by_hand(ISSUERS["310000-332"], tide, Level.RED, ["310101", "310109"], expires=END, now=NOW)
    assert (proposal.issuer, proposal.hazard, proposal.hazard_zh) == ("310000-332", "huangpu_tide", "黄浦江高潮位")


def test_a_manual_row_is_proposed_by_a_forecaster() -> None:
    proposal = by_hand(ISSUERS["310000"], kind("11B14", "310000"), Level.YELLOW, ["310000"], expires=END, now=NOW)
    assert proposal.hazard == "lightning"


def test_a_warning_by_hand_may_follow_one_in_force() -> None:
    warning = InForce(
        event_id="e7",
        issuer="310000",
        hazard="lightning",
        level=Level.YELLOW,
        zones=("310000",),
        expires=END,
        identifier="x",
        version=1,
    )
    city, lightning = ISSUERS["310000"], kind("11B14", "310000")
    proposal = by_hand(city, lightning, Level.ORANGE, ["310000"], expires=END, now=NOW, in_force=warning)
    assert (proposal.action, proposal.event_id, proposal.previous_level) == (Action.UPDATE, "e7", Level.YELLOW)
    with pytest.raises(Invalid, match="e7 is lightning of 310000, not hail of 310000"):
        by_hand(city, kind("11B15", "310000"), Level.RED, ["310000"], expires=END, now=NOW, in_force=warning)


def test_zones_of_somebody_else_are_refused() -> None:
    with pytest.raises(Invalid, match="310118 may not warn 310115, 320500; it has 310118"):
        by_hand(
            ISSUERS["310118"],
            kind("11B25", "310118"),
            Level.RED,
            ["310118", "310115", "320500"],
            expires=END,
            now=NOW,
        )


@pytest.mark.parametrize(
    ("zones", "expires", "onset", "told"),
    [
        ([], END, None, "zones: none given"),
        (["310118"], NOW, None, "is not after now"),
        (["310118"], END, END, "is not after now and the onset"),
    ],
)
def test_a_warning_without_place_or_time_is_refused(
    zones: list[str], expires: datetime, onset: datetime | None, told: str
) -> None:
    with pytest.raises(Invalid, match=told):
        by_hand(
            ISSUERS["310118"], kind("11B25", "310118"), Level.RED, zones, expires=expires, now=NOW, onset=onset
        )


def test_a_zone_given_twice_counts_once() -> None:
    proposal = by_hand(
        ISSUERS["310118"], kind("11B25", "310118"), Level.BLUE, ["310118", "310118"], expires=END, now=NOW
    )
    assert proposal.zones == ("310118",)
