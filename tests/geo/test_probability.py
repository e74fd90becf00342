"""How likely a comparison is met: members counted by hand, ready probabilities bracketed, and never more known than is."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely

from geo.criterion import AllOf, AnyOf, Comparison
from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.overlay import overlay
from geo.probability import asked_of, chances, decided, probability
from geo.quantity import Quantity
from geo.zone import Zone

GRID = Grid(kind="regular_ll", ny=1, nx=2, lat0=31.0, lon0=121.0, dlat=0.1, dlon=0.1)
ZONE = Zone(code="z", name_zh="区", name_en="zone", level="district", geometry=shapely.box(120.95, 30.95, 121.15, 31.05))
NOW = datetime(2024, 9, 20, 0, tzinfo=UTC)
DAY = timedelta(hours=24)
TOMORROW = NOW + DAY
RAIN = Quantity(name="rain", units="mm", window=DAY)
HEAVY = Comparison(quantity=RAIN, operator=">=", value=50)
NAN = math.nan


def member(number: int, *cells: float, end: datetime = TOMORROW) -> GridField:
    return GridField(
        variable="rain", units="mm", values=np.array([cells], dtype=np.float32), grid=GRID, valid_time=end, run_time=NOW, window=DAY,
        statistic="sum", member=number, provenance=Provenance(source="eps", path="t"))


def ready(threshold: float, *cells: float, suspicions: tuple[str, ...] = (), variable: str = "rain", units: str = "mm") -> GridField:
    return GridField(
        variable=variable, units="%", values=np.array([cells], dtype=np.float32), grid=GRID, valid_time=TOMORROW, run_time=NOW,
        window=DAY if variable == "rain" else None, statistic="probability", threshold=threshold, threshold_units=units,
        provenance=Provenance(source="eps", path="t", suspicions=suspicions))


def bounds(leaf: Comparison, fields: Sequence[GridField]) -> list[tuple[float, float]]:
    found = probability(leaf, fields, now=NOW)
    assert found is not None
    assert found.times == (TOMORROW,)
    return [(round(float(low), 5), round(float(high), 5)) for low, high in zip(found.low[0, 0], found.high[0, 0], strict=True)]


def test_three_of_five_members_at_the_threshold_are_sixty_percent() -> None:
    fields = [member(number, value, 0) for number, value in enumerate([50, 49.9, 60, 0, 200])]
    assert bounds(HEAVY, fields) == [(0.6, 0.6), (0, 0)]
    found = probability(HEAVY, fields, now=NOW)
    assert found is not None
    assert (found.members, found.missing) == (5, ())
    # Three fifths as a 32-bit number do not quite equal 0.6: they reach it all the same.
    series = decided(found, 0.6)
    assert series.values[0, 0].tolist() == [pytest.approx(0.6), 0]
    assert np.isnan(decided(found, 0.6).values[1]).all(), "after the last time nothing is known"


def test_a_member_that_did_not_come_is_named_and_may_or_may_not_meet_it() -> None:
    # 0 to 4 without 3: two of five meet it, or three.
    fields = [member(number, value, 0) for number, value in ((0, 60), (1, 0), (2, 60), (4, 0))]
    found = probability(HEAVY, fields, now=NOW)
    assert found is not None
    assert (found.members, found.missing) == (5, (3,))
    assert bounds(HEAVY, fields)[0] == (0.4, 0.6)
    assert [decided(found, part).values[0, 0, 0] for part in (0.4, 0.7)] == [pytest.approx(0.4), pytest.approx(0.6)]
    assert math.isnan(decided(found, 0.5).values[0, 0, 0])


def test_a_member_without_a_value_in_a_cell_is_unknown_there_only() -> None:
    fields = [member(0, 60, 60), member(1, 60, NAN)]
    assert bounds(HEAVY, fields) == [(1, 1), (0.5, 1)]
    assert all(math.isnan(low) for low, _ in bounds(HEAVY, [member(0, NAN, NAN), member(1, NAN, NAN)]))


def test_one_member_is_no_ensemble() -> None:
    assert probability(HEAVY, [member(0, 60, 60)], now=NOW) is None
    assert probability(HEAVY, [], now=NOW) is None


def test_the_files_own_threshold_gives_the_probability_itself() -> None:
    assert bounds(HEAVY, [ready(50, 70, 5), ready(25, 90, 20)]) == [(0.7, 0.7), (0.05, 0.05)]


def test_between_two_thresholds_it_lies_between_their_probabilities() -> None:
    ask = Comparison(quantity=RAIN, operator=">=", value=35)
    fields = [ready(25, 90, 20), ready(50, 70, 5), ready(10, 95, 30), ready(100, 1, 0)]
    assert bounds(ask, fields) == [(0.7, 0.9), (0.05, 0.2)]
    # Beyond the last threshold it is anything below.
    beyond = Comparison(quantity=RAIN, operator=">=", value=150)
    assert bounds(beyond, fields) == [(0, 0.01), (0, 0)]


def test_a_suspicious_field_is_unknown_and_its_doubt_is_told() -> None:
    doubt = "the probability is 0 everywhere on Earth"
    found = probability(HEAVY, [ready(50, 0, 0, suspicions=(doubt,))], now=NOW)
    assert found is not None
    assert np.isnan(found.low).all()
    assert np.isnan(decided(found, 0.4).values).all()
    assert found.doubts == (doubt,)


def test_a_force_is_asked_through_the_speed_at_which_it_begins() -> None:
    # Force 7 begins at 13.9 m/s; gusts over 10 and 15 m/s are given.
    gale = Comparison(quantity=Quantity(name="gust_bft", units="bft"), operator=">=", value=7)
    fields = [ready(10, 80, 40, variable="wind_gust", units="m s-1"), ready(15, 30, 0, variable="wind_gust", units="m s-1")]
    assert bounds(gale, fields) == [(0.3, 0.8), (0, 0.4)]


def test_another_window_or_the_other_direction_says_nothing() -> None:
    six_hours = Comparison(quantity=Quantity(name="rain", units="mm", window=DAY / 4), operator=">=", value=50)
    assert probability(six_hours, [ready(50, 70, 5)], now=NOW) is None
    less = Comparison(quantity=RAIN, operator="<", value=50)
    assert probability(less, [ready(50, 70, 5)], now=NOW) is None


def test_a_zone_has_the_highest_chance_of_its_cells_and_the_mean_of_its_area() -> None:
    found = probability(HEAVY, [ready(50, 70, 5)], now=NOW)
    assert found is not None
    [chance] = chances(found, overlay(GRID, [ZONE]), start=NOW, end=TOMORROW)
    # Two cells of the same latitude: (70 + 5) / 2.
    assert chance.highest == pytest.approx(0.7)
    assert chance.mean == pytest.approx(0.375)
    [later] = chances(found, overlay(GRID, [ZONE]), start=NOW, end=NOW + DAY / 2)
    assert (later.highest, later.mean) == (None, None)


def test_and_has_no_probability_that_follows_from_its_parts_and_or_asks_for_any() -> None:
    other = Comparison(quantity=RAIN, operator=">=", value=100)
    with pytest.raises(ValueError, match="does not follow"):
        asked_of(AllOf(parts=(HEAVY, other)), 0.6)
    with pytest.raises(ValueError, match="days"):
        asked_of(Comparison(quantity=RAIN, operator=">=", value=50, days=3), 0.6)
    made = asked_of(AnyOf(parts=(HEAVY, other)), 0.6)
    assert str(made) == "(probability(rain/24h [mm] >= 50) [1] >= 0.6 or probability(rain/24h [mm] >= 100) [1] >= 0.6)"
