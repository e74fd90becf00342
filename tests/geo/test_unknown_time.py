"""Time that no data tell of is unknown: beyond the end of a forecast, in its holes, and before it begins."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely

from geo.criterion import AllOf, AnyOf, Comparison, Criterion, Operator
from geo.derive import Series, series
from geo.exceedance import Exceedance, exceed
from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.overlay import overlay
from geo.quantity import Quantity
from geo.zone import Zone

GRID = Grid(kind="regular_ll", ny=1, nx=2, lat0=31.0, lon0=121.0, dlat=0.1, dlon=0.1)
ZONE = Zone(code="z", name_zh="区", name_en="zone", level="district", geometry=shapely.box(120.95, 30.95, 121.15, 31.05))
# 08:00 in Shanghai.
NOW = datetime(2024, 9, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RAIN = Quantity(name="rain", units="mm", window=HOUR)
SIX = Quantity(name="rain", units="mm", window=6 * HOUR)
VISIBILITY = Quantity(name="visibility", units="m")
GUST = Quantity(name="gust_bft", units="bft")
TMAX = Quantity(name="tmax", units="degC")


def field(
    variable: str, value: float, *, hour: float, window: timedelta | None = None, run: datetime = NOW, units: str = "mm", statistic: str = "sum"
) -> GridField:
    return GridField(
        variable=variable, units=units, values=np.full((1, 2), value, dtype=np.float32), grid=GRID, window=window,
        valid_time=NOW + hour * HOUR, run_time=run, statistic=statistic, provenance=Provenance(source="test", path="test"))


def hourly(hours: Sequence[float], value: float = 0.0) -> list[GridField]:
    return [field("rain", value, hour=hour, window=HOUR) for hour in hours]


def instants(variable: str, hours: Sequence[float], value: float, units: str) -> list[GridField]:
    return [field(variable, value, hour=hour, units=units, statistic="instant") for hour in hours]


def leaf(quantity: Quantity, operator: Operator, value: float) -> Comparison:
    return Comparison(quantity=quantity, operator=operator, value=value)


def ask(criterion: Criterion, fields: Sequence[GridField], quantities: Sequence[Quantity], *, lead: float) -> Exceedance:
    found = {quantity: series(quantity, fields, now=NOW) for quantity in quantities}
    have = {quantity: one for quantity, one in found.items() if one is not None}
    (answer,) = exceed(criterion, have, overlay(GRID, [ZONE]), start=NOW, end=NOW + lead * HOUR, now=NOW)
    return answer


@pytest.mark.parametrize(("last", "known"), [(5, 0.0), (6, 1.0), (7, 1.0)])
def test_a_dry_forecast_is_known_to_be_dry_only_when_it_reaches_the_end_of_the_lead(last: int, known: float) -> None:
    found = ask(leaf(RAIN, ">=", 35), hourly(range(0, last + 1)), [RAIN], lead=6)
    assert found.share == 0
    assert found.known_share == pytest.approx(known)


def test_what_is_reached_before_the_forecast_ends_is_known_all_the_same() -> None:
    found = ask(leaf(RAIN, ">=", 35), hourly(range(0, 3), 40), [RAIN], lead=6)
    assert (found.share, found.known_share) == pytest.approx((1, 1))
    assert found.end == NOW + 2 * HOUR


def test_of_two_windows_joined_by_or_the_one_that_ends_early_leaves_the_answer_open() -> None:
    # Six hours to come are told in one sum, single hours only for the first three.
    fields = [*hourly(range(-6, 4)), field("rain", 10, hour=6, window=6 * HOUR)]
    either = AnyOf(parts=(leaf(RAIN, ">=", 35), leaf(SIX, ">=", 50)))
    assert ask(leaf(SIX, ">=", 50), fields, [SIX], lead=6).known_share == pytest.approx(1)
    assert ask(either, fields, [RAIN, SIX], lead=6).known_share == 0
    assert ask(either, fields, [RAIN, SIX], lead=3).known_share == pytest.approx(1)


def test_and_is_known_where_the_part_that_reaches_far_enough_is_false() -> None:
    both = AllOf(parts=(leaf(RAIN, ">=", 35), leaf(VISIBILITY, "<", 500)))
    fields = [*hourly(range(0, 7)), *instants("visibility", range(0, 3), 100, "m")]
    assert ask(both, fields, [RAIN, VISIBILITY], lead=6).known_share == pytest.approx(1)
    foggy_later = [*hourly(range(0, 7), 40), *instants("visibility", range(0, 3), 900, "m")]
    assert ask(both, foggy_later, [RAIN, VISIBILITY], lead=6).known_share == 0


def test_an_hour_missing_in_the_middle_is_unknown_for_sums_of_an_hour() -> None:
    fields = hourly([0, 1, 2, 4, 5, 6])
    found = series(RAIN, fields, now=NOW)
    assert found is not None
    assert np.isnan(found.values[found.times.index(NOW + 3 * HOUR)]).all()
    assert ask(leaf(RAIN, ">=", 35), fields, [RAIN], lead=6).known_share == 0
    assert ask(leaf(RAIN, ">=", 35), fields, [RAIN], lead=2).known_share == pytest.approx(1)


@pytest.mark.parametrize(("hours", "known"), [((0, 3, 6), 1.0), ((0, 2, 6), 0.0), ((0, 3), 0.0), ((4, 6), 0.0), ((3, 6), 1.0)])
def test_instants_speak_for_three_hours_and_not_for_four(hours: Sequence[float], known: float) -> None:
    fields = instants("wind_gust", hours, 3, "m s-1")
    assert ask(leaf(GUST, ">=", 8), fields, [GUST], lead=6).known_share == pytest.approx(known)


def test_an_analysis_alone_says_nothing_of_the_hours_to_come() -> None:
    found = ask(leaf(VISIBILITY, "<", 500), instants("visibility", [0], 9000, "m"), [VISIBILITY], lead=2)
    assert found.known_share == 0
    reached = ask(leaf(VISIBILITY, "<", 500), instants("visibility", [0], 300, "m"), [VISIBILITY], lead=2)
    assert (reached.share, reached.known_share) == pytest.approx((1, 1))
    assert reached.observed


def test_a_day_that_the_forecast_does_not_reach_is_unknown_as_soon_as_its_noon_counts() -> None:
    # Today and nothing more: from 00:00 to 24:00 in Shanghai.
    today = [field("air_temperature", 30, hour=hour - 8, units="degC", statistic="instant") for hour in range(24)]
    hot = leaf(TMAX, ">=", 37)
    # Tomorrow's noon is 28 h after 08:00.
    assert ask(hot, today, [TMAX], lead=27).known_share == pytest.approx(1)
    assert ask(hot, today, [TMAX], lead=28).known_share == 0


def test_known_until_is_the_last_time_before_the_first_hole() -> None:
    def of(fields: Sequence[GridField], quantity: Quantity) -> datetime | None:
        found: Series | None = series(quantity, fields, now=NOW)
        assert found is not None
        return found.known_until(NOW)

    assert of(hourly(range(0, 7)), RAIN) == NOW + 6 * HOUR
    assert of(hourly([0, 1, 2, 4, 5]), RAIN) == NOW + 2 * HOUR
    assert of(hourly(range(-5, 0)), RAIN) is None
    assert of(instants("visibility", [0, 1, 5], 9000, "m"), VISIBILITY) == NOW + HOUR
