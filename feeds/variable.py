"""Variable: what the names and numbers in files mean, and the unit we keep each quantity in."""

import re
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A canonical quantity.

    ``units`` is what we keep it in ("" = as the file has it). ``grib`` lists (discipline, category, number) of WMO code
    table 4.2; ``short_names`` are ecCodes' (for edition 1 and local tables); ``standard_names`` CF's; ``names`` those of our
    neutral schema and of common NetCDF files. ``statistic`` and ``level`` hold where the name itself says so.
    """

    name: str
    units: str = ""
    grib: tuple[tuple[int, int, int], ...] = ()
    short_names: tuple[str, ...] = ()
    standard_names: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    grib_units: str = ""
    statistic: str = ""
    level: str = ""


VARIABLES = (
    Variable(name="rain", units="mm", grib=((0, 1, 8), (0, 1, 49)), grib_units="kg m-2", short_names=("tp", "twatp"),
             standard_names=("precipitation_amount", "lwe_thickness_of_precipitation_amount", "rainfall_amount",
                             "thickness_of_rainfall_amount"), names=("rain", "tp", "precipitation"), statistic="sum"),
    Variable(name="rain_rate", grib=((0, 1, 7), (0, 1, 52)), short_names=("prate", "tprate"),
             standard_names=("precipitation_flux", "lwe_precipitation_rate", "rainfall_rate", "rainfall_flux")),
    Variable(name="snow_water", units="mm", short_names=("sf", "tsnowp"),
             standard_names=("snowfall_amount", "lwe_thickness_of_snowfall_amount"), names=("snow_water", "sf"), statistic="sum"),
    Variable(name="air_temperature", units="degC", grib=((0, 0, 0),), short_names=("2t", "t"), standard_names=("air_temperature",),
             names=("t2m", "2t", "temp", "temperature")),
    Variable(name="air_temperature", units="degC", grib=((0, 0, 4),), short_names=("tmax", "mx2t", "mx2t3", "mx2t6"),
             names=("tmax", "mx2t"), statistic="max"),
    Variable(name="air_temperature", units="degC", grib=((0, 0, 5),), short_names=("tmin", "mn2t", "mn2t3", "mn2t6"),
             names=("tmin", "mn2t"), statistic="min"),
    Variable(name="air_temperature_anomaly", grib=((0, 0, 9),), short_names=("ta",), standard_names=("air_temperature_anomaly",)),
    Variable(name="dew_point_temperature", units="degC", grib=((0, 0, 6),), short_names=("2d", "dpt"),
             standard_names=("dew_point_temperature",), names=("d2m", "td2m")),
    Variable(name="ground_temperature", units="degC", grib=((0, 0, 17),), short_names=("skt",),
             standard_names=("surface_temperature",), names=("ground_temperature", "skt")),
    Variable(name="road_temperature", units="degC", names=("road_temperature",)),
    Variable(name="relative_humidity", units="%", grib=((0, 1, 1),), short_names=("2r", "r"), standard_names=("relative_humidity",),
             names=("rh2m", "r2", "rh")),
    Variable(name="wind_from_direction", grib=((0, 2, 0),), short_names=("wdir", "10wdir"), standard_names=("wind_from_direction",)),
    Variable(name="wind_speed", units="m s-1", grib=((0, 2, 1),), short_names=("ws", "10si"), standard_names=("wind_speed",),
             names=("wind_10m", "ws10", "si10", "wind_speed")),
    Variable(name="eastward_wind", units="m s-1", grib=((0, 2, 2),), short_names=("u", "10u"), standard_names=("eastward_wind",),
             names=("u10", "u10m", "u_10m", "u")),
    Variable(name="northward_wind", units="m s-1", grib=((0, 2, 3),), short_names=("v", "10v"), standard_names=("northward_wind",),
             names=("v10", "v10m", "v_10m", "v")),
    Variable(name="wind_gust", units="m s-1", grib=((0, 2, 22),), short_names=("gust", "10fg", "i10fg", "fg10"),
             standard_names=("wind_speed_of_gust",), names=("gust_10m", "i10fg", "fg10", "gust")),
    Variable(name="visibility", units="m", grib=((0, 19, 0),), short_names=("vis",), standard_names=("visibility_in_air",), names=("vis",)),
    Variable(name="sea_level_pressure", units="Pa", grib=((0, 3, 1),), short_names=("prmsl", "msl"), names=("msl", "prmsl"),
             standard_names=("air_pressure_at_sea_level", "air_pressure_at_mean_sea_level")),
    Variable(name="pressure", units="Pa", grib=((0, 3, 0),), short_names=("sp", "pres"), standard_names=("surface_air_pressure", "air_pressure"),
             names=("sp",)),
    Variable(name="geopotential_height", grib=((0, 3, 5),), short_names=("gh",), standard_names=("geopotential_height",)),
    Variable(name="composite_reflectivity", grib=((0, 16, 5), (0, 16, 196)), short_names=("refc",), names=("cref",)),
    Variable(name="water_level", units="m", standard_names=("water_surface_height_above_reference_datum", "sea_surface_height_above_geoid"),
             names=("water_level",)),
)

CANONICAL_UNITS = {variable.name: variable.units for variable in VARIABLES if variable.units}

_BY_GRIB = {key: variable for variable in VARIABLES for key in variable.grib}
_BY_SHORT_NAME = {key: variable for variable in VARIABLES for key in variable.short_names}
_BY_STANDARD_NAME = {key: variable for variable in VARIABLES for key in variable.standard_names}
_BY_NAME = {key: variable for variable in VARIABLES for key in variable.names}

# ecCodes' short names for heights: edition 1 files often file them under "surface, level 0".
_LEVEL_OF_SHORT_NAME = {"2t": "2 m", "2d": "2 m", "2r": "2 m", "10u": "10 m", "10v": "10 m", "10si": "10 m", "10fg": "10 m", "i10fg": "10 m",
                        "mx2t": "2 m", "mn2t": "2 m"}
_LEVEL_OF_NAME = {"t2m": "2 m", "2t": "2 m", "d2m": "2 m", "td2m": "2 m", "rh2m": "2 m", "r2": "2 m", "u10": "10 m", "v10": "10 m",
                  "u10m": "10 m", "v10m": "10 m", "u_10m": "10 m", "v_10m": "10 m", "wind_10m": "10 m", "ws10": "10 m", "si10": "10 m",
                  "gust_10m": "10 m", "i10fg": "10 m", "fg10": "10 m", "mx2t": "2 m", "mn2t": "2 m"}
_NAME_WITH_WINDOW = re.compile(r"(rain|snow_water|gust)_(\d+)(min|h)")


def of_grib(key: tuple[int, int, int] | None, short_name: str, level_type: str) -> tuple[Variable | None, str]:
    """The quantity of a GRIB field and the level its short name tells (or ""); ``key`` is None for edition 1."""
    found = _BY_SHORT_NAME.get(short_name)
    if found is None and key is not None:
        found = _BY_GRIB.get(key)
    if found is not None and found.name == "air_temperature" and short_name == "t" and level_type == "surface":
        found = _BY_SHORT_NAME["skt"]  # a temperature *of* the surface is no air temperature
    return found, _LEVEL_OF_SHORT_NAME.get(short_name, "")


def of_netcdf(name: str, standard_name: str) -> tuple[Variable | None, str, timedelta | None]:
    """The quantity of a NetCDF variable, the level and the window that its name tells (``rain_10min``, ``gust_1h``)."""
    window = None
    base = name
    if match := _NAME_WITH_WINDOW.fullmatch(name):
        base, count, unit = match[1], int(match[2]), match[3]
        window = timedelta(minutes=count) if unit == "min" else timedelta(hours=count)
    found = _BY_STANDARD_NAME.get(standard_name) or _BY_NAME.get(base)
    return found, _LEVEL_OF_NAME.get(name, ""), window


def plain_units(units: str) -> str:
    """One spelling of a unit: ``m s**-1`` and ``m/s`` become ``m s-1``; ``unknown`` becomes "" (none given)."""
    text = " ".join(units.replace("**", "").replace("^", "").split())
    return _SPELLINGS.get(text, text)


_SPELLINGS = {"unknown": "", "~": "", "(0 - 1)": "1", "(Code table 4.201)": "1", "m/s": "m s-1", "m.s-1": "m s-1", "kg/m2": "kg m-2",
              "kg.m-2": "kg m-2", "celsius": "degC", "Celsius": "degC", "degrees_celsius": "degC", "deg C": "degC", "°C": "degC", "C": "degC",
              "kelvin": "K", "Kelvin": "K", "percent": "%", "millibars": "hPa", "mb": "hPa", "mbar": "hPa", "m of water equivalent": "m",
              "meters": "m", "metres": "m", "meter": "m"}
