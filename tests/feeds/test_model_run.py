"""ECMWF and GFS over ranges: the index first, then only the bytes of the fields wanted, a run as a whole."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feeds import ecmwf, gfs
from feeds.errors import FeedError, SourceUnavailable, Truncated
from feeds.format import read_fields
from feeds.payload import Payload
from feeds.pieces import Piece, merged
from feeds.variable import of_grib
from geo.field import GridField
from tests.feeds.served import Served, serving

RUN = datetime(2024, 9, 19, 12, tzinfo=UTC)
LATER = RUN + timedelta(hours=8)
Write = Callable[..., Path]
RAIN = {"productDefinitionTemplateNumber": 8, "parameterCategory": 1, "parameterNumber": 8, "typeOfStatisticalProcessing": 1}
FIELDS: Sequence[tuple[str, str, dict[str, Any]]] = (
    ("2t", "TMP:2 m above ground", {"typeOfFirstFixedSurface": 103, "scaledValueOfFirstFixedSurface": 2, "scaleFactorOfFirstFixedSurface": 0}),
    ("z", "HGT:500 mb", {"parameterCategory": 3, "parameterNumber": 4}),
    ("10u", "UGRD:10 m above ground", {"parameterCategory": 2, "parameterNumber": 2}),
    ("10v", "VGRD:10 m above ground", {"parameterCategory": 2, "parameterNumber": 3}),
    ("tp", "APCP:surface", RAIN),
)  # fmt: skip


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "web").mkdir()
    with serving(tmp_path / "web") as served:
        yield served


@pytest.fixture
def publish(web: Served, write_grib: Write, grib_field: Any) -> Callable[..., None]:
    """A step of a run as both centres lay it out: five fields in one file, and their index."""

    def put(run: datetime, step: int, *, without: str = "", spoilt: bool = False) -> None:
        body, ecmwf_lines, gfs_lines = b"", list[str](), list[str]()
        for number, (param, noaa, keys) in enumerate(FIELDS, start=1):
            if param == without:
                continue
            steps = {"stepRange": f"0-{step}"} if param == "tp" else {"step": step}
            file = write_grib("one.grib2", grib_field([number + step / 100] * 6, {
                "dataDate": int(f"{run:%Y%m%d}"), "dataTime": run.hour * 100, **keys}, steps))
            message = file.read_bytes()
            ecmwf_lines.append(json.dumps({
                "date": f"{run:%Y%m%d}", "time": f"{run:%H}00", "step": str(step), "levtype": "pl" if param == "z" else "sfc", "param": param,
                "_offset": len(body) + (3 if spoilt else 0), "_length": len(message)}))
            gfs_lines.append(f"{number}:{len(body)}:d={run:%Y%m%d%H}:{noaa}:{step} hour fcst:")
            body += message
        stem = web.folder / f"{run:%Y%m%d}/{run:%H}z/ifs/0p25/oper/{run:%Y%m%d%H}0000-{step}h-oper-fc"
        stem.parent.mkdir(parents=True, exist_ok=True)
        stem.with_name(stem.name + ".grib2").write_bytes(body)
        stem.with_name(stem.name + ".index").write_text("\n".join(ecmwf_lines) + "\n")
        other = web.folder / f"gfs.{run:%Y%m%d}/{run:%H}/atmos/gfs.t{run:%H}z.pgrb2.0p25.f{step:03d}"
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_bytes(body)
        other.with_name(other.name + ".idx").write_text("\n".join(gfs_lines) + "\n")

    return put


def source(web: Served, kind: Any, *acts: Callable[[], object], at: datetime = LATER, **options: Any) -> Any:
    left = list(acts)

    async def sleep(_: float) -> None:
        if not left:
            raise asyncio.CancelledError
        left.pop(0)()

    given = {"base": web.url, "folder": web.folder.parent / "incoming", "steps": [3, 6], **options}
    return kind.Source(kind.Options.model_validate(given), name="model", now=lambda: at, sleep=sleep)


async def taken(one: Any) -> list[Payload]:
    got = []
    async with aclosing(one.payloads()) as payloads:
        try:
            async for payload in payloads:
                got.append(payload)
        except asyncio.CancelledError:
            pass
    return got


def fields(payload: Payload) -> list[GridField]:
    return list(read_fields(payload.path, source="model"))


@pytest.mark.parametrize("kind", [ecmwf, gfs])
async def test_only_the_bytes_of_the_fields_wanted_are_fetched(web: Served, publish: Callable[..., None], kind: Any) -> None:
    for step in (3, 6):
        publish(RUN, step)
    (payload,) = await taken(source(web, kind))
    assert payload.run_time == RUN
    assert payload.path.name == "model_2024091912.grib2"
    assert [field.variable for field in fields(payload)] == ["air_temperature", "eastward_wind", "northward_wind", "rain"] * 2
    assert {field.run_time for field in fields(payload)} == {RUN}
    assert [field.lead / timedelta(hours=1) for field in fields(payload)] == [3] * 4 + [6] * 4
    ranges = [(path[-6:], asked) for path, asked, status in web.asked if status == 206]
    # The temperature, then wind and rain in one request, for they lie side by side: two a step, and never the height of 500 hPa.
    assert len(ranges) == 4


@pytest.mark.parametrize("kind", [ecmwf, gfs])
async def test_a_run_waits_for_its_last_step_and_the_one_before_serves_until_then(web: Served, publish: Callable[..., None], kind: Any) -> None:
    before = RUN - timedelta(hours=6)
    for step in (3, 6):
        publish(before, step)
    publish(RUN, 3)
    got = await taken(source(web, kind, lambda: publish(RUN, 6), lambda: None))
    assert [payload.run_time for payload in got] == [before, RUN]
    assert [status for path, _, status in web.asked if "2024091912" in path or "t12z" in path][0] == 404


async def test_a_run_is_not_asked_for_before_it_can_be_there(web: Served) -> None:
    await taken(source(web, ecmwf, at=RUN + timedelta(hours=6, minutes=59)))
    assert not any("2024091912" in path for path, _, _ in web.asked)


async def test_a_field_that_a_step_lacks_is_no_fault_and_one_that_all_lack_is(web: Served, publish: Callable[..., None]) -> None:
    publish(RUN, 3, without="tp")  # as the analysis has no sum yet
    publish(RUN, 6)
    (payload,) = await taken(source(web, ecmwf))
    assert [field.variable for field in fields(payload)].count("rain") == 1
    with pytest.raises(FeedError, match="no step of run 2024-09-19 12 UTC has any of the fields wanted; mend the names"):
        await taken(source(web, ecmwf, params=["sst"]))


async def test_an_index_that_does_not_fit_its_file_gives_nothing(web: Served, publish: Callable[..., None]) -> None:
    for step in (3, 6):
        publish(RUN, step, spoilt=True)
    with pytest.raises(Truncated, match="are no whole GRIB messages; index and file do not fit, they are fetched again"):
        await taken(source(web, ecmwf))


async def test_a_server_without_ranges_is_not_asked_for_the_whole(web: Served, publish: Callable[..., None]) -> None:
    for step in (3, 6):
        publish(RUN, step)
    web.ranges = False
    with pytest.raises(SourceUnavailable, match="does not give the part that was asked for; use a mirror that knows ranges"):
        await taken(source(web, gfs))


@pytest.mark.parametrize(("kind", "index", "sentence"), [
    (ecmwf, "<html>busy</html>", "ECMWF's index of step 6 has another form in line 1"),
    (ecmwf, '{"date": "20240918", "time": "1200", "step": "6", "levtype": "sfc", "param": "2t", "_offset": 0, "_length": 9}', "speaks of 20240918 12 6"),
    (gfs, "<html>busy</html>", "NOAA's index of step 6 has another form in line 1"),
    (gfs, "1:0:d=2024091806:TMP:2 m above ground:6 hour fcst:", "speaks of run 2024091806, not of 2024091912"),
])  # fmt: skip
async def test_an_index_of_another_form_or_run_is_named(
    web: Served, publish: Callable[..., None], kind: Any, index: str, sentence: str
) -> None:
    publish(RUN, 6)
    for path in web.folder.rglob("*"):
        if path.suffix in (".index", ".idx"):
            path.write_text(index)
    with pytest.raises(FeedError, match=sentence):
        await taken(source(web, kind, steps=[6]))


def test_fields_of_one_message_are_one_piece_which_ends_where_the_next_begins_in_whatever_order_the_lines_stand() -> None:
    lines = ("4:300:d=2024091912:GUST:surface:6 hour fcst:", "1:0:d=2024091912:HGT:500 mb:6 hour fcst:", "5:450:d=2024091912:VIS:surface:6 hour fcst:",
             "3.1:100:d=2024091912:UGRD:10 m above ground:6 hour fcst:", "3.2:100:d=2024091912:VGRD:10 m above ground:6 hour fcst:")
    found = gfs._Gfs(gfs.Options()).pieces("\n".join(lines), RUN, 6)
    assert sorted(found) == [Piece(start=100, length=200), Piece(start=300, length=150), Piece(start=450, length=None)]


def test_of_ecmwfs_index_the_surface_is_taken_and_of_a_sum_its_end_is_the_step() -> None:
    lines = [{"date": "20240919", "time": time, "step": step, "levtype": kind, "param": "10u", "_offset": start, "_length": 9}
             for time, step, kind, start in (("1200", "6", "pl", 0), (1200, "6", "sfc", 9), ("1200", "0-6", "sfc", 18))]
    found = ecmwf._Ecmwf(ecmwf.Options()).pieces("\n".join(map(json.dumps, lines)), RUN, 6)
    assert found == [Piece(start=9, length=9), Piece(start=18, length=9)]


def test_pieces_that_touch_or_nearly_touch_are_one_request() -> None:
    pieces = [Piece(start=100, length=50), Piece(start=0, length=10), Piece(start=10, length=10), Piece(start=155, length=5), Piece(start=0, length=10)]
    assert merged(pieces) == [Piece(start=0, length=20), Piece(start=100, length=50), Piece(start=155, length=5)]
    assert merged(pieces, gap=5) == [Piece(start=0, length=20), Piece(start=100, length=60)]
    assert merged([Piece(start=5, length=None), Piece(start=0, length=5)]) == [Piece(start=0, length=None)]


def test_the_defaults_are_quantities_that_rules_speak_of() -> None:
    names = {found.name for short in ecmwf.Options().params if (found := of_grib(None, short, "")[0]) is not None}
    assert names == {"rain", "air_temperature", "eastward_wind", "northward_wind", "wind_gust"}
