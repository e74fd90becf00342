"""Generator of the synthetic Pulasan: 10-minute rain and wind files that match the published gauges and know no warning rule.

Everything is synthetic but the numbers below, which are published (Shanghai, 18-20 September 2024, Beijing time). For
every seed the truth (lead 0) keeps them within these tolerances, which the tests check:

    largest hour, Nicheng 泥城 (Pudong), 01:26-02:26 on the 20th, here 01:30-02:30    116.2 mm   ± 0.15 mm
    largest 6 h, Yangjiazhai 四团杨家宅 (Fengxian; no time published)                 327.7 mm   ± 0.15 mm
    largest 6 h, Pengzhen 彭镇 (Pudong; no time published)                           308.0 mm   ± 0.15 mm
    largest total to the 20th 09:00, and in all (at Yangjiazhai)                     340.9 mm   ± 0.15 mm
    mean of the 614 gauges to the 20th 09:00                                         73.28 mm   ± 0.10 mm
    gauges to 09:00 with ≥ 250 / 100-250 / 50-100 / 25-50 / 10-25 mm             28/123/225/155/45   exactly

In quality only: the rain over the city is strong from 02:00; on the afternoon of the 20th a second, weaker band gives
35 mm and more in an hour in Chongming, Baoshan, Jiading and Qingpu; the storm's centre crosses the Fengxian coast at 21:45
on the 19th and is over Jiading at midnight, with gusts of 17 to 24 m s-1 near it.

Not published and ours: where the other gauges stand, the field between gauges, the course in time, the wind field, and that
the class counts were taken at 09:00 like the mean. The forecasts are the truth blurred, displaced and scaled by a random
error that grows with the lead, so that misses and false alarms occur; the lead that comes out of them is illustrative.

A file is one cycle: dimensions ``lead`` (0, 10 … 120 min; 0 is the analysis), ``lat``, ``lon``; variables
``rain_10min`` (mm in the 10 min that end at cycle + lead), ``wind_10m`` and ``gust_10m`` (m s-1); then on dimensions of their
own, coarser in space and time, the hours from 3 to 24 as a model might see them: ``rain_1h``, ``wind_model``, ``gust_model``.
CF NetCDF-4, packed int16.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from warning.demo.pulasan_frame import END, LATS, LEADS, LONS, START, STEP, index_of
from warning.demo.pulasan_model import HOURS, MODEL_LATS, MODEL_LONS, coarse, model_rain, model_wind
from warning.demo.pulasan_nowcast import Errors, errors, forecast_rain, forecast_wind
from warning.demo.pulasan_rain import Gauge, gauges, rain
from warning.demo.pulasan_wind import wind
from warning.errors import Invalid

__all__ = ["END", "SEED", "START", "STEP", "Gauge", "file_name", "gauges", "generate"]

#: Raised when the same seed would give other numbers.
VERSION: Final = 3
SEED: Final = 20240920
MANIFEST: Final = "manifest.json"
FITTED: Final = (
    "1 h 116.2 mm Nicheng 01:30-02:30; 6 h 327.7 mm Situan Yangjiazhai, 308.0 mm Pengzhen; process max 340.9 mm; mean of 614 "
    "gauges to 09:00 73.28 mm; gauges >=250/100-250/50-100/25-50/10-25 mm: 28/123/225/155/45 (20 Sept 2024, Beijing time)"
)
_PACKING: Final = {
    name: {"dtype": "int16", "scale_factor": 0.1, "_FillValue": -32768, "zlib": True, "complevel": 1, "shuffle": True}
    for name in ("rain_10min", "wind_10m", "gust_10m", "rain_1h", "wind_model", "gust_model")
} | {name: {"_FillValue": None} for name in ("lat", "lon", "lat_model", "lon_model")}
_MINUTES: Final = {"units": "minutes since 2024-09-18 06:00:00", "dtype": "int32", "calendar": "proleptic_gregorian"}
_TIMES: Final = ("time", "time_model", "forecast_reference_time")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Storm:
    """Truth and errors of one seed, kept while its files are written."""

    rain: NDArray[np.float32]
    speed: NDArray[np.float32]
    gust: NDArray[np.float32]
    errors: Errors
    coarse_rain: NDArray[np.float32]
    coarse_speed: NDArray[np.float32]
    coarse_gust: NDArray[np.float32]


def generate(
    folder: Path,
    *,
    seed: int = SEED,
    start: datetime | None = None,
    end: datetime | None = None,
    step: timedelta = STEP,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Write one file per cycle from ``start`` to ``end`` (both included; default the whole period) into ``folder``.

    A cycle's content depends on the seed alone, not on which cycles are asked for. ``manifest.json`` beside the files
    holds their SHA-256; when it fits, nothing is written again. ``progress(done, total)`` is called after every file.
    Raises ``Invalid`` if the times are naive, outside of the period or not on ten minutes.
    """
    cycles = _cycles(start or START, end or END, step)
    paths = [folder / file_name(at) for at in cycles]
    wanted = {"generator": VERSION, "seed": seed}
    if _intact(folder, paths, wanted):
        if progress:
            progress(len(paths), len(paths))
        return paths
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    speed, gust = wind(seed)
    truth = rain(seed)
    storm = _Storm(
        rain=truth, speed=speed, gust=gust, errors=errors(seed), coarse_rain=coarse(truth), coarse_speed=coarse(speed), coarse_gust=coarse(gust))
    for number, (at, path) in enumerate(zip(cycles, paths, strict=True), start=1):
        # A reader that watches the folder must never see half a file.
        part = path.with_suffix(".part")
        _dataset(storm, at, seed).to_netcdf(part, engine="netcdf4", encoding=_PACKING | dict.fromkeys(_TIMES, _MINUTES))
        part.replace(path)
        if progress:
            progress(number, len(paths))
    manifest = wanted | {"note": "SYNTHETIC rain and wind", "files": {path.name: _checksum(path) for path in paths}}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return paths


