"""Bad input, and the very words that an operator reads: what is wrong, where, and what to do."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from feeds.errors import PartlyRead
from feeds.format import read, read_fields
from feeds.override import load
from feeds.reading import Reading
from geo.field import GridField
from geo.overlay import OverlayError, overlay
from geo.zone import Zone

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "../shared/data/gridded"
SHIPPED = ROOT / "config/overrides.yaml"
Open = Callable[..., Any]
Write = Callable[..., Path]
SQUARE = (Zone(code="310115", name_zh="浦东", name_en="Pudong", level="district", parent="310000", geometry=shapely.box(121, 30, 123, 31)),)


def all_of(path: Path) -> tuple[list[Reading], str]:
    """What can be read, and what is said of the rest."""
    readings: list[Reading] = []
    try:
        for reading in read(path, source="bad", overrides=load(SHIPPED)):
            readings.append(reading)
    except PartlyRead as fault:
        return readings, str(fault)
    return readings, ""


def rain(open_nc: Open, tmp_path: Path, *, times: object = (1.0, 2.0), since: str = "hours since 2024-09-19", **attributes: object) -> Path:
    """Two hours of rain, and what the test spoils: ``time_…`` goes to the time axis, the rest to the rain."""
    nc = open_nc("bad.nc")
    axis = {name.removeprefix("time_"): attributes.pop(name) for name in list(attributes) if name.startswith("time_")}
    nc.dim("time", times, units=since, **axis)
    nc.var("rain_1h", ("time", "lat", "lon"), np.arange(12.0).reshape(2, 2, 3), **({"units": "mm"} | attributes))
    nc.file.close()
    return tmp_path / "bad.nc"


@pytest.mark.parametrize(("spoilt", "sentence"), [
    ({"units": ""}, "variable 'rain_1h' (rain) has no units; ask the issuer for a units attribute, or say set_units for this source in config/overrides.yaml"),
    ({"units": "K"}, "variable 'rain_1h' (rain): cannot convert 'K' to 'mm': one is a temperature, the other a length"),
    ({"times": (2.0, 1.0)}, "axis 'time' is not sorted (after 2 it goes back); sort it in the transfer"),
    ({"times": (1.0, 1.0)}, "axis 'time' has the value 1 twice; which field holds then cannot be told"),
    ({"times": (1.0, math.nan)}, "axis 'time' has missing values; mend the file"),
    ({"time_calendar": "noleap"}, "calendar 'noleap' has other days than ours; convert the time axis to 'standard' first"),
    ({"time_calendar": "360_day"}, "calendar '360_day' has other days than ours; convert the time axis to 'standard' first"),
    ({"since": "months since 2024-01-01"}, "'months' is no unit of time; write seconds, minutes, hours or days"),
])  # fmt: skip
def test_a_header_that_cannot_be_believed_is_refused_in_these_words(
    open_nc: Open, tmp_path: Path, spoilt: dict[str, Any], sentence: str
) -> None:
    readings, said = all_of(rain(open_nc, tmp_path, **spoilt))
    assert readings == []
    assert sentence in said


def test_rain_in_metres_that_is_called_millimetres_and_the_reverse_are_suspected(open_nc: Open, tmp_path: Path) -> None:
    nc = open_nc("bad.nc")
    nc.dim("time", [1.0], units="hours since 2024-09-19")
    nc.var("rain_1h", ("time", "lat", "lon"), [[[0, 1, 2], [3, 4, 50]]], units="m")
    nc.file.close()
    (field,), _ = all_of(tmp_path / "bad.nc")
    assert field.provenance.suspicions == ("2 of 6 values lie outside 0 to 3000 mm (0 to 50000); look for a wrong unit",)


def test_a_grid_that_starts_at_greenwich_or_in_the_north_has_the_same_value_at_shanghai(tmp_path: Path, open_nc: Open) -> None:
    values = []
    for name, lats, lons in (("a.nc", [30.0, 31.0], [-180.0, -90.0, 0.0, 90.0]), ("b.nc", [31.0, 30.0], [0.0, 90.0, 180.0, 270.0])):
        nc = open_nc(name, bare=True)
        nc.dim("lat", lats, units="degrees_north")
        nc.dim("lon", lons, units="degrees_east")
        nc.dim("time", [1.0], units="hours since 2024-09-19")
        there = [[lat * 1000 + lon % 360 for lon in lons] for lat in lats]  # its own place, told by the value
        nc.var("visibility", ("time", "lat", "lon"), [there], units="m", standard_name="visibility_in_air")
        nc.file.close()
        (field,) = read_fields(tmp_path / name, source="bad")
        values.append((field.grid, field.values.tolist()))
    assert values[0] == values[1]
    grid, rows = values[0]
    assert (grid.lat0, grid.lon0, rows[0][3]) == (30.0, -180.0, 30_090.0)  # 30° N, 90° E


def test_packed_integers_with_a_fill_are_values_and_unknown_never_minus_three_thousand(open_nc: Open, tmp_path: Path) -> None:
    nc = open_nc("bad.nc")
    nc.dim("time", [1.0], units="hours since 2024-09-19")
    nc.var("rain_1h", ("time", "lat", "lon"), [[[0, 10, 20], [-32767, 40, 50]]], kind="i2", fill=-32767, units="mm", scale_factor=0.1)
    nc.file.close()
    (field,) = read_fields(tmp_path / "bad.nc", source="bad")
    assert (field.raw_min, field.raw_max, field.missing_count) == (0.0, 5.0, 1)
    assert math.isnan(field.values[1, 0])


def test_a_rotated_grid_is_read_for_the_inventory_and_refused_for_zones_by_name(open_nc: Open, tmp_path: Path) -> None:
    nc = open_nc("bad.nc", bare=True)
    nc.dim("rlat", [0.0, 1.0], standard_name="grid_latitude", units="degrees")
    nc.dim("rlon", [0.0, 1.0, 2.0], standard_name="grid_longitude", units="degrees")
    nc.dim("time", [1.0], units="hours since 2024-09-19")
    nc.var("crs", (), 0, kind="i4", grid_mapping_name="rotated_latitude_longitude")
    nc.var("rain_1h", ("time", "rlat", "rlon"), [[[0, 1, 2], [3, 4, 5]]], units="mm", grid_mapping="crs")
    nc.file.close()
    (field,) = read_fields(tmp_path / "bad.nc", source="bad")
    assert field.grid.describe() == "rotated_ll 2x3"
    with pytest.raises(OverlayError, match="a rotated_ll grid cannot be laid over zones, only regular_ll; regrid the source to regular_ll"):
        overlay(field.grid, SQUARE)


ENSEMBLE = {"productDefinitionTemplateNumber": 1, "numberOfForecastsInEnsemble": 3}


def test_a_member_that_is_missing_at_one_time_is_named(write_grib: Write, grib_field: Any) -> None:
    made = [grib_field([280.0] * 6, {**ENSEMBLE, "perturbationNumber": member, "step": step})
            for step in (3, 6) for member in (0, 1, 2) if (member, step) != (1, 6)]
    readings, said = all_of(write_grib("ens.grib2", *made))
    assert len(readings) == 5
    assert ("variable 'ground_temperature': member 1 of 3 is missing at 2024-09-19 18:00 UTC; probabilities are of those that are there, "
            "fetch the file again") in said


def test_fewer_members_than_the_file_says_are_told(write_grib: Write, grib_field: Any) -> None:
    made = [grib_field([280.0] * 6, {**ENSEMBLE, "perturbationNumber": member}) for member in (0, 2)]
    assert "variable 'ground_temperature': 2 members of 3 are there" in all_of(write_grib("ens.grib2", *made))[1]


def test_a_member_without_a_single_value_is_missing(open_nc: Open, tmp_path: Path) -> None:
    nc = open_nc("ens.nc")
    nc.dim("number", [1, 2], kind="i4", standard_name="realization")
    nc.dim("time", [1.0, 2.0], units="hours since 2024-09-19")
    values = np.zeros((2, 2, 2, 3))
    values[0, 1] = math.nan
    nc.var("t2m", ("number", "time", "lat", "lon"), values, units="degC")
    nc.file.close()
    assert "member 1 of 2 is missing at 2024-09-19 02:00 UTC" in all_of(tmp_path / "ens.nc")[1]


def test_an_ensemble_that_is_whole_says_nothing(write_grib: Write, grib_field: Any) -> None:
    made = [grib_field([280.0] * 6, {**ENSEMBLE, "perturbationNumber": member}) for member in (0, 1, 2)]
    assert all_of(write_grib("ens.grib2", *made))[1] == ""
    assert all_of(write_grib("one.grib2", made[0]))[1] == ""  # a file a member is how many are sent


def test_a_probability_of_zero_everywhere_on_earth_is_suspicious_and_unknown(write_grib: Write, grib_field: Any) -> None:
    globe = {
        "Ni": 4, "Nj": 3, "latitudeOfFirstGridPointInDegrees": 90.0, "latitudeOfLastGridPointInDegrees": -90.0,
        "longitudeOfFirstGridPointInDegrees": 0.0, "longitudeOfLastGridPointInDegrees": 270.0, "iDirectionIncrementInDegrees": 90.0,
        "jDirectionIncrementInDegrees": 90.0, "productDefinitionTemplateNumber": 9, "parameterCategory": 1, "parameterNumber": 8,
        "probabilityType": 3, "scaleFactorOfLowerLimit": 0, "scaledValueOfLowerLimit": 50, "typeOfStatisticalProcessing": 1, "stepRange": "0-24",
    }  # fmt: skip
    never, real = read_fields(write_grib("p.grib2", grib_field([0.0] * 12, globe), grib_field([0.0] * 11 + [3.0], globe)), source="geps")
    assert never.provenance.suspicions == ("the probability is 0 everywhere on Earth: the field was most likely never filled and is taken as unknown",)
    assert real.provenance.suspicions == ()


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/data")
@pytest.mark.parametrize(("lead", "suspicious"), [("024", 6), ("048", 0)])
def test_the_real_ensemble_whose_rain_probabilities_were_never_filled(lead: str, suspicious: int) -> None:
    path = SAMPLES / f"grib2/Z_NAFP_C_BABJ_20231207000000_P_CMA-GEPS-GLB-{lead}.grib2"
    fields = [one for one in all_of(path)[0] if isinstance(one, GridField) and one.variable == "rain"]
    assert sum("unknown" in suspicion for field in fields for suspicion in field.provenance.suspicions) == suspicious
    assert len(fields) == 6
    assert {field.run_time for field in fields} == {datetime(2023, 12, 7, tzinfo=UTC)}  # as its name says: no suspicion of that


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/data")
@pytest.mark.parametrize(("name", "kind"), [
    ("netcdf/cordex.nc", "rotated_ll"), ("netcdf/rotated_pole.nc", "rotated_ll"), ("netcdf/toa_brightness_stereographic.nc", "stereographic"),
    ("grib2/lambert_grid.grib", "lambert"), ("grib2/reduced_gg.grib", "reduced_gg"),
])  # fmt: skip
def test_real_grids_of_other_kinds_are_refused_for_zones_by_name(name: str, kind: str) -> None:
    field = next(one for one in all_of(SAMPLES / name)[0] if isinstance(one, GridField))
    with pytest.raises(OverlayError, match=f"a {kind} grid cannot be laid over zones"):
        overlay(field.grid, SQUARE)
