"""The reach plan, worked out by hand."""

import pytest

from warning.dispatch.plan import ASSUMED_PER_SECOND, Load, Rate, plan

SMS = Load(channel="sms", kind="sms", people=100_000, parts=2, waiting=0)
MEASURED = {"sms": Rate(per_second=400.0, accept_s=10.0, receipt_share=0.9, measured_parts=10_000, recent=True)}


def test_people_are_reached_one_after_the_other_at_the_measured_rate() -> None:
    # 400 parts/s are 200 people/s, from 10 s on: 50 s, 110 s, 290 s and 590 s of sending; 100,000 people need 500 s.
    found = plan([SMS], MEASURED)
    assert found.channels[0].reached == (10_000, 22_000, 58_000, 100_000)
    assert (found.channels[0].done_s, found.remains, found.reached) == (510.0, 0, (10_000, 22_000, 58_000, 100_000))
    assert (found.channels[0].rate_from, found.channels[0].receipt_share, found.assumptions) == ("measured-hour", 0.9, ())


def test_what_waits_before_goes_first() -> None:
    # 40,000 parts that wait take 100 s: at one minute nobody, at two 10 s · 200.
    found = plan([Load(channel="sms", kind="sms", people=100_000, parts=2, waiting=40_000)], MEASURED)
    assert found.channels[0].reached == (0, 2_000, 38_000, 98_000)
    assert found.remains == 2_000


def test_what_remains_is_named_with_the_channels_that_tell_many_at_once() -> None:
    found = plan([SMS, Load(channel="screens", kind="mqtt", people=17, parts=1, waiting=0)], {"sms": Rate(per_second=100.0, accept_s=0.0)})
    assert (found.people, found.remains, found.carried_by) == (100_000, 70_000, ("screens",))
    assert found.channels[1].reached[0] == 17


def test_a_channel_for_many_that_cannot_keep_up_carries_nobody() -> None:
    found = plan([Load(channel="screens", kind="mqtt", people=1_000, parts=1, waiting=0)], {"screens": Rate(per_second=1.0, accept_s=0.0)})
    assert found.carried_by == ()


def test_a_rate_that_was_never_measured_is_assumed_and_says_so() -> None:
    found = plan([SMS], {})
    assert found.channels[0].per_second == ASSUMED_PER_SECOND["sms"]
    assert found.channels[0].rate_from == "assumed"
    assert found.assumptions == ("sms: 100 parts/s is assumed, it was never measured",)


def test_an_older_measure_is_named_as_one() -> None:
    assert plan([SMS], {"sms": Rate(per_second=50.0)}).channels[0].rate_from == "measured-month"


@pytest.mark.parametrize(("deadline_s", "reached"), [(180.0, (10_000, 22_000, 34_000, 34_000)), (0.0, (0, 0, 0, 0)), (9_999.0, (10_000, 22_000, 58_000, 100_000))])
def test_after_the_deadline_nothing_leaves(deadline_s: float, reached: tuple[int, ...]) -> None:
    found = plan([SMS], MEASURED, deadline_s=deadline_s)
    assert found.channels[0].reached == reached
    assert found.remains == 100_000 - reached[-1]


def test_nobody_to_tell_is_done_at_once() -> None:
    found = plan([Load(channel="sms", kind="sms", people=0, parts=2, waiting=9)], MEASURED)
    assert (found.channels[0].done_s, found.channels[0].reached, found.remains) == (0.0, (0, 0, 0, 0), 0)
