"""Quantities of the rules are derived from raw fields; expected values are worked out by hand."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from geo.derive import DeriveError, Series, history, series, variables
from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.quantity import Quantity
from geo.units import UnitError

GRID = Grid(kind="regular_ll", ny=1, nx=2, lat0=31.0, lon0=121.0, dlat=0.1, dlon=0.1)
# 08:00 in Shanghai.
NOW = datetime(2024, 9, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEN = timedelta(minutes=10)
NAN = math.nan


def field(
    variable: str,
    values: Sequence[float],
    *,
    end: datetime,
    window: timedelta | None = None,
    run: datetime | None = None,
    units: str = "mm",
    statistic: str = "sum",
    level: str = "",
    grid: Grid = GRID,
    member: int | None = None,
) -> GridField:
    """An analysis unless ``run`` is given."""
    return GridField(
        variable=variable,
        units=units,
        values=np.array([values], dtype=np.float32),
        grid=grid,
        valid_time=end,
        run_time=run or end,
        window=window,
        statistic=statistic,
        level=level,
        member=member,
        provenance=Provenance(source="test", path="test"),
    )


def rain(hours: float) -> Quantity:
    return Quantity(name="rain", units="mm", window=timedelta(hours=hours))


def temperature(value: float, hour: float, *, statistic: str = "instant", **more: object) -> GridField:
    """A forecast of 20 September 00:00 UTC for local ``hour`` of that day."""
    midnight = datetime(2024, 9, 19, 16, tzinfo=UTC)
    window = more.get("window")
    assert window is None or isinstance(window, timedelta)
    end = midnight + timedelta(hours=hour)
    return field("air_temperature", [value, value], end=end, run=NOW, units="degC", statistic=statistic, window=window)


def row(found: Series | None, time: datetime) -> list[float]:
    assert found is not None
    values: NDArray[np.float32] = found.values[found.times.index(time), 0]
    return [float(value) for value in values]


def test_one_hour_of_rain_is_the_sum_of_six_ten_minute_steps_at_every_step() -> None:
    fields = [field("rain", [k, 10 * k], end=NOW + k * TEN, window=TEN) for k in range(1, 9)]
    found = series(rain(1), fields, now=NOW + 2 * HOUR)
    assert found is not None
    # Eight ends of steps, and the moment after which nothing is known.
    assert len(found.times) == 9
    # 1+2+...+6 = 21; a step on, 2+...+7 = 27; then 33.
    assert row(found, NOW + 6 * TEN) == [21, 210]
    assert row(found, NOW + 7 * TEN) == [27, 270]
    assert row(found, NOW + 8 * TEN) == [33, 330]
    assert found.observed.tolist() == [False] * 5 + [True] * 3 + [False]


def test_a_window_that_reaches_before_the_first_step_is_unknown() -> None:
    fields = [field("rain", [1, 1], end=NOW + k * TEN, window=TEN) for k in range(1, 7)]
    found = series(rain(1), fields, now=NOW + HOUR)
    assert all(np.isnan(row(found, NOW + k * TEN)).all() for k in range(1, 6))
    assert row(found, NOW + HOUR) == [6, 6]


def test_a_missing_step_makes_every_window_over_it_unknown_and_no_other() -> None:
    fields = [field("rain", [1, 1], end=NOW + k * HOUR, window=HOUR) for k in (1, 2, 4, 5, 6)]
    found = series(rain(2), fields, now=NOW)
    assert row(found, NOW + 2 * HOUR) == [2, 2]
    assert np.isnan(row(found, NOW + 4 * HOUR)).all()
    assert row(found, NOW + 5 * HOUR) == [2, 2]


def test_the_newest_run_is_believed_also_where_an_older_one_says_it_in_fewer_steps() -> None:
    old = field("rain", [60, 60], end=NOW + 6 * HOUR, window=6 * HOUR, run=NOW - 12 * HOUR)
    new = [field("rain", [5, 5], end=NOW + k * HOUR, window=HOUR, run=NOW - HOUR) for k in range(1, 7)]
    assert row(series(rain(6), [old, *new], now=NOW), NOW + 6 * HOUR) == [30, 30]
    assert row(series(rain(6), [old, *new[:-1]], now=NOW), NOW + 6 * HOUR) == [60, 60], "the old one, where the new one has a hole"


def test_what_was_measured_is_believed_before_what_was_forecast_for_it() -> None:
    said = field("rain", [50, 50], end=NOW, window=HOUR, run=NOW - HOUR)
    seen = [field("rain", [2, 2], end=NOW - k * TEN, window=TEN) for k in range(6)]
    found = series(rain(1), [said, *seen], now=NOW)
    assert found is not None
    assert row(found, NOW) == [12, 12]
    assert found.observed[found.times.index(NOW)]


def test_a_missing_cell_is_unknown_only_while_its_step_is_in_the_window() -> None:
    fields = [field("rain", [1, NAN if k == 2 else 1], end=NOW + k * HOUR, window=HOUR) for k in range(1, 6)]
    found = series(rain(2), fields, now=NOW)
    for hour, unknown in ((2, True), (3, True), (4, False), (5, False)):
        first, second = row(found, NOW + hour * HOUR)
        assert first == 2
        assert math.isnan(second) == unknown
        assert unknown or second == 2


def test_observed_so_far_is_joined_with_forecast_to_come() -> None:
    observed = [field("rain", [2, 2], end=NOW + k * HOUR, window=HOUR) for k in (-2, -1, 0)]
    forecast = [field("rain", [5, 5], end=NOW + k * HOUR, window=HOUR, run=NOW - 6 * HOUR) for k in range(-2, 4)]
    found = series(rain(3), [*forecast, *observed], now=NOW)
    assert found is not None
    assert row(found, NOW) == [6, 6]
    assert row(found, NOW + HOUR) == [9, 9]
    assert row(found, NOW + 3 * HOUR) == [15, 15]
    assert found.observed.tolist() == [time == NOW for time in found.times]


def test_the_newest_run_is_preferred_among_forecasts() -> None:
    old = field("rain", [9, 9], end=NOW + HOUR, window=HOUR, run=NOW - 12 * HOUR)
    new = field("rain", [4, 4], end=NOW + HOUR, window=HOUR, run=NOW)
    assert row(series(rain(1), [old, new], now=NOW), NOW + HOUR) == [4, 4]
    assert row(series(rain(1), [new, old], now=NOW), NOW + HOUR) == [4, 4]


def test_what_an_analysis_leaves_unknown_the_forecast_fills_and_it_is_no_longer_called_observed() -> None:
    forecast = field("rain", [5, 7], end=NOW, window=HOUR, run=NOW - 6 * HOUR)
    found = series(rain(1), [forecast, field("rain", [2, NAN], end=NOW, window=HOUR)], now=NOW)
    assert found is not None
    assert row(found, NOW) == [2, 7]
    assert not found.observed.any()


def test_a_field_of_just_the_wanted_window_is_used_as_it_is() -> None:
    whole = field("rain", [50, 60], end=NOW + 6 * HOUR, window=6 * HOUR, run=NOW)
    assert row(series(rain(6), [whole], now=NOW), NOW + 6 * HOUR) == [50, 60]


def test_steps_of_different_length_tile_a_window_and_overlapping_ones_do_not() -> None:
    three = field("rain", [3, 3], end=NOW + 3 * HOUR, window=3 * HOUR, run=NOW)
    two = field("rain", [7, 7], end=NOW + 5 * HOUR, window=2 * HOUR, run=NOW)
    one = field("rain", [1, 1], end=NOW + 6 * HOUR, window=HOUR, run=NOW)
    assert row(series(rain(6), [three, two, one], now=NOW), NOW + 6 * HOUR) == [11, 11]
    overlapping = field("rain", [7, 7], end=NOW + 5 * HOUR, window=3 * HOUR, run=NOW - HOUR)
    assert np.isnan(row(series(rain(6), [three, overlapping, one], now=NOW), NOW + 6 * HOUR)).all()


def test_sums_that_grow_from_the_start_of_a_run_are_taken_apart() -> None:
    grown = [field("rain", [k * k, 0], end=NOW + k * HOUR, window=k * HOUR, run=NOW) for k in (1, 2, 3)]
    found = series(rain(1), grown, now=NOW)
    # 1, 4 - 1, 9 - 4.
    assert [row(found, NOW + k * HOUR)[0] for k in (1, 2, 3)] == [1, 3, 5]


def test_steps_longer_than_the_window_say_nothing_of_it() -> None:
    assert series(rain(1), [field("rain", [9, 9], end=NOW, window=3 * HOUR)], now=NOW) is None


def test_a_future_step_is_never_called_observed() -> None:
    early = field("rain", [1, 1], end=NOW + HOUR, window=HOUR)
    found = series(rain(1), [early], now=NOW)
    assert found is not None
    assert not found.observed.any()


def test_units_are_converted_and_strange_ones_refused() -> None:
    metres = field("rain", [0.05, 0.0], end=NOW, window=HOUR, units="m")
    assert row(series(rain(1), [metres], now=NOW), NOW) == pytest.approx([50, 0])
    with pytest.raises(UnitError, match="'inch' to 'mm'"):
        series(rain(1), [field("rain", [1, 1], end=NOW, window=HOUR, units="inch")], now=NOW)


def test_snow_water_is_accumulated_like_rain() -> None:
    fields = [field("snow_water", [2, 3], end=NOW + k * HOUR, window=HOUR, run=NOW) for k in range(1, 13)]
    snow = Quantity(name="snow_water", units="mm", window=12 * HOUR)
    assert row(series(snow, fields, now=NOW), NOW + 12 * HOUR) == [24, 36]


def test_probabilities_and_members_are_no_rain() -> None:
    fields = [
        field("rain", [90, 90], end=NOW, window=HOUR, statistic="probability", units="%"),
        field("rain", [90, 90], end=NOW, window=HOUR, member=3),
    ]
    assert series(rain(1), fields, now=NOW) is None


def test_a_sum_without_a_window_is_refused_and_an_absent_quantity_is_none() -> None:
    with pytest.raises(DeriveError, match="a sum needs a window"):
        series(Quantity(name="rain", units="mm"), [], now=NOW)
    assert series(rain(1), [], now=NOW) is None
    assert series(Quantity(name="visibility", units="m"), [], now=NOW) is None


def test_fields_on_two_grids_are_refused_with_both_named() -> None:
    other = Grid(kind="regular_ll", ny=1, nx=2, lat0=31.0, lon0=121.0, dlat=0.25, dlon=0.25)
    fields = [field("rain", [1, 1], end=NOW, window=HOUR), field("rain", [1, 1], end=NOW, window=HOUR, grid=other)]
    with pytest.raises(DeriveError, match=r"rain: fields on several grids \(regular_ll 1x2 0.1°.*; regular_ll 1x2 0.25°"):
        series(rain(1), fields, now=NOW)


def test_wind_becomes_forces_and_gusts_theirs() -> None:
    fields = [
        field("wind_speed", [10.8, 20.7], end=NOW, units="m s-1", statistic="instant"),
        field("wind_gust", [17.2, NAN], end=NOW, units="m s-1", statistic="max", window=TEN),
    ]
    assert row(series(Quantity(name="mean_bft", units="bft"), fields, now=NOW), NOW) == [6, 8]
    first, second = row(series(Quantity(name="gust_bft", units="bft"), fields, now=NOW), NOW)
    assert first == 8
    assert math.isnan(second)


def test_wind_is_made_from_its_components_when_no_speed_is_given() -> None:
    u = field("eastward_wind", [3.0, -6.0], end=NOW, units="m s-1", statistic="instant", level="10 m")
    v = field("northward_wind", [4.0, 8.0], end=NOW, units="m s-1", statistic="instant", level="10 m")
    # Speeds 5 and 10 m/s are forces 3 and 5.
    assert row(series(Quantity(name="mean_bft", units="bft"), [u, v], now=NOW), NOW) == [3, 5]
    aloft = [field("eastward_wind", [60, 60], end=NOW, units="m s-1", statistic="instant", level="850 hPa")]
    aloft.append(field("northward_wind", [60, 60], end=NOW, units="m s-1", statistic="instant", level="850 hPa"))
    assert row(series(Quantity(name="mean_bft", units="bft"), [*aloft, u, v], now=NOW), NOW) == [3, 5]
    speed = field("wind_speed", [8.0, 8.0], end=NOW, units="m s-1", statistic="instant")
    assert row(series(Quantity(name="mean_bft", units="bft"), [u, v, speed], now=NOW), NOW) == [5, 5]


def test_a_maximum_over_longer_than_was_asked_for_is_not_it() -> None:
    hourly = field("wind_gust", [20.0, 20.0], end=NOW, units="m s-1", statistic="max", window=HOUR)
    assert series(Quantity(name="wind_gust", units="m s-1", window=TEN), [hourly], now=NOW) is None
    assert row(series(Quantity(name="wind_gust", units="m s-1", window=HOUR), [hourly], now=NOW), NOW) == [20, 20]


def test_a_component_alone_is_no_wind() -> None:
    u = field("eastward_wind", [3.0, -6.0], end=NOW, units="m s-1", statistic="instant")
    assert series(Quantity(name="mean_bft", units="bft"), [u], now=NOW) is None


def test_instants_are_taken_as_they_are_an_analysis_before_a_forecast() -> None:
    analysis = field("visibility", [450, 900], end=NOW, units="m", statistic="instant")
    forecast = field("visibility", [5000, 5000], end=NOW, units="m", statistic="instant", run=NOW - HOUR)
    later = field("visibility", [0.2, 1.0], end=NOW + HOUR, units="km", statistic="instant", run=NOW)
    found = series(Quantity(name="visibility", units="m"), [forecast, later, analysis], now=NOW)
    assert found is not None
    assert row(found, NOW) == [450, 900]
    assert row(found, NOW + HOUR) == pytest.approx([200, 1000])
    assert found.observed.tolist() == [True, False, False]


def test_daily_extremes_follow_the_beijing_day_and_are_stamped_with_its_end() -> None:
    fields = [temperature(20 + (15 if hour == 14 else 0), hour) for hour in range(24)]
    # Midnight of the next local day is hotter and belongs to that day.
    fields.append(temperature(40, 24))
    found = series(Quantity(name="tmax", units="degC"), fields, now=NOW)
    assert found is not None
    assert found.times[0] == datetime(2024, 9, 20, 16, tzinfo=UTC)
    assert row(found, found.times[0]) == [35, 35]
    assert found.partial is not None
    assert not found.partial[0].any()
    assert found.partial[1].all()


def test_a_day_that_is_not_all_there_is_marked_partial() -> None:
    afternoon = [temperature(30, hour) for hour in range(9, 24)]
    found = series(Quantity(name="tmin", units="degC"), afternoon, now=NOW)
    assert found is not None
    assert found.partial is not None
    assert found.partial[0].all()


def test_three_hourly_minima_complete_a_day() -> None:
    fields = [temperature(10 - k, 3 * k, statistic="min", window=3 * HOUR) for k in range(1, 9)]
    found = series(Quantity(name="tmin", units="degC"), fields, now=NOW)
    assert found is not None
    assert row(found, found.times[0]) == [2, 2]
    assert found.partial is None
    # Minima say nothing of the maximum, and means and sums of neither.
    assert series(Quantity(name="tmax", units="degC"), fields, now=NOW) is None
    for statistic in ("mean", "sum"):
        others = [temperature(10 - k, 3 * k, statistic=statistic, window=3 * HOUR) for k in range(1, 9)]
        assert series(Quantity(name="tmin", units="degC"), others, now=NOW) is None


def test_a_24_hour_extreme_counts_for_the_day_it_lies_in_mostly() -> None:
    # From 20 to 20 local: its middle is 08:00.
    whole = temperature(38, 20, statistic="max", window=24 * HOUR)
    found = series(Quantity(name="tmax", units="degC"), [whole, temperature(30, 9)], now=NOW)
    assert found is not None
    assert row(found, datetime(2024, 9, 20, 16, tzinfo=UTC)) == [38, 38]
    assert found.partial is None


def test_ground_minima_come_from_the_ground() -> None:
    midnight = datetime(2024, 9, 19, 16, tzinfo=UTC)
    fields = [
        field("ground_temperature", [272.15, 274.15], end=midnight + k * HOUR, run=NOW, units="K", statistic="instant")
        for k in range(24)
    ]
    found = series(Quantity(name="ground_tmin", units="degC"), fields, now=NOW)
    assert row(found, midnight + 24 * HOUR) == pytest.approx([-1, 1], abs=1e-4)


def daily_minima(*values: float) -> list[GridField]:
    midnight = datetime(2024, 9, 19, 16, tzinfo=UTC)
    return [
        field("tmin", [v, v], end=midnight + (k + 1) * 24 * HOUR, window=24 * HOUR, run=NOW, units="degC", statistic="min")
        for k, v in enumerate(values)
    ]


def test_a_drop_is_from_the_minimum_of_the_day_before() -> None:
    found = series(Quantity(name="temperature_drop", units="degC", window=24 * HOUR), daily_minima(10, 12, 1), now=NOW)
    assert found is not None
    assert np.isnan(found.values[0]).all()
    assert found.values[1:3, 0, 0].tolist() == [-2, 11]


def test_a_drop_within_48_hours_is_from_the_higher_of_two_days() -> None:
    found = series(Quantity(name="temperature_drop", units="degC", window=48 * HOUR), daily_minima(15, 12, 1), now=NOW)
    assert found is not None
    assert np.isnan(found.values[:2]).all()
    assert found.values[2, 0, 0] == 14


def test_a_missing_day_leaves_the_drop_unknown() -> None:
    days = daily_minima(15, 12, 1)
    found = series(Quantity(name="temperature_drop", units="degC", window=24 * HOUR), [days[0], days[2]], now=NOW)
    assert found is not None
    assert np.isnan(found.values).all()


def test_history_says_how_far_back_fields_are_needed() -> None:
    assert history(rain(6)) == 6 * HOUR
    assert history(Quantity(name="rain_to_come", units="mm", window=6 * HOUR)) == timedelta(0)
    assert history(Quantity(name="tmax", units="degC"), days=3) == 72 * HOUR
    assert history(Quantity(name="temperature_drop", units="degC", window=48 * HOUR)) == 72 * HOUR
    assert history(Quantity(name="visibility", units="m")) == 3 * HOUR


def test_the_variables_of_a_quantity_are_all_that_it_is_made_of() -> None:
    """A reader that unpacks only these takes nothing away: what is made of all fields is made of these."""
    def names(name: str, window_h: int | None = None) -> set[str]:
        return set(variables(Quantity(name=name, units="1", window=None if window_h is None else timedelta(hours=window_h))))

    assert names("rain", 6) == names("rain_to_come", 6) == {"rain"}
    assert names("mean_bft") == names("wind_speed") == {"wind_speed", "eastward_wind", "northward_wind"}
    assert names("gust_bft") == names("wind_gust") == {"wind_gust"}
    assert names("tmin") == names("temperature_drop", 48) == {"tmin", "air_temperature"}
    assert names("ground_tmin") == {"ground_tmin", "ground_temperature"}
    assert names("visibility") == {"visibility"}
