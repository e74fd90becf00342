"""CF NetCDF in small: 2 x 3 cells at 30-31 N, 121-123 E, values 0..5 from the south-west."""

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feeds import netcdf
from feeds.errors import PartlyRead, Truncated
from feeds.format import read, read_fields
from geo.field import GridField

Open = Callable[..., Any]
SIX = np.arange(6.0).reshape(2, 3)
HOURS = "hours since 2024-09-19 00:00:00"
NOON = datetime(2024, 9, 19, 12, tzinfo=UTC)
MINUTES = timedelta(minutes=1)


def fields_of(nc: Any) -> list[GridField]:
    path = Path(nc.file.filepath())
    nc.file.close()
    return list(netcdf.read(path, source="test"))


def refusal_of(nc: Any) -> str:
    path = Path(nc.file.filepath())
    nc.file.close()
    with pytest.raises(PartlyRead) as caught:
        list(read(path, source="test"))
    return str(caught.value)


def test_our_neutral_schema_is_read_by_its_names(open_nc: Open) -> None:
    nc = open_nc("shanghai.nc")
    nc.file.setncatts({"issuer": "SMB", "product": "QPE", "version": "1"})
    nc.dim("time", [12.0], units=HOURS)
    for name, units in (("rain_10min", "mm"), ("rain_1h", "mm"), ("wind_10m", "m s-1"), ("gust_10m", "m s-1"), ("t2m", "degC"), ("rh2m", "%"), ("vis", "m")):
        nc.var(name, ("time", "lat", "lon"), SIX[None], units=units)
    fields = fields_of(nc)
    assert [(field.variable, field.units, field.window, field.statistic, field.level) for field in fields] == [
        ("rain", "mm", 10 * MINUTES, "sum", ""),
        ("rain", "mm", 60 * MINUTES, "sum", ""),
        ("wind_speed", "m s-1", None, "instant", "10 m"),
        ("wind_gust", "m s-1", None, "instant", "10 m"),
        ("air_temperature", "degC", None, "instant", "2 m"),
        ("relative_humidity", "%", None, "instant", "2 m"),
        ("visibility", "m", None, "instant", ""),
    ]
    assert {(field.run_time, field.valid_time) for field in fields} == {(NOON, NOON)}
    assert [field.provenance.index for field in fields] == [1, 2, 3, 4, 5, 6, 7]
    assert dict(fields[0].provenance.original)["issuer"] == "SMB"
    assert fields[0].values.tolist() == SIX.tolist()
    assert fields[0].values.dtype == np.float32


def test_time_beside_a_lead_is_the_runs_and_each_lead_is_a_field(open_nc: Open) -> None:
    nc = open_nc("nowcast.nc")
    nc.dim("time", [12.0], units=HOURS)
    nc.dim("lead", [0, 10, 20], kind="i4", units="minutes")
    nc.var("rain_10min", ("time", "lead", "lat", "lon"), np.stack([SIX, SIX + 10, SIX + 20])[None], units="mm")
    fields = fields_of(nc)
    assert [field.lead / MINUTES for field in fields] == [0, 10, 20]
    assert {field.run_time for field in fields} == {NOON}
    assert [float(field.values[0, 0]) for field in fields] == [0, 10, 20]


def test_a_lead_without_units_is_in_minutes(open_nc: Open) -> None:
    nc = open_nc("nowcast.nc")
    nc.dim("time", [12.0], units=HOURS)
    nc.dim("lead", [30], kind="i4")
    nc.var("vis", ("time", "lead", "lat", "lon"), SIX[None, None], units="m")
    assert fields_of(nc)[0].lead == 30 * MINUTES


