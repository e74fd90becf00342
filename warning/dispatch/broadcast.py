"""Broadcasts: the one-to-many ways out, provisioned for every zone of a deployment."""

from collections.abc import Sequence

from channels.message import Lane
from geo.zone import ZoneSet
from warning.dispatch.subscribe import Entry
from warning.level import Level


def broadcasts(zones: ZoneSet, *, channels: Sequence[str], lane: Lane, public_url: str, prefix: str = "xiaoxishu") -> list[Entry]:
    """Retained MQTT topics per zone (``xiaoxishu/<lane>/<zone>/<issuer>/<hazard>``; subscribe to ``…/<zone>/#``), the public page and the spool, for those of ``channels`` that exist."""
    entries: list[Entry] = []
    if "mqtt" in channels:
        # A retained topic holds one message: a topic for each issuer and hazard, so that a gale does not wipe out a rainstorm in force.
        entries += [
            _entry("mqtt", f"{prefix}/{lane}/{zone.code}/{{issuer}}/{{hazard}}", lane, (zone.code,))
            for zone in zones if zone.level != "cell"
        ]
    if "page" in channels:
        entries.append(_entry("page", f"{public_url.rstrip('/')}/public/versions/{{identifier}}", lane, ()))
    if "spool" in channels:
        entries.append(_entry("spool", "{identifier}", lane, ()))
    return entries


def _entry(channel: str, address: str, lane: Lane, zones: tuple[str, ...]) -> Entry:
    return Entry(
        kind="broadcast", lane=lane, name=channel, owner="", channel=channel, address=address, secret="", language="zh-CN",
        hazards=(), min_level=Level.BLUE, zones=zones, polygon=None, cell=None, district=None,
    )
