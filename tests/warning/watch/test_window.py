"""The fields at hand: analyses of the last day, forecasts of the newest run of each source and variable."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.stations import GAUGES
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


def test_the_newest_run_is_the_moment_from_which_the_data_look_ahead_however_late_an_older_one_comes() -> None:
    assert Window().newest is None
    assert Window().with_run([field(2, 1)]).with_run([field(1, 0)]).newest == T0 + timedelta(hours=2)


def test_a_providers_nowcast_counts_for_less_than_half_an_hour() -> None:
    """At 00:20 the run of 00:00 is 20 minutes old and tells of 00:30; the run of 23:50 is half an hour old."""
    analyses, now = [shower(0), shower(1), shower(2)], T0 + timedelta(minutes=20)
    fresh = Window().with_run([*analyses, shower(0, source="theirs", lead=3)]).with_extrapolation(now)
    stale = Window().with_run([*analyses, shower(-1, source="theirs", lead=4)]).with_extrapolation(now)
    assert [any(f.provenance.source == EXTRAPOLATED for f in window.fields) for window in (fresh, stale)] == [False, True]


def test_analyses_of_half_an_hour_are_moved_on_and_hourly_ones_are_not() -> None:
    def every(minutes: int) -> Window:
        step = timedelta(minutes=minutes)
        frames = [replace(shower(n), run_time=T0 + n * step, valid_time=T0 + n * step, window=step) for n in range(3)]
        return Window().with_run(frames).with_extrapolation(T0 + 2 * step)

    ahead = [[f.lead for f in every(minutes).fields if f.provenance.source == EXTRAPOLATED] for minutes in (30, 60)]
    assert ahead == [[timedelta(minutes=30 * k) for k in (1, 2, 3, 4)], []]


def test_what_was_said_six_hours_ahead_is_remembered_and_what_was_said_earlier_is_not() -> None:
    def said(hours: float) -> GridField:
        return replace(field(0, hours), window=timedelta(hours=1), statistic="sum")

    assert [f.lead for f in Window().with_run([said(6), said(6.5)]).said] == [timedelta(hours=6)]


def test_a_gauges_analysis_stands_before_a_radars_of_the_same_moment() -> None:
    """The radar's rain of the last step is six columns further than the gauges': what is moved on starts from the gauges'."""
    gauges = [replace(shower(n, source=GAUGES), provenance=Provenance(source=GAUGES, path="")) for n in range(3)]
    radar = [replace(shower(n + 2), run_time=one.run_time, valid_time=one.valid_time) for n, one in enumerate(gauges)]
    moved = [Window().with_run(fields).with_extrapolation(T0 + timedelta(minutes=20)) for fields in (gauges, [*gauges, *radar], [*radar, *gauges])]
    peaks = [[int(np.nanargmax(f.values[30])) for f in window.fields if f.provenance.source == EXTRAPOLATED][0] for window in moved]
    assert peaks[0] == peaks[1] == peaks[2]