def test_a_forecast_with_a_reference_time_keeps_both_times(open_nc: Open) -> None:
    nc = open_nc("cf.nc")
    nc.dim("time", [12.0, 18.0], units=HOURS, standard_name="time")
    nc.var("ref", (), 6.0, kind="f8", units=HOURS, standard_name="forecast_reference_time")
    nc.var("t2m", ("time", "lat", "lon"), np.stack([SIX, SIX]), units="K", coordinates="ref")
    assert [(field.run_time.hour, field.valid_time.hour) for field in fields_of(nc)] == [(6, 12), (6, 18)]


def test_bounds_give_the_window_and_its_end_is_the_valid_time(open_nc: Open) -> None:
    nc = open_nc("daily.nc")
    nc.dim("time", [12.0], units=HOURS, bounds="time_bnds")
    nc.file.createDimension("bnds", 2)
    nc.var("time_bnds", ("time", "bnds"), [[0.0, 24.0]], kind="f8")
    nc.var("tmax", ("time", "lat", "lon"), SIX[None], units="K", cell_methods="area: mean time: maximum")
    (field,) = fields_of(nc)
    assert (field.window, field.statistic) == (timedelta(hours=24), "max")
    assert field.valid_time == datetime(2024, 9, 20, tzinfo=UTC)


def test_our_own_attributes_tell_window_and_statistic(open_nc: Open) -> None:
    nc = open_nc("own.nc")
    nc.dim("time", [12.0], units=HOURS)
    nc.var("gust_10m", ("time", "lat", "lon"), SIX[None], units="m s-1", window_minutes=10, statistic="max")
    (field,) = fields_of(nc)
    assert (field.window, field.statistic) == (10 * MINUTES, "max")


def test_members_and_pressure_levels_are_fields_of_their_own(open_nc: Open) -> None:
    nc = open_nc("eps.nc")
    nc.dim("time", [12.0], units=HOURS)
    nc.dim("number", [0, 1], kind="i4", standard_name="realization")
    nc.dim("plev", [85000.0, 50000.0], units="Pa", positive="down")
    nc.var("t", ("time", "number", "plev", "lat", "lon"), np.zeros((1, 2, 2, 2, 3)), units="K", standard_name="air_temperature")
    assert [(field.member, field.level) for field in fields_of(nc)] == [(0, "850 hPa"), (0, "500 hPa"), (1, "850 hPa"), (1, "500 hPa")]


def test_rows_from_north_and_columns_before_rows_are_turned_round(open_nc: Open) -> None:
    nc = open_nc("north.nc", bare=True)
    nc.dim("lon", [121.0, 122.0, 123.0], units="degrees_east")
    nc.dim("lat", [31.0, 30.0], units="degrees_north")
    nc.dim("time", [12.0], units=HOURS)
    nc.var("vis", ("time", "lon", "lat"), SIX[::-1].T[None], units="m")
    (field,) = fields_of(nc)
    assert field.values.tolist() == SIX.tolist()
    assert (field.grid.lat0, field.grid.lon0) == (30.0, 121.0)


def test_longitudes_from_0_to_360_start_at_the_date_line(open_nc: Open) -> None:
    nc = open_nc("globe.nc", bare=True)
    nc.dim("lat", [-45.0, 45.0], units="degrees_north")
    nc.dim("lon", [0.0, 90.0, 180.0, 270.0], units="degrees_east")
    nc.dim("time", [12.0], units=HOURS)
    nc.var("vis", ("time", "lat", "lon"), [[[0, 90, 180, 270]] * 2], units="m")
    (field,) = fields_of(nc)
    assert field.grid.lon0 == -180.0
    assert field.values[0].tolist() == [180, 270, 0, 90]


