"""Effective: a proposal with the forecaster's changes applied, which is what is really signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from geo.outline import outline_zones
from warning.cap import Status
from warning.errors import Invalid
from warning.issue.changes import edited, known, listed, moment_of, polygon_of, texts_of
from warning.issue.registry import Registry
from warning.issue.texts import final_texts
from warning.issue.work import StoredProposal
from warning.level import Level
from warning.watch.proposal import Proposal, decide_cause, proposal_from_json
from warning.watch.ready import Facts, Texts, act, worded

_SLIVER = 0.01
"""The share of a drawn polygon that may lie over the border: nobody traces it exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """``polygon`` is GeoJSON that a person drew; None = the warned zones themselves. ``edits`` are the texts a person changed."""

    stored: StoredProposal
    proposal: Proposal
    level: Level
    zones: tuple[str, ...]
    polygon: Mapping[str, object] | None
    expires: datetime
    edits: Mapping[str, Mapping[str, str]]
    note: str


def effective(stored: StoredProposal, changes: Mapping[str, object], registry: Registry) -> Effective:
    """Raises Invalid that names the change at fault."""
    known(changes)
    body = {key: value for key, value in stored.body.items() if key != "affected"}
    proposal = proposal_from_json(body)
    if "hazard" in changes and changes["hazard"] != proposal.hazard:
        proposal = decide_cause(proposal, str(changes["hazard"]))
    level = Level.of(str(changes["level"])) if "level" in changes else (proposal.level or stored.level)
    zones = tuple(str(code) for code in listed(changes["zones"])) if "zones" in changes else proposal.zones
    for code in zones:
        registry.zone(code)
        if not registry.issuer(stored.issuer).may_warn(code):
            raise Invalid(f"zones: {stored.issuer} may not warn {code}")
    by_person = stored.reason == "by_hand" and stored.polygon is not None
    polygon = polygon_of(changes["polygon"]) if changes.get("polygon") else (stored.polygon if by_person else None)
    expires = moment_of(changes["expires"]) if "expires" in changes else stored.expires
    edits = texts_of(changes["texts"]) if "texts" in changes else stored.texts if stored.reason == "by_hand" else {}
    if polygon is not None:
        _check_ground(polygon, zones, registry)
    return Effective(
        stored=stored, proposal=proposal, level=level, zones=zones, polygon=polygon, expires=expires, edits=edits,
        note=str(changes.get("note") or proposal.note).strip())


def facts_of(found: Effective, *, sent: datetime) -> Facts:
    """What both languages must say alike, sent at ``sent``."""
    proposal = found.proposal
    return Facts(
        hazard=proposal.hazard, hazard_zh=proposal.hazard_zh, hazard_en=proposal.hazard_en, level=found.level,
        previous_level=proposal.previous_level, action=act(found.stored.action), zones=found.zones,
        evidence=proposal.evidence, onset=proposal.onset, sent=sent, expires=found.expires, status=_status(found.stored.cap_status))


def words_of(found: Effective, facts: Facts, registry: Registry) -> Texts:
    """The library's words for the facts, with the operator's edits."""
    stored, issuer, zones = found.stored, registry.issuer(found.stored.issuer), registry.zones
    # A field sent back as the form showed it, before a level or place was changed, is no edit either.
    offered = facts_of(effective(stored, {}, registry), sent=stored.created_at)
    return final_texts(
        worded(facts, issuer=issuer, zones=zones),
        shown=worded(replace(facts, sent=stored.created_at), issuer=issuer, zones=zones),
        edits=edited(found.edits, worded(offered, issuer=issuer, zones=zones)))


def ground_of(found: Effective, registry: Registry) -> BaseGeometry:
    """The CAP polygon: what a person drew, else the warned zones, few vertices, covering every one of them."""
    if found.polygon is not None:
        return shapely.geometry.shape(dict(found.polygon))
    return outline_zones([registry.zone(code) for code in found.zones])


def _check_ground(polygon: Mapping[str, object], zones: Sequence[str], registry: Registry) -> None:
    """A drawn polygon warns whom it covers, so it stays inside the zones that were asked for; the sea beside them is free."""
    drawn = shapely.geometry.shape(dict(polygon))
    chosen = shapely.union_all([registry.zone(code).geometry for code in zones])
    if drawn.intersection(chosen).area == 0:
        raise Invalid("polygon: lies outside the chosen zones; draw it inside them or choose others")
    rest = drawn.difference(chosen)
    into = [zone.code for zone in registry.zones.at("district")
            if zone.geometry.intersection(rest).area > _SLIVER * drawn.area]
    if into:
        raise Invalid(f"polygon: reaches into {', '.join(into)}; choose these zones too, or draw it inside the chosen ones")


def _status(word: str) -> Status:
    match word:
        case "Actual" | "Exercise" | "Test":
            return word
    raise Invalid(f"status: {word!r} is never issued")