def file_name(at: datetime) -> str:
    """``pulasan_synthetic_202409191600.nc``: the cycle in UTC."""
    return f"pulasan_synthetic_{at.astimezone(UTC):%Y%m%d%H%M}.nc"


def _cycles(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    for name, at in (("start", start), ("end", end)):
        if at.tzinfo is None:
            raise Invalid(f"{name} {at} has no time zone; pass an aware time in UTC")
        if not START <= at <= END or (at - START) % STEP:
            raise Invalid(f"{name} {at:%Y-%m-%d %H:%M %Z} must be a full ten minutes from {START:%Y-%m-%d %H:%M} to {END:%Y-%m-%d %H:%M} UTC")
    if step < STEP or step % STEP or end < start:
        raise Invalid(f"step {step} must be a multiple of ten minutes, and end not before start")
    return [start + step * n for n in range((end - start) // step + 1)]


def _intact(folder: Path, paths: list[Path], wanted: dict[str, int]) -> bool:
    """Whether the manifest names the same generator and seed, and every wanted file with its checksum."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if {key: manifest[key] for key in wanted} != wanted:
            return False
        return all(_checksum(path) == manifest["files"][path.name] for path in paths)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _dataset(storm: _Storm, at: datetime, seed: int) -> xr.Dataset:
    """One cycle as a CF dataset."""
    cycle = index_of(at)
    run = np.datetime64(at.astimezone(UTC).replace(tzinfo=None), "ns")
    leads = np.array([lead // timedelta(minutes=1) for lead in LEADS], dtype=np.int32)
    dims = ("lead", "lat", "lon")
    rain_mm = forecast_rain(storm.rain, storm.errors, cycle)
    hourly = ("lead_model", "lat_model", "lon_model")
    minutes = 60 * np.array(HOURS, dtype=np.int32)
    fields = {
        "rain_10min": (dims, rain_mm, {
            "standard_name": "lwe_thickness_of_precipitation_amount", "units": "mm", "cell_methods": "time: sum (interval: 10 minutes)",
            "long_name": "rain in the 10 minutes that end at time", "statistic": "sum", "window_minutes": 10}),
        "wind_10m": (dims, forecast_wind(storm.speed, storm.errors, cycle), {
            "standard_name": "wind_speed", "units": "m s-1", "long_name": "mean wind speed at 10 m", "height_m": 10}),
        "gust_10m": (dims, forecast_wind(storm.gust, storm.errors, cycle), {
            "standard_name": "wind_speed_of_gust", "units": "m s-1", "long_name": "gust at 10 m", "height_m": 10}),
        "rain_1h": (hourly, model_rain(storm.coarse_rain, storm.errors, cycle), {
            "standard_name": "lwe_thickness_of_precipitation_amount", "units": "mm", "cell_methods": "time: sum (interval: 1 hour)",
            "long_name": "rain in the hour that ends at time", "statistic": "sum", "window_minutes": 60}),
        "wind_model": (hourly, model_wind(storm.coarse_speed, storm.errors, cycle), {
            "standard_name": "wind_speed", "units": "m s-1", "long_name": "mean wind speed at 10 m", "height_m": 10}),
        "gust_model": (hourly, model_wind(storm.coarse_gust, storm.errors, cycle), {
            "standard_name": "wind_speed_of_gust", "units": "m s-1", "long_name": "gust at 10 m", "height_m": 10}),
    }  # fmt: skip
    coordinates = {
        "lead": ("lead", leads, {"standard_name": "forecast_period", "units": "minutes", "long_name": "minutes after the cycle"}),
        "time": ("lead", run + leads.astype("timedelta64[m]"), {"standard_name": "time", "long_name": "end of validity"}),
        "lead_model": ("lead_model", minutes, {"standard_name": "forecast_period", "units": "minutes", "long_name": "minutes after the cycle"}),
        "time_model": ("lead_model", run + minutes.astype("timedelta64[m]"), {"standard_name": "time", "long_name": "end of validity"}),
        "lat_model": ("lat_model", MODEL_LATS, {"standard_name": "latitude", "units": "degrees_north"}),
        "lon_model": ("lon_model", MODEL_LONS, {"standard_name": "longitude", "units": "degrees_east"}),
        "forecast_reference_time": ((), run, {"standard_name": "forecast_reference_time"}),
        "lat": ("lat", LATS, {"standard_name": "latitude", "units": "degrees_north"}),
        "lon": ("lon", LONS, {"standard_name": "longitude", "units": "degrees_east"}),
    }
    about = {
        "Conventions": "CF-1.11",
        "title": "SYNTHETIC rain and wind in the manner of tropical storm Pulasan, Shanghai, September 2024",
        "institution": "Xiaoxishu demo",
        "source": f"SYNTHETIC: warning.demo.pulasan, generator version {VERSION}, seed {seed}",
        "comment": f"No observation and no forecast. Fitted only to these published numbers: {FITTED}.",
        "synthetic": "true",
        "generator_version": VERSION,
        "seed": seed,
    }
    return xr.Dataset(fields, coords=coordinates, attrs=about)
