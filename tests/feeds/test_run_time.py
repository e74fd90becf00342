"""Run times in file names."""

from datetime import UTC, datetime

import pytest

from feeds.run_time import from_name


@pytest.mark.parametrize(("name", "expected"), [
    ("Z_NAFP_C_BABJ_20231207000000_P_CMA-GEPS-GLB-024.grib2", datetime(2023, 12, 7, tzinfo=UTC)),
    ("pulasan_20240919T1610Z.nc", datetime(2024, 9, 19, 16, 10, tzinfo=UTC)),
    ("rain-20240919_161000.nc", datetime(2024, 9, 19, 16, 10, tzinfo=UTC)),
    ("2024091916.grb", datetime(2024, 9, 19, 16, tzinfo=UTC)),
    ("version_12345678.nc", None), ("20249919160000.nc", None), ("notes.txt", None),
])  # fmt: skip
def test_the_first_digits_that_are_a_time_are_taken_in_utc(name: str, expected: datetime | None) -> None:
    assert from_name(name) == expected


def test_one_name_holds_utc_and_beijing_time_and_the_pattern_says_which() -> None:
    name = "Z_NWGD_C_BABJ_20240919061500_P_RFFC_SCMOC-TMP_202409191400_24003.GRB2"
    assert from_name(name) == datetime(2024, 9, 19, 6, 0, tzinfo=UTC)  # a name of CMA's is known: 14 h in Beijing
    assert from_name(name, pattern=r"BABJ_(\d{14})") == datetime(2024, 9, 19, 6, 15, tzinfo=UTC)
    assert from_name(name, pattern=r"_(\d{12})_", zone="Asia/Shanghai") == datetime(2024, 9, 19, 6, 0, tzinfo=UTC)


def test_a_pattern_that_does_not_fit_finds_nothing() -> None:
    assert from_name("20240919.nc", pattern=r"rain_(\d{8})") is None


def test_parts_of_a_time_in_several_groups_are_put_together() -> None:
    assert from_name("y2024/m09/d19_h12.nc", pattern=r"y(\d+)/m(\d+)/d(\d+)_h(\d+)") == datetime(2024, 9, 19, 12, tzinfo=UTC)
