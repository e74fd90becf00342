"""The fields at hand: analyses of the last day, forecasts of the newest run of each source and variable."""

from datetime import UTC, datetime, timedelta

import numpy as np

from geo.field import GridField, Provenance
from geo.grid import Grid
from warning.watch.window import EXTRAPOLATED, Window

T0 = datetime(2024, 9, 19, 0, 0, tzinfo=UTC)
GRID = Grid(kind="regular_ll", ny=2, nx=2, lat0=31.0, lon0=121.0, dlat=0.1, dlon=0.1)


def field(run_h: float, lead_h: float, *, variable: str = "rain", source: str = "ec", value: float = 0.0) -> GridField:
    run = T0 + timedelta(hours=run_h)
    return GridField(
        variable=variable, units="mm", values=np.full((2, 2), value), grid=GRID, run_time=run,
        valid_time=run + timedelta(hours=lead_h), provenance=Provenance(source=source, path="f"))


def told(window: Window) -> list[tuple[float, float]]:
    return [((f.run_time - T0).total_seconds() / 3600, f.lead.total_seconds() / 3600) for f in window.fields]


def test_an_empty_payload_changes_nothing() -> None:
    window = Window().with_run([field(0, 1)])
    assert window.with_run([]) is window


def test_a_newer_run_replaces_forecasts_and_keeps_analyses() -> None:
    window = Window().with_run([field(0, 0), field(0, 1), field(0, 2)]).with_run([field(1, 0), field(1, 1)])
    assert told(window) == [(0, 0), (1, 0), (1, 1)]


def test_an_analysis_that_comes_between_two_forecasts_leaves_the_forecast_in_force() -> None:
    window = Window().with_run([field(0, 0), field(0, 2), field(0, 3)]).with_run([field(1, 0)])
    assert told(window) == [(0, 0), (0, 2), (0, 3), (1, 0)]


def test_another_source_or_variable_is_left_alone() -> None:
    window = Window().with_run([field(0, 1), field(0, 1, source="cma"), field(0, 1, variable="gust")]).with_run([field(1, 1)])
    assert sorted((f.variable, f.provenance.source) for f in window.fields) == [("gust", "ec"), ("rain", "cma"), ("rain", "ec")]


def test_a_run_that_comes_in_several_files_is_whole() -> None:
    assert told(Window().with_run([field(0, 1)]).with_run([field(0, 2)]).with_run([field(0, 3)])) == [(0, 1), (0, 2), (0, 3)]


def test_an_old_run_that_comes_late_does_not_replace_the_newest() -> None:
    window = Window().with_run([field(2, 1)]).with_run([field(1, 0), field(1, 1)])
    assert told(window) == [(2, 1), (1, 0)]


def test_a_file_that_comes_again_corrected_counts_once() -> None:
    window = Window().with_run([field(0, 1, value=1), field(0, 0, value=1)]).with_run([field(0, 1, value=7)])
    assert [(f.lead, float(f.values[0, 0])) for f in window.fields] == [(timedelta(0), 1), (timedelta(hours=1), 7)]


def test_analyses_older_than_the_reach_go() -> None:
    window = Window(reach=timedelta(hours=25)).with_run([field(0, 0), field(1, 0)]).with_run([field(25, 0)])
    assert told(window) == [(1, 0), (25, 0)]


def test_since_asks_for_what_ends_after_the_moment() -> None:
    window = Window().with_run([field(0, 0), field(0, 1), field(0, 1, variable="gust")])
    assert [f.variable for f in window.since(T0)] == ["rain", "gust"]
    assert [f.variable for f in window.since(T0, "gust")] == ["gust"]
    assert window.since(T0 + timedelta(hours=1)) == ()


def shower(step: int, *, source: str = "radar", lead: int = 0) -> GridField:
    """Ten minutes of rain whose middle moves three cells east in each of them."""
    rows, cols = np.meshgrid(np.arange(60.0), np.arange(70.0), indexing="ij")
    values = 15 * np.exp(-((rows - 30) ** 2 + (cols - 15 - 3 * (step + lead)) ** 2) / 72)
    grid = Grid(kind="regular_ll", ny=60, nx=70, lat0=31.0, lon0=121.0, dlat=0.01, dlon=0.01)
    ten = timedelta(minutes=10)
    return GridField(
        variable="rain", units="mm", values=values.astype(np.float32), grid=grid, run_time=T0 + step * ten, valid_time=T0 + (step + lead) * ten,
        window=ten, statistic="sum", provenance=Provenance(source=source, path="f"))


def test_rain_that_only_moves_is_told_two_hours_ahead_from_its_analyses() -> None:
    now = T0 + timedelta(minutes=20)
    window = Window().with_run([shower(0), shower(1), shower(2)]).with_extrapolation(now)
    ahead = [field for field in window.fields if field.provenance.source == EXTRAPOLATED]
    assert [field.lead for field in ahead] == [timedelta(minutes=10 * k) for k in range(1, 13)]
    # In an hour it has moved 18 cells: from column 21 to 39.
    assert abs(int(np.nanargmax(ahead[5].values[30])) - 39) <= 2


def test_the_next_analysis_replaces_the_extrapolation_and_an_old_one_makes_none() -> None:
    window = Window().with_run([shower(0), shower(1), shower(2)]).with_extrapolation(T0 + timedelta(minutes=20))
    window = window.with_run([shower(3)]).with_extrapolation(T0 + timedelta(minutes=30))
    runs = {field.run_time for field in window.fields if field.provenance.source == EXTRAPOLATED}
    assert runs == {T0 + timedelta(minutes=30)}
    later = window.with_extrapolation(T0 + timedelta(minutes=40))
    assert all(field.provenance.source != EXTRAPOLATED for field in later.fields)


def test_a_providers_own_nowcast_is_not_beside_ours() -> None:
    window = Window().with_run([shower(0), shower(1), shower(2), shower(2, lead=1)]).with_extrapolation(T0 + timedelta(minutes=20))
    assert all(field.provenance.source != EXTRAPOLATED for field in window.fields)


def test_what_we_have_moved_on_ourselves_is_no_forecast_that_gauges_contradict() -> None:
    window = Window().with_run([shower(0), shower(1)]).with_extrapolation(T0 + timedelta(minutes=10))
    assert any(field.provenance.source == EXTRAPOLATED for field in window.fields)
    assert window.said == ()
