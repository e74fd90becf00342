"""One event, one thread: zones that join and leave, events that meet, causes that are decided; followed, nothing is left to do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.warning.watch.drafts import (
    ALL,
    BLUE,
    GALE,
    ORANGE,
    POLICY,
    RAIN,
    RED,
    START,
    STEP,
    TYPHOON,
    YELLOW,
    acts,
    area,
    cycles,
    out,
    read,
    says,
)
from warning.errors import Invalid
from warning.level import Level
from warning.watch.draft import Draft
from warning.watch.hazard import Hazard
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
