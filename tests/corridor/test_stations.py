"""A station feed through the whole watch desk: ten-minute gauges as a CSV, checked, judged, named in the proposal."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from feeds.payload import Payload
from feeds.table import Column, Table
from tests.corridor.conftest import Corridor
from tests.corridor.rain import payload_of
from warning.app import opened
from warning.settings import FeedSettings, load_settings

TEN = timedelta(minutes=10)
AWS = FeedSettings(
    kind="folder", source="aws", options={"path": "incoming"},
    table=Table(station="id", lon="lon", lat="lat", time="at", columns=(Column(name="r", variable="rain", units="mm", window_min=10),)))
# On land in Pudong, two kilometres apart, and one in Jing'an.
PUDONG = {"58370": (121.60, 31.20), "58371": (121.62, 31.20), "58372": (121.64, 31.20), "58373": (121.62, 31.22)}
JINGAN = {"58360": (121.45, 31.23)}
# 100.2 and 60 mm in an hour; six equal sums would be a stuck gauge.
RED, YELLOW = (16, 17, 18, 16, 17, 16.2), (9, 10, 11, 9, 10, 11)


def reports(folder: Path, at: datetime, sums: dict[str, Sequence[float]]) -> Payload:
    """Sums of ten minutes each, the last of which ends at ``at``."""
    places = PUDONG | JINGAN
    lines = ["id,lon,lat,at,r"]
    for station, values in sums.items():
        lon, lat = places[station]
        for back, value in enumerate(reversed(values)):
            lines.append(f"{station},{lon},{lat},{(at - back * TEN).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ},{value}")
    path = folder / f"aws_{at:%Y%m%d%H%M}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    read = payload_of(path, at)
    return Payload(source="aws", path=read.path, fetched_at=at, checksum=read.checksum, run_time=at)


async def take(corridor: Corridor, sums: dict[str, Sequence[float]]) -> list[dict[str, Any]]:
    settings = load_settings(corridor.settings_file).model_copy(update={"feeds": [AWS]})
    async with opened(settings, channels=False) as parts:
        await parts.watch.take(reports(corridor.folder, corridor.now, sums))
    return await corridor.rows("SELECT * FROM proposal WHERE hazard = 'rainstorm' ORDER BY issuer")


async def test_gauges_alone_turn_a_district_red_and_are_named_in_the_proposal(corridor: Corridor) -> None:
    # Red is asked for at once.
    found = await take(corridor, {"58370": RED, "58371": YELLOW, "58372": YELLOW, "58373": YELLOW, "58360": [0] * 6})
    [red] = [one for one in found if one["issuer"] == "310115"]
    assert (red["level"], red["action"], red["zones"]) == (4, "new", ["310115"])
    [evidence] = red["body"]["evidence"]
    assert [(one["station"], round(one["value"], 1), one["test"]) for one in evidence["gauges"]] == [("58370", 100.2, "rain/1h [mm] >= 100")]
    assert evidence["observed"]
    # The city counts area, not gauges.
    assert [one["issuer"] for one in found] == ["310115"]


async def test_an_absurd_gauge_and_one_that_stands_alone_with_its_cloudburst_propose_nothing(corridor: Corridor) -> None:
    # 999 mm in ten minutes; and 100.2 mm in an hour where three neighbours within 5 km have hardly any.
    assert await take(corridor, {"58360": [0, 0, 0, 0, 0, 999]}) == []
    assert await take(corridor, {"58370": RED, "58371": [0.1, 0.2] * 3, "58372": [0.1, 0.2] * 3, "58373": [0.1, 0.2] * 3}) == []
