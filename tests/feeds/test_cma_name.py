"""CMA file names: made in UTC, start in Beijing time; the classic eight hours."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feeds.cma_name import parse
from feeds.format import read_fields
from feeds.run_time import from_name, run_time_of

SIX_UTC = datetime(2024, 9, 19, 6, tzinfo=UTC)
SCMOC = "Z_NWGD_C_BABJ_20240919061500_P_RFFC_SCMOC-TMP_202409191400_24003"
OpenNc = Callable[..., Any]
Write = Callable[..., Path]


@pytest.mark.parametrize(("name", "centre", "made", "run", "analysis"), [
    (f"{SCMOC}.GRB2", "BABJ", datetime(2024, 9, 19, 6, 15, tzinfo=UTC), SIX_UTC, None),
    ("Z_NWGD_C_BCSH_20240919061500_P_RFFC_SPHC-ER01_202409191400_02401.GRB2", "BCSH", datetime(2024, 9, 19, 6, 15, tzinfo=UTC), SIX_UTC, None),
    ("Z_SURF_C_BABJ_20240919061233_P_CMPA_RT_CHN_0P01_HOR-PRE-2024091914.GRB2", "BABJ", datetime(2024, 9, 19, 6, 12, 33, tzinfo=UTC), None, SIX_UTC),
    ("Z_SURF_C_BABJ_20240919061233_P_CMPA_RT_CHN_0P01_MIN-PRE-202409191430.GRB2", "BABJ", datetime(2024, 9, 19, 6, 12, 33, tzinfo=UTC), None,
     datetime(2024, 9, 19, 6, 30, tzinfo=UTC)),
    ("Z_NAFP_C_BABJ_20240919060000_P_CMA-GEPS-GLB-024.grib2", "BABJ", SIX_UTC, SIX_UTC, None),
])  # fmt: skip
def test_made_is_utc_and_start_is_beijing(
    name: str, centre: str, made: datetime, run: datetime | None, analysis: datetime | None
) -> None:
    told = parse(name)
    assert told is not None
    assert (told.centre, told.made, told.run, told.analysis) == (centre, made, run, analysis)


@pytest.mark.parametrize("name", ["rain_20240919T1400Z.nc", "Z_NWGD_C_BABJ_20241319061500_P_X_202409191400_24003.GRB2", "Z_SEVP.TXT"])
def test_other_names_tell_nothing(name: str) -> None:
    assert parse(name) is None


def test_two_in_the_afternoon_in_the_name_is_six_utc_and_not_fourteen() -> None:
    assert from_name(f"{SCMOC}.GRB2") == SIX_UTC


def written(open_nc: OpenNc, name: str, *, hours: float) -> None:
    """A field valid so many hours after midnight UTC of the 19th, without a run."""
    nc = open_nc(name)
    nc.dim("time", [hours], units="hours since 2024-09-19 00:00:00")
    nc.var("t2m", ("time", "lat", "lon"), [[[20.0] * 3] * 2], units="degC")
    nc.file.close()


def test_a_file_without_a_run_is_dated_by_its_name(open_nc: OpenNc, tmp_path: Path) -> None:
    written(open_nc, f"{SCMOC}.nc", hours=9)
    (field,) = read_fields(tmp_path / f"{SCMOC}.nc", source="scmoc")
    assert (field.run_time, field.lead) == (SIX_UTC, timedelta(hours=3))
    assert field.provenance.corrections == ("run 2024-09-19 06:00 UTC from the file's name (Beijing time there), the file has none",)
    assert run_time_of(tmp_path / f"{SCMOC}.nc") == SIX_UTC


@pytest.mark.parametrize(("hours", "suspicions"), [
    (6, ()), (14, ("the file says 2024-09-19 14:00 UTC and its name 2024-09-19 06:00 UTC; eight hours apart: "
                   "Beijing time and UTC were mixed in one of them; ask the issuer which is right",)),
])  # fmt: skip
def test_an_analysis_is_of_the_hour_in_its_name(open_nc: OpenNc, tmp_path: Path, hours: float, suspicions: tuple[str, ...]) -> None:
    name = "Z_SURF_C_BABJ_20240919061233_P_CMPA_RT_CHN_0P01_HOR-TMP-2024091914.nc"
    written(open_nc, name, hours=hours)
    (field,) = read_fields(tmp_path / name, source="cmpa")
    assert (field.valid_time.hour, field.provenance.suspicions) == (hours, suspicions)


def test_a_field_of_the_start_itself_is_its_first(open_nc: OpenNc, tmp_path: Path) -> None:
    written(open_nc, f"{SCMOC}.nc", hours=6)
    (field,) = read_fields(tmp_path / f"{SCMOC}.nc", source="scmoc")
    assert (field.run_time, field.lead, field.provenance.suspicions) == (SIX_UTC, timedelta(0), ())


def test_a_valid_time_before_the_start_of_the_name_is_suspicious(open_nc: OpenNc, tmp_path: Path) -> None:
    written(open_nc, f"{SCMOC}.nc", hours=1)
    (field,) = read_fields(tmp_path / f"{SCMOC}.nc", source="scmoc")
    assert "lies before the start 06:00 UTC of its name" in field.provenance.suspicions[0]


@pytest.mark.parametrize(("clock", "suspicions"), [
    (600, ()), (1400, ("the file says 2024-09-19 14:00 UTC and its name 2024-09-19 06:00 UTC; eight hours apart: "
                       "Beijing time and UTC were mixed in one of them; ask the issuer which is right",)),
])  # fmt: skip
def test_a_run_that_contradicts_the_name_is_kept_and_suspicious(
    write_grib: Write, grib_field: Any, clock: int, suspicions: tuple[str, ...]
) -> None:
    path = write_grib(f"{SCMOC}.GRB2", grib_field([280.0] * 6, {"dataTime": clock}))
    (field,) = read_fields(path, source="scmoc")
    assert field.run_time == datetime(2024, 9, 19, clock // 100, tzinfo=UTC)
    assert field.provenance.suspicions == suspicions
