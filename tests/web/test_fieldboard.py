"""What the map is drawn from: the newest run of each source, its gauges, its cyclones; a file that is gone is said, not passed over."""

import io
from datetime import UTC, datetime, timedelta

import numpy as np
from PIL import Image

from geo.field import Provenance
from geo.observation import Observation, Quality
from tests.corridor.rain import payload_of, rain_file
from tests.web.conftest import World
from warning.watch.mapdata import MapData
from warning.web.console.mapfield import marks
from warning.web.fieldboard import board_of

TRACK = """diamond 7 a track
普拉桑 2414 BABJ 2
2024 09 20 08 0 122.4 30.5 23 992 280 80 315 15
2024 09 20 08 6 121.7 30.9 20 996 250 60 315 15
"""


async def test_the_newest_run_is_shown_moment_by_moment_and_what_it_says_is_in_the_picture(world: World) -> None:
    folder = world.parts.settings.data
    await world.parts.watch.take(rain_file(folder, world.now, {(121.6, 31.0, 121.8, 31.2): 4.0}))
    first = (await world.get("/api/fields", "wang")).json()
    [layer] = first["layers"]
    assert (layer["variable"], layer["units"], layer["window_h"]) == ("rain", "mm", 1 / 6)
    # Every ten minutes for two hours, and the analysis.
    assert len(layer["moments"]) == 13
    moment = next(one for one in layer["moments"] if one["valid_time"] == "2024-09-20T00:40:00Z")
    answer = await world.get(f"/api/fields/{moment['key']}.png", "wang")
    assert answer.headers["content-type"] == "image/png"
    image = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))
    west, south, east, north = first["extent"]
    rows, columns, _ = image.shape

    def alpha(lon: float, lat: float) -> int:
        # Over 1.6 degrees Mercator is straight enough to find a place in the middle of a box.
        return int(image[int((north - lat) / (north - south) * rows), int((lon - west) / (east - west) * columns), 3])

    assert alpha(121.7, 31.1) > 150, "4 mm are in colour"
    assert alpha(121.2, 31.1) == 0, "no rain is clear"
    assert alpha(west + 0.02, 31.1) > 150, "beyond the file's edge nobody knows"
    # A newer run takes its place, by a new key for the same moment.
    await world.move(timedelta(minutes=10))
    await world.parts.watch.take(rain_file(folder, world.now, {}))
    [newer] = (await world.get("/api/fields", "wang")).json()["layers"]
    ahead = {one["valid_time"]: one["key"] for one in newer["moments"]}
    assert ahead["2024-09-20T00:50:00Z"] not in {one["key"] for one in layer["moments"]}
    assert (await world.get("/api/fields/nothing.png", "wang")).status_code == 404


async def test_a_track_is_kept_and_a_file_that_is_gone_is_said(world: World) -> None:
    folder = world.parts.settings.data
    path = folder / "babj.dat"
    path.write_text(TRACK, encoding="utf-8")
    await world.parts.watch.take(payload_of(path, world.now))
    held = world.app.state.fields
    [track] = (await held.board(wait=True)).tracks
    assert (track.number, len(track.points)) == ("2414", 2)
    rain = rain_file(folder, world.now, {})
    await world.parts.watch.take(rain)
    rain.path.unlink()
    board = await held.board(wait=True)
    assert [track.number for track in board.tracks] == ["2414"]
    assert (board.layers, len(board.faults)) == ((), 1)
    assert rain.path.name in board.faults[0]


def test_each_gauge_stands_on_the_map_with_its_newest_reading_the_strongest_first_and_what_is_doubtful_last_and_marked() -> None:
    at = datetime(2024, 9, 20, 0, 30, tzinfo=UTC)

    def read(station: str, value: float, minutes: int, quality: Quality = Quality.GOOD, variable: str = "rain") -> Observation:
        return Observation(station=station, lon=121.6, lat=31.2, variable=variable, units="mm" if variable == "rain" else "m/s", value=value,
                           valid_time=at + timedelta(minutes=minutes), quality=quality, provenance=Provenance(source="aws", path="a.csv"))

    # What comes later is not always newer: the second file brings an old reading of the first gauge.
    first = (read("58370", 9.0, 0), read("58370", 2.2, 10), read("58371", 2.6, 10), read("58371", 30.0, 10, variable="gust"))
    second = (read("58370", 7.0, 5), read("58372", 999.0, 10, Quality.BAD), read("58373", 20.0, 10, Quality.SUSPECT), read("58374", 0.0, 10, Quality.UNCHECKED))
    board = board_of([MapData(observations=first), MapData(observations=second)], 1)
    told = {lang: [(one["label"], one["doubt"]) for one in marks(board, None, lang)["gauges"]] for lang in ("zh", "en")}  # type: ignore[attr-defined]  # plain values
    assert told["zh"] == [("58371 2.6 毫米", False), ("58370 2.2 毫米", False), ("58374 0 毫米", False), ("58372 999 毫米 ?", True), ("58373 20 毫米 ?", True)]
    assert told["en"][0] == ("58371 2.6 mm", False)
