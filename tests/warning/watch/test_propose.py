"""Proposals: new, update, cancel or nothing, each with its reason; nothing flickers, and red never waits."""

from datetime import timedelta

from tests.warning.watch.drafts import (
    ALL,
    BLUE,
    ORANGE,
    POLICY,
    RAIN,
    RED,
    START,
    STEP,
    YELLOW,
    acts,
    area,
    cycles,
    out,
    says,
)
from warning.watch.draft import Draft
from warning.watch.memory import Memory
from warning.watch.proposal import (
    Action,
)
from warning.watch.propose import propose


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
