"""BUFR surface reports: which interval a value holds for, compressed or not, and what is no report."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds import bufr
from feeds.bufr_report import Element, Report
from feeds.errors import PartlyRead, Truncated
from geo.field import Provenance
from geo.observation import Observation

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "tests/feeds/recordings/bufr"
SAMPLES = ROOT / "../shared/data/stations"
HERE = Provenance(source="test", path="a")
HEAD = (("blockNumber", 58.0), ("stationNumber", 362.0), ("year", 2024.0), ("month", 9.0), ("day", 19.0), ("hour", 18.0),
        ("latitude", 31.39), ("longitude", 121.44))  # fmt: skip


def told(*elements: tuple[str, float | None] | tuple[str, float | None, str]) -> list[Observation]:
    """What a report with this head and these elements says; an interval is in minutes unless it is told."""
    made = [Element(name=name, value=value) for name, value in HEAD]
    for name, value, *units in elements:
        made.append(Element(name=name, value=value, units=units[0] if units else "min" if name == "timePeriod" else ""))
    return list(Report(elements=made).observations(HERE))


def test_one_interval_reaches_back_and_ends_at_the_time_of_the_report() -> None:
    (rain,) = told(("timePeriod", -6.0, "h"), ("totalPrecipitationOrTotalWaterEquivalent", 12.5))
    assert (rain.station, rain.window, rain.value, rain.statistic) == ("58362", timedelta(hours=6), 12.5, "sum")
    assert rain.valid_time == datetime(2024, 9, 19, 18, tzinfo=UTC)


def test_two_intervals_side_by_side_are_a_beginning_and_an_end() -> None:
    (warmest,) = told(("timePeriod", -24.0, "h"), ("timePeriod", -6.0, "h"), ("maximumTemperatureAtHeightAndOverPeriodSpecified", 303.15))
    assert (warmest.window, warmest.valid_time) == (timedelta(hours=18), datetime(2024, 9, 19, 12, tzinfo=UTC))


def test_an_interval_that_belonged_to_something_else_is_no_beginning() -> None:
    (wind,) = told(("timePeriod", -6.0, "h"), ("", None), ("timePeriod", -10.0), ("windSpeed", 9.0))  # past weather stood between
    assert wind.window == timedelta(minutes=10)


def test_rain_over_an_unknown_time_says_nothing() -> None:
    assert told(("totalPrecipitationOrTotalWaterEquivalent", 12.5)) == []
    assert told(("timePeriod", None), ("totalPrecipitationOrTotalWaterEquivalent", 12.5)) == []
    assert told(("timePeriod", 0.0), ("totalPrecipitationOrTotalWaterEquivalent", 12.5)) == []


def test_a_trace_of_rain_is_none_with_a_flag() -> None:
    (rain,) = told(("timePeriod", -1.0, "h"), ("totalPrecipitationOrTotalWaterEquivalent", -0.1))
    assert (rain.value, rain.flags) == (0.0, ("trace",))


def test_a_thermometer_in_the_grass_is_not_the_air() -> None:
    height = "heightOfSensorAboveLocalGroundOrDeckOfMarinePlatform"
    (air,) = told((height, 2.0), ("airTemperature", 298.15), (height, 0.05), ("airTemperature", 271.15))
    assert air.value == 298.15


def test_a_deviation_and_a_series_within_the_report_are_not_the_measurement() -> None:
    assert [one.value for one in told(
        ("airTemperature", 298.15), ("firstOrderStatistics", 9.0), ("airTemperature", 0.3), ("firstOrderStatistics", None))] == [298.15]
    ten = ("totalPrecipitationOrTotalWaterEquivalent", 0.4)
    (rain,) = told(("timePeriod", -10.0), ten, ("timeIncrement", -10.0), ("timePeriod", -1.0), ("timeIncrement", 1.0), ten, ten)
    assert rain.window == timedelta(minutes=10)


def test_compressed_and_plain_say_the_same() -> None:
    def plain(one: Observation) -> tuple[object, ...]:
        return one.station, one.variable, one.value, one.window, one.valid_time, one.flags

    found = [{plain(one) for one in bufr.read(RECORDED / f"two_stations_{kind}.bufr", source="test")} for kind in ("plain", "compressed")]
    assert found[0] == found[1]
    assert {station for station, *_ in found[0]} == {"58362", "58361"}  # one by its WIGOS identifier, one by block and number


def test_a_message_that_is_cut_is_fetched_again(tmp_path: Path) -> None:
    path = tmp_path / "cut.bufr"
    whole = (RECORDED / "two_stations_plain.bufr").read_bytes()
    path.write_bytes(whole + whole[:100])
    observations = bufr.read(path, source="test")
    seen = [next(observations) for _ in range(13)]
    with pytest.raises(Truncated, match=r"cut\.bufr: broken in message 2 .*1 message\(s\) were read; fetch the file again"):
        next(observations)
    assert {one.station for one in seen} == {"58361", "58362"}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/data")
def test_what_is_no_surface_report_is_refused_by_name() -> None:
    with pytest.raises(PartlyRead, match="it holds synoptic features, no surface reports; leave such files out by the pattern"):
        list(bufr.read(SAMPLES / "tropical_cyclone.bufr", source="test"))


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/data")
def test_the_real_reports_of_twelve_norwegian_stations() -> None:
    found = list(bufr.read(SAMPLES / "synop_multi_subset_uncompressed.bufr", source="test"))
    tromso = {(one.variable, one.statistic): one for one in found if one.station == "01027"}
    assert tromso["air_temperature", "instant"].value == 276.45
    assert (tromso["rain", "sum"].value, tromso["rain", "sum"].window) == (0.0, timedelta(hours=1))
    assert tromso["air_temperature", "max"].value == 276.55
    assert len({one.station for one in found}) == 12
