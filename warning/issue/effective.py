"""Effective: a proposal with the forecaster's changes applied, which is what is really signed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from geo.outline import outline_zones
from warning.cap import Status
from warning.errors import Invalid
from warning.issue.changes import edited, known, listed, moment_of, texts_of
from warning.issue.drawn import Round, check_ground, polygon_of, round_of
from warning.issue.registry import Registry
from warning.issue.texts import final_texts
from warning.issue.work import StoredProposal
from warning.level import Level
from warning.watch.proposal import Proposal, decide_cause, proposal_from_json
from warning.watch.ready import Facts, Texts, act, worded

_BESIDE = ("affected", "circle")
"""What a stored body holds beside the proposal itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """``polygon`` is GeoJSON that a person drew; None = the warned zones themselves. ``circle`` is that same ground, where it was drawn as one.

    ``edits`` are the texts a person changed; ``override`` says why languages that differ may go out all the same.
    """

    stored: StoredProposal
    proposal: Proposal
    level: Level
    zones: tuple[str, ...]
    polygon: Mapping[str, object] | None
    circle: Round | None
    expires: datetime
    edits: Mapping[str, Mapping[str, str]]
    note: str
    override: str


def effective(stored: StoredProposal, changes: Mapping[str, object], registry: Registry) -> Effective:
    """Raises Invalid that names the change at fault."""
    known(changes)
    body = {key: value for key, value in stored.body.items() if key not in _BESIDE}
    proposal = proposal_from_json(body)
    if "hazard" in changes and changes["hazard"] != proposal.hazard:
        proposal = decide_cause(proposal, str(changes["hazard"]))
    level = Level.of(str(changes["level"])) if "level" in changes else (proposal.level or stored.level)
    zones = tuple(str(code) for code in listed(changes["zones"])) if "zones" in changes else proposal.zones
    for code in zones:
        registry.zone(code)
        if not registry.issuer(stored.issuer).may_warn(code):
            raise Invalid(f"zones: {stored.issuer} may not warn {code}")
    polygon, circle = _drawn(stored, changes)
    expires = moment_of(changes["expires"]) if "expires" in changes else stored.expires
    edits = texts_of(changes["texts"]) if "texts" in changes else stored.texts if stored.reason == "by_hand" else {}
    if polygon is not None:
        check_ground(polygon, zones, registry.zones)
    return Effective(
        stored=stored, proposal=proposal, level=level, zones=zones, polygon=polygon, circle=circle, expires=expires, edits=edits,
        note=str(changes.get("note") or proposal.note).strip(), override=str(changes.get("override") or "").strip())


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


def _drawn(stored: StoredProposal, changes: Mapping[str, object]) -> tuple[Mapping[str, object] | None, Round | None]:
    """What was drawn last: by the change, else by whoever composed it; the data's own outline is evidence and no drawing."""
    if changes.get("circle"):
        if changes.get("polygon"):
            raise Invalid("circle: there is a polygon too; give one of them")
        circle = round_of(changes["circle"])
        return polygon_of(shapely.geometry.mapping(circle.ground)), circle
    if changes.get("polygon"):
        return polygon_of(changes["polygon"]), None
    if stored.reason != "by_hand" or stored.polygon is None:
        return None, None
    return stored.polygon, round_of(stored.body["circle"]) if stored.body.get("circle") else None


def _status(word: str) -> Status:
    match word:
        case "Actual" | "Exercise" | "Test":
            return word
    raise Invalid(f"status: {word!r} is never issued")
