"""Proposals: new, update, cancel or nothing, each with its reason; nothing flickers, and red never waits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warning.errors import Invalid
from warning.level import Level
from warning.watch.draft import Draft
from warning.watch.evidence import Evidence
from warning.watch.hazard import Cause, Hazard
from warning.watch.memory import Memory, Policy, memory_from_json, memory_to_json
from warning.watch.proposal import (
    Action,
    InForce,
    Proposal,
    decide_cause,
    proposal_from_json,
    same_request,
    to_json,
)
from warning.watch.propose import propose

START = datetime(2024, 9, 19, 18, 0, tzinfo=UTC)
STEP = timedelta(minutes=10)
POLICY = Policy()
RAIN = Hazard(key="rainstorm", event_code="11B03", zh="暴雨", en="rainstorm")
TYPHOON = Hazard(key="typhoon", event_code="11B01", zh="台风", en="typhoon", cause=Cause(group="wind", zh="…", en="…"))
GALE = Hazard(key="gale", event_code="11B06", zh="大风", en="gale", cause=Cause(group="wind", zh="…", en="…"))
BLUE, YELLOW, ORANGE, RED = Level.BLUE, Level.YELLOW, Level.ORANGE, Level.RED
ALL = (RED, ORANGE, YELLOW, BLUE)


def read(hazard: Hazard, zone: str) -> Evidence:
    return Evidence(
        zone=zone,
        hazard=hazard.key,
        peak=116.2,
        units="mm",
        test="rain/1h [mm] >= 100",
        share=0.2,
        known_share=1.0,
        cells=(3, 4),
        peak_time=START,
        onset=START + timedelta(hours=1),
        end=START + timedelta(hours=2),
        row=f"shanghai-2019/{hazard.key}/red",
        rule_set="shanghai-2019",
        version="2019.1",
        observed=False,
    )


def says(
    level: Level | None,
    zone: str = "310120",
    *,
    unknown: bool = False,
    hazard: Hazard = RAIN,
    issuer: str = "310120",
    manual: tuple[Level, ...] = (),
) -> Draft:
    return Draft(
        issuer=issuer,
        hazard=hazard,
        zone=zone,
        level=level,
        unknown=unknown,
        evidence=read(hazard, zone) if level or not unknown else None,
        levels=ALL,
        manual_levels=manual,
    )


def out(
    level: Level,
    *zones: str,
    event: str = "e1",
    hazard: str = "rainstorm",
    issuer: str = "310120",
    hours: float = 20,
    by_hand: bool = False,
) -> InForce:
    return InForce(
        event_id=event,
        issuer=issuer,
        hazard=hazard,
        level=level,
        zones=zones or ("310120",),
        expires=START + timedelta(hours=hours),
        identifier=f"31012041600000_{event}",
        version=1,
        by_hand=by_hand,
    )


def cycles(
    series: Sequence[Sequence[Draft]], in_force: Sequence[InForce] = (), policy: Policy = POLICY
) -> list[list[Proposal]]:
    """The proposals of one cycle after another while nobody acts on them."""
    memory, answers = Memory(), []
    for index, drafts in enumerate(series):
        found, memory = propose(drafts, in_force, memory, policy, now=START + index * STEP)
        answers.append(found)
    return answers


def acts(found: Sequence[Proposal]) -> list[tuple[str, str, str | None]]:
    return [(p.action.value, p.reason.value, p.level.key if p.level else None) for p in found]


# --- up


def test_a_level_is_proposed_when_two_cycles_reached_it() -> None:
    first, second = cycles([[says(YELLOW)], [says(YELLOW)]])
    assert acts(first) == [("nothing", "waiting_persistence", "yellow")]
    assert acts(second) == [("new", "first", "yellow")]
    assert second[0].event_id is None
    assert second[0].previous_level is None


def test_red_is_proposed_at_once() -> None:
    assert acts(cycles([[says(RED)]])[0]) == [("new", "first", "red")]


def test_red_over_orange_is_proposed_at_once_too() -> None:
    found = cycles([[says(RED)]], [out(ORANGE)])[0]
    assert acts(found) == [("update", "peak_rose", "red")]
    assert (found[0].previous_level, found[0].event_id) == (ORANGE, "e1")


def test_only_what_both_cycles_reached_is_proposed() -> None:
    assert acts(cycles([[says(BLUE)], [says(ORANGE)]])[1]) == [("new", "first", "blue")]
    assert acts(cycles([[says(ORANGE)], [says(BLUE)]])[1]) == [("new", "first", "blue")]


def test_a_flicker_of_one_cycle_proposes_nothing() -> None:
    found = cycles([[says(YELLOW)], [says(None)], [says(YELLOW)], [says(None)]])
    assert all(p.action is Action.NOTHING for cycle in found for p in cycle)


def test_a_rise_by_one_colour_waits_for_its_second_cycle() -> None:
    first, second = cycles([[says(ORANGE)], [says(ORANGE)]], [out(YELLOW)])
    assert acts(first) == [("nothing", "waiting_persistence", "yellow")]
    assert acts(second) == [("update", "peak_rose", "orange")]


def test_one_data_cycle_read_twice_counts_once() -> None:
    found, memory = propose([says(YELLOW)], [], Memory(), POLICY, now=START, cycle=START)
    again, same = propose([says(YELLOW)], [], memory, POLICY, now=START + STEP, cycle=START)
    assert acts(found) == acts(again) == [("nothing", "waiting_persistence", "yellow")]
    assert same == memory


def test_a_quiet_zone_gives_no_proposal() -> None:
    assert cycles([[says(None)]] * 3) == [[], [], []]


# --- down


def test_a_warning_is_lifted_after_six_cycles_without_the_hazard_and_not_before() -> None:
    found = cycles([[says(None)]] * 6, [out(RED)])
    assert [acts(cycle) for cycle in found[:5]] == [[("nothing", "waiting_persistence", "red")]] * 5
    assert acts(found[5]) == [("cancel", "no_longer_exceeded", "red")]
    assert found[5][0].zones == ("310120",)


def test_a_level_falls_one_step_at_a_time_while_some_level_lasts() -> None:
    found = cycles([[says(BLUE)]] * 6, [out(RED)])
    assert acts(found[4]) == [("nothing", "waiting_persistence", "red")]
    assert acts(found[5]) == [("update", "level_fell", "orange")]
    assert found[5][0].previous_level is RED


def test_the_next_step_down_follows_when_the_first_is_in_force() -> None:
    memory = Memory()
    seen: list[str | None] = []
    warning = out(RED)
    for index in range(9):
        found, memory = propose([says(BLUE)], [warning], memory, POLICY, now=START + index * STEP)
        if found[0].action is Action.UPDATE:
            assert found[0].level is not None
            warning = out(found[0].level)
            seen.append(found[0].level.key)
    assert seen == ["orange", "yellow", "blue"]


def test_one_strong_cycle_among_six_keeps_the_level() -> None:
    series = [[says(None)]] * 5 + [[says(ORANGE)]] + [[says(None)]] * 5
    found = cycles(series, [out(ORANGE)])
    assert [acts(cycle) for cycle in found[:5] + found[6:]] == [[("nothing", "waiting_persistence", "orange")]] * 10
    assert acts(found[5]) == [("nothing", "no_change", "orange")]


def test_a_hazard_without_the_colour_between_steps_to_the_next_it_has() -> None:
    frost = Draft(
        issuer="310120", hazard=RAIN, zone="310120", level=BLUE, unknown=False, evidence=None, levels=(RED, BLUE)
    )
    assert acts(cycles([[frost]] * 6, [out(RED)])[5]) == [("update", "level_fell", "blue")]


# --- unknown


def test_unknown_data_never_lift_a_warning_however_long() -> None:
    found = cycles([[says(None, unknown=True)]] * 20, [out(RED)])
    assert {act for cycle in found for act in acts(cycle)} == {("nothing", "unknown_data", "red")}


def test_an_unknown_cycle_does_not_count_as_a_cycle_down() -> None:
    series = [[says(None)]] * 5 + [[says(None, unknown=True)]] * 3 + [[says(None)]]
    found = cycles(series, [out(RED)])
    assert all(p.action is Action.NOTHING for cycle in found[:8] for p in cycle)
    assert acts(found[8]) == [("cancel", "no_longer_exceeded", "red")]


def test_five_unknown_cycles_and_one_calm_one_are_one_calm_cycle() -> None:
    found = cycles([[says(None, unknown=True)]] * 5 + [[says(None)]] * 6, [out(RED)])
    assert [acts(cycle) for cycle in found[5:10]] == [[("nothing", "waiting_persistence", "red")]] * 5
    assert acts(found[10]) == [("cancel", "no_longer_exceeded", "red")]


def test_at_least_yellow_with_red_unread_does_not_lower_orange() -> None:
    found = cycles([[says(YELLOW, unknown=True)]] * 10, [out(ORANGE)])
    assert {act for cycle in found for act in acts(cycle)} == {("nothing", "unknown_data", "orange")}


def test_at_least_yellow_is_enough_to_propose_yellow() -> None:
    assert acts(cycles([[says(YELLOW, unknown=True)]] * 2)[1]) == [("new", "first", "yellow")]


def test_unknown_with_nothing_in_force_is_told_and_not_called_no_hazard() -> None:
    found = cycles([[says(None, unknown=True)]])[0]
    assert acts(found) == [("nothing", "unknown_data", None)]


def test_a_warning_about_to_lapse_without_data_is_put_to_a_person() -> None:
    found = cycles([[says(None, unknown=True)]], [out(RED, hours=1)])[0]
    assert acts(found) == [("update", "unknown_data", "red")]


# --- time


def test_a_warning_that_holds_is_extended_when_less_than_two_hours_are_left() -> None:
    assert acts(cycles([[says(YELLOW)]], [out(YELLOW, hours=2)])[0]) == [("nothing", "no_change", "yellow")]
    found = cycles([[says(YELLOW)]], [out(YELLOW, hours=1.9)])[0]
    assert acts(found) == [("update", "extended_in_time", "yellow")]
    assert found[0].expires == START + timedelta(hours=24)


def test_a_red_warning_over_an_orange_hazard_does_not_lapse_while_it_waits_to_fall() -> None:
    assert acts(cycles([[says(ORANGE)]], [out(RED, hours=1)])[0]) == [("update", "extended_in_time", "red")]
    assert acts(cycles([[says(None)]], [out(RED, hours=1)])[0]) == [("nothing", "waiting_persistence", "red")], "calm is no reason to go on"


def test_one_zone_of_two_that_still_reaches_it_is_enough_to_extend_both() -> None:
    found = cycles([area({"310115": RED, "310120": None})], [out(RED, "310115", "310120", issuer="310000", hours=1)])[0]
    assert acts(found) == [("update", "extended_in_time", "red")]
    assert found[0].zones == ("310115", "310120")


def test_an_expired_warning_is_no_longer_in_force() -> None:
    assert acts(cycles([[says(RED)]], [out(RED, hours=0)])[0]) == [("new", "first", "red")]


def test_a_rule_may_shorten_the_validity_but_not_lengthen_it() -> None:
    for hours, expected in ((6, 6), (72, 24)):
        short = Draft(
            issuer="310120",
            hazard=RAIN,
            zone="310120",
            level=RED,
            unknown=False,
            evidence=None,
            levels=ALL,
            validity=timedelta(hours=hours),
        )
        assert cycles([[short]])[0][0].expires == START + timedelta(hours=expected)


# --- by hand


def test_a_warning_by_hand_is_not_lowered_by_data_but_may_be_raised() -> None:
    held = cycles([[says(None)]] * 8, [out(YELLOW, by_hand=True)])
    assert {act for cycle in held for act in acts(cycle)} == {("nothing", "held_by_hand", "yellow")}
    assert acts(cycles([[says(RED)]], [out(YELLOW, by_hand=True)])[0]) == [("update", "peak_rose", "red")]


def test_a_level_that_no_data_decide_is_left_to_people() -> None:
    held = cycles([[says(None, manual=(YELLOW,))]] * 8, [out(YELLOW)])
    assert {act for cycle in held for act in acts(cycle)} == {("nothing", "held_by_hand", "yellow")}


def test_a_hazard_that_the_data_do_not_speak_of_is_left_alone() -> None:
    assert cycles([[]] * 8, [out(RED, hazard="lightning")]) == [[]] * 8


# --- area


def area(levels: Mapping[str, Level | None]) -> list[Draft]:
    return [says(level, zone, issuer="310000") for zone, level in levels.items()]


def test_zones_in_the_same_state_are_one_proposal() -> None:
    found = cycles([area({"310115": RED, "310116": RED, "310120": RED, "310151": None})])[0]
    assert acts(found) == [("new", "first", "red")]
    assert found[0].zones == ("310115", "310116", "310120")
    assert [e.zone for e in found[0].evidence] == ["310115", "310116", "310120"]


def test_the_onset_of_several_zones_is_the_first_of_theirs() -> None:
    soon = replace(says(RED, "310115"), evidence=replace(read(RAIN, "310115"), onset=START))
    assert cycles([[says(RED), soon, says(RED, "310116")]])[0][0].onset == START


def test_growth_stands_before_what_shrinks_and_that_before_an_end() -> None:
    """Signed in this order no zone is without a warning in between."""
    in_force = [out(YELLOW, "310151", event="ends", issuer="310000"), out(RED, "310115", "310120", event="shrinks", issuer="310000"),
                out(ORANGE, "310117", event="grows", issuer="310000")]
    levels = {"310115": RED, "310120": None, "310151": None, "310116": BLUE, "310117": ORANGE, "310118": ORANGE}
    found = cycles([area(levels)] * 6, in_force)[5]
    assert acts(found) == [("new", "first", "blue"), ("update", "area_grew", "orange"), ("update", "area_shrank", "red"),
                           ("cancel", "no_longer_exceeded", "yellow")]


def test_a_zone_under_two_warnings_has_the_stronger_one() -> None:
    in_force = [out(YELLOW, "310115", event="e2", issuer="310000"), out(RED, "310115", issuer="310000")]
    found = cycles([area({"310115": RED})], in_force)[0]
    assert sorted(acts(found)) == [("nothing", "merged", "yellow"), ("nothing", "no_change", "red")]


def test_of_two_warnings_of_one_level_only_the_first_takes_a_new_zone() -> None:
    in_force = [out(RED, "310115", "310151", issuer="310000"), out(RED, "310116", "310152", event="e2", issuer="310000")]
    found = cycles([area({"310115": RED, "310116": RED, "310120": RED})], in_force)[0]
    assert acts(found) == [("update", "area_grew", "red"), ("nothing", "merged", "red")]
    assert [set(p.zones) for p in found] == [{"310115", "310116", "310120", "310151"}, {"310116", "310152"}]


def test_zones_of_different_levels_are_two_proposals() -> None:
    found = cycles([area({"310115": RED, "310116": YELLOW})] * 2)[1]
    assert [(p.level, p.zones) for p in found] == [(RED, ("310115",)), (YELLOW, ("310116",))]


def test_another_zone_at_the_same_level_joins_the_event() -> None:
    found = cycles([area({"310115": RED, "310120": RED})], [out(RED, "310115", issuer="310000")])[0]
    assert acts(found) == [("update", "area_grew", "red")]
    assert found[0].zones == ("310115", "310120")
    assert found[0].event_id == "e1"


def test_a_zone_that_calmed_down_leaves_the_event_after_six_cycles() -> None:
    warning = out(RED, "310115", "310120", issuer="310000")
    found = cycles([area({"310115": RED, "310120": None})] * 6, [warning])
    assert acts(found[4]) == [("nothing", "waiting_persistence", "red")]
    assert acts(found[5]) == [("update", "area_shrank", "red")]
    assert found[5][0].zones == ("310115",)


def test_a_zone_that_rises_alone_gets_its_own_event_and_stays_in_the_old_one_until_that_is_signed() -> None:
    found = cycles([area({"310115": RED, "310120": YELLOW})], [out(YELLOW, "310115", "310120", issuer="310000")])[0]
    assert acts(found) == [("new", "peak_rose", "red"), ("nothing", "merged", "yellow")]
    assert found[0].previous_level is YELLOW
    assert [p.zones for p in found] == [("310115",), ("310120", "310115")]


def test_two_events_that_reach_one_level_become_one() -> None:
    in_force = [out(RED, "310115", issuer="310000"), out(YELLOW, "310120", event="e2", issuer="310000")]
    found = cycles([area({"310115": RED, "310120": RED})], in_force)[0]
    assert acts(found) == [("update", "area_grew", "red"), ("nothing", "merged", "yellow")]
    assert found[0].zones == ("310115", "310120")


# What each zone has, what the data say of it (six cycles, so that falls count too), and what is asked for: (act, reason, level, zones).
GROUPS: Sequence[tuple[str, Mapping[str, tuple[Level, str]], Mapping[str, Level | None], Sequence[tuple[str, str, str, str]]]] = (
    ("all rise together: the thread is raised", {"A": (BLUE, "e1"), "B": (BLUE, "e1")}, {"A": YELLOW, "B": YELLOW},
     [("update", "peak_rose", "yellow", "AB")]),
    ("one rises: its own thread, the old one keeps it until that is signed", {"A": (BLUE, "e1"), "B": (BLUE, "e1")},
     {"A": YELLOW, "B": BLUE}, [("new", "peak_rose", "yellow", "A"), ("nothing", "merged", "blue", "BA")]),
    ("they part in two: two threads, and the old one ends with them", {"A": (BLUE, "e1"), "B": (BLUE, "e1")},
     {"A": YELLOW, "B": RED}, [("new", "peak_rose", "red", "B"), ("new", "peak_rose", "yellow", "A"), ("nothing", "merged", "blue", "AB")]),
    ("one rises, one ends: the thread goes on with the one", {"A": (BLUE, "e1"), "B": (BLUE, "e1")}, {"A": YELLOW, "B": None},
     [("update", "peak_rose", "yellow", "A")]),
    ("one ends: an update that tells those who leave", {"A": (RED, "e1"), "B": (RED, "e1")}, {"A": RED, "B": None},
     [("update", "area_shrank", "red", "A")]),
    ("all end: one end, straight from red, with its reason", {"A": (RED, "e1"), "B": (RED, "e1")}, {"A": None, "B": None},
     [("cancel", "no_longer_exceeded", "red", "AB")]),
    ("all fall: one step", {"A": (RED, "e1"), "B": (RED, "e1")}, {"A": BLUE, "B": BLUE}, [("update", "level_fell", "orange", "AB")]),
    ("one falls: its own thread, one step down", {"A": (RED, "e1"), "B": (RED, "e1")}, {"A": BLUE, "B": RED},
     [("new", "level_fell", "orange", "A"), ("nothing", "merged", "red", "BA")]),
    ("one joins", {"A": (RED, "e1")}, {"A": RED, "B": RED}, [("update", "area_grew", "red", "AB")]),
    ("a fresh zone beside a stronger one: its own thread", {"A": (RED, "e1")}, {"A": RED, "B": BLUE},
     [("new", "first", "blue", "B"), ("nothing", "no_change", "red", "A")]),
    ("two threads meet: the one that has the level takes the zone", {"A": (RED, "e1"), "B": (BLUE, "e2")}, {"A": RED, "B": RED},
     [("update", "area_grew", "red", "AB"), ("nothing", "merged", "blue", "B")]),
    ("one goes over, one ends: the end does not wait for the other", {"A": (RED, "e1"), "B": (BLUE, "e2"), "C": (BLUE, "e2")},
     {"A": RED, "B": RED, "C": None}, [("update", "area_grew", "red", "AB"), ("update", "area_shrank", "blue", "B")]),
    ("one falls where another begins: growth is told as the reason", {"A": (RED, "e1"), "C": (RED, "e1")},
     {"A": ORANGE, "B": ORANGE, "C": RED}, [("new", "first", "orange", "AB"), ("nothing", "merged", "red", "CA")]),
)  # fmt: skip


@pytest.mark.parametrize(("has", "data", "asked"), [row[1:] for row in GROUPS], ids=[row[0] for row in GROUPS])
def test_how_an_event_covers_several_zones(
    has: Mapping[str, tuple[Level, str]], data: Mapping[str, Level | None], asked: Sequence[tuple[str, str, str, str]]
) -> None:
    events = {event: level for level, event in has.values()}
    in_force = [
        out(level, *(zone for zone, (_, own) in has.items() if own == event), event=event, issuer="310000")
        for event, level in events.items()
    ]
    found = cycles([area(data)] * 6, in_force)[5]
    assert [(p.action.value, p.reason.value, p.level.key if p.level else "", "".join(p.zones)) for p in found] == list(asked)


def test_a_zone_that_no_draft_speaks_of_keeps_its_warning() -> None:
    found = cycles([area({"310115": None})] * 6, [out(RED, "310115", "310115103", issuer="310000")])
    assert acts(found[5]) == [("update", "area_shrank", "red")]
    assert found[5][0].zones == ("310115103",)


def test_city_and_district_are_separate_issuers_that_may_differ() -> None:
    drafts = [says(RED), says(YELLOW, "310000", issuer="310000")]
    found = cycles([drafts, drafts])[1]
    assert [(p.issuer, p.level) for p in found] == [("310120", RED), ("310000", YELLOW)]


# --- causes


def either(typhoon: Level | None, gale: Level | None) -> Draft:
    members = [says(level, hazard=h) for h, level in ((TYPHOON, typhoon), (GALE, gale)) if level]
    group = Hazard(key="wind", event_code="", zh="台风或大风", en="typhoon or gale")
    strongest = max(members, key=lambda one: one.level or 0)
    return Draft(
        issuer="310120",
        hazard=group,
        zone="310120",
        level=strongest.level,
        unknown=False,
        evidence=strongest.evidence,
        levels=ALL,
        candidates=tuple(members),
    )


def test_an_undecided_cause_is_one_proposal_that_lists_the_candidates() -> None:
    found = cycles([[either(YELLOW, ORANGE)]] * 2)[1]
    assert acts(found) == [("new", "first", "orange")]
    assert {c.hazard: c.level for c in found[0].cause_to_decide} == {"typhoon": YELLOW, "gale": ORANGE}
    assert (found[0].hazard, found[0].event_code) == ("wind", "")


def test_a_person_decides_the_cause_and_gets_that_hazards_level_and_evidence() -> None:
    found = cycles([[either(YELLOW, ORANGE)]] * 2)[1][0]
    decided = decide_cause(found, "typhoon")
    assert (decided.hazard, decided.event_code, decided.level) == ("typhoon", "11B01", YELLOW)
    assert {e.hazard for e in decided.evidence} == {"typhoon"}
    assert decided.cause_to_decide == ()
    with pytest.raises(Invalid, match="choose from: typhoon, gale"):
        decide_cause(found, "fog")


def test_what_is_in_force_has_decided_the_cause() -> None:
    found = cycles([[either(ORANGE, ORANGE)]] * 2, [out(YELLOW, hazard="typhoon")])[1]
    assert [(p.hazard, p.action, p.level) for p in found] == [("typhoon", Action.UPDATE, ORANGE)]


def test_the_cycles_counted_while_undecided_still_count_when_the_cause_is_found() -> None:
    found = cycles([[either(YELLOW, YELLOW)], [says(YELLOW, hazard=TYPHOON), says(None, hazard=GALE)]])[1]
    assert [(p.hazard, p.action, p.level) for p in found] == [("typhoon", Action.NEW, YELLOW)]


# --- memory and JSON


def test_memory_survives_a_restart() -> None:
    _, memory = propose([says(YELLOW)], [], Memory(), POLICY, now=START)
    document = memory_to_json(memory)
    restored = memory_from_json(document)
    assert restored == memory
    found, _ = propose([says(YELLOW)], [], restored, POLICY, now=START + STEP)
    assert acts(found) == [("new", "first", "yellow")]


def test_a_proposal_survives_json() -> None:
    for found in (cycles([[says(RED)]])[0][0], cycles([[either(YELLOW, ORANGE)]] * 2)[1][0]):
        document = to_json(found)
        assert proposal_from_json(document) == found
    assert document["level"] == "orange"
    assert document["created_at"] == "2024-09-19T18:10:00Z"


def test_a_document_that_is_no_proposal_is_refused_by_key() -> None:
    document = to_json(cycles([[says(RED)]])[0][0])
    with pytest.raises(Invalid, match="no proposal: level"):
        proposal_from_json({**document, "level": "violet"})


def test_the_same_request_with_newer_evidence_is_recognised() -> None:
    first, second, third = (cycle[0] for cycle in cycles([[says(RED)], [says(RED)], [says(ORANGE)]]))
    assert same_request(first, second)
    assert first != second
    assert not same_request(first, third)


def test_a_policy_that_counts_from_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        Policy(cycles_up=0)
    with pytest.raises(ValueError, match="count from 1"):
        Policy(cycles_down=0)


def test_a_warning_shorter_than_its_extension_window_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and validity"):
        Policy(validity=timedelta(hours=1))


# --- property

ZONES = ("310115", "310116", "310120")


def signed(p: Proposal, in_force: Sequence[InForce]) -> list[InForce]:
    """What is in force when one proposal is followed; its signature takes its zones out of the issuer's other events."""
    left = {warning.event_id: warning for warning in in_force}
    if p.action is Action.CANCEL and p.event_id is not None:
        del left[p.event_id]
    elif p.action in (Action.NEW, Action.UPDATE) and p.level is not None and p.expires is not None:
        event = p.event_id or f"{p.created_at:%d%H%M}-{p.level.key}"
        for other in in_force:
            rest = tuple(zone for zone in other.zones if zone not in p.zones)
            if other.event_id != event and len(rest) < len(other.zones):
                left.pop(other.event_id)
                left |= {other.event_id: replace(other, zones=rest, version=other.version + 1)} if rest else {}
        left[event] = InForce(
            event_id=event, issuer=p.issuer, hazard=p.hazard, level=p.level, zones=p.zones, expires=p.expires, identifier=event,
            version=1)  # fmt: skip
    return list(left.values())


