"""Which reader, which unit, and what is told of a file that is none of ours."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feeds.errors import PartlyRead, Truncated, UnknownFormat
from feeds.format import read, read_fields, sniff

Write = Callable[..., Path]
SIX = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize(("head", "kind"), [
    (b"GRIB\0\0\0\2", "grib"), (b"\x01\r\r\n123\r\r\nHEXX01 BABJ 191200\r\r\nGRIB", "grib"), (b"CDF\x01", "netcdf"), (b"CDF\x02", "netcdf"),
    (b"\x89HDF\r\n\x1a\n", "netcdf"),
])  # fmt: skip
def test_the_first_bytes_tell_the_format_whatever_the_name(tmp_path: Path, head: bytes, kind: str) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(head)
    assert sniff(path) == kind


@pytest.mark.parametrize(("head", "hint"), [
    (b"\x1f\x8b\x08", "gzip"), (b"BZh9", "bzip2"), (b"PK\x03\x04", "ZIP"), (b"  <html>", "page of text"), (b'{"error"', "JSON"), (b"1234", "known are grib, netcdf"),
])  # fmt: skip
def test_what_is_none_of_ours_is_refused_with_a_hint(tmp_path: Path, head: bytes, hint: str) -> None:
    path = tmp_path / "data.nc"
    path.write_bytes(head)
    with pytest.raises(UnknownFormat, match=f"data.nc: no known format.*{hint}"):
        list(read(path, source="test", lenient=True))


def test_an_empty_file_is_to_be_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "empty.grib2").touch()
    with pytest.raises(Truncated, match="the file is empty; fetch it again"):
        sniff(tmp_path / "empty.grib2")


def test_temperature_comes_out_in_degrees_celsius_and_raw_stays_in_kelvin(write_grib: Write, grib_field: Any) -> None:
    (field,) = read_fields(write_grib("t.grib2", grib_field([280.0] * 6)), source="test")
    assert field.units == "degC"
    assert float(field.values[0, 0]) == pytest.approx(6.85)
    assert field.raw_min == 280.0


def test_a_spread_of_temperatures_is_a_difference_and_stays_in_kelvin(write_grib: Write, grib_field: Any) -> None:
    keys = {"productDefinitionTemplateNumber": 2, "derivedForecast": 4, "numberOfForecastsInEnsemble": 15}
    (field,) = read_fields(write_grib("s.grib2", grib_field([2.0] * 6, keys)), source="test")
    assert (field.statistic, field.units, float(field.values[0, 0])) == ("spread", "K", 2.0)


def test_rain_in_kilograms_per_square_metre_is_in_millimetres_and_so_is_its_threshold(write_grib: Write, grib_field: Any) -> None:
    rain = {"productDefinitionTemplateNumber": 8, "parameterCategory": 1, "parameterNumber": 8, "typeOfStatisticalProcessing": 1, "stepRange": "0-6"}
    chance = {**rain, "productDefinitionTemplateNumber": 9, "probabilityType": 1, "scaleFactorOfUpperLimit": 0, "scaledValueOfUpperLimit": 50}
    amount, probability = read_fields(write_grib("r.grib2", grib_field(SIX, rain), grib_field(SIX, chance)), source="test")
    assert (amount.units, amount.statistic) == ("mm", "sum")
    assert (probability.units, probability.threshold, probability.threshold_units) == ("%", 50.0, "mm")


def test_checksum_and_source_go_into_the_provenance(write_grib: Write, grib_field: Any) -> None:
    (field,) = read_fields(write_grib("t.grib2", grib_field(SIX)), source="cma", checksum="abc")
    assert (field.provenance.source, field.provenance.checksum) == ("cma", "abc")


def cut(write_grib: Write, grib_field: Any) -> Path:
    path = write_grib("cut.grib2", grib_field([300.0] * 6), grib_field([301.0] * 6))
    path.write_bytes(path.read_bytes()[:-20])
    return path


def test_a_cut_off_file_raises_after_its_whole_fields(write_grib: Write, grib_field: Any) -> None:
    reading = read_fields(cut(write_grib, grib_field), source="test")
    assert next(reading).raw_min == 300.0
    with pytest.raises(Truncated, match="fetch the file again"):
        next(reading)


def test_a_lenient_reading_logs_what_is_missing_instead(write_grib: Write, grib_field: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert len(list(read(cut(write_grib, grib_field), source="test", lenient=True))) == 1
    assert "broken after field 1" in caplog.text


def test_a_cut_off_file_with_a_bad_field_tells_both(write_grib: Write, grib_field: Any) -> None:
    bad = {"productDefinitionTemplateNumber": 8, "parameterCategory": 0, "parameterNumber": 0, "typeOfStatisticalProcessing": 1, "stepRange": "0-6"}
    path = write_grib("both.grib2", grib_field(SIX, bad, after={"month": 0}), grib_field(SIX))
    with pytest.raises(PartlyRead, match="reference date"):
        list(read(path, source="test"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Truncated, match="broken after field 1") as caught:
        list(read(path, source="test"))
    assert "reference date" in str(caught.value)
