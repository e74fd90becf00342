"""GRIB in small: six values 0..5 on a lattice of 30-31 N, 121-123 E, unless a test says otherwise."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feeds import grib
from feeds.errors import PartlyRead, Truncated, UnknownFormat
from geo.field import GridField

Write = Callable[..., Path]
SIX = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
RUN = datetime(2024, 9, 19, 12, tzinfo=UTC)
RAIN = {"productDefinitionTemplateNumber": 8, "discipline": 0, "parameterCategory": 1, "parameterNumber": 8, "typeOfStatisticalProcessing": 1}


def only(path: Path) -> GridField:
    fields = list(grib.read(path, source="test"))
    assert len(fields) == 1
    return fields[0]


def test_rows_from_north_are_turned_so_that_row_0_is_south(write_grib: Write, grib_field: Any) -> None:
    field = only(write_grib("a.grib2", grib_field(SIX)))
    assert field.values.tolist() == [[3, 4, 5], [0, 1, 2]]
    assert (field.grid.lat0, field.grid.lon0, field.grid.dlat, field.grid.dlon) == (30.0, 121.0, 1.0, 1.0)


# Each case: the flags, and where the six values (in file order) must land, row 0 south, column 0 west.
SCANS = [
    ({"iScansNegatively": 0, "jScansPositively": 0}, [[3, 4, 5], [0, 1, 2]]),
    ({"iScansNegatively": 0, "jScansPositively": 1}, [[0, 1, 2], [3, 4, 5]]),
    ({"iScansNegatively": 1, "jScansPositively": 0}, [[5, 4, 3], [2, 1, 0]]),
    ({"iScansNegatively": 1, "jScansPositively": 1}, [[2, 1, 0], [5, 4, 3]]),
    ({"iScansNegatively": 0, "jScansPositively": 0, "jPointsAreConsecutive": 1}, [[1, 3, 5], [0, 2, 4]]),
    ({"iScansNegatively": 0, "jScansPositively": 1, "jPointsAreConsecutive": 1}, [[0, 2, 4], [1, 3, 5]]),
    ({"iScansNegatively": 1, "jScansPositively": 0, "jPointsAreConsecutive": 1}, [[5, 3, 1], [4, 2, 0]]),
    ({"iScansNegatively": 1, "jScansPositively": 1, "jPointsAreConsecutive": 1}, [[4, 2, 0], [5, 3, 1]]),
    # Boustrophedon: every second row (or column) runs the other way.
    ({"iScansNegatively": 0, "jScansPositively": 0, "alternativeRowScanning": 1}, [[5, 4, 3], [0, 1, 2]]),
    ({"iScansNegatively": 0, "jScansPositively": 1, "alternativeRowScanning": 1}, [[0, 1, 2], [5, 4, 3]]),
    ({"iScansNegatively": 1, "jScansPositively": 0, "alternativeRowScanning": 1}, [[3, 4, 5], [2, 1, 0]]),
    ({"jScansPositively": 0, "jPointsAreConsecutive": 1, "alternativeRowScanning": 1}, [[1, 2, 5], [0, 3, 4]]),
    ({"jScansPositively": 1, "jPointsAreConsecutive": 1, "alternativeRowScanning": 1}, [[0, 3, 4], [1, 2, 5]]),
]  # fmt: skip


@pytest.mark.parametrize(("flags", "expected"), SCANS)
def test_every_scanning_mode_lands_each_value_where_it_belongs(
    write_grib: Write, grib_field: Any, flags: dict[str, int], expected: list[list[int]]
) -> None:
    corners: dict[str, float] = {}
    if flags.get("iScansNegatively"):
        corners |= {"longitudeOfFirstGridPointInDegrees": 123.0, "longitudeOfLastGridPointInDegrees": 121.0}
    if flags.get("jScansPositively"):
        corners |= {"latitudeOfFirstGridPointInDegrees": 30.0, "latitudeOfLastGridPointInDegrees": 31.0}
    field = only(write_grib("a.grib2", grib_field(SIX, after={**flags, **corners})))
    assert field.values.tolist() == expected
    assert (field.grid.lat0, field.grid.lon0, field.grid.dlat, field.grid.dlon) == (30.0, 121.0, 1.0, 1.0)


def test_a_grid_round_the_earth_from_0_starts_at_the_date_line_afterwards(write_grib: Write, grib_field: Any) -> None:
    keys = {"Ni": 4, "Nj": 2, "longitudeOfFirstGridPointInDegrees": 0.0, "longitudeOfLastGridPointInDegrees": 270.0, "iDirectionIncrementInDegrees": 90.0}
    field = only(write_grib("a.grib2", grib_field([0, 90, 180, 270, 0, 90, 180, 270], keys)))
    assert field.grid.lon0 == -180.0
    assert field.values.tolist() == [[180, 270, 0, 90]] * 2  # 180 W, 90 W, 0, 90 E
    thirds = {"Ni": 3, "longitudeOfFirstGridPointInDegrees": 0.0, "longitudeOfLastGridPointInDegrees": 240.0, "iDirectionIncrementInDegrees": 120.0}
    field = only(write_grib("b.grib2", grib_field([0, 120, 240, 0, 120, 240], thirds)))
    assert field.grid.lon0 == -120.0
    assert field.values.tolist() == [[240, 0, 120]] * 2


def test_a_strip_across_greenwich_keeps_its_columns_and_starts_west_of_it(write_grib: Write, grib_field: Any) -> None:
    keys = {"longitudeOfFirstGridPointInDegrees": 359.0, "longitudeOfLastGridPointInDegrees": 1.0}
    field = only(write_grib("a.grib2", grib_field(SIX, keys)))
    assert (field.grid.lon0, field.grid.lons.tolist()) == (-1.0, [-1.0, 0.0, 1.0])
    assert field.values[1].tolist() == [0, 1, 2]


def test_a_missing_value_is_nan_and_counted_and_not_in_the_extremes(write_grib: Write, grib_field: Any) -> None:
    field = only(write_grib("a.grib2", grib_field([math.nan, 1, 2, 3, math.nan, 5])))
    assert field.missing_count == 2
    assert (field.raw_min, field.raw_max) == (1.0, 5.0)
    assert np.isnan(field.values).tolist() == [[False, True, False], [True, False, False]]


def test_a_field_of_nothing_but_missing_values_has_no_extremes(write_grib: Write, grib_field: Any) -> None:
    field = only(write_grib("a.grib2", grib_field([math.nan] * 6)))
    assert field.missing_count == 6
    assert math.isnan(field.raw_min)
    assert math.isnan(field.raw_max)


def test_all_fields_of_one_message_are_found_and_numbered(write_grib: Write, grib_field: Any) -> None:
    wind = [grib_field([float(n)] * 6, {"parameterCategory": 2, "parameterNumber": 2 + n}) for n in range(2)]
    path = write_grib("uv.grib2", *wind, together=True)
    assert path.read_bytes().count(b"GRIB") == 1
    fields = list(grib.read(path, source="test"))
    assert [(field.variable, field.provenance.index) for field in fields] == [("eastward_wind", 1), ("northward_wind", 2)]
    assert [float(field.values[0, 0]) for field in fields] == [0.0, 1.0]


def test_two_files_read_by_turns_do_not_mix(write_grib: Write, grib_field: Any) -> None:
    first = write_grib("a.grib2", *(grib_field([float(n)] * 6) for n in (1, 2)), together=True)
    second = write_grib("b.grib2", *(grib_field([float(n)] * 6) for n in (3, 4)), together=True)
    got = [float(field.values[0, 0]) for pair in zip(grib.read(first, source=""), grib.read(second, source=""), strict=True) for field in pair]
    assert got == [1, 3, 2, 4]


def test_a_reading_left_in_the_middle_does_not_leak_into_the_next(write_grib: Write, grib_field: Any) -> None:
    first = write_grib("a.grib2", *(grib_field([float(n)] * 6) for n in (1, 2)), together=True)
    second = write_grib("b.grib2", grib_field([3.0] * 6))
    reading = grib.read(first, source="")
    next(reading)
    reading.close()  # type: ignore[attr-defined]  # a generator has it
    assert float(only(second).values[0, 0]) == 3.0


def test_rain_over_six_hours_ends_at_its_valid_time(write_grib: Write, grib_field: Any) -> None:
    field = only(write_grib("a.grib2", grib_field(SIX, {**RAIN, "stepRange": "18-24"})))
    assert (field.variable, field.units, field.statistic, field.level) == ("rain", "kg m-2", "sum", "surface")
    assert field.window == timedelta(hours=6)
    assert field.run_time == RUN
    assert field.valid_time == RUN + timedelta(hours=24)
    assert field.lead == timedelta(hours=24)


def test_steps_in_minutes_are_minutes(write_grib: Write, grib_field: Any) -> None:
    field = only(write_grib("a.grib2", grib_field(SIX, {**RAIN, "indicatorOfUnitOfTimeRange": 0, "stepRange": "20m-30m"})))
    assert (field.window, field.lead) == (timedelta(minutes=10), timedelta(minutes=30))


@pytest.mark.parametrize(("processing", "statistic"), [(0, "mean"), (1, "sum"), (2, "max"), (3, "min")])
def test_the_statistic_is_that_of_code_table_4_10(write_grib: Write, grib_field: Any, processing: int, statistic: str) -> None:
    keys = {**RAIN, "parameterCategory": 0, "parameterNumber": 0, "typeOfStatisticalProcessing": processing, "stepRange": "0-6"}
    assert only(write_grib("a.grib2", grib_field(SIX, keys))).statistic == statistic


def test_a_member_of_an_ensemble_keeps_its_number_and_others_have_none(write_grib: Write, grib_field: Any) -> None:
    keys = {"productDefinitionTemplateNumber": 1, "perturbationNumber": 7, "numberOfForecastsInEnsemble": 15}
    assert only(write_grib("a.grib2", grib_field(SIX, keys))).member == 7
    assert only(write_grib("b.grib2", grib_field(SIX))).member is None


def probability(kind: int, lower: int, upper: int, scale: int = 0) -> dict[str, int | str]:
    return {
        "productDefinitionTemplateNumber": 9, "discipline": 0, "parameterCategory": 1, "parameterNumber": 8, "typeOfStatisticalProcessing": 1,
        "stepRange": "0-24", "probabilityType": kind, "scaleFactorOfLowerLimit": scale, "scaledValueOfLowerLimit": lower,
        "scaleFactorOfUpperLimit": scale, "scaledValueOfUpperLimit": upper,
    }  # fmt: skip


def test_two_thresholds_of_one_quantity_stay_two_fields(write_grib: Write, grib_field: Any) -> None:
    path = write_grib("p.grib2", *(grib_field(SIX, probability(1, 0, limit)) for limit in (50, 100)))
    fields = list(grib.read(path, source="test"))
    assert [(field.variable, field.statistic, field.threshold, field.threshold_units, field.units) for field in fields] == [
        ("rain", "probability", 50.0, "kg m-2", "%"),
        ("rain", "probability", 100.0, "kg m-2", "%"),
    ]
    assert {field.window for field in fields} == {timedelta(hours=24)}


@pytest.mark.parametrize(("kind", "threshold", "statistic"), [
    (0, 1.5, "probability_below"), (1, 2.5, "probability"), (2, 1.5, "probability_between"), (3, 1.5, "probability"),
    (4, 2.5, "probability_below"), (63, 1.5, "probability_unknown"),
])  # fmt: skip
def test_the_threshold_is_the_limit_that_the_type_of_probability_means(
    write_grib: Write, grib_field: Any, kind: int, threshold: float, statistic: str
) -> None:
    field = only(write_grib("p.grib2", grib_field(SIX, probability(kind, 15, 25, scale=1))))
    assert (field.threshold, field.statistic) == (threshold, statistic)


def test_a_negative_scale_factor_makes_the_threshold_larger(write_grib: Write, grib_field: Any) -> None:
    assert only(write_grib("p.grib2", grib_field(SIX, probability(1, 0, 3, scale=-2)))).threshold == 300.0


@pytest.mark.parametrize(("keys", "level"), [
    ({"typeOfLevel": "heightAboveGround", "level": 2}, "2 m"),
    ({"typeOfLevel": "isobaricInhPa", "level": 850}, "850 hPa"),
    ({"typeOfLevel": "meanSea", "level": 0}, "mean sea level"),
    ({"typeOfLevel": "surface", "level": 0}, "surface"),
])  # fmt: skip
def test_the_level_is_told_in_words(write_grib: Write, grib_field: Any, keys: dict[str, int | str], level: str) -> None:
    assert only(write_grib("a.grib2", grib_field(SIX, {"parameterCategory": 3, "parameterNumber": 5, **keys}))).level == level


def test_the_temperature_of_the_surface_is_not_that_of_the_air(write_grib: Write, grib_field: Any) -> None:
    keys = {"parameterCategory": 0, "parameterNumber": 0, "typeOfLevel": "surface"}
    assert only(write_grib("a.grib2", grib_field(SIX, keys))).variable == "ground_temperature"


def test_a_parameter_without_a_name_keeps_its_numbers(write_grib: Write, grib_field: Any) -> None:
    field = only(write_grib("a.grib2", grib_field(SIX, {"parameterCategory": 13, "parameterNumber": 200})))
    assert (field.variable, field.units) == ("grib2_0_13_200", "unknown")


def test_edition_1_is_read_as_well(write_grib: Write, grib_field: Any) -> None:
    keys = {"indicatorOfParameter": 167, "table2Version": 128, "centre": 98, "stepRange": "3"}
    field = only(write_grib("a.grib", grib_field(SIX, keys, sample="regular_ll_sfc_grib1")))
    assert (field.variable, field.units, field.level, field.lead) == ("air_temperature", "K", "2 m", timedelta(hours=3))
    assert field.values.tolist() == [[3, 4, 5], [0, 1, 2]]


def test_the_files_own_keys_are_kept(write_grib: Write, grib_field: Any) -> None:
    field = only(write_grib("a.grib2", grib_field(SIX, probability(63, 15, 25, scale=1))))
    original = dict(field.provenance.original)
    assert (original["probabilityType"], original["scaledValueOfLowerLimit"], original["productDefinitionTemplateNumber"]) == ("63", "15", "9")
    assert field.provenance.source == "test"
    assert field.provenance.path.endswith("a.grib2")


@pytest.mark.parametrize("kept", [1, 3, 10, 16, 100, -4, -1])  # bytes of the third message
def test_a_cut_off_file_gives_its_whole_fields_and_then_says_what_is_missing(write_grib: Write, grib_field: Any, kept: int) -> None:
    path = write_grib("cut.grib2", *(grib_field([float(n)] * 6) for n in range(3)))
    data = path.read_bytes()
    third = data.rfind(b"GRIB")
    path.write_bytes(data[:third] + data[third:][:kept])
    got: list[float] = []
    with pytest.raises(Truncated, match=r"cut.grib2: broken after field 2: message 3 at byte \d+ .*2 field\(s\) were read; fetch the file again") as caught:
        got.extend(float(field.values[0, 0]) for field in grib.read(path, source="test"))
    assert got == [0.0, 1.0]
    assert caught.value.retry


def test_a_message_cut_in_the_middle_of_a_file_is_told_with_its_number(write_grib: Write, grib_field: Any) -> None:
    path = write_grib("hole.grib2", *(grib_field([float(n)] * 6) for n in range(3)))
    data = path.read_bytes()
    second = data.find(b"GRIB", 4)
    path.write_bytes(data[: second + 50] + data[second + 80 :])
    with pytest.raises(Truncated, match="hole.grib2: broken after field 1: message 2"):
        list(grib.read(path, source="test"))


def test_bytes_that_are_no_message_are_a_suspicion_on_the_fields(write_grib: Write, grib_field: Any) -> None:
    path = write_grib("stray.grib2", grib_field(SIX))
    path.write_bytes(path.read_bytes() + b"x" * 300)
    assert "the last 300 bytes" in only(path).provenance.suspicions[0]


def test_a_telecommunication_heading_and_padding_are_no_suspicion(write_grib: Write, grib_field: Any) -> None:
    path = write_grib("bulletin.grib2", grib_field(SIX))
    path.write_bytes(b"\x01\r\r\n123\r\r\nHEXX01 BABJ 191200\r\r\n" + path.read_bytes() + b"\r\r\n\x03\0\0\0")
    assert only(path).provenance.suspicions == ()


def test_a_file_without_a_message_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "page.grib2"
    path.write_text("<html>404</html>")
    with pytest.raises(UnknownFormat, match=r"page.grib2: no GRIB message in it"):
        list(grib.read(path, source="test"))


def test_a_field_that_cannot_be_used_does_not_hide_the_others(write_grib: Write, grib_field: Any) -> None:
    # month 0 is no month
    path = write_grib("month.grib2", grib_field(SIX), grib_field(SIX, after={"month": 0}), grib_field(SIX))
    seen: list[int] = []
    with pytest.raises(PartlyRead, match=r"field 2: its reference date 20240019 1200 is no date") as caught:
        seen.extend(field.provenance.index for field in grib.read(path, source="test"))
    assert seen == [1, 3]
    assert len(caught.value.faults) == 1


def test_only_the_variables_wanted_are_unpacked_and_the_others_keep_their_numbers(write_grib: Write, grib_field: Any) -> None:
    """The first and the last of three fields cannot be unpacked: nobody notices who does not want them."""
    heat = {"discipline": 0, "parameterCategory": 0, "parameterNumber": 0}
    broken = grib_field(SIX, heat, {"dataTime": 9999})
    path = write_grib("a.grib2", broken, grib_field(SIX, RAIN), broken)
    [rain] = grib.read(path, source="test", wanted={"rain", "visibility"})
    assert (rain.variable, rain.provenance.index) == ("rain", 2)
    with pytest.raises(PartlyRead, match=r"field 1: .* field 3: "):
        list(grib.read(path, source="test"))


def test_a_file_without_any_variable_wanted_is_read_whole(write_grib: Write, grib_field: Any) -> None:
    path = write_grib("a.grib2", grib_field(SIX, RAIN), grib_field(SIX, RAIN))
    assert [field.provenance.index for field in grib.read(path, source="test", wanted={"visibility"})] == [1, 2]
