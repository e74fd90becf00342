"""Measurements of many places read like cells: the same windows, the same rules."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely

from geo.derive import series
from geo.field import Provenance
from geo.observation import Observation, Quality
from geo.quantity import Quantity
from geo.stations import Stations
from geo.zone import Zone

AT = datetime(2024, 9, 19, 18, tzinfo=UTC)
TEN = timedelta(minutes=10)
HOUR = Quantity(name="rain", units="mm", window=6 * TEN)


def gauge(name: str, lon: float, value: float, steps: int, *, quality: Quality = Quality.GOOD) -> Observation:
    return Observation(
        station=name, lon=lon, lat=31.0, variable="rain", units="mm", value=value, valid_time=AT + steps * TEN, window=TEN,
        statistic="sum", quality=quality, provenance=Provenance(source="aws", path="t"))


def test_an_hour_of_rain_at_a_gauge_is_the_sum_of_its_six_reports_and_unknown_when_one_is_missing() -> None:
    stations = Stations()
    for k in range(6):
        came = [gauge("A", 121.0, k, k), gauge("B", 121.5, 10, k)]
        stations, changed = stations.with_checked(came[:1] if k == 3 else came)
        assert [field.valid_time for field in changed] == [AT + k * TEN]
    found = series(HOUR, stations.fields, now=AT + 5 * TEN)
    assert found is not None
    first, second = found.values[found.times.index(AT + 5 * TEN), 0]
    assert first == 0 + 1 + 2 + 3 + 4 + 5
    assert math.isnan(second)
    assert found.observed[found.times.index(AT + 5 * TEN)]


def test_only_good_values_go_in() -> None:
    stations, changed = Stations().with_checked([
        gauge("A", 121.0, 999, 0, quality=Quality.BAD), gauge("B", 121.5, 3, 0), gauge("C", 121.7, 80, 0, quality=Quality.SUSPECT)])
    assert np.isnan(changed[0].values[0]).tolist() == [True, False, True]
    assert changed[0].values[0, 1] == 3
    assert [one.value for one in stations.recent] == [999, 3, 80]


def test_a_late_station_joins_the_field_of_its_time_and_a_corrected_value_replaces() -> None:
    stations, _ = Stations().with_checked([gauge("A", 121.0, 1, 0)])
    stations, [changed] = stations.with_checked([gauge("B", 121.5, 2, 0), gauge("A", 121.0, 4, 0)])
    assert changed.values.tolist() == [[4, 2]]
    assert len(stations.fields) == 1
    assert len(stations.recent) == 2


def test_old_measurements_go() -> None:
    stations, _ = Stations(reach=3 * TEN, remembered=2 * TEN).with_checked([gauge("A", 121.0, k, k) for k in range(6)])
    assert [field.valid_time for field in stations.fields] == [AT + k * TEN for k in (3, 4, 5)]
    assert [one.valid_time for one in stations.recent] == [AT + k * TEN for k in (4, 5)]


@pytest.mark.parametrize(("west", "east", "inside"), [(120.9, 121.1, [0]), (120.9, 121.6, [0, 1]), (122.0, 123.0, [])])
def test_a_zone_has_the_stations_that_stand_in_it(west: float, east: float, inside: list[int]) -> None:
    stations, _ = Stations().with_checked([gauge("A", 121.0, 1, 0), gauge("B", 121.5, 2, 0)])
    zone = Zone(code="z", name_zh="区", name_en="zone", level="district", geometry=shapely.box(west, 30.9, east, 31.1))
    assert [found.tolist() for found in stations.inside([zone])] == [inside]
