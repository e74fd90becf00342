"""What a file yields, sorted by its nouns, and the time at which it was known."""

from datetime import UTC, datetime, timedelta

import numpy as np

from feeds.reading import Contents
from geo.field import GridField, Provenance
from geo.grid import Grid
from geo.observation import Observation
from geo.track import Track, TrackPoint

NOON = datetime(2024, 9, 19, 12, tzinfo=UTC)
HERE = Provenance(source="test", path="a")
FIELD = GridField(
    variable="rain", units="mm", values=np.zeros((2, 2)), grid=Grid(kind="regular_ll", ny=2, nx=2, lat0=30, lon0=121, dlat=1, dlon=1),
    valid_time=NOON + timedelta(hours=3), run_time=NOON, provenance=HERE)
GAUGE = Observation(station="58362", lon=121.45, lat=31.4, variable="rain", units="mm", value=3.0,
                    valid_time=NOON + timedelta(minutes=10), provenance=HERE)
TYPHOON = Track(name="普拉桑", number="2414", centre="BABJ", provenance=HERE, points=(
    TrackPoint(run_time=NOON - timedelta(hours=1), valid_time=NOON - timedelta(hours=1), lon=122.0, lat=30.5),
    TrackPoint(run_time=NOON - timedelta(hours=1), valid_time=NOON + timedelta(hours=23), lon=119.0, lat=31.5)))


def test_the_kinds_are_sorted_and_the_newest_run_or_measurement_is_the_time_of_the_whole() -> None:
    contents = Contents.of([TYPHOON, GAUGE, FIELD])
    assert (contents.fields, contents.observations, contents.tracks) == ((FIELD,), (GAUGE,), (TYPHOON,))
    assert contents.data_time == NOON + timedelta(minutes=10)  # the forecast is for 15:00, but it was known at 12:00


def test_nothing_has_no_time() -> None:
    assert Contents.of([]).data_time is None


def test_a_position_to_come_is_told_by_the_run_before_it() -> None:
    assert TYPHOON.run_time == NOON - timedelta(hours=1)
    assert [point.observed for point in TYPHOON.points] == [True, False]
