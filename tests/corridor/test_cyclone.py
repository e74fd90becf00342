"""A wind over the coast: with a cyclone's track at hand it is a typhoon's, without one a person decides."""

from pathlib import Path

import netCDF4
import numpy as np

from feeds.payload import Payload
from tests.corridor.conftest import AT, Corridor
from tests.corridor.rain import payload_of

# AT is midnight in Beijing at the beginning of 20 September: the centre comes ashore in Fengxian six hours later.
TRACK = """diamond 7 a track
普拉桑 2414 BABJ 2
2024 09 20 00 0 122.5 30.5 23 992 280 80 315 15
2024 09 20 00 6 121.6 30.9 20 996 250 60 315 15
"""


def wind_file(folder: Path) -> Payload:
    """A mean wind of 22 m/s (force 9) everywhere in the coming six hours."""
    path = folder / "wind_202409200000.nc"
    lats, lons, minutes = np.arange(30.6, 31.96, 0.05), np.arange(120.8, 122.31, 0.05), np.arange(0, 37) * 10
    with netCDF4.Dataset(path, "w") as file:
        file.Conventions = "CF-1.11"
        for name, values in (("time", minutes), ("lat", lats), ("lon", lons)):
            file.createDimension(name, values.size)
        run = f"minutes since {AT:%Y-%m-%d %H:%M:%S}"
        for name, values, about in (
            ("time", minutes.astype("i4"), {"standard_name": "time", "units": run}),
            ("lat", lats, {"standard_name": "latitude", "units": "degrees_north"}),
            ("lon", lons, {"standard_name": "longitude", "units": "degrees_east"}),
        ):
            variable = file.createVariable(name, values.dtype, (name,))
            variable[...] = values
            variable.setncatts(about)
        started = file.createVariable("forecast_reference_time", "i4", ())
        started[...] = 0
        started.setncatts({"standard_name": "forecast_reference_time", "units": run})
        wind = file.createVariable("wind_speed", "f4", ("time", "lat", "lon"))
        wind[...] = 22.0
        wind.setncatts({"standard_name": "wind_speed", "units": "m s-1", "coordinates": "forecast_reference_time"})
    return payload_of(path, AT)


async def hazards(corridor: Corridor) -> set[tuple[str, bool]]:
    """(hazard, whether the cause is to be decided) of the proposals for Fengxian."""
    rows = await corridor.rows("SELECT hazard, body FROM proposal WHERE '310120' = ANY(zones) AND status = 'open'")
    return {(row["hazard"], bool(row["body"]["cause_to_decide"])) for row in rows}


async def test_without_a_track_the_cause_of_a_wind_is_to_be_decided(corridor: Corridor) -> None:
    await corridor.parts.watch.take(wind_file(corridor.folder))
    await corridor.next_cycle()
    await corridor.parts.watch.take(payload_of_later(corridor))
    assert {decide for _, decide in await hazards(corridor)} == {True}


async def test_a_track_that_comes_ashore_makes_it_a_typhoons(corridor: Corridor) -> None:
    path = corridor.folder / "babj.dat"
    path.write_text(TRACK, encoding="utf-8")
    await corridor.parts.watch.take(Payload(source="tracks", path=path, fetched_at=AT, checksum="t", run_time=AT))
    await corridor.parts.watch.take(wind_file(corridor.folder))
    await corridor.next_cycle()
    await corridor.parts.watch.take(payload_of_later(corridor))
    assert await hazards(corridor) == {("typhoon", False)}


def payload_of_later(corridor: Corridor) -> Payload:
    """The same wind, told again ten minutes later: a level must last two cycles."""
    path = corridor.folder / "wind_202409200010.nc"
    path.write_bytes((corridor.folder / "wind_202409200000.nc").read_bytes())
    with netCDF4.Dataset(path, "a") as file:
        file.variables["forecast_reference_time"][...] = 10
    return payload_of(path, corridor.now)
