"""The yardstick: every field that the reference decoder finds in the collected GRIB files is in our inventory."""

import functools
import json
import math
from datetime import datetime
from pathlib import Path

import pytest

from feeds import override
from feeds.inventory import FieldRow, inventory

ROOT = Path(__file__).parents[2]
GRIDDED = ROOT / "../shared/data/gridded"
CORRECTIONS = ROOT / "config/overrides.yaml"

pytestmark = pytest.mark.skipif(not GRIDDED.is_dir(), reason="no ../shared/data")


@functools.cache
def rows_of(name: str) -> list[FieldRow]:
    rows = inventory(GRIDDED / "grib2" / name, overrides=override.load(CORRECTIONS), source="wis2")
    return [row for row in rows if isinstance(row, FieldRow)]


def truth() -> dict[str, list[dict[str, object]]]:
    files: dict[str, list[dict[str, object]]] = json.loads((GRIDDED / "truth_grib.json").read_text())["files"]
    return files


@pytest.mark.parametrize("name", sorted(truth()) if GRIDDED.is_dir() else [])
def test_every_field_of_the_reference_is_found_in_file_order(name: str) -> None:
    expected = truth()[name]
    rows = rows_of(name)
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        assert row.missing_count == wanted["n_missing"]
        for ours, theirs in ((row.raw_min, wanted.get("min")), (row.raw_max, wanted.get("max"))):
            if theirs is None:
                assert ours is None
            else:
                assert isinstance(theirs, float)
                assert ours is not None
                assert math.isclose(ours, theirs, rel_tol=1e-6)
        valid = datetime.fromisoformat(row.valid_time)
        assert (int(f"{valid:%Y%m%d}"), valid.hour * 100 + valid.minute) == (wanted["validityDate"], wanted["validityTime"])


@pytest.mark.parametrize("name", ["Z_NAFP_C_BABJ_20231207000000_P_CMA-GEPS-GLB-024.grib2", "Z_NAFP_C_BABJ_20231207000000_P_CMA-GEPS-GLB-048.grib2"])
def test_the_26_fields_of_the_cma_ensemble_are_what_they_should_be(name: str) -> None:
    rows = rows_of(name)
    told = [(row.variable, row.statistic, row.threshold, row.threshold_units, row.window_h, row.level) for row in rows]
    assert told[:6] == [("rain", "probability", limit, "mm", 24.0, "surface") for limit in (1.0, 5.0, 10.0, 25.0, 50.0, 100.0)]
    assert [(row.statistic, row.threshold) for row in rows[6:12]] == [
        ("probability_below", -2.0), ("probability_below", -1.5), ("probability_below", -1.0),
        ("probability", 1.0), ("probability", 1.5), ("probability", 2.0),
    ]  # fmt: skip
    assert told[12:15] == [("wind_speed", "probability", limit, "m s-1", None, "10 m") for limit in (10.0, 15.0, 25.0)]
    assert told[15:18] == [("wind_gust", "probability", limit, "m s-1", None, "10 m") for limit in (10.0, 15.0, 25.0)]
    assert [row.statistic for row in rows[18:]] == ["mean", "spread"] * 4
    pressure = rows[20]
    assert pressure.min is not None
    assert pressure.max is not None
    assert 90_000 < pressure.min < pressure.max < 110_000
    assert pressure.raw_max is not None
    assert math.isclose(pressure.max * 100, pressure.raw_max, rel_tol=1.2e-7)  # values are float32, raw_max is not
    assert all(row.corrections for row in (*rows[:18], *rows[20:22], *rows[24:]))


def test_the_rain_probabilities_that_were_never_filled_are_suspected() -> None:
    rows = rows_of("Z_NAFP_C_BABJ_20231207000000_P_CMA-GEPS-GLB-024.grib2")
    assert all("0 everywhere on Earth" in row.suspicions[0] for row in rows[:6])
    assert not any(row.suspicions for row in rows[6:])


def test_a_higher_threshold_is_never_more_probable() -> None:
    """What shows that the corrected thresholds are in the right order and mean "reached or passed"."""
    rows = rows_of("Z_NAFP_C_BABJ_20231207000000_P_CMA-GEPS-GLB-048.grib2")
    assert not any(row.suspicions for row in rows)
