"""Drafts: the strongest level that enough of a zone reaches within the lead; too little known is never "no hazard"."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from geo.criterion import Comparison, comparisons
from geo.exceedance import Exceedance
from warning.level import Level
from warning.watch.draft import Draft, draft
from warning.watch.issuer import AreaCriterion, Issuer, load_issuers
from warning.watch.rule import Rule
from warning.watch.rulefile import load_rule_sets

SETS = load_rule_sets()
SHANGHAI, NATIONAL = SETS["shanghai-2019"], SETS["national-2007"]
ISSUERS = {issuer.code: issuer for issuer in load_issuers(rule_sets=SETS)}
CITY, FENGXIAN, WATER = ISSUERS["310000"], ISSUERS["310120"], ISSUERS["310000-332"]
NOW = datetime(2024, 9, 19, 20, 0, tzinfo=UTC)


def leaf(rule: Rule) -> Comparison:
    assert rule.criterion is not None
    return next(comparisons(rule.criterion))


def answer(
    rule: Rule,
    zone: str,
    share: float,
    *,
    known: float = 1.0,
    onset: datetime = NOW,
    end: datetime | None = NOW + timedelta(hours=1),
    observed: bool = False,
) -> Exceedance:
    return Exceedance(
        zone=zone,
        share=share,
        known_share=known,
        peak=leaf(rule).value + 1 if share else leaf(rule).value - 1,
        peak_time=NOW,
        leading=leaf(rule),
        onset=onset if share else None,
        end=end if share else None,
        cells=(4, 5) if share else (),
        observed=observed,
    )


def rain(zone: str, red: float, orange: float, yellow: float, blue: float) -> dict[str, Sequence[Exceedance]]:
    """Shares of ``zone`` over each rain colour; everything is known."""
    shares = {Level.RED: red, Level.ORANGE: orange, Level.YELLOW: yellow, Level.BLUE: blue}
    rules = [SHANGHAI.rule("rainstorm", level) for level in shares]
    return {rule.row: [answer(rule, zone, shares[rule.level])] for rule in rules}


def of(drafts: Sequence[Draft], hazard: str) -> Draft:
    return next(found for found in drafts if found.hazard.key == hazard)


def test_the_strongest_level_over_five_percent_of_a_district_is_drafted() -> None:
    found = of(draft(FENGXIAN, SHANGHAI, rain("310120", 0.04, 0.05, 0.3, 0.6), now=NOW), "rainstorm")
    assert found.level is Level.ORANGE
    assert not found.unknown
    assert found.evidence is not None
    assert (found.evidence.row, found.evidence.version) == ("shanghai-2019/rainstorm/orange", "2019.2")
    assert (found.evidence.peak, found.evidence.units, found.evidence.test) == (81, "mm", "rain/1h [mm] >= 80")
    assert (found.evidence.share, found.evidence.cells) == (0.05, (4, 5))


def test_a_district_just_short_of_five_percent_is_not_warned() -> None:
    found = of(draft(FENGXIAN, SHANGHAI, rain("310120", 0, 0, 0, 0.0499), now=NOW), "rainstorm")
    assert found.level is None
    assert not found.unknown


def test_a_city_is_not_red_because_one_district_is() -> None:
    answers = rain("310000", 0.11, 0.12, 0.15, 0.4)
    answers["shanghai-2019/rainstorm/red"] = [
        *answers["shanghai-2019/rainstorm/red"],
        answer(SHANGHAI.rule("rainstorm", Level.RED), "310120", 1.0),
    ]
    assert of(draft(CITY, SHANGHAI, answers, now=NOW), "rainstorm").level is Level.YELLOW
    assert of(draft(FENGXIAN, SHANGHAI, answers, now=NOW), "rainstorm").level is Level.RED


def counting(min_districts: int) -> Issuer:
    return replace(CITY, parts=("310115", "310116", "310120"), area=AreaCriterion(min_share=0.5, min_districts=min_districts))


def test_a_city_that_counts_districts_is_red_when_two_of_three_are() -> None:
    red = SHANGHAI.rule("rainstorm", Level.RED)
    answers = rain("310000", 0.1, 0.1, 0.1, 0.1)
    shares = {"310000": 0.1, "310115": 0.06, "310116": 0.04, "310120": 0.05}
    answers[red.row] = [answer(red, zone, share) for zone, share in shares.items()]
    assert of(draft(counting(2), SHANGHAI, answers, now=NOW), "rainstorm").level is Level.RED
    assert of(draft(counting(3), SHANGHAI, answers, now=NOW), "rainstorm").level is None


def test_a_count_is_open_only_while_the_unread_districts_could_fill_it() -> None:
    rules = [rule for rule in SHANGHAI.of("rainstorm") if rule.criterion is not None]
    answers = {rule.row: [answer(rule, zone, 0.0) for zone in ("310000", "310115", "310116", "310120")] for rule in rules}
    red = SHANGHAI.rule("rainstorm", Level.RED)
    answers[red.row] = [
        answer(red, "310000", 0.0), answer(red, "310115", 0.06), answer(red, "310116", 0.0, known=0.0), answer(red, "310120", 0.0)]
    for districts, unknown in ((2, True), (3, False)):
        found = of(draft(counting(districts), SHANGHAI, answers, now=NOW), "rainstorm")
        assert (found.level, found.unknown) == (None, unknown)


def test_an_unread_district_leaves_the_count_open() -> None:
    red = SHANGHAI.rule("rainstorm", Level.RED)
    answers = rain("310000", 0.1, 0.1, 0.1, 0.1)
    answers[red.row] = [answer(red, "310000", 0.1), answer(red, "310115", 0.06), answer(red, "310116", 0.0)]
    found = of(draft(counting(2), SHANGHAI, answers, now=NOW), "rainstorm")
    assert found.level is None
    assert found.unknown


def test_missing_data_is_unknown_and_never_no_hazard() -> None:
    drafts = draft(FENGXIAN, SHANGHAI, {}, now=NOW)
    assert {found.hazard.key for found in drafts} == {
        hazard.key for hazard in SHANGHAI.hazards if hazard.key not in ("lightning", "hail")
    }
    assert all(found.unknown and found.level is None and found.evidence is None for found in drafts)


@pytest.mark.parametrize(
    ("share", "known", "level", "unknown"),
    [
        (0.0, 1.0, None, False),
        (0.0, 0.96, None, False),  # even if all the unread 4 % exceeded, it were below 5 %
        (0.0, 0.95, None, True),
        (0.02, 0.96, None, True),
        (0.05, 0.05, Level.BLUE, False),  # reached, whatever the rest holds; stronger rows are known below
        (0.0, 0.0, None, True),
    ],
)
def test_the_unread_part_decides_whether_the_answer_is_known(
    share: float, known: float, level: Level | None, unknown: bool
) -> None:
    answers = rain("310120", 0, 0, 0, 0)
    blue = SHANGHAI.rule("rainstorm", Level.BLUE)
    answers[blue.row] = [answer(blue, "310120", share, known=known)]
    found = of(draft(FENGXIAN, SHANGHAI, answers, now=NOW), "rainstorm")
    assert (found.level, found.unknown) == (level, unknown)


def test_a_reached_level_with_an_unread_stronger_one_is_at_least_that_level() -> None:
    answers = rain("310120", 0, 0, 0.4, 0.5)
    red = SHANGHAI.rule("rainstorm", Level.RED)
    answers[red.row] = [answer(red, "310120", 0.0, known=0.5)]
    found = of(draft(FENGXIAN, SHANGHAI, answers, now=NOW), "rainstorm")
    assert found.level is Level.YELLOW
    assert found.unknown


DECIDABLE = [
    rule
    for one in (NATIONAL, SHANGHAI)
    for rule in one.rules
    if rule.criterion is not None
]


@pytest.mark.parametrize("rule", DECIDABLE, ids=lambda rule: rule.row)
def test_every_decidable_row_looks_as_far_ahead_as_its_lead_and_not_a_minute_more(rule: Rule) -> None:
    rule_set = SETS[rule.row.split("/")[0]]
    alone = replace(rule_set, rules=(replace(rule, hazard=replace(rule.hazard, cause=None)),))
    # A day's extreme bears the midnight after it, and the day counts when its noon lies within the lead.
    ahead = rule.lead + timedelta(hours=12 if rule.daily else 0)
    for late, expected in ((timedelta(0), rule.level), (timedelta(minutes=1), None)):
        onset = NOW + ahead + late
        answers = {rule.row: [answer(rule, "310120", 0.5, onset=onset, end=onset)]}
        found = draft(FENGXIAN, alone, answers, now=NOW)[0]
        assert found.level is expected
        assert not found.unknown


def test_what_is_over_is_not_warned_of_but_what_has_been_reached_and_lasts_is() -> None:
    rule = SHANGHAI.rule("rainstorm", Level.RED)
    past = {"onset": NOW - timedelta(hours=2), "end": NOW - timedelta(minutes=10)}
    answers = rain("310120", 0, 0, 0, 0)
    answers[rule.row] = [answer(rule, "310120", 0.5, onset=past["onset"], end=NOW)]
    assert of(draft(FENGXIAN, SHANGHAI, answers, now=NOW), "rainstorm").level is Level.RED, "this moment still counts"
    answers[rule.row] = [answer(rule, "310120", 0.5, onset=past["onset"], end=past["end"])]
    assert of(draft(FENGXIAN, SHANGHAI, answers, now=NOW), "rainstorm").level is None
    answers[rule.row] = [answer(rule, "310120", 0.5, onset=past["onset"], end=past["end"], observed=True)]
    assert of(draft(FENGXIAN, SHANGHAI, answers, now=NOW), "rainstorm").level is Level.RED


def test_manual_rows_are_never_drafted_even_if_somebody_answers_them() -> None:
    rain_red = SHANGHAI.rule("rainstorm", Level.RED)
    manual = [rule for one in (NATIONAL, SHANGHAI) for rule in one.rules if rule.criterion is None]
    assert manual
    answers = {rule.row: [answer(rain_red, "310120", 1.0)] for rule in manual}
    for one in (NATIONAL, SHANGHAI):
        drafts = draft(FENGXIAN, one, answers, now=NOW)
        assert all(found.level is None for found in drafts)
        assert not {"lightning", "hail", "drought"} & {found.hazard.key for found in drafts}


def test_an_unconfirmed_row_carries_its_flag_into_the_evidence() -> None:
    rule = SHANGHAI.rule("snowstorm", Level.RED)
    found = of(draft(FENGXIAN, SHANGHAI, {rule.row: [answer(rule, "310120", 0.2)]}, now=NOW), "snowstorm")
    assert found.evidence is not None
    assert found.evidence.unconfirmed


def test_a_station_answers_for_the_whole_zone_of_the_water_authority() -> None:
    tide = SETS["hydrology-shanghai"]
    rule = tide.rule("huangpu_tide", Level.BLUE)
    reached = draft(WATER, tide, {rule.row: [answer(rule, "suzhou-creek-mouth", 0.01)]}, now=NOW)  # a station has no area
    assert [(found.zone, found.level) for found in reached] == [("310000", Level.BLUE)]
    assert reached[0].manual_levels == (Level.RED, Level.ORANGE, Level.YELLOW)
    elsewhere = draft(WATER, tide, {rule.row: [answer(rule, "310000", 1.0)]}, now=NOW)
    assert elsewhere[0].unknown


def wind(typhoon: Level | None, gale: Level | None) -> dict[str, Sequence[Exceedance]]:
    """Answers of all eight wind rows: everything up to the named level exceeds."""
    reached = {"typhoon": typhoon or 0, "gale": gale or 0}
    rules = [rule for rule in SHANGHAI.rules if rule.hazard.key in reached]
    return {
        rule.row: [answer(rule, "310120", 0.5 if rule.level <= reached[rule.hazard.key] else 0.0)] for rule in rules
    }


def test_without_a_cause_typhoon_and_gale_are_one_draft_to_be_decided() -> None:
    drafts = draft(FENGXIAN, SHANGHAI, wind(Level.YELLOW, Level.YELLOW), now=NOW)
    found = of(drafts, "wind")
    assert found.cause is None
    assert [one.hazard.key for one in found.candidates] == ["typhoon", "gale"]
    assert found.level is Level.YELLOW
    assert found.hazard.zh == "台风或大风"
    assert not {"typhoon", "gale"} & {one.hazard.key for one in drafts}


@pytest.mark.parametrize(
    ("causes", "typhoon", "gale"),
    [
        ({"typhoon": True}, Level.YELLOW, None),
        ({"typhoon": False}, None, Level.YELLOW),
        ({"gale": True}, None, Level.YELLOW),
        ({"typhoon": True, "gale": True}, Level.YELLOW, Level.YELLOW),
    ],
)
def test_a_track_or_a_person_decides_the_cause(
    causes: dict[str, bool], typhoon: Level | None, gale: Level | None
) -> None:
    drafts = draft(FENGXIAN, SHANGHAI, wind(Level.YELLOW, Level.YELLOW), now=NOW, causes=causes)
    assert of(drafts, "typhoon").level is typhoon
    assert of(drafts, "gale").level is gale
    assert not any(found.candidates for found in drafts)
    assert not any(of(drafts, key).unknown for key in ("typhoon", "gale")), "what has been ruled out is known not to be"


def test_a_stronger_row_that_one_candidate_leaves_open_leaves_both_open() -> None:
    red = SHANGHAI.rule("typhoon", Level.RED)
    found = of(draft(FENGXIAN, SHANGHAI, wind(Level.YELLOW, Level.YELLOW) | {red.row: [answer(red, "310120", 0.0, known=0.5)]}, now=NOW), "wind")
    assert (found.level, found.unknown) == (Level.YELLOW, True)
    assert [one.unknown for one in found.candidates] == [True, False]


def test_a_gale_below_typhoon_strength_still_asks_for_the_cause() -> None:
    found = of(draft(FENGXIAN, SHANGHAI, wind(None, Level.BLUE), now=NOW), "wind")
    assert [one.hazard.key for one in found.candidates] == ["gale"]


def sight(fog_wet: float | None, haze_dry: float | None) -> dict[str, Sequence[Exceedance]]:
    """Visibility of 400 m everywhere; shares of the zone that have the humidity of fog, and that of haze."""
    answers: dict[str, Sequence[Exceedance]] = {}
    for hazard, levels, share in (
        ("fog", (Level.YELLOW,), fog_wet),
        ("haze", (Level.YELLOW, Level.ORANGE), haze_dry),
    ):
        for rule in SHANGHAI.of(hazard):
            met = rule.level in levels
            answers[rule.row] = [answer(rule, "310120", 1.0 if met else 0.0)]
            if share is not None:
                answers[rule.sign_row] = [answer(rule, "310120", share if met else 0.0)]
    return answers


def test_dry_air_makes_it_haze() -> None:
    drafts = draft(FENGXIAN, SHANGHAI, sight(0.0, 1.0), now=NOW)
    assert of(drafts, "haze").level is Level.ORANGE
    assert of(drafts, "fog").level is None


def test_wet_air_makes_it_fog() -> None:
    drafts = draft(FENGXIAN, SHANGHAI, sight(1.0, 0.0), now=NOW)
    assert of(drafts, "fog").level is Level.YELLOW
    assert of(drafts, "haze").level is None


def test_air_that_may_be_either_is_to_be_decided() -> None:
    found = of(draft(FENGXIAN, SHANGHAI, sight(1.0, 1.0), now=NOW), "visibility")
    assert {one.hazard.key: one.level for one in found.candidates} == {"fog": Level.YELLOW, "haze": Level.ORANGE}


def test_without_humidity_fog_or_haze_is_to_be_decided() -> None:
    found = of(draft(FENGXIAN, SHANGHAI, sight(None, None), now=NOW), "visibility")
    assert found.level is Level.ORANGE, "the stronger of the two"


def test_nationally_dry_air_leaves_haze_or_dust_open() -> None:
    answers: dict[str, Sequence[Exceedance]] = {}
    for hazard, levels, dry in (
        ("fog", (Level.YELLOW,), 0.0),
        ("haze", (Level.YELLOW, Level.ORANGE), 1.0),
        ("sandstorm", (Level.YELLOW, Level.ORANGE), 1.0),
    ):
        for rule in NATIONAL.of(hazard):
            met = rule.level in levels
            answers[rule.row] = [answer(rule, "310120", 1.0 if met else 0.0)]
            answers[rule.sign_row] = [answer(rule, "310120", dry if met else 0.0)]
    found = of(draft(FENGXIAN, NATIONAL, answers, now=NOW), "visibility")
    assert [one.hazard.key for one in found.candidates] == ["sandstorm", "haze"]
    decided = draft(FENGXIAN, NATIONAL, answers, now=NOW, causes={"sandstorm": False})
    assert of(decided, "haze").level is Level.ORANGE


def test_heat_begins_with_its_day() -> None:
    rule = SHANGHAI.rule("heat", Level.RED)
    midnight = datetime(2024, 9, 20, 16, 0, tzinfo=UTC)  # ends 20 September in Beijing
    answers = {rule.row: [answer(rule, "310120", 0.5, onset=midnight, end=midnight)]}
    found = of(draft(FENGXIAN, SHANGHAI, answers, now=NOW), "heat")
    assert found.evidence is not None
    assert found.evidence.onset == midnight - timedelta(days=1)
