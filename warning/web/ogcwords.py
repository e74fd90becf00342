"""What the OGC addresses say of themselves: landing page, conformance, collections, queryables, EDR parameters."""

from collections.abc import Mapping, Sequence
from typing import Final

from warning.level import Level

CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CONFORMANCE: Final = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-edr-1/1.1/conf/core",
    "http://www.opengis.net/spec/ogcapi-edr-1/1.1/conf/collections",
    "http://www.opengis.net/spec/ogcapi-edr-1/1.1/conf/edr-geojson",
)
"""What tests/web/test_ogc.py holds us to. Not claimed: OpenAPI 3.0 (ours is 3.1), HTML, other coordinates than CRS84."""

COLLECTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "active": ("Warnings in force", "Public warnings that are in force at this moment. Empty means that none is in force, as of timeStamp."),
    "warnings": ("Warnings, present and past", "Every issued version of every public warning, with the time for which it was valid."),
}
PARAMETERS: Final[Mapping[str, Mapping[str, object]]] = {
    "level": {"type": "Parameter", "description": "Level of the warning: blue, yellow, orange, red (property level; level_value 1 to 4)",
              "unit": {"label": "level, 1 blue to 4 red", "symbol": {"value": "1", "type": "http://www.opengis.net/def/uom/UCUM/"}},
              "observedProperty": {"label": "warning level"}},
    "hazard": {"type": "Parameter", "description": "What is warned of (property hazard, and its names in Chinese and English)",
               "observedProperty": {"label": "hazard"}},
    "headline": {"type": "Parameter", "description": "The warning in one line (properties headline_zh and headline_en)",
                 "observedProperty": {"label": "headline"}},
}

Link = dict[str, object]


def link(href: str, rel: str, media: str = "application/json", title: str = "") -> Link:
    return {"href": href, "rel": rel, "type": media, **({"title": title} if title else {})}


def landing_page(base: str) -> dict[str, object]:
    return {
        "title": "Xiaoxishu: public warnings", "description": "Active and past public warnings of this deployment, as features and at a position.",
        "links": [
            link(f"{base}/ogc/", "self", title="this document"),
            link(f"{base}/openapi.json", "service-desc", "application/vnd.oai.openapi+json;version=3.1", "the API"),
            link(f"{base}/docs", "service-doc", "text/html", "the API, to read"),
            link(f"{base}/ogc/conformance", "conformance", title="requirements classes"),
            link(f"{base}/ogc/conformance", "http://www.opengis.net/def/rel/ogc/1.0/conformance"),
            link(f"{base}/ogc/collections", "data", title="the collections"),
            link(f"{base}/ogc/collections", "http://www.opengis.net/def/rel/ogc/1.0/data")]}


def about(name: str, *, base: str, bounds: Sequence[float]) -> dict[str, object]:
    """A collection, for Features and EDR alike."""
    title, description = COLLECTIONS[name]
    here = f"{base}/ogc/collections/{name}"

    def query(kind: str, words: str) -> dict[str, object]:
        return {"link": {**link(f"{here}/{kind}", "data", "application/geo+json"), "variables": {
            "title": words, "query_type": kind, "output_formats": ["GeoJSON"], "default_output_format": "GeoJSON"}}}

    return {
        "id": name, "title": title, "description": description, "itemType": "feature", "crs": [CRS84], "output_formats": ["GeoJSON"],
        "extent": {"spatial": {"bbox": [list(bounds)], "crs": CRS84}},
        "links": [
            link(here, "self"), link(f"{here}/items", "items", "application/geo+json", title),
            link(f"{here}/position", "data", "application/geo+json", "at a point"),
            link(f"{here}/queryables", "http://www.opengis.net/def/rel/ogc/1.0/queryables", "application/schema+json")],
        "data_queries": {"position": query("position", "Warnings at a point"), "items": query("items", title)},
        "parameter_names": dict(PARAMETERS)}


def queryables_of(name: str, *, base: str, hazards: Sequence[str]) -> dict[str, object]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{base}/ogc/collections/{name}/queryables", "type": "object",
        "title": COLLECTIONS[name][0], "additionalProperties": False,
        "properties": {
            "hazard": {"title": "Hazard", "type": "string", "enum": list(hazards)},
            "level": {"title": "Level", "type": "string", "enum": [level.key for level in Level]},
            "zone": {"title": "Code of a zone that the warning names", "type": "string"}}}
