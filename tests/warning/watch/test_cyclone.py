"""Cyclones: a track that comes near tells the cause of a wind; one that does not tells nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from shapely import box

from geo.field import Provenance
from geo.track import Track, TrackPoint
from warning.watch.cyclone import causes, followed

NOW = datetime(2024, 9, 15, 9, 0, tzinfo=UTC)  # 17:00 in Beijing
PUDONG = box(121.5, 30.9, 121.9, 31.4)


def point(hours: float, lon: float, lat: float, r7: float | None = 250.0) -> TrackPoint:
    return TrackPoint(run_time=NOW, valid_time=NOW + timedelta(hours=hours), lon=lon, lat=lat, r7_km=r7)


def bebinca(*points: TrackPoint) -> Track:
    # At 17:00 the centre stood at 30.2N 125.8E, some 390 km from Pudong; it came ashore at Lingang (30.9N 121.9E) at 07:30.
    return Track(name="贝碧嘉", number="2413", centre="BABJ", provenance=Provenance(source="t", path="t"),
                 points=points or (point(0, 125.8, 30.2), point(14.5, 121.9, 30.9)))


def test_a_cyclone_that_comes_within_a_day_is_the_cause() -> None:
    assert causes([bebinca()], PUDONG, now=NOW) == {"typhoon": True}


@pytest.mark.parametrize(("points", "told"), [
    ((point(0, 125.8, 30.2),), {}),  # 370 km away, its winds reach 250
    ((point(0, 125.8, 30.2, r7=400.0),), {"typhoon": True}),
    ((point(0, 124.5, 31.0, r7=None),), {"typhoon": True}),  # 250 km away, no radius told: 300 is taken
    ((point(0, 125.8, 30.2, r7=None),), {}),
    ((point(0, 124.9, 31.0, r7=None),), {"typhoon": True}),  # 3.0° × 95.4 km = 286 km
    ((point(0, 125.2, 31.0, r7=None),), {}),  # 3.3° × 95.4 km = 315 km
    ((point(24, 121.9, 30.9),), {"typhoon": True}),
    ((point(25, 121.9, 30.9),), {}),  # beyond the longest lead
    ((point(-7, 121.9, 30.9),), {}),  # it was here, and has gone
    ((point(-6, 121.9, 30.9),), {"typhoon": True}),
    ((point(-5, 121.9, 30.9),), {"typhoon": True})])
def test_near_is_what_its_winds_reach_within_the_lead(points: tuple[TrackPoint, ...], told: dict[str, bool]) -> None:
    assert causes([bebinca(*points)], PUDONG, now=NOW) == told


def test_an_old_track_and_no_track_tell_nothing() -> None:
    assert causes([bebinca()], PUDONG, now=NOW + timedelta(hours=12)) == {"typhoon": True}
    assert causes([bebinca()], PUDONG, now=NOW + timedelta(hours=13)) == {}
    assert causes([], PUDONG, now=NOW) == {}


def test_the_newest_word_of_each_centre_counts() -> None:
    old = bebinca()
    gone = replace(old, points=tuple(replace(p, run_time=NOW + timedelta(hours=3), lon=p.lon + 10) for p in old.points))
    other = replace(old, centre="RJTD")
    known = followed(followed({}, [old]), [gone])
    assert causes(known.values(), PUDONG, now=NOW) == {}
    assert causes(followed(known, [other]).values(), PUDONG, now=NOW) == {"typhoon": True}
    assert followed(known, [old]) == known  # one that comes late says nothing newer
    mended = replace(old, points=old.points[:1])
    assert list(followed({}, [old, mended]).values()) == [mended], "the same hour again is a correction"
    nameless = replace(old, name="热带低压")
    assert list(followed({}, [nameless, old]).values()) == [old], "it has got a name and is the same by its number"
