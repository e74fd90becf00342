"""CSV and JSON station feeds by their mapping; what a wrong mapping and a wrong row say."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from feeds.errors import FeedError, PartlyRead, Truncated
from feeds.format import read
from feeds.inventory import inventory
from feeds.reading import Contents
from feeds.table import Table
from feeds.tally import StationRow
from geo.observation import Quality

SAMPLES = Path(__file__).parents[2] / "../shared/data/stations"
RAIN = {"name": "R10", "variable": "rain", "units": "mm", "window_min": 10}
BASE: dict[str, Any] = {"station": "id", "lon": "x", "lat": "y", "time": "t", "time_zone": "Asia/Shanghai", "columns": [RAIN]}


def contents(path: Path, **changes: Any) -> Contents:
    return Contents.of(read(path, source="gauges", tables={"gauges": Table.model_validate(BASE | changes)}))


def csv(folder: Path, *lines: str, end: str = "\n") -> Path:
    path = folder / "gauges.csv"
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    return path


def test_a_column_becomes_observations_in_our_unit_and_utc(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,x,y,t,R10", "58362,121.44,31.39,2024-09-20 02:10:00,1.25")
    (one,) = contents(path, columns=[RAIN | {"units": "m"}]).observations
    assert (one.station, one.lon, one.lat, one.variable, one.units, one.value) == ("58362", 121.44, 31.39, "rain", "mm", 1250.0)
    assert one.valid_time == datetime(2024, 9, 19, 18, 10, tzinfo=UTC)  # ten past two in Beijing
    assert (one.window, one.statistic, one.quality) == (timedelta(minutes=10), "sum", Quality.UNCHECKED)
    assert ("name", "R10") in one.provenance.original


def test_a_time_that_tells_its_zone_keeps_it(tmp_path: Path) -> None:
    (one,) = contents(csv(tmp_path, "id,x,y,t,R10", "a,121,31,2024-09-20T02:10:00Z,1")).observations
    assert one.valid_time == datetime(2024, 9, 20, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(("form", "word"), [("epoch_s", "1726769400"), ("epoch_ms", "1726769400000"), ("%Y%m%d%H%M", "202409200210")])
def test_times_in_other_forms(tmp_path: Path, form: str, word: str) -> None:
    (one,) = contents(csv(tmp_path, "id,x,y,t,R10", f"a,121,31,{word},1"), time_format=form).observations
    assert one.valid_time == datetime(2024, 9, 19, 18, 10, tzinfo=UTC)


def test_a_word_for_no_value_is_no_observation_and_zero_is_one(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,x,y,t,R10", "a,121,31,2024-09-20 02:10,9999", "b,121,31,2024-09-20 02:10,", "c,121,31,2024-09-20 02:10,0")
    assert [(one.station, one.value) for one in contents(path).observations] == [("c", 0.0)]


def test_the_providers_quality_words_become_verdicts_and_stay_as_flags(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,x,y,t,R10,q", *(f"{name},121,31,2024-09-20 02:10,1,{name}" for name in ("0", "1", "2", "7")))
    found = contents(path, columns=[RAIN | {"quality": "q"}], quality={"good": ["0"], "suspect": ["1"], "bad": ["2"]}).observations
    assert {one.station: (one.quality, one.flags) for one in found} == {
        "0": (Quality.GOOD, ()), "1": (Quality.SUSPECT, ("provider: 1",)), "2": (Quality.BAD, ("provider: 2",)),
        "7": (Quality.UNCHECKED, ("provider: 7",)),
    }  # fmt: skip


def test_visibility_seen_by_a_camera_is_an_observation_that_says_so(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,x,y,t,vis_m,conf", "S20-K41,121.4,31.2,2024-09-20 02:10,150,low")
    column = {"name": "vis_m", "variable": "visibility", "units": "m", "method": "camera", "quality": "conf"}
    (one,) = contents(path, columns=[column], quality={"suspect": ["low"]}).observations
    assert (one.variable, one.value, one.quality) == ("visibility", 150.0, Quality.SUSPECT)
    assert ("method", "camera") in one.provenance.original


def test_stations_without_a_place_are_looked_up(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text("station,lon,lat,h\n58362,121.44,31.39,9\n", encoding="utf-8")
    path = csv(tmp_path, "id,t,R10", "58362,2024-09-20 02:10,1", "58399,2024-09-20 02:10,1")
    places = {"path": str(tmp_path / "places.csv"), "elevation": "h"}
    readings = read(path, source="gauges", tables={"gauges": Table.model_validate(BASE | {"lon": "", "lat": "", "places": places})})
    (one,) = Contents.of([next(readings)]).observations
    assert (one.lon, one.lat, one.elevation) == (121.44, 31.39, 9.0)
    with pytest.raises(PartlyRead, match="line 3: station 58399 is not in the list of places; add it there"):
        next(readings)


def test_json_rows_are_found_by_path_and_so_are_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"returnCode": "0", "DS": [
        {"Station_Id_C": "58362", "geo": [121.44, 31.39], "Datetime": "2024-09-19 18:10:00", "p": {"PRE_10MIN": "1.5"}}]}))
    (one,) = contents(path, format="json", rows="DS", station="Station_Id_C", lon="geo.0", lat="geo.1", time="Datetime", time_zone="UTC",
                      columns=[RAIN | {"name": "p.PRE_10MIN"}]).observations
    assert (one.station, one.lon, one.value) == ("58362", 121.44, 1.5)


def test_the_inventory_counts_stations_and_shares(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,x,y,t,R10,q", "a,121,31,2024-09-20 02:10,1,", "b,121,31,2024-09-20 02:10,3,2", "a,121,31,2024-09-20 02:20,2,")
    table = Table.model_validate(BASE | {"columns": [RAIN | {"quality": "q"}], "quality": {"bad": ["2"]}})
    (row,) = inventory(path, source="gauges", tables={"gauges": table})
    assert isinstance(row, StationRow)
    assert (row.stations, row.values, row.min, row.max, row.flagged_share) == (2, 3, 1.0, 3.0, 0.333333)
    assert (row.first_time, row.last_time) == ("2024-09-19T18:10:00+00:00", "2024-09-19T18:20:00+00:00")


def test_an_absurd_gauge_is_flagged_in_the_inventory(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,x,y,t,R10", "a,121,31,2024-09-20 02:10,1", "b,121,31,2024-09-20 02:10,7000")  # 7 m of rain in ten minutes
    (row,) = inventory(path, source="gauges", tables={"gauges": Table.model_validate(BASE)})
    assert isinstance(row, StationRow)
    assert (row.max, row.flagged_share) == (7000.0, 0.5)


@pytest.mark.parametrize(("change", "sentence"), [
    ({"units": "hPa"}, "cannot convert 'hPa' to 'mm': one is a pressure, the other a length"),
    ({"units": ""}, "at least 1 character"), ({"window_min": None}, "a sum over an unknown time; give window_min"),
    ({"statistic": "instant"}, "has a window and no statistic"), ({"colour": "blue"}, "Extra inputs"),
])  # fmt: skip
def test_a_wrong_column_is_refused_at_start(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Table.model_validate(BASE | {"columns": [RAIN | change]})


def test_a_table_without_places_is_refused_at_start() -> None:
    with pytest.raises(ValidationError, match="give either both columns lon and lat, or places"):
        Table.model_validate(BASE | {"lat": ""})


@pytest.mark.parametrize(("row", "sentence"), [
    ("a,121,31,2024-09-20 02:10,much", "line 3: 'much' in column 'R10' is no number; add it to `missing`"),
    ("a,121,31,yesterday,1", "line 3: 'yesterday' is no time of the form iso; mend `time_format`"),
    ("a,31,121,2024-09-20 02:10,1", "line 3: 31, 121 is no place on Earth; longitude and latitude may have changed places"),
    (",121,31,2024-09-20 02:10,1", "line 3: names no station"), ("a,121,31", "line 3: 3 columns under 5 headings"),
    ("a,121,31,2024-09-20 02:10,inf", "line 3: 'inf' in column 'R10' is no measurement"),
])  # fmt: skip
def test_a_wrong_row_is_told_by_its_line_and_the_others_are_read(tmp_path: Path, row: str, sentence: str) -> None:
    path = csv(tmp_path, "id,x,y,t,R10", "good,121,31,2024-09-20 02:10,1", row, "last,121,31,2024-09-20 02:10,2")
    readings = read(path, source="gauges", tables={"gauges": Table.model_validate(BASE)})
    assert [one.value for one in Contents.of([next(readings), next(readings)]).observations] == [1.0, 2.0]
    with pytest.raises(PartlyRead, match=sentence):
        next(readings)


def test_of_many_wrong_rows_five_are_told(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,x,y,t,R10", *["a,121,31,2024-09-20 02:10,x"] * 9)
    with pytest.raises(PartlyRead, match=r"line 6: .* \| and 4 more row\(s\)"):
        contents(path)


def test_a_file_that_ends_within_a_row_is_fetched_again(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,x,y,t,R10", "a,121,31,2024-09-20 02:10,1", "b,121,31,20", end="")
    with pytest.raises(Truncated, match=r"gauges\.csv: ends within line 3 \(4 of 5 columns\); fetch it again"):
        contents(path)


def test_json_that_ends_too_early_is_fetched_again(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"DS": [{"id": "58362", "x": 121')
    with pytest.raises(Truncated, match="JSON that ends at line 1 before it is whole; fetch it again"):
        contents(path, format="json", rows="DS")


def test_an_error_page_of_the_server_is_no_list_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"returnCode": "-1", "returnMessage": "no right"}')
    with pytest.raises(PartlyRead, match="no list of rows at 'DS'; mend `rows`"):
        contents(path, format="json", rows="DS")


def test_a_heading_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PartlyRead, match=r"no column 'R10' in line 1 \(there is id, x, y, t, R_10M …\); mend `table`"):
        contents(csv(tmp_path, "id,x,y,t,R_10M", "a,121,31,2024-09-20 02:10,1"))


def test_without_a_table_a_json_file_says_that_one_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[]")
    with pytest.raises(FeedError, match="for a station feed give `table` in its settings"):
        list(read(path, source="gauges"))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/data")
def test_the_real_logger_of_namitambo_with_four_lines_of_heading() -> None:
    table = Table.model_validate({
        "heading": 2, "after_heading": 2, "station": "Station_ID", "lon": "Longitude", "lat": "Latitude", "elevation": "Elevation",
        "time": "TIMESTAMP", "time_zone": "Africa/Blantyre", "columns": [
            {"name": "AirTempK", "variable": "air_temperature", "units": "K"},
            {"name": "Rain_mm_Tot", "variable": "rain", "units": "mm", "window_min": 60},
            {"name": "WindGust", "variable": "wind_gust", "units": "m/s", "window_min": 10, "statistic": "max"}]})
    found = Contents.of(read(SAMPLES / "malawi_aws_2021-07-07.csv", source="aws", tables={"aws": table})).observations
    first = {one.variable: one for one in found if one.valid_time == datetime(2021, 7, 7, 14, 55, tzinfo=UTC)}
    assert first["air_temperature"].value == 15.55  # 288.7 K
    assert (first["rain"].value, first["wind_gust"].value, first["wind_gust"].elevation) == (0.0, 7.16, 806.0)
