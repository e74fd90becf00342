"""Broadcasts: the one-to-many ways out, provisioned for every zone of a deployment."""

from channels.message import Lane
from geo.zone import ZoneSet
from warning.dispatch.kind import Kinds
from warning.dispatch.subscribe import Entry
from warning.level import Level


def broadcasts(zones: ZoneSet, *, channels: Kinds, lane: Lane, public_url: str, prefix: str = "xiaoxishu") -> list[Entry]:
    """Retained MQTT topics per zone (``xiaoxishu/<lane>/<zone>/<issuer>/<hazard>``; subscribe to ``…/<zone>/#``), screens and loudspeakers per district and town (``xiaoxishu/<lane>/display/<zone>/…``), the public page, the spool, the national platform and WIS2, for those kinds of ``channels`` (kind by name) that exist."""
    entries: list[Entry] = []
    for name, kind in channels.items():
        match kind:
            case "mqtt":
                # A retained topic holds one message: one for each issuer and hazard, so that a gale does not wipe out a rainstorm in force.
                entries += [
                    _entry(name, f"{prefix}/{lane}/{zone.code}/{{issuer}}/{{hazard}}", lane, (zone.code,))
                    for zone in zones if zone.level != "cell"
                ]
            case "display" | "loudspeaker":
                entries += [
                    _entry(name, f"{prefix}/{lane}/{kind}/{zone.code}/{{issuer}}/{{hazard}}", lane, (zone.code,))
                    for zone in zones if zone.level in ("district", "street")
                ]
            case "page":
                entries.append(_entry(name, f"{public_url.rstrip('/')}/public/versions/{{identifier}}", lane, ()))
            case "spool" | "national" | "wis2":
                entries.append(_entry(name, "{identifier}", lane, ()))
    return entries


def _entry(channel: str, address: str, lane: Lane, zones: tuple[str, ...]) -> Entry:
    return Entry(
        kind="broadcast", lane=lane, name=channel, owner="", channel=channel, address=address, secret="", language="zh-CN",
        hazards=(), min_level=Level.BLUE, zones=zones, polygon=None, cell=None, district=None,
    )