def obey(found: Sequence[Proposal], in_force: Sequence[InForce]) -> list[InForce]:
    """Every proposal is followed at once, but those about events that a signature before them has changed: what is in force afterwards."""
    left, versions = list(in_force), {warning.event_id: warning.version for warning in in_force}
    for p in found:
        now = {warning.event_id: warning.version for warning in left}
        if p.event_id is None or now.get(p.event_id) == versions[p.event_id]:
            left = signed(p, left)
        zones = [zone for warning in left for zone in warning.zones]
        assert len(zones) == len(set(zones)), "one warning a zone, after every single signature"
    return left


level_or_none = st.sampled_from([None, BLUE, YELLOW, ORANGE, RED])
cycle_of_levels = st.tuples(*(st.tuples(level_or_none, st.booleans()) for _ in ZONES))


@given(st.lists(cycle_of_levels, max_size=20))
def test_followed_proposals_leave_nothing_to_do_and_one_warning_a_zone(
    history: list[tuple[tuple[Level | None, bool], ...]],
) -> None:
    memory, in_force = Memory(), list[InForce]()
    for index, cycle in enumerate(history):
        now = START + index * STEP
        drafts = [says(level, z, unknown=u, issuer="310000") for z, (level, u) in zip(ZONES, cycle, strict=True)]
        before = {zone: warning.level for warning in in_force for zone in warning.zones}
        found, memory = propose(drafts, in_force, memory, POLICY, now=now)
        in_force = obey(found, in_force)
        has = {zone: warning.level for warning in in_force for zone in warning.zones}
        rest, _ = propose(drafts, in_force, memory, POLICY, now=now)
        # What an event still needs that another's signature changed; a second step down waits for the next cycle.
        in_force = obey([p for p in rest if all(has.get(zone, BLUE) <= (p.level or BLUE) for zone in p.zones)], in_force)
        after = {zone: warning.level for warning in in_force for zone in warning.zones}
        assert sorted(after) == sorted(zone for warning in in_force for zone in warning.zones), "one warning a zone"
        assert len({warning.level for warning in in_force}) == len(in_force), "one event a level"
        for found_draft in drafts:
            zone, was, got = found_draft.zone, before.get(found_draft.zone), after.get(found_draft.zone)
            if found_draft.level is RED:
                assert got is RED, "red is never delayed"
            if found_draft.unknown and was is not None:
                assert got is not None, f"unknown data lift nothing in {zone}"
                assert got >= was, "unknown data lower nothing"
            if was is not None and got is not None:
                assert got >= was - 1, "no level is skipped downwards"
        again, same = propose(drafts, in_force, memory, POLICY, now=now)
        assert same == memory
        lowered = any(after[zone] < was for zone, was in before.items() if zone in after)
        if not lowered:
            assert all(p.action is Action.NOTHING for p in again), "followed and unchanged: nothing is left to do"
