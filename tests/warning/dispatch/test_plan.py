"""The reach plan, worked out by hand."""

import pytest

from warning.dispatch.plan import ASSUMED_PER_SECOND, Load, Rate, Way, plan

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


def _way(route: str, *, usable: bool = True, standby: bool = False, limit: float | None = None) -> Way:
    return Way(route=route, usable=usable, standby=standby, limit_per_s=limit)


def test_a_channel_is_as_fast_as_its_routes_that_may_be_used() -> None:
    """Measured 300 and 100 parts/s; with the first silent 100 remain, 50 people/s."""
    rates = MEASURED | {"sms/a": Rate(per_second=300.0, recent=True), "sms/b": Rate(per_second=100.0)}
    both = plan([SMS], rates, ways={"sms": [_way("a"), _way("b")]}).channels[0]
    assert (both.per_second, both.rate_from) == (400.0, "measured-hour"), "the channel as a whole was measured so"
    one = plan([SMS], rates, ways={"sms": [_way("a", usable=False), _way("b")]}).channels[0]
    assert (one.per_second, one.rate_from, one.reached) == (100.0, "routes", (2_500, 5_500, 14_500, 29_500))
    assert [(r.used, r.per_second, r.rate_from) for r in one.routes] == [(False, 0.0, "measured-hour"), (True, 100.0, "measured-month")]


def test_a_route_that_stands_by_is_counted_when_no_other_may_be_used() -> None:
    rates = MEASURED | {"sms/a": Rate(per_second=300.0)}
    spare = _way("spare", standby=True, limit=50.0)
    assert [r.used for r in plan([SMS], rates, ways={"sms": [_way("a"), spare]}).channels[0].routes] == [True, False]
    found = plan([SMS], rates, ways={"sms": [_way("a", usable=False), spare]}).channels[0]
    # By contract 50 messages a second, of two parts each.
    assert [(r.used, r.per_second, r.rate_from) for r in found.routes] == [(False, 0.0, "measured-month"), (True, 100.0, "contract")]
    assert found.per_second == 100.0


def test_an_unmeasured_route_without_a_contract_has_its_share_of_the_channel() -> None:
    found = plan([SMS], MEASURED, ways={"sms": [_way("a"), _way("b", usable=False)]}).channels[0]
    assert (found.per_second, found.routes[0].rate_from) == (200.0, "share")


def test_a_channel_without_a_usable_route_reaches_nobody_and_says_so() -> None:
    found = plan([SMS], MEASURED, ways={"sms": [_way("a", usable=False)]})
    assert (found.reached, found.remains, found.channels[0].done_s) == ((0, 0, 0, 0), 100_000, None)
    assert found.assumptions == ("sms: no route may be used now; see the routes",)
