"""WIS2 notification message for an alert (WMO-No. 1061, notification message standard version 1): where its CAP document lies, and its checksum."""

import base64
import hashlib
import json
import uuid
from datetime import UTC, datetime

from lxml import etree

MOST_INSIDE = 4096
"""Bytes of a document that may come along within its notification."""
_NAMESPACE = uuid.UUID("8f3b6c1e-6b64-5f0e-9c3b-5d0a7f0f2d11")


def notification(document: bytes, *, data_id: str, href: str, published: datetime, sent: datetime, metadata_id: str) -> bytes:
    """GeoJSON. The same alert gives the same ``id``, however often it is sent; the geometry is the box around the document's polygons."""
    inside = {} if len(document) > MOST_INSIDE else {"content": {"encoding": "utf-8", "value": document.decode("utf-8"), "size": len(document)}}
    return json.dumps({
        "id": str(uuid.uuid5(_NAMESPACE, data_id)),
        "conformsTo": ["http://wis.wmo.int/spec/wnm/1/conf/core"],
        "type": "Feature",
        "geometry": _around(document),
        "properties": {
            "data_id": data_id, "metadata_id": metadata_id, "pubtime": _zulu(published), "datetime": _zulu(sent),
            "integrity": {"method": "sha512", "value": base64.b64encode(hashlib.sha512(document).digest()).decode("ascii")}, **inside,
        },
        "links": [{"rel": "canonical", "type": "application/cap+xml", "href": href, "length": len(document)}],
    }, ensure_ascii=False).encode()


def _around(document: bytes) -> dict[str, object] | None:
    """A polygon around every CAP polygon (latitude before longitude there); None where there is none."""
    try:
        root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False))
        pairs = [pair.split(",") for polygon in root.iterfind(".//{*}polygon") for pair in (polygon.text or "").split()]
        lats, lons = [float(lat) for lat, _ in pairs], [float(lon) for _, lon in pairs]
    except (etree.XMLSyntaxError, ValueError):
        return None
    if not lats:
        return None
    south, north, west, east = min(lats), max(lats), min(lons), max(lons)
    return {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}


def _zulu(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
