"""Margins by hand: five cells in a row, each a fifth of the zone, and the number on which the zone's verdict hangs."""

from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from geo.criterion import AllOf, AnyOf, Comparison
from geo.quantity import Quantity
from warning.watch.margin import decisive

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
