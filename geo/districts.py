"""The sixteen districts of Shanghai as facts: code, names, residents, land area; no borders."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """``population_2020``: residents at the 2020 census; ``area_km2``: official land area."""

    code: str
    zh: str
    en: str
    population_2020: int
    area_km2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    code: str
    zh: str
    en: str
    districts: tuple[District, ...]


def zone_folder() -> Traversable:
    """``config/zones``, beside this package in a checkout and in a wheel.

    Not ``files("config")``: a namespace package of an editable install has a placeholder in its path, on which
    importlib.resources of Python 3.11 stumbles.
    """
    return files("geo") / ".." / "config" / "zones"


@cache
def shanghai() -> City:
    """Read from ``config/zones/shanghai-districts.yaml``, which names its sources."""
    text = (zone_folder() / "shanghai-districts.yaml").read_text(encoding="utf-8")
    table = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    city = table["city"]
    districts = tuple(
        District(
            code=row["code"],
            zh=row["zh"],
            en=row["en"],
            population_2020=int(row["population_2020"]),
            area_km2=float(row["area_km2"]),
        )
        for row in table["districts"]
    )
    return City(code=city["code"], zh=city["zh"], en=city["en"], districts=districts)
