"""GeoJSON: warnings as features (RFC 7946), their ground drawn once for each document that never changes."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from geo.zone import ZoneSet
from warning.dispatch.audience import reach
from warning.store.board import AlertView
from warning.web.parts import Parts
from warning.web.words import hazard_name, zone_name

MEDIA_TYPE = "application/geo+json"
OUTLINE_DEGREES = 0.002
"""About 200 m, as the zones are drawn."""


class Outlines:
    """The ground of each warning, drawn once: an issued document never changes, and many name the same zones."""

    def __init__(self, zones: ZoneSet, *, most: int = 4096) -> None:
        self._zones = zones
        self._most = most
        self._drawn: dict[tuple[str, ...], str] = {}

    def of(self, alert: AlertView) -> str:
        """A GeoJSON geometry, exterior rings counter-clockwise; ``null`` where it names no zone of ours."""
        key = alert.zones if alert.polygon is None else ("polygon", alert.identifier)
        drawn = self._drawn.get(key)
        if drawn is None:
            if len(self._drawn) >= self._most:
                self._drawn.clear()
            drawn = self._drawn[key] = self._draw(alert)
        return drawn

    def ground(self, alert: AlertView) -> BaseGeometry:
        """The ground itself, as the dispatch desk sees it; empty where it names no zone of ours."""
        here = [code for code in alert.zones if code in self._zones.by_code]
        polygon = None if alert.polygon is None else shapely.geometry.shape(dict(alert.polygon))
        return reach(here, self._zones, polygon).ground if polygon is not None or here else shapely.Polygon()

    def _draw(self, alert: AlertView) -> str:
        ground = self.ground(alert)
        if ground.is_empty:
            return "null"
        simple = shapely.set_precision(shapely.simplify(ground, OUTLINE_DEGREES), 0.0001)
        return str(shapely.to_geojson(shapely.orient_polygons(ground if simple.is_empty else simple)))


def collection(
    parts: Parts, outlines: Outlines, alerts: Sequence[AlertView], *, now: datetime, members: Mapping[str, object] | None = None
) -> bytes:
    """A FeatureCollection; ``members`` are further members of it (links, counts)."""
    head = _json({"type": "FeatureCollection", **(members or {})}).removesuffix("}")
    features = ",".join(
        # The outline is JSON already: read and written anew it would cost more than all the rest.
        f'{{"type":"Feature","id":{_json(alert.identifier)},"geometry":{outlines.of(alert)},"properties":{_json(_properties(parts, alert, now))}}}' for alert in alerts)
    return f'{head},"features":[{features}]}}'.encode()


def feature(parts: Parts, outlines: Outlines, alert: AlertView, *, now: datetime) -> dict[str, object]:
    """One warning. Times are RFC 3339 in UTC; ``valid_until`` is when it ended, which an update or a lifting may have brought forward."""
    return {"type": "Feature", "id": alert.identifier, "geometry": json.loads(outlines.of(alert)), "properties": _properties(parts, alert, now)}


def _properties(parts: Parts, alert: AlertView, now: datetime) -> dict[str, object]:
    issuer = parts.issuers.get(alert.issuer)
    base = parts.settings.public_url.rstrip("/")
    return {
        "identifier": alert.identifier, "event_id": str(alert.event_id), "version": alert.version, "msg_type": alert.msg_type,
        "status": alert.status, "state": alert.state(now), "issuer": alert.issuer,
        "issuer_zh": issuer.name_zh if issuer else alert.issuer, "issuer_en": issuer.name_en if issuer else alert.issuer,
        "hazard": alert.hazard, "hazard_zh": hazard_name(parts.rule_sets, alert.hazard, "zh"),
        "hazard_en": hazard_name(parts.rule_sets, alert.hazard, "en"), "event_code": alert.event_code, "level": alert.level.key,
        "level_value": int(alert.level), "sent": _utc(alert.sent), "onset": _utc(alert.onset), "expires": _utc(alert.expires),
        "headline_zh": alert.headlines.get("zh-CN", ""), "headline_en": alert.headlines.get("en-US", ""),
        "zones": list(alert.zones), "places_zh": "、".join(zone_name(parts.zones, code, "zh") for code in alert.zones),
        "places_en": ", ".join(zone_name(parts.zones, code, "en") for code in alert.zones),
        "url": f"{base}/alert/{alert.identifier}", "cap_url": f"{base}/api/alerts/{alert.identifier}.xml",
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
