"""Which measurements may be believed; every case worked out by hand."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from geo.field import Provenance
from geo.observation import Observation, Quality
from geo.quality import checked

AT = datetime(2024, 9, 19, 18, tzinfo=UTC)
TEN = timedelta(minutes=10)
# About 3 km apart on a line.
STEP_DEGREES = 0.027


def gauge(value: float, *, number: int = 0, at: datetime = AT, variable: str = "rain", far: bool = False, **more: float) -> Observation:
    rain = variable == "rain"
    return Observation(
        station=f"S{number}", lon=121.0 + number * STEP_DEGREES + (5 if far else 0), lat=31.0, variable=variable,
        units="mm" if rain else "degC", value=value, valid_time=at, window=TEN if rain else None,
        statistic="sum" if rain else "instant", elevation=more.get("elevation"), provenance=Provenance(source="aws", path="t"))


def verdicts(given: Sequence[Observation], earlier: Sequence[Observation] = ()) -> list[tuple[Quality, tuple[str, ...]]]:
    return [(one.quality, one.flags) for one in checked(given, earlier=earlier)]


GOOD = (Quality.GOOD, ())


# 422 × (1/6)^0.475 = 180.2 mm in ten minutes.
@pytest.mark.parametrize(("value", "good"), [(0, True), (180, True), (181, False), (-0.1, False), (math.nan, False), (math.inf, False)])
def test_rain_beyond_every_record_or_below_zero_is_bad(value: float, good: bool) -> None:
    assert verdicts([gauge(value)]) == [GOOD if good else (Quality.BAD, ("range",))]


def test_the_envelope_of_records_grows_with_the_window() -> None:
    # 422 mm in an hour, 422 × 24^0.475 = 1909 mm in a day.
    hour = replace(gauge(400), window=timedelta(hours=1))
    assert verdicts([hour, replace(hour, station="B", value=430), replace(hour, station="C", window=timedelta(hours=24), value=1900)]) == [
        GOOD, (Quality.BAD, ("range",)), GOOD]


def test_a_gauge_that_stands_alone_with_its_cloudburst_is_suspect_and_a_cloudburst_over_all_is_not() -> None:
    alone = [gauge(60 if number == 2 else 2, number=number) for number in range(5)]
    assert verdicts(alone) == [GOOD, GOOD, (Quality.SUSPECT, ("neighbours",)), GOOD, GOOD]
    shared = [gauge(60 if number == 2 else 6.1, number=number) for number in range(5)]
    assert verdicts(shared) == [GOOD] * 5


def test_a_dry_gauge_amid_rain_is_blocked() -> None:
    assert verdicts([gauge(0 if number == 1 else 5, number=number) for number in range(5)])[1] == (Quality.SUSPECT, ("neighbours",))


def test_without_three_neighbours_nobody_is_judged_by_them() -> None:
    assert verdicts([gauge(60), gauge(0, number=1), gauge(0, number=2)]) == [GOOD] * 3
    # Three more, 470 km away.
    assert verdicts([gauge(60), *(gauge(0, number=number, far=True) for number in range(1, 4))]) == [GOOD] * 4


def test_an_absurd_neighbour_judges_nobody() -> None:
    # Of the four around the first one reads 999 mm: with it 30 mm would pass; the honest ones have 1 mm.
    given = [gauge(30), gauge(999, number=1), *(gauge(1, number=number) for number in (2, -1, -2))]
    assert verdicts(given)[:2] == [(Quality.SUSPECT, ("neighbours",)), (Quality.BAD, ("range",))]


def test_a_jump_of_more_than_12_degrees_within_an_hour_is_suspect() -> None:
    earlier = [gauge(20, variable="air_temperature", at=AT - timedelta(hours=1))]
    assert verdicts([gauge(32, variable="air_temperature")], earlier) == [GOOD]
    assert verdicts([gauge(32.1, variable="air_temperature")], earlier) == [(Quality.SUSPECT, ("step",))]
    long_ago = [gauge(20, variable="air_temperature", at=AT - timedelta(hours=2))]
    assert verdicts([gauge(35, variable="air_temperature")], long_ago) == [GOOD]


def test_six_equal_sums_of_rain_are_a_stuck_gauge_and_six_dry_ones_are_good_weather() -> None:
    def run(value: float, reports: int) -> list[Observation]:
        return [gauge(value, at=AT - k * TEN) for k in range(1, reports)]

    assert verdicts([gauge(3.4)], run(3.4, 5)) == [GOOD]
    assert verdicts([gauge(3.4)], run(3.4, 6)) == [(Quality.SUSPECT, ("frozen",))]
    assert verdicts([gauge(0)], run(0, 30)) == [GOOD]
    assert verdicts([gauge(3.4)], [*run(3.4, 5), gauge(3.3, at=AT - 5 * TEN), gauge(3.4, at=AT - 6 * TEN)]) == [GOOD], "it moved once"
    assert verdicts([gauge(3.4)], [gauge(3.4, at=AT - timedelta(hours=k)) for k in range(1, 5)]) == [GOOD], "five reports are few, however long"


def test_ten_degrees_beside_the_neighbours_are_suspect_but_a_mountain_is_colder() -> None:
    valley = [gauge(30, number=number, variable="air_temperature", elevation=10) for number in range(1, 5)]
    assert verdicts([gauge(19, variable="air_temperature", elevation=10), *valley])[0] == (Quality.SUSPECT, ("neighbours",))
    # 1710 m up it is 11 K colder by the standard lapse rate.
    assert verdicts([gauge(19, variable="air_temperature", elevation=1710), *valley])[0] == GOOD


def test_the_providers_own_doubt_stays_and_is_never_lifted() -> None:
    doubted = replace(gauge(1), quality=Quality.SUSPECT, flags=("provider:3",))
    assert verdicts([doubted]) == [(Quality.SUSPECT, ("provider:3",))]
    assert verdicts([replace(doubted, value=999)]) == [(Quality.BAD, ("provider:3", "range"))]


def test_the_order_is_kept() -> None:
    given = [gauge(1, number=3), gauge(999, number=1), gauge(2, number=2)]
    assert [one.station for one in checked(given)] == ["S3", "S1", "S2"]


@pytest.mark.parametrize(("variable", "low", "high"), [
    ("air_temperature", -90, 60), ("ground_temperature", -95, 90), ("road_temperature", -60, 90), ("dew_point_temperature", -100, 40),
    ("relative_humidity", 0, 105), ("visibility", 0, 150_000), ("wind_speed", 0, 110), ("wind_gust", 0, 130), ("pm25", 0, 5000),
    ("water_level", -20, 9000)])  # fmt: skip
def test_both_ends_of_what_has_ever_been_measured_are_good_and_a_little_more_is_bad(variable: str, low: float, high: float) -> None:
    assert verdicts([gauge(low, variable=variable), gauge(high, number=1, variable=variable)]) == [GOOD] * 2
    assert verdicts([gauge(low - 0.1, variable=variable), gauge(high + 0.1, number=1, variable=variable)]) == [(Quality.BAD, ("range",))] * 2
    assert verdicts([gauge(math.nan, variable=variable)]) == [(Quality.BAD, ("range",))]


@pytest.mark.parametrize(("variable", "most"), [("relative_humidity", 60), ("wind_speed", 25)])
def test_humidity_and_wind_jump_too(variable: str, most: float) -> None:
    earlier = [gauge(5, variable=variable, at=AT - TEN)]
    assert verdicts([gauge(5 + most, variable=variable)], earlier) == [GOOD]
    assert verdicts([gauge(5 + most + 0.1, variable=variable)], earlier) == [(Quality.SUSPECT, ("step",))]


@pytest.mark.parametrize(("variable", "after_h"), [("air_temperature", 5), ("wind_speed", 3), ("wind_gust", 3)])
def test_air_that_does_not_move_in_the_least_for_hours_is_a_frozen_sensor(variable: str, after_h: float) -> None:
    def run(hours: float) -> list[Observation]:
        return [gauge(7.3, variable=variable, at=AT - timedelta(hours=hours) * k / 5) for k in range(1, 6)]

    assert verdicts([gauge(7.3, variable=variable)], run(after_h)) == [(Quality.SUSPECT, ("frozen",))]
    assert verdicts([gauge(7.3, variable=variable)], run(after_h - 0.1)) == [GOOD]


# At 31° N a degree of longitude is 111.195 × cos 31° = 95.3 km: 0.104° are 9.9 km and 0.106° 10.1; 0.313° are 29.8 and 0.316° 30.1.
@pytest.mark.parametrize(("variable", "values", "near", "far"), [
    ("rain", (60, 1), 0.104, 0.106), ("air_temperature", (30, 19), 0.313, 0.316), ("wind_speed", (30, 9), 0.313, 0.316)])
def test_neighbours_are_those_within_their_distance(variable: str, values: tuple[float, float], near: float, far: float) -> None:
    for away, verdict in ((near, (Quality.SUSPECT, ("neighbours",))), (far, GOOD)):
        others = [replace(gauge(values[1], number=k, variable=variable), lon=121.0 + away, lat=31.0 + (k - 2) * 1e-4) for k in (1, 2, 3)]
        assert verdicts([gauge(values[0], variable=variable), *others])[0] == verdict


@pytest.mark.parametrize(("value", "others", "strange"), [
    (10, (0.9, 0.9, 0.9), True), (9.9, (0.9, 0.9, 0.9), False), (10, (1, 1, 1), False), (60, (1, 1, 9), False),
    (0, (5, 5, 5), True), (0, (5, 5, 4.9), False), (0.1, (5, 5, 5), False)])  # fmt: skip
def test_alone_is_ten_times_all_of_them_and_blocked_is_dry_where_all_are_wet(value: float, others: tuple[float, ...], strange: bool) -> None:
    given = [gauge(value), *(gauge(one, number=number) for number, one in enumerate(others, 1))]
    assert verdicts(given)[0] == ((Quality.SUSPECT, ("neighbours",)) if strange else GOOD)


def test_twenty_metres_a_second_beside_the_neighbours_is_the_edge_for_wind() -> None:
    calm = [gauge(15, number=number, variable="wind_speed") for number in (1, 2, 3)]
    assert verdicts([gauge(35, variable="wind_speed"), *calm])[0] == GOOD
    assert verdicts([gauge(35.1, variable="wind_speed"), *calm])[0] == (Quality.SUSPECT, ("neighbours",))


def test_height_is_allowed_for_only_where_every_height_is_known() -> None:
    valley = [gauge(30, number=number, variable="air_temperature", elevation=10) for number in range(1, 5)]
    assert verdicts([gauge(19, variable="air_temperature", elevation=1710), replace(valley[0], elevation=None), *valley[1:]])[0] == (
        Quality.SUSPECT, ("neighbours",))
