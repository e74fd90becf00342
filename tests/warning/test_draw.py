"""Maps on the command line: what a field says within a window, and a doubted probability drawn as unknown."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.picture_layer import Extent
from geo.portrait import portrait
from warning.cli.entry import cli

GEPS = Path(__file__).parents[2] / "../shared/data/gridded/grib2"
# Two-degree cells with edges at 114, 116 … 120 E and 28, 30, 32 N.
GRID = Grid(kind="regular_ll", ny=2, nx=3, lat0=29.0, lon0=115.0, dlat=2.0, dlon=2.0)
AT = datetime(2024, 9, 20, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n"


def chance(*, suspicions: tuple[str, ...] = ()) -> GridField:
    return GridField(
        variable="rain", units="%", values=np.array([[90, 20, 30], [5, 6, np.nan]], dtype=np.float32), grid=GRID, valid_time=AT,
        run_time=AT - timedelta(hours=24), window=timedelta(hours=24), statistic="probability", threshold=25, threshold_units="mm",
        provenance=Provenance(source="t", path="t", suspicions=suspicions))


def test_only_cells_wholly_within_the_window_are_told_of() -> None:
    # From 115 E: the western cells reach out of the window, and with them the 90 %.
    found = portrait(chance(), Extent(west=115, south=28, east=120, north=32), title="t")
    assert (found.lowest, found.highest) == (6, 30)
    assert found.png.startswith(PNG)
    whole = portrait(chance(), Extent(west=114, south=28, east=120, north=32), title="t")
    assert (whole.lowest, whole.highest) == (5, 90)


def test_a_suspicious_probability_is_drawn_as_unknown_and_so_differs_from_nothing() -> None:
    window = Extent(west=114, south=28, east=120, north=32)
    doubted = portrait(chance(suspicions=("never filled",)), window, title="t")
    assert (doubted.lowest, doubted.highest, doubted.doubts) == (None, None, ("never filled",))
    assert doubted.png != portrait(chance(), window, title="t").png


def maps(name: str, out: Path) -> list[dict[str, object]]:
    file = GEPS / name
    if not file.exists():
        pytest.skip("no ../shared/data")
    made = CliRunner().invoke(cli, ["map", str(file), "--extent", "115,25,128,37", "--out", str(out), "--json"])
    assert made.exit_code == 0, made.output
    return [json.loads(line) for line in made.output.splitlines()]


def test_the_ensemble_gives_six_falling_rain_probabilities_over_east_china(tmp_path: Path) -> None:
    found = maps("Z_NAFP_C_BABJ_20231207000000_P_CMA-GEPS-GLB-048.grib2", tmp_path)
    assert [one["threshold"] for one in found] == [1, 5, 10, 25, 50, 100]
    assert [round(float(str(one["max"])), 1) for one in found] == [96.8, 51.6, 6.5, 0, 0, 0]
    assert all((tmp_path / f"rain_0{number}.png").read_bytes().startswith(PNG) for number in range(1, 7))


def test_probabilities_that_are_zero_all_over_the_earth_are_unknown(tmp_path: Path) -> None:
    found = maps("Z_NAFP_C_BABJ_20231207000000_P_CMA-GEPS-GLB-024.grib2", tmp_path)
    assert [one["unknown"] for one in found] == [True] * 6
    assert all("0 everywhere on Earth" in str(one["doubts"]) for one in found)


def test_a_variable_that_the_file_does_not_hold_is_refused_with_the_way_to_see_what_it_holds(tmp_path: Path) -> None:
    file = Path(__file__).parents[1] / "feeds/recordings/micaps"
    diamond = next(path for path in sorted(file.iterdir()) if path.suffix == ".000" or "m4" in path.name)
    made = CliRunner().invoke(cli, ["map", str(diamond), "--variable", "ozone", "--out", str(tmp_path)])
    assert made.exit_code == 2
    assert "xiaoxishu fields" in made.output
