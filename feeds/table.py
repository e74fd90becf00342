"""Table: the mapping of a CSV or JSON station feed, from its columns to our variables; part of the feed's settings."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from feeds.variable import CANONICAL_UNITS, plain_units
from feeds.zone_name import ZoneName
from geo.units import UnitError, convert


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """One column (in JSON a dotted path, ``properties.rain`` or ``values.0``) and what it measures."""

    name: str = Field(min_length=1, description="the column's heading, or a dotted path into each row of JSON")
    variable: str = Field(min_length=1, description="our name: rain, air_temperature, wind_speed, wind_gust, visibility, water_level …")
    units: str = Field(min_length=1, description="unit of the numbers in the column")
    window_min: float | None = Field(default=None, gt=0, description="minutes of the interval that ends at the row's time; empty = instantaneous")
    statistic: Literal["instant", "sum", "mean", "max", "min"] | None = Field(
        default=None, description="what was done over the window; empty = sum for rain and snow, instant without a window")
    quality: str = Field(default="", description="the column that holds the provider's quality word for this one")
    method: str = Field(default="", description="how it is measured, where that is unusual: camera, radar, model; kept in the provenance")

    @model_validator(mode="after")
    def _measures_what_it_says(self) -> Self:
        ours = CANONICAL_UNITS.get(self.variable)
        if ours:
            try:
                convert([1.0], plain_units(self.units), ours)
            except UnitError as fault:
                raise ValueError(f"column {self.name!r}: {fault}") from fault
        if self.window_min is not None and self.meant_statistic == "instant":
            raise ValueError(f"column {self.name!r} has a window and no statistic; write sum, mean, max or min")
        if self.window_min is None and self.meant_statistic == "sum":
            raise ValueError(f"column {self.name!r} is a sum over an unknown time; give window_min")
        return self

    @property
    def meant_statistic(self) -> str:
        return self.statistic or ("sum" if self.variable in ("rain", "snow_water") else "instant")

    @property
    def window(self) -> timedelta | None:
        return None if self.window_min is None else timedelta(minutes=self.window_min)


class Places(_Strict):
    """A list of stations, for feeds whose rows name the station only."""

    path: Path = Field(description="a CSV file with a heading")
    station: str = Field(default="station", description="its column with the station's identifier, as the feed writes it")
    lon: str = Field(default="lon", description="its column with the longitude, degrees east (WGS 84)")
    lat: str = Field(default="lat", description="its column with the latitude, degrees north (WGS 84)")
    elevation: str = Field(default="", description="its column with the height above sea level, metres")


class Words(_Strict):
    """The provider's quality words; a word in none of the lists leaves a value unchecked, and is kept."""

    good: tuple[str, ...] = Field(default=(), description="words of values that the provider has checked and believes")
    suspect: tuple[str, ...] = Field(default=(), description="words of values that are doubted")
    bad: tuple[str, ...] = Field(default=(), description="words of values that are wrong")


class Table(_Strict):
    """How the rows of one feed are read. Wrong units and windows are refused at start, not at the first storm."""

    format: Literal["csv", "json"] = Field(default="csv", description="csv = rows under a heading; json = a list of objects")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="csv: what separates columns")
    heading: int = Field(default=1, ge=1, description="csv: number of the line that holds the headings")
    after_heading: int = Field(default=0, ge=0, description="csv: lines to pass over below it (units, kinds of sums)")
    rows: str = Field(default="", description="json: dotted path to the list; empty = the whole is the list")
    station: str = Field(min_length=1, description="column with the station's identifier")
    lon: str = Field(default="", description="column with the longitude, degrees east; empty = from `places`")
    lat: str = Field(default="", description="column with the latitude, degrees north; empty = from `places`")
    elevation: str = Field(default="", description="column with the height above sea level, metres")
    places: Places | None = Field(default=None, description="where the stations lie, when the rows do not tell")
    time: str = Field(min_length=1, description="column with the time; for a sum it is the end")
    time_format: str = Field(default="iso", min_length=1, description="iso, epoch_s, epoch_ms, or a pattern such as %Y%m%d%H%M")
    time_zone: ZoneName = Field(default="UTC", description="zone of times that tell none, such as Asia/Shanghai")
    missing: tuple[str, ...] = Field(default=("", "NAN", "NaN", "nan", "null", "None", "-", "9999", "-9999", "999999", "999990"),
                                     description="words that stand for no value")
    quality: Words = Field(default_factory=Words, description="the provider's quality words")
    columns: tuple[Column, ...] = Field(min_length=1, description="what is taken")

    @model_validator(mode="after")
    def _knows_where(self) -> Self:
        if bool(self.lon) != bool(self.lat) or bool(self.lon) == (self.places is not None):
            raise ValueError("give either both columns lon and lat, or places")
        return self


Tables = Mapping[str, Table]
"""By name of the source."""
NO_TABLES: Tables = MappingProxyType({})
