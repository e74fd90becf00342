"""Margins by hand: five cells in a row, each a fifth of the zone, and the number on which the zone's verdict hangs."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from geo.criterion import AllOf, AnyOf, Comparison
from geo.grid import Grid
from geo.quantity import Quantity
from geo.series import Series
from warning.watch.margin import decisive, extremes, values_within

HOUR = Comparison(quantity=Quantity(name="rain", units="mm", window=timedelta(hours=1)), operator=">=", value=50)
SIX = Comparison(quantity=Quantity(name="rain", units="mm", window=timedelta(hours=6)), operator=">=", value=80)
FOG = Comparison(quantity=Quantity(name="visibility", units="m"), operator="<", value=500)
FIFTHS = np.full(5, 0.2)


def values(*rows: list[float]) -> NDArray[np.float32]:
    return np.array(rows, dtype=np.float32)


@pytest.mark.parametrize(("need", "value"), [
    (0.0, 90.0),  # any cell: the strongest decides
    (0.2, 90.0), (0.21, 70.0),  # one fifth has 90; for a little more the second cell is needed
    (0.4, 70.0), (0.6, 40.0), (1.0, 10.0),
])  # fmt: skip
def test_the_deciding_value_is_what_enough_of_the_area_has(need: float, value: float) -> None:
    rain = {HOUR: values([90, 40, 10, 70, 20])}
    assert decisive(HOUR, HOUR, rain, FIFTHS, need=need) == (value, True)


def test_the_strongest_moment_of_each_cell_counts_whenever_it_is() -> None:
    rain = {HOUR: values([90, 0, 0, 0, 0], [0, 60, 0, 0, 0])}
    assert decisive(HOUR, HOUR, rain, FIFTHS, need=0.4) == (60.0, True)


def test_for_fog_less_is_worse() -> None:
    assert decisive(FOG, FOG, {FOG: values([300, 800, 450, 900, 700])}, FIFTHS, need=0.4) == (450.0, True)


def test_what_is_not_known_cannot_decide() -> None:
    rain = {HOUR: values([90, np.nan, np.nan, np.nan, np.nan])}
    assert decisive(HOUR, HOUR, rain, FIFTHS, need=0.4) == (None, True)


def test_a_condition_beside_one_that_suffices_decides_nothing() -> None:
    both = AnyOf(parts=(HOUR, SIX))
    found = {HOUR: values([60, 60, 0, 0, 0]), SIX: values([90, 0, 0, 0, 0])}
    assert decisive(SIX, both, found, FIFTHS, need=0.4) == (None, False)
    # Six hours have one fifth already; for the second fifth the best other cell is asked: it has 60 mm in the hour.
    assert decisive(HOUR, both, found, FIFTHS, need=0.4) == (60.0, True)


def test_where_both_are_asked_only_the_moments_count_at_which_the_other_holds() -> None:
    both = AllOf(parts=(HOUR, SIX))
    found = {HOUR: values([99, 0, 0, 0, 0], [60, 0, 0, 0, 0]), SIX: values([10, 0, 0, 0, 0], [85, 0, 0, 0, 0])}
    assert decisive(HOUR, both, found, FIFTHS, need=0.2) == (60.0, True)


def test_on_days_in_a_row_the_weakest_of_them_counts_at_the_last_one() -> None:
    """Two cells, four days that end at local midnight (16 UTC): a third day in a row stands at the third and at the fourth midnight only."""
    midnights = tuple(datetime(2024, 8, day, 16, tzinfo=UTC) for day in (1, 2, 3, 4))
    heat = Comparison(quantity=Quantity(name="tmax", units="degC"), operator=">=", value=35, days=3)
    cool = Comparison(quantity=heat.quantity, operator="<=", value=35, days=3)
    days = Series(
        quantity=heat.quantity, grid=Grid(kind="regular_ll", ny=1, nx=2, lat0=31.0, lon0=121.0, dlat=0.1, dlon=0.1), times=midnights,
        values=values([36, 34], [37, 39], [38, 36], [34, 35]).reshape(4, 1, 2), observed=np.ones(4, dtype=bool))
    start, end = datetime(2024, 8, 1, tzinfo=UTC), datetime(2024, 8, 4, 16, tzinfo=UTC)
    assert values_within(heat, days, [0, 1], start, end).tolist() == [[36, 34], [34, 35]]
    assert values_within(cool, days, [0, 1], start, end).tolist() == [[38, 39], [38, 39]]
    assert values_within(heat, days, [1], start, datetime(2024, 8, 2, tzinfo=UTC)).tolist() == []
    assert np.isnan(extremes(heat, values_within(heat, days, [0, 1], start, datetime(2024, 8, 2, tzinfo=UTC)))).tolist() == [True, True]
    one = Comparison(quantity=heat.quantity, operator=">=", value=35)
    assert values_within(one, days, [1], start, end).tolist() == [[34], [39], [36], [35]]


def test_the_lowest_visibility_is_the_most_extreme() -> None:
    assert extremes(FOG, values([300, 800], [700, 200])).tolist() == [300, 200]


def test_an_and_inside_an_or_is_still_judged_moment_by_moment() -> None:
    """The hour's 99 mm fall while six hours have 10 mm: only the second moment's 60 mm, beside 85 mm, can decide."""
    third = Comparison(quantity=Quantity(name="rain", units="mm", window=timedelta(hours=3)), operator=">=", value=100)
    nested = AnyOf(parts=(AllOf(parts=(HOUR, SIX)), third))
    found = {HOUR: values([99, 0, 0, 0, 0], [60, 0, 0, 0, 0]), SIX: values([10, 0, 0, 0, 0], [85, 0, 0, 0, 0]), third: values([0] * 5, [0] * 5)}
    assert decisive(HOUR, nested, found, FIFTHS, need=0.2) == (60.0, True)
    # Had three hours reached 100 mm once, at whichever moment, the hour would decide nothing.
    assert decisive(HOUR, nested, found | {third: values([120, 0, 0, 0, 0], [0] * 5)}, FIFTHS, need=0.2) == (None, False)


def test_where_two_conditions_have_other_times_each_cells_extremes_are_compared() -> None:
    found = {HOUR: values([99, 0, 0, 0, 0], [60, 0, 0, 0, 0]), SIX: values([85, 0, 0, 0, 0])}
    assert decisive(HOUR, AllOf(parts=(HOUR, SIX)), found, FIFTHS, need=0.2) == (99.0, True)