def test_coordinates_in_single_precision_are_meant_as_the_decimals_they_show(open_nc: Open) -> None:
    nc = open_nc("km.nc", bare=True)
    nc.dim("lat", list(np.float32(30.6) + np.arange(131, dtype=np.float32) * np.float32(0.01)), kind="f4", units="degrees_north")
    nc.dim("lon", list(np.float32(120.8) + np.arange(141, dtype=np.float32) * np.float32(0.01)), kind="f4", units="degrees_east")
    nc.dim("time", [12.0], units=HOURS)
    nc.var("vis", ("time", "lat", "lon"), np.zeros((1, 131, 141)), units="m")
    grid = fields_of(nc)[0].grid
    assert (grid.lat0, grid.lon0, grid.dlat, grid.dlon) == (30.6, 120.8, 0.01, 0.01)


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF4"])
def test_packed_integers_are_unpacked_and_their_fill_is_nan(open_nc: Open, kind: str) -> None:
    nc = open_nc("packed.nc", kind=kind)
    nc.dim("time", [12.0], units=HOURS)
    nc.var("t2m", ("time", "lat", "lon"), [[[0, 1, 2], [3, 4, -32767]]], kind="i2", fill=-32767, units="K", scale_factor=0.5, add_offset=280.0)
    (field,) = fields_of(nc)
    assert field.missing_count == 1
    assert (field.raw_min, field.raw_max) == (280.0, 282.0)
    assert field.values[0].tolist() == [280.0, 280.5, 281.0]
    assert math.isnan(field.values[1, 2])


def test_values_outside_the_valid_range_and_never_written_ones_are_missing(open_nc: Open) -> None:
    nc = open_nc("range.nc")
    nc.dim("time", [12.0], units=HOURS)
    nc.var("vis", ("time", "lat", "lon"), [[[0, 1, 2], [3, -1, 9.969209968386869e36]]], units="m", valid_min=np.float32(0))
    assert fields_of(nc)[0].missing_count == 2


def test_other_grids_keep_kind_and_shape(open_nc: Open) -> None:
    nc = open_nc("other.nc", bare=True)
    nc.dim("rlat", [0.0, 1.0], units="degrees", standard_name="grid_latitude")
    nc.dim("rlon", [0.0, 1.0, 2.0], units="degrees", standard_name="grid_longitude")
    nc.var("pole", (), 0, kind="i4", grid_mapping_name="rotated_latitude_longitude")
    nc.var("time", (), 12.0, kind="f8", units=HOURS)
    nc.var("vis", ("rlat", "rlon"), SIX, units="m", grid_mapping="pole")
    (field,) = fields_of(nc)
    assert (field.grid.kind, field.grid.shape, field.valid_time) == ("rotated_ll", (2, 3), NOON)


def test_latitudes_in_two_dimensions_are_a_curvilinear_grid(open_nc: Open) -> None:
    nc = open_nc("curved.nc", bare=True)
    nc.file.createDimension("j", 2)
    nc.file.createDimension("i", 3)
    nc.var("nav_lat", ("j", "i"), SIX, units="degrees_north")
    nc.var("nav_lon", ("j", "i"), SIX, units="degrees_east")
    nc.var("time", (), 12.0, kind="f8", units=HOURS)
    nc.var("vis", ("j", "i"), SIX, units="m", coordinates="nav_lat nav_lon")
    (field,) = fields_of(nc)
    assert (field.grid.kind, field.grid.shape) == ("curvilinear", (2, 3))


def test_uneven_latitudes_are_no_regular_grid(open_nc: Open) -> None:
    nc = open_nc("uneven.nc", bare=True)
    nc.dim("lat", [30.0, 31.0, 33.0], units="degrees_north")
    nc.dim("lon", [121.0, 122.0], units="degrees_east")
    nc.dim("time", [12.0], units=HOURS)
    nc.var("vis", ("time", "lat", "lon"), np.zeros((1, 3, 2)), units="m")
    assert fields_of(nc)[0].grid.kind == "irregular_ll"


