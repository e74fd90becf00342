"""The synthetic Pulasan: the published numbers for two seeds, the files, and that no rule is known."""

import ast
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import shapely
import xarray as xr
from numpy.typing import NDArray

from warning.demo import pulasan
from warning.demo.pulasan import Gauge
from warning.demo.pulasan_frame import BULLETIN, LATS, LONS, STEPS, cell_of, index_of, land
from warning.demo.pulasan_nowcast import errors, forecast_rain
from warning.demo.pulasan_rain import rain, running
from warning.demo.pulasan_wind import centre, wind
from warning.errors import Invalid

ROOT = Path(__file__).parents[3]
SEEDS = (pulasan.SEED, 7)
UNTIL = index_of(BULLETIN) + 1


class Truth(NamedTuple):
    """``at``: (STEPS, 614) mm at the cells nearest the gauges."""

    seed: int
    places: tuple[Gauge, ...]
    mm: NDArray[np.float32]
    at: NDArray[np.float32]


@pytest.fixture(scope="session", params=SEEDS)
def truth(request: pytest.FixtureRequest) -> Truth:
    places, mm = pulasan.gauges(request.param), rain(request.param)
    near = [cell_of(gauge.lat, gauge.lon) for gauge in places]
    return Truth(request.param, places, mm, mm[:, [row for row, _ in near], [col for _, col in near]])


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The whole event, written once."""
    path = tmp_path_factory.mktemp("pulasan")
    pulasan.generate(path)
    yield path
    for file in path.iterdir():
        file.unlink()


def beijing(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2024, 9, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def step(day: int, hour: int, minute: int = 0) -> int:
    return index_of(beijing(day, hour, minute))


def test_the_period_is_18_sept_14h_to_20_sept_16h_beijing_time() -> None:
    assert beijing(18, 14) == pulasan.START
    assert beijing(20, 16) == pulasan.END
    # 50 h are 300 steps, the forecast of the last cycle 12 more, and step 0.
    assert STEPS == 313


def test_the_gauges_fall_into_the_published_classes(truth: Truth) -> None:
    tenths = np.rint(truth.at[:UNTIL].sum(axis=0, dtype=np.float64) * 10)
    counts, _ = np.histogram(tenths, bins=[0, 100, 250, 500, 1000, 2500, 1e6])
    # 614 - 28 - 123 - 225 - 155 - 45 = 38
    assert counts.tolist() == [38, 45, 155, 225, 123, 28]


def test_the_city_mean_to_09h_is_the_published_one(truth: Truth) -> None:
    assert truth.at.shape == (STEPS, 614)
    assert truth.at[:UNTIL].sum(axis=0, dtype=np.float64).mean() == pytest.approx(73.28, abs=0.10)


def test_the_wettest_hour_is_at_nicheng_and_ends_at_02h30(truth: Truth) -> None:
    hourly = running(truth.mm, 6)
    end, row, col = np.unravel_index(int(hourly.argmax()), hourly.shape)
    nicheng = truth.places[2]
    assert nicheng.name == "泥城"
    assert (int(row), int(col)) == cell_of(nicheng.lat, nicheng.lon)
    assert end + 5 == step(20, 2, 30)
    assert hourly.max() == pytest.approx(116.2, abs=0.15)


def test_the_two_published_six_hour_totals_are_the_two_largest(truth: Truth) -> None:
    six_hours = running(truth.at, 36).max(axis=0)
    assert [gauge.name for gauge in truth.places[:2]] == ["四团杨家宅", "彭镇"]
    assert np.argsort(six_hours)[::-1][:2].tolist() == [0, 1]
    assert six_hours[0] == pytest.approx(327.7, abs=0.15)
    assert six_hours[1] == pytest.approx(308.0, abs=0.15)


def test_the_process_maximum_holds_at_09h_and_in_all(truth: Truth) -> None:
    published = slice(0, step(20, 16) + 1)
    assert truth.at[:UNTIL].sum(axis=0, dtype=np.float64).max() == pytest.approx(340.9, abs=0.15)
    assert truth.mm[published].sum(axis=0, dtype=np.float64).max() == pytest.approx(340.9, abs=0.15)


def test_the_rain_over_the_city_is_strong_from_02h(truth: Truth) -> None:
    mean = truth.at.mean(axis=1)
    hour = {begin: float(mean[step(20, begin) + 1 : step(20, begin + 1) + 1].sum()) for begin in range(5)}
    assert hour[0] < 3
    assert min(hour[2], hour[3], hour[4]) > 7


@pytest.mark.parametrize(("lat", "lon"), [(31.62, 121.50), (31.40, 121.40), (31.38, 121.22), (31.17, 121.08)])
def test_the_second_band_gives_35_mm_an_hour_in_the_north_on_the_afternoon(truth: Truth, lat: float, lon: float) -> None:
    row, col = cell_of(lat, lon)
    around = truth.mm[:, row - 5 : row + 6, col - 5 : col + 6]
    hourly = running(around, 6)
    assert hourly[step(20, 12) : step(20, 14)].max() < 10
    # running(…)[n] ends at step n + 5.
    assert 35 <= hourly[step(20, 15) - 5 : step(20, 16, 30) - 4].max() < 100


def test_rain_is_whole_tenths_and_never_negative(truth: Truth) -> None:
    assert truth.mm.min() == 0
    assert np.abs(truth.mm * 10 - np.rint(truth.mm * 10)).max() < 1e-3


def test_no_two_gauges_share_or_touch_a_cell_and_all_stand_on_land(truth: Truth) -> None:
    cells = np.array([(gauge.row, gauge.col) for gauge in truth.places])
    gap = np.abs(cells[:, None] - cells[None, :]).max(axis=2)
    np.fill_diagonal(gap, 99)
    assert gap.min() >= 2
    assert land()[cells[:, 0], cells[:, 1]].all()
    assert all(cell_of(gauge.lat, gauge.lon) == (gauge.row, gauge.col) for gauge in truth.places)


def test_two_seeds_give_two_storms() -> None:
    first, second = (pulasan.gauges(seed) for seed in SEEDS)
    assert first[:3] == second[:3]
    assert sum(a == b for a, b in zip(first[3:], second[3:], strict=True)) == 0


def test_the_centre_crosses_the_fengxian_coast_at_21h45_and_is_over_jiading_at_midnight() -> None:
    assert centre(-2.25) == pytest.approx((30.84, 121.55))
    lat, lon = centre(0.0)
    assert 31.3 < lat < 31.5
    assert 121.1 < lon < 121.35


def test_gusts_at_the_landfall_are_those_of_a_tropical_storm() -> None:
    for seed in SEEDS:
        mean, gust = wind(seed)
        landfall = slice(step(19, 21, 30), step(19, 22) + 1)
        assert 17.0 <= gust[landfall].max() <= 24.4
        assert (gust >= mean).all()
        # Twelve hours later the storm is far inland.
        assert gust[step(20, 10)].max() < 12


def test_the_published_gauges_lie_in_their_districts() -> None:
    file = ROOT / "../shared/data/boundaries/shanghai_districts_land_wgs84.geojson"
    if not file.exists():
        pytest.skip("no ../shared/data")
    borders = {
        feature["properties"]["adcode"]: shapely.from_geojson(json.dumps(feature["geometry"]))
        for feature in json.loads(file.read_text(encoding="utf-8"))["features"]
    }
    for gauge, district in zip(pulasan.gauges(1), ("310120", "310115", "310115"), strict=False):
        assert borders[district].contains(shapely.Point(LONS[gauge.col], LATS[gauge.row])), gauge.name


def test_the_generator_imports_nothing_that_knows_a_rule() -> None:
    allowed = {"warning.demo.pulasan_frame", "warning.demo.pulasan_rain", "warning.demo.pulasan_wind", "warning.demo.pulasan_nowcast",
               "warning.demo.pulasan_model", "warning.errors"}  # fmt: skip
    for file in (ROOT / "warning/demo").glob("pulasan*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        ours = {name for name in names if name.split(".")[0] in ("warning", "geo", "feeds", "channels", "config")}
        assert ours <= allowed, file.name


def test_the_forecast_is_exact_at_lead_0_and_worse_at_2_h_than_at_10_min(truth: Truth) -> None:
    mm, err = truth.mm, errors(truth.seed)
    ten_minutes, two_hours = [], []
    for cycle in range(step(20, 0), step(20, 7), 6):
        forecast = forecast_rain(mm, err, cycle)
        assert np.array_equal(forecast[0], mm[cycle])
        ten_minutes.append(float(np.abs(forecast[1] - mm[cycle + 1]).mean()))
        two_hours.append(float(np.abs(forecast[12] - mm[cycle + 12]).mean()))
    assert np.mean(two_hours) > 2 * np.mean(ten_minutes)


def test_forecasts_both_miss_heavy_rain_and_invent_it(truth: Truth) -> None:
    mm, err = truth.mm, errors(truth.seed)
    hits = misses = false = 0
    for cycle in range(step(20, 0), step(20, 8), 6):
        forecast = forecast_rain(mm, err, cycle)[7:13].sum(axis=0)
        seen, said = mm[cycle + 7 : cycle + 13].sum(axis=0) >= 40, forecast >= 40
        hits, misses, false = hits + int((seen & said).sum()), misses + int((seen & ~said).sum()), false + int((~seen & said).sum())
    assert min(hits, misses, false) > 100


def test_the_whole_event_is_301_files_below_100_megabytes(folder: Path) -> None:
    files = sorted(folder.glob("*.nc"))
    assert len(files) == 301
    assert files[0].name == "pulasan_synthetic_202409180600.nc"
    assert files[-1].name == "pulasan_synthetic_202409200800.nc"
    assert sum(file.stat().st_size for file in files) < 100_000_000
    assert not list(folder.glob("*.part"))


def test_the_analyses_in_the_files_add_up_to_the_published_hour(folder: Path) -> None:
    gauge = pulasan.gauges(pulasan.SEED)[2]
    total = 0.0
    for minute in range(10, 70, 10):
        with xr.open_dataset(folder / pulasan.file_name(beijing(20, 1, 30) + timedelta(minutes=minute)), engine="netcdf4") as data:
            total += float(data["rain_10min"].sel(lat=gauge.lat, lon=gauge.lon, method="nearest")[0])
    assert total == pytest.approx(116.2, abs=0.15)


def test_a_file_tells_what_it_is(folder: Path) -> None:
    with xr.open_dataset(folder / "pulasan_synthetic_202409191600.nc", engine="netcdf4") as data:
        assert data["lead"].values.tolist() == list(range(0, 130, 10))
        assert data["rain_10min"].dims == ("lead", "lat", "lon")
        assert data["rain_10min"].shape == (13, 131, 141)
        assert data["forecast_reference_time"].values == np.datetime64("2024-09-19T16:00")
        assert data["time"].values[-1] == np.datetime64("2024-09-19T18:00")
        assert {name: data[name].attrs["units"] for name in data.data_vars} == {
            "rain_10min": "mm", "wind_10m": "m s-1", "gust_10m": "m s-1", "rain_1h": "mm", "wind_model": "m s-1", "gust_model": "m s-1"}
        assert data["rain_10min"].attrs["window_minutes"] == 10
        assert data.attrs["title"].startswith("SYNTHETIC")
        assert (data.attrs["seed"], data.attrs["generator_version"]) == (20240920, 3)
        for number in ("116.2", "327.7", "308.0", "340.9", "73.28", "28/123/225/155/45"):
            assert number in data.attrs["comment"]


def test_a_second_call_writes_nothing(folder: Path) -> None:
    before = {file.name: os.stat(file).st_mtime_ns for file in folder.iterdir()}
    calls: list[tuple[int, int]] = []
    paths = pulasan.generate(folder, progress=lambda done, total: calls.append((done, total)))
    assert len(paths) == 301
    assert calls == [(301, 301)]
    assert {file.name: os.stat(file).st_mtime_ns for file in folder.iterdir()} == before


def test_a_cycle_is_the_same_whether_written_alone_or_with_all(folder: Path, tmp_path: Path) -> None:
    at = beijing(20, 3)
    calls: list[tuple[int, int]] = []
    alone = pulasan.generate(tmp_path, start=at, end=at, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 1)]
    with xr.open_dataset(alone[0], engine="netcdf4") as one, xr.open_dataset(folder / alone[0].name, engine="netcdf4") as other:
        xr.testing.assert_identical(one.load(), other.load())


def test_a_damaged_file_and_another_seed_are_written_anew(tmp_path: Path) -> None:
    at = beijing(20, 3)
    (path,) = pulasan.generate(tmp_path, start=at, end=at)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    pulasan.generate(tmp_path, start=at, end=at)
    assert path.stat().st_size == len(whole)
    pulasan.generate(tmp_path, seed=7, start=at, end=at)
    with xr.open_dataset(path, engine="netcdf4") as data:
        assert data.attrs["seed"] == 7


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (datetime(2024, 9, 19), "no time zone"),  # noqa: DTZ001 - the fault that is tested
        (beijing(18, 13, 50), "must be a full ten minutes from"),
        (beijing(19, 0, 5), "must be a full ten minutes from"),
    ],
)
def test_a_time_that_is_no_cycle_is_refused(tmp_path: Path, start: datetime, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        pulasan.generate(tmp_path, start=start)
    assert not list(tmp_path.iterdir())


def test_a_step_of_five_minutes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="multiple of ten minutes"):
        pulasan.generate(tmp_path, step=timedelta(minutes=5))
