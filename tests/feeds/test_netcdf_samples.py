"""The collected NetCDF files: each is read, or refused by name in a sentence that tells the mend."""

from pathlib import Path

import pytest

from feeds.errors import PartlyRead
from feeds.inventory import FieldRow, inventory, rows

SAMPLES = Path(__file__).parents[2] / "../shared/data/gridded/netcdf"

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/data")


def told(row: FieldRow) -> tuple[str, str, str, str, str]:
    return row.variable, row.units, row.statistic, row.level, row.grid


@pytest.mark.parametrize(("name", "expected"), [
    ("cordex.nc", [("wind_speed", "m s-1", "mean", "10 m", "rotated_ll 19x15")] * 2),
    ("era5_2t_1.nc", [("air_temperature", "degC", "instant", "2 m", "regular_ll 9x18 20° -80..80N -180..160E")]),
    ("rotated_pole.nc", [("sea_level_pressure", "Pa", "instant", "", "rotated_ll 22x36")]),
    ("test_single.nc", [("air_temperature", "degC", "instant", "2 m", "regular_ll 7x12 30° -90..90N -180..150E")]),
    ("toa_brightness_stereographic.nc", [("data", "K", "instant", "", "stereographic 160x256")]),
    ("test4.nc", [(name, units, "instant", level, "regular_ll 181x360 1° -90..90N -180..179E")
                  for name, units in (("air_temperature", "degC"), ("z", "m2 s-2")) for level in ("500 hPa", "850 hPa")]),
])  # fmt: skip
def test_a_sample_is_read(name: str, expected: list[tuple[str, str, str, str, str]]) -> None:
    assert [told(row) for row in inventory(SAMPLES / name) if isinstance(row, FieldRow)] == expected


def test_a_daily_mean_is_24_hours_long_and_ends_at_midnight() -> None:
    row = inventory(SAMPLES / "cordex.nc")[0]
    assert isinstance(row, FieldRow)
    assert (row.window_h, row.valid_time) == (24.0, "2006-01-02T00:00:00+00:00")


@pytest.mark.parametrize(("name", "faults"), [("china-dem.nc", ["dem"]), ("china-temp.nc", ["temp"]), ("china-wind.nc", ["u", "v"])])
def test_a_sample_without_time_and_units_is_refused_by_name(name: str, faults: list[str]) -> None:
    with pytest.raises(PartlyRead) as caught:
        list(rows(SAMPLES / name))
    assert [fault.split(";")[0] for fault in caught.value.faults] == [f"variable '{fault}' has no time and no units" for fault in faults]


def test_no_sample_is_left_out() -> None:
    known = {"cordex.nc", "era5_2t_1.nc", "rotated_pole.nc", "test_single.nc", "toa_brightness_stereographic.nc", "test4.nc",
             "china-dem.nc", "china-temp.nc", "china-wind.nc"}  # fmt: skip
    assert {path.name for path in SAMPLES.glob("*.nc")} == known