def test_a_variable_without_units_is_refused_by_name_and_the_others_are_read(open_nc: Open) -> None:
    nc = open_nc("nounits.nc")
    nc.dim("time", [12.0, 13.0], units=HOURS)
    nc.var("rain_1h", ("time", "lat", "lon"), np.stack([SIX, SIX]))
    nc.var("vis", ("time", "lat", "lon"), np.stack([SIX, SIX]), units="m")
    path = Path(nc.file.filepath())
    nc.file.close()
    seen: list[str] = []
    with pytest.raises(PartlyRead, match=r"nounits.nc: 1 fault.*variable 'rain_1h' \(rain\) has no units; ask the issuer .* or say set_units") as caught:
        seen.extend(field.variable for field in read_fields(path, source="test"))
    assert seen == ["visibility", "visibility"]
    assert len(caught.value.faults) == 1


def test_a_unit_of_something_else_is_refused(open_nc: Open) -> None:
    nc = open_nc("wrong.nc")
    nc.dim("time", [12.0], units=HOURS)
    nc.var("rain_1h", ("time", "lat", "lon"), SIX[None], units="K")
    assert "one is a temperature, the other a length" in refusal_of(nc)


@pytest.mark.parametrize(("times", "attributes", "sentence"), [
    ([12.0, 11.0], {"units": HOURS}, "axis 'time' is not sorted (after 12 it goes back)"),
    ([12.0, 12.0], {"units": HOURS}, "axis 'time' has the value 12 twice"),
    ([12.0, 13.0], {"units": HOURS, "calendar": "noleap"}, "calendar 'noleap' has other days than ours"),
    ([12.0, 13.0], {"units": "months since 2024-01-01", "calendar": "360_day"}, "calendar '360_day'"),
    ([12.0, 13.0], {"units": "months since 2024-01-01"}, "'months' is no unit of time"),
    ([12.0, 13.0], {"units": "fortnight"}, "time unit 'fortnight' is not '<unit> since <date>'"),
    ([12.0, math.nan], {"units": HOURS}, "axis 'time' has missing values"),
])  # fmt: skip
def test_a_time_axis_that_cannot_be_believed_is_refused_by_name(
    open_nc: Open, times: list[float], attributes: dict[str, str], sentence: str
) -> None:
    nc = open_nc("time.nc")
    nc.dim("time", times, **attributes)
    nc.var("vis", ("time", "lat", "lon"), np.stack([SIX, SIX]), units="m")
    assert sentence in refusal_of(nc)


def test_a_variable_without_time_is_refused(open_nc: Open) -> None:
    nc = open_nc("dem.nc")
    nc.var("dem", ("lat", "lon"), SIX)
    assert "variable 'dem' has no time and no units; give the file a time coordinate" in refusal_of(nc)


def test_a_dimension_that_nobody_knows_is_refused_by_name(open_nc: Open) -> None:
    nc = open_nc("odd.nc")
    nc.dim("time", [12.0], units=HOURS)
    nc.file.createDimension("quantile", 2)
    nc.var("vis", ("time", "quantile", "lat", "lon"), np.zeros((1, 2, 2, 3)), units="m")
    assert "variable 'vis' has a dimension 'quantile' that is neither time, lead, level nor member" in refusal_of(nc)


def test_a_table_of_stations_is_refused_as_no_grid(open_nc: Open) -> None:
    nc = open_nc("stations.nc", bare=True)
    nc.dim("time", [12.0], units=HOURS)
    nc.file.createDimension("station", 4)
    nc.var("vis", ("time", "station"), np.zeros((1, 4)), units="m")
    assert "variable 'vis' has no latitude and longitude (dimensions time, station)" in refusal_of(nc)


@pytest.mark.parametrize("kind", ["NETCDF4", "NETCDF3_CLASSIC"])
def test_a_file_cut_off_is_told_as_such(open_nc: Open, kind: str) -> None:
    nc = open_nc("cut.nc", kind=kind)
    nc.dim("time", [12.0], units=HOURS)
    nc.var("vis", ("time", "lat", "lon"), SIX[None], units="m")
    path = Path(nc.file.filepath())
    nc.file.close()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(Truncated, match=r"cut.nc: .*fetch (it|the file) again") as caught:
        list(read(path, source="test"))
    assert caught.value.retry
