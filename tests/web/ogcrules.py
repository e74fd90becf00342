"""What OGC API – Features (17-069r4) demands of its documents, by the names of its requirements.

Its public schemas (``ogcapi-features-1.yaml``) are in no package of PyPI, npm or Debian that is alive: pygeoapi and MapServer fetch them from the net, ``ogc-schemas`` of npm holds
the XML ones, ``ogcapi-registry`` compares OpenAPI documents only. So the members that those schemas require stand here, with what the text demands beside them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_RELATIVE = "http://www.opengis.net/def/rel/ogc/1.0/"


def landing(document: Mapping[str, Any]) -> list[str]:
    """landingPage.yaml and /req/core/root-success."""
    found, rels = _links(document, "/req/core/root-success"), _rels(document)
    if not {"service-desc", "service-doc"} & rels:
        found.append("/req/core/root-success: no link to the API's definition")
    return found + [f"/req/core/root-success: no link {rel}" for rel in ("conformance", "data") if not {rel, _RELATIVE + rel} & rels]


def conformance(document: Mapping[str, Any]) -> list[str]:
    """confClasses.yaml and /req/core/conformance-success."""
    classes = document.get("conformsTo")
    return [] if isinstance(classes, list) and classes and all(isinstance(one, str) for one in classes) else ["/req/core/conformance-success: conformsTo is no list of names"]


def collections(document: Mapping[str, Any]) -> list[str]:
    """collections.yaml, /req/core/fc-md-links and, for each of them, ``collection``."""
    found = _links(document, "/req/core/fc-md-links")
    if "self" not in _rels(document):
        found.append("/req/core/fc-md-links: no link self")
    if not isinstance(document.get("collections"), list):
        return [*found, "/req/core/fc-md-success: no list collections"]
    return found + [fault for one in document["collections"] for fault in collection(one)]


def collection(document: Mapping[str, Any]) -> list[str]:
    """collection.yaml and extent.yaml, /req/core/fc-md-items-links and /req/core/fc-md-extent."""
    found = _links(document, "/req/core/fc-md-items-links")
    if not isinstance(document.get("id"), str):
        found.append("/req/core/sfc-md-success: no id")
    items = [one for one in document.get("links", ()) if one.get("rel") == "items"]
    if not items or not all(one.get("type") for one in items):
        found.append("/req/core/fc-md-items-links: no link items with a type")
    boxes = document.get("extent", {}).get("spatial", {}).get("bbox", ())
    if not boxes or not all(len(box) in (4, 6) and all(isinstance(edge, int | float) for edge in box) for box in boxes):
        found.append("/req/core/fc-md-extent: no spatial bbox of four or six numbers")
    if document.get("itemType", "feature") != "feature":
        found.append("collection.yaml: itemType")
    return found


def items(document: Mapping[str, Any]) -> list[str]:
    """featureCollectionGeoJSON.yaml and /req/core/fc-response, -links, -rel-type, -timeStamp, -numberReturned."""
    found = _links(document, "/req/core/fc-rel-type", typed=True)
    if "self" not in _rels(document):
        found.append("/req/core/fc-links: no link self")
    if document.get("type") != "FeatureCollection" or not isinstance(document.get("features"), list):
        return [*found, "/req/geojson/content: no FeatureCollection"]
    if document.get("numberReturned", len(document["features"])) != len(document["features"]):
        found.append("/req/core/fc-numberReturned: another number than there are")
    if document.get("numberMatched", len(document["features"])) < len(document["features"]):
        found.append("/req/core/fc-numberMatched: fewer than there are")
    if not _TIME.fullmatch(document.get("timeStamp", "2024-01-01T00:00:00Z")):
        found.append("/req/core/fc-timeStamp: no UTC time")
    return found


def item(document: Mapping[str, Any]) -> list[str]:
    """featureGeoJSON.yaml and /req/core/f-links."""
    found = _links(document, "/req/core/f-links", typed=True)
    if document.get("type") != "Feature" or not isinstance(document.get("id"), int | str):
        found.append("/req/geojson/content: no Feature with an id")
    return found + [f"/req/core/f-links: no link {rel}" for rel in ("self", "collection") if rel not in _rels(document)]


def definition(document: Mapping[str, Any], path: str) -> list[str]:
    """/req/core/fc-bbox-definition, fc-time-definition and fc-limit-definition: how the API's definition must write the three parameters of ``path``."""
    given = {one["name"]: one for one in document["paths"][path]["get"].get("parameters", ())}
    found = []
    for name, clause, wanted in (
        ("bbox", "fc-bbox-definition", {"type": "array", "items": {"type": "number"}, "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}]}),
        ("datetime", "fc-time-definition", {"type": "string"}), ("limit", "fc-limit-definition", {"type": "integer", "minimum": 1})):
        one = given.get(name, {})
        schema = one.get("schema", {})
        if any(schema.get(key) != value for key, value in wanted.items()) or (one.get("in"), one.get("style"), one.get("explode"), one.get("required", False)) != ("query", "form", False, False):
            found.append(f"/req/core/{clause}: {one}")
        if name == "limit" and not (schema.get("minimum", 0) <= schema.get("default", -1) <= schema.get("maximum", 0)):
            found.append(f"/req/core/{clause}: no maximum, or no default below it")
    return found


def _links(document: Mapping[str, Any], clause: str, *, typed: bool = False) -> list[str]:
    """link.yaml: href and rel are required; a type too where the text says so."""
    links = document.get("links")
    if not isinstance(links, Sequence) or not links:
        return [f"{clause}: no links"]
    wanted = ("href", "rel", "type") if typed else ("href", "rel")
    return [f"{clause}: a link without {name}" for one in links for name in wanted if not isinstance(one.get(name), str)]


def _rels(document: Mapping[str, Any]) -> set[str]:
    return {str(one.get("rel")) for one in document.get("links", ())}
