"""Related zones: a question about a district concerns what is warned for its city and for its streets as well."""

from geo.zone import ZoneSet
from warning.errors import NotFound


def related_codes(zones: ZoneSet, code: str) -> list[str]:
    """The zone, what it lies in and what lies in it. Raises NotFound for a code that is no zone."""
    if code not in zones.by_code:
        raise NotFound(f"no zone {code}; GET /api/zones.geojson lists them")
    found = [code, *ancestors(zones, code)]
    wave = {code}
    while wave:
        wave = {zone.code for zone in zones if zone.parent in wave} - set(found)
        found += sorted(wave)
    return found


def ancestors(zones: ZoneSet, code: str) -> list[str]:
    """From the nearest parent up to the city."""
    above: list[str] = []
    zone = zones.by_code.get(code)
    while zone is not None and zone.parent and zone.parent not in above:
        above.append(zone.parent)
        zone = zones.by_code.get(zone.parent)
    return above
