"""What the settings say of files: the deployment's own configuration before the shipped one, its zones, its stations' tables."""

import importlib
from pathlib import Path

from feeds.table import Tables
from geo.shanghai import shanghai_zones
from geo.zone import ZoneSet
from geo.zonefile import ZoneProperties, load_zones
from warning.errors import ConfigError
from warning.settings import Settings


def config_file(settings: Settings, name: str) -> Path:
    """The deployment's own file of this name, else the shipped one. A folder that is not there is refused, for a typo would change the rules."""
    if settings.config is not None:
        if not settings.config.is_dir():
            raise ConfigError(f"config: there is no folder {settings.config}")
        if (settings.config / name).is_file():
            return settings.config / name
    return shipped_config() / name


def shipped_config() -> Path:
    """``config/`` of this installation, beside the packages in a checkout and in a wheel."""
    return Path(str(importlib.import_module("geo").__file__)).parents[1] / "config"


def zones_of(settings: Settings) -> ZoneSet:
    """The deployment's own zones, else Shanghai's."""
    wanted = settings.zones
    if wanted.path is None:
        return shanghai_zones()
    properties = ZoneProperties(
        code=wanted.code, name_zh=wanted.name_zh, name_en=wanted.name_en, level=wanted.level, parent=wanted.parent)
    return load_zones(wanted.path, crs=wanted.crs, properties=properties)


def tables(settings: Settings) -> Tables:
    """The columns of each station feed, by source."""
    return {feed.source: feed.table for feed in settings.feeds if feed.table is not None}
