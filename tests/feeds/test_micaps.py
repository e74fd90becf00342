"""MICAPS text files: both peers' quirks, Beijing time, 9999, and what a damaged one says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.errors import PartlyRead, Truncated, UnknownFormat
from feeds.format import read
from feeds.reading import Contents

SAMPLES = Path(__file__).parents[2] / "../shared/data/micaps"
GRID = "1.0 1.0 121 123 30 31 3 2 10 0 100 1 0"  # 121..123 E by 30..31 N from the south, then what a contour needs
SIX = "1 2 3 4 5 6"


def contents(path: Path, source: str = "test") -> Contents:
    return Contents.of(read(path, source=source))


def written(folder: Path, text: str, name: str = "a.m4") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_eight_in_the_morning_in_beijing_is_midnight_utc(tmp_path: Path) -> None:
    (field,) = contents(written(tmp_path, f"diamond 4 1小时降水\n2024 09 20 08 1 0 {GRID}\n{SIX}\n")).fields
    assert field.run_time == datetime(2024, 9, 20, 0, tzinfo=UTC)
    assert field.valid_time == datetime(2024, 9, 20, 1, tzinfo=UTC)
    assert (field.variable, field.window, field.statistic) == ("rain", timedelta(hours=1), "sum")


@pytest.mark.parametrize("year", ["24", "2024"])
def test_a_year_of_two_digits_is_of_this_century(tmp_path: Path, year: str) -> None:
    (field,) = contents(written(tmp_path, f"diamond 4 气温\n{year} 9 20 8 0 0 {GRID}\n{SIX}\n")).fields
    assert field.run_time == datetime(2024, 9, 20, 0, tzinfo=UTC)


def test_hour_and_lead_that_changed_places_are_put_right_and_told(tmp_path: Path) -> None:
    (field,) = contents(written(tmp_path, f"diamond 4 气温\n2024 9 20 72 8 0 {GRID}\n{SIX}\n")).fields  # no day has an hour 72
    assert (field.run_time, field.lead) == (datetime(2024, 9, 20, 0, tzinfo=UTC), timedelta(hours=72))
    assert field.provenance.corrections == ("hour and lead had changed places in the head",)


def test_a_head_with_the_day_that_the_forecast_is_for_is_known_by_the_name(tmp_path: Path) -> None:
    text = f"diamond 4 气温\n2024 9 21 8 24 0 {GRID}\n{SIX}\n"
    (by_name,) = contents(written(tmp_path, text, "24092008.024")).fields
    (alone,) = contents(written(tmp_path, text, "temperature.m4")).fields
    assert by_name.run_time == datetime(2024, 9, 20, 0, tzinfo=UTC)
    assert by_name.valid_time == datetime(2024, 9, 21, 0, tzinfo=UTC)
    assert "run is that of '24092008.024'" in by_name.provenance.corrections[0]
    assert alone.run_time == datetime(2024, 9, 21, 0, tzinfo=UTC)  # nothing speaks against the head
    assert not alone.provenance.corrections


def test_a_name_in_utc_beside_a_head_in_beijing_time_changes_nothing(tmp_path: Path) -> None:
    (field,) = contents(written(tmp_path, f"diamond 4 气温\n2024 9 20 8 24 0 {GRID}\n{SIX}\n", "gfs_2024092000_024.m4")).fields
    assert field.run_time == datetime(2024, 9, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(("corners", "southern_row"), [
    ("1.0 1.0 121 123 30 31", [1.0, 2.0, 3.0]), ("1.0 -1.0 121 123 31 30", [4.0, 5.0, 6.0]), ("1.0 1.0 121 123 31 30", [4.0, 5.0, 6.0]),
])  # fmt: skip
def test_rows_run_from_the_first_latitude_whatever_sign_the_step_has(tmp_path: Path, corners: str, southern_row: list[float]) -> None:
    (field,) = contents(written(tmp_path, f"diamond 4 气温\n24 9 20 8 0 0 {corners} 3 2 10 0 100 1 0\n{SIX}\n")).fields
    assert list(field.values[0]) == southern_row
    assert (field.grid.lat0, field.grid.dlat) == (30.0, 1.0)


def test_9999_is_missing_and_never_a_value(tmp_path: Path) -> None:
    (field,) = contents(written(tmp_path, f"diamond 4 气温\n24 9 20 8 0 0 {GRID}\n1 9999 3 9999.00 5 6\n")).fields
    assert field.missing_count == 2
    assert field.raw_max == 6.0


@pytest.mark.parametrize("level", ["850 ", ""])
def test_a_wind_grid_is_read_with_and_without_a_level(tmp_path: Path, level: str) -> None:
    text = f"diamond 11 风\n24 9 20 8 6 {level}1.0 1.0 121 123 30 31 3 2\n{SIX}\n-1 -2 -3 -4 -5 -6\n"
    east, north = contents(written(tmp_path, text)).fields
    assert (east.variable, north.variable, east.level) == ("eastward_wind", "northward_wind", "850 hPa" if level else "")
    assert (float(east.values[0, 0]), float(north.values[1, 2])) == (1.0, -6.0)


def test_gbk_is_read_as_well_as_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "a.m4"
    path.write_bytes(f"diamond 4 06小时降水预报\n24 9 20 8 6 0 {GRID}\n{SIX}\n".encode("gbk"))
    (field,) = contents(path).fields
    assert (field.variable, field.window) == ("rain", timedelta(hours=6))


def test_a_grid_that_no_word_names_can_be_named_by_an_override_and_is_refused_until_then(tmp_path: Path) -> None:
    with pytest.raises(PartlyRead, match=r"variable 'micaps4' has no units|micaps4"):
        contents(written(tmp_path, f"diamond 4 product_17\n24 9 20 8 6 0 {GRID}\n{SIX}\n"))


def test_coded_pressure_is_a_thousand_and_some_or_nine_hundred_and_some(tmp_path: Path) -> None:
    line = "{} 121.4 31.4 9 1 8 90 5 {} 9999 2 2 9999 34 8 6 9999 9999 10 9999 9999 9999 9999 9999\n"
    text = "diamond 1 地面\n24 9 20 8 3\n" + line.format("58362", "117") + line.format("58361", "983") + line.format("58366", "9999")
    found = {one.station: one.value for one in contents(written(tmp_path, text)).observations if one.variable == "sea_level_pressure"}
    assert found == {"58362": 101170.0, "58361": 99830.0}  # 1011.7 and 998.3 hPa


CONTOURS = "2 10 25 0 1 3 121 30 122 30 122 31"  # two of them, smoothing and the bold one, three corners of a border


@pytest.mark.parametrize(("head", "level", "variable", "value", "hours"), [
    ("1小时降水", "5", "rain", 35.2, 1), ("24小时雨量", "5", "rain", 35.2, 24), ("plot", "-1", "rain", 35.2, 6), ("plot", "-2", "rain", 35.2, 24),
    ("plot", "-3", "air_temperature", 35.2, None), ("气温", "5", "air_temperature", 35.2, None), ("最高温度", "5", "air_temperature", 35.2, None),
])  # fmt: skip
def test_stations_say_one_element_that_the_level_or_the_title_names(
    tmp_path: Path, head: str, level: str, variable: str, value: float, hours: int | None
) -> None:
    rows = "58362 121.4 31.4 9 35.2 7\n58361 121.5 31.2 9999 9999 8\n58366 121.6 31.3 4 1.5 9\n"
    first, second = contents(written(tmp_path, f"diamond 3 {head}\n24 9 20 8 {level} {CONTOURS} 2 3\n{rows}")).observations
    assert (first.station, first.lon, first.lat, first.elevation) == ("58362", 121.4, 31.4, 9.0)
    assert (first.variable, first.value, first.valid_time) == (variable, value, datetime(2024, 9, 20, 0, tzinfo=UTC))
    assert first.window == (None if hours is None else timedelta(hours=hours))
    assert (second.station, second.value) == ("58366", 1.5)


@pytest.mark.parametrize("width", [24, 26])
def test_a_surface_plot_with_and_without_the_changes_of_a_day(tmp_path: Path, width: int) -> None:
    #      id    lon   lat  alt grade cloud dir speed p dp w1 w2 rain low h_cl dew vis now T  mid high 1  2
    line = "{} 121.4 31.4 9 1 8 90 5 117 9999 2 2 {} 34 8 6 12.5 4.5 10 25.3 9999 9999 9999 9999" + " -1.5 3" * (width == 26) + "\n"
    text = "diamond 1 地面\n24 9 20 8 2\n" + line.format("58362", "3.5") + line.format("58361", "9999")
    found = {(one.station, one.variable): (one.value, one.units, one.window) for one in contents(written(tmp_path, text)).observations}
    assert found["58362", "rain"] == (3.5, "mm", timedelta(hours=6))
    assert ("58361", "rain") not in found
    assert found["58361", "dew_point_temperature"][:2] == (12.5, "degC")
    assert found["58361", "visibility"][:2] == (4500.0, "m")
    assert found["58361", "air_temperature"][0] == 25.3
    assert found["58362", "wind_from_direction"][0] == 90.0


@pytest.mark.parametrize(("level", "told"), [("0", ""), ("1", "1 m"), ("10", "10 m"), ("11", "11 hPa"), ("850", "850 hPa")])
def test_a_level_of_up_to_ten_is_a_height_and_a_larger_one_a_pressure(tmp_path: Path, level: str, told: str) -> None:
    east, _ = contents(written(tmp_path, f"diamond 11 风\n24 9 20 8 6 {level} 1.0 1.0 121 123 30 31 3 2\n{SIX}\n-1 -2 -3 -4 -5 -6\n")).fields
    assert east.level == told


@pytest.mark.parametrize("head", [
    "1.0 1.0 121 123 30 31 3.5 2", "1.0 1.0 121 121 30 31 1 2", "0 1.0 121 121 30 31 3 2", "1.0 1.0 121 124 30 31 3 2",
    "1.0 1.0 121 123 30 33 3 2", "1.0 1.0 121 123 90 91 3 2", "1.0 1.0 121 123 -91 -90 3 2",
])  # fmt: skip
def test_a_head_whose_numbers_make_no_grid_on_earth_is_refused(tmp_path: Path, head: str) -> None:
    with pytest.raises(PartlyRead, match="make no grid"):
        contents(written(tmp_path, f"diamond 4 气温\n24 9 20 8 0 0 {head} 10 0 100 1 0\n{SIX}\n"))


def test_a_corner_off_by_less_than_half_a_step_is_rounding(tmp_path: Path) -> None:
    (field,) = contents(written(tmp_path, f"diamond 4 气温\n24 9 20 8 0 0 1.0 1.0 121 123.4 30 31.4 3 2 10 0 100 1 0\n{SIX}\n")).fields
    assert (field.grid.lon0, field.grid.dlon, field.raw_min, field.raw_max) == (121.0, 1.0, 1.0, 6.0)


def test_a_rain_whose_hours_nobody_tells_is_no_sum_yet(tmp_path: Path) -> None:
    (field,) = contents(written(tmp_path, f"diamond 4 降水\n24 9 20 8 6 0 {GRID}\n{SIX}\n")).fields
    assert (field.variable, field.window, field.statistic) == ("rain", None, "unknown")


def test_a_cyclone_beyond_the_date_line_is_west_of_it(tmp_path: Path) -> None:
    rows = "24 9 19 20 0 {} 20.7 25 985 200 60 315 25\n"
    (track,) = contents(written(tmp_path, "diamond 7 t\nA 2401 BABJ 3\n" + "".join(rows.format(lon) for lon in ("180", "190.5", "-170")))).tracks
    assert [one.lon for one in track.points] == [180.0, -169.5, -170.0]


def test_a_cyclone_row_with_hour_and_lead_swapped_is_put_right(tmp_path: Path) -> None:
    text = "diamond 7 track\nPULASAN 2414 BABJ 2\n24 9 19 20 0 122.4 30.7 25 985 200 60 315 25\n24 9 19 48 20 119.0 32.0 15 1000 9999 9999 9999 9999\n"
    (track,) = contents(written(tmp_path, text)).tracks
    now, then = track.points
    assert (now.run_time, now.valid_time) == (datetime(2024, 9, 19, 12, tzinfo=UTC),) * 2
    assert (then.run_time, then.valid_time) == (datetime(2024, 9, 19, 12, tzinfo=UTC), datetime(2024, 9, 21, 12, tzinfo=UTC))
    assert (now.vmax_ms, now.pmin_hpa, now.r7_km, now.r10_km, now.heading_deg, now.speed_kmh) == (25.0, 985.0, 200.0, 60.0, 315.0, 25.0)
    assert then.r7_km is None
    assert track.provenance.corrections == ("hour and lead had changed places in some rows",)


@pytest.mark.parametrize(("text", "error", "sentence"), [
    (f"diamond 4 气温\n24 9 20 8 0 0 {GRID}\n1 2 3 4\n", Truncated, "the head says 1 x 6 values and 4 follow; fetch it again"),
    ("diamond 4 气温\n24 9 20 8 0 0 1.0 1.0 121\n", Truncated, "ends within the head of diamond 4; fetch it again"),
    (f"diamond 4 气温\n24 9 20 8 0 0 {GRID}\n1 2 3 4 5 6 7\n", PartlyRead, "says 1 x 6 values and 7 follow"),
    (f"diamond 4 气温\n24 9 20 8 0 0 {GRID}\n1 2 3 4 5 x\n", PartlyRead, "a value is no number .*fetch it again"),
    (f"diamond 4 气温\n24 13 20 8 0 0 {GRID}\n{SIX}\n", PartlyRead, "24 13 20 8 is no date"),
    ("diamond 4 气温\n24 9 20 8 0 0 1.0 1.0 121 123 30 31 7 9 10 0 100 1 0\n1 2\n", PartlyRead, "steps and corners of its head make no grid"),
    ("diamond 3 降水\n24 9 20 8 5 0 0 0 0\n1 1\n58362 121 31 9 1\n", PartlyRead, "neither level 5 nor the title '降水' tells what is measured"),
    ("diamond 7 x\nPULASAN 2414 BABJ 2\n24 9 19 20 0 122.4 30.7 25 985 200 60 315 25\n24 9", Truncated, r"PULASAN \(BABJ\) should have 2 positions, 1 are whole"),
    ("diamond 7 x\nPULASAN 2414 BABJ 1\n24 9 19 20 0 22.4 130.7 25 985 200 60 315 25\n", PartlyRead, "22.4, 130.7 is not on Earth"),
    ("diamond 7 x\nPULASAN 2414 BABJ 0\n", PartlyRead, "PULASAN has 0 positions"),
    ("diamond 7 x\nPULASAN 2414 BABJ 1\n24 9 19 20 0 361 30.7 25 985 200 60 315 25\n", PartlyRead, "361, 30.7 is not on Earth"),
    ("diamond 7 x\nPULASAN 2414 BABJ 1\n24 9 19 20 0 122.4 30.7 25 985 200 60 315 25\nBEBINCA 2413", Truncated, "within the head of cyclone 2"),
    (f"diamond 3 气温\n24 9 20 8 5 {CONTOURS} 1 2\n58362 121 31 9 1\n58361 121 31", Truncated, "says 2 stations and 1 are whole"),
    (f"diamond 3 气温\n24 9 20 8 5 {CONTOURS} 1 1\n58362 121 31 9 1 7\n", PartlyRead, "1 words follow the last of 1 stations"),
    (f"diamond 3 气温\n24 9 20 8 5 {CONTOURS} 1 1\n58362 121 31 9 x\n", PartlyRead, "station 58362: "),
    ("diamond 14 图\n1 2 3", UnknownFormat, "diamond 14 is not read here; known are 1, 3, 4, 7, 11"),
    ("diamond of the first water", UnknownFormat, "no number follows 'diamond'"),
])  # fmt: skip
def test_a_damaged_file_says_what_is_wrong_and_what_to_do(tmp_path: Path, text: str, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        contents(written(tmp_path, text))


def test_of_a_plot_that_is_cut_the_whole_stations_are_read(tmp_path: Path) -> None:
    line = "58362 121.4 31.4 9 1 8 90 5 9999 9999 2 2 9999 34 8 6 9999 9999 10 25.3 9999 9999 9999 9999\n"
    path = written(tmp_path, "diamond 1 地面\n24 9 20 8 3\n" + line * 2 + line[:30])
    readings = read(path, source="test")
    kept = [next(readings) for _ in range(6)]  # direction, speed and temperature at two stations
    with pytest.raises(Truncated, match="the head says 3 stations and 2 are whole; fetch it again"):
        next(readings)
    assert [one.variable for one in Contents.of(kept).observations] == ["wind_from_direction", "wind_speed", "air_temperature"] * 2


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/data")
def test_the_real_surface_plot_has_baoshan_at_12_3_degrees() -> None:
    observations = contents(SAMPLES / "20032714.000").observations
    baoshan = {one.variable: one for one in observations if one.station == "58362"}
    assert baoshan["air_temperature"].value == 12.3
    assert baoshan["air_temperature"].valid_time == datetime(2020, 3, 27, 6, tzinfo=UTC)  # 14 h in Beijing
    assert sum(one.variable == "wind_speed" for one in observations) == 6644  # each row tells one; ships share numbers


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/data")
def test_the_two_peers_grids_are_of_the_same_run_and_valid_time() -> None:
    (rain,) = contents(SAMPLES / "gfs_2011100800_072_tp6h.m4").fields
    east, north = contents(SAMPLES / "gfs_2011100808_072_uv850.m11").fields
    assert {field.run_time for field in (rain, east, north)} == {datetime(2011, 10, 8, 0, tzinfo=UTC)}
    assert {field.valid_time for field in (rain, east, north)} == {datetime(2011, 10, 11, 0, tzinfo=UTC)}
    assert (rain.raw_max, rain.window, rain.grid) == (38.5, timedelta(hours=6), east.grid)
