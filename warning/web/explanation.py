"""Explanation: everything that the page, the API and the command line say of why a proposal is what it is."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from geo.zone import ZoneSet
from warning.level import Level
from warning.store.basis import basis_of
from warning.store.board import ProposalView, proposal
from warning.store.database import Database
from warning.watch.basis import Basis, basis_to_json
from warning.watch.explain import Said, explained
from warning.watch.mapsheet import sheet
from warning.watch.rule import RuleSet
from warning.web.body import read_body
from warning.web.words import ACTION_REASON, Lang, hazard_name, say, zone_name


class Sentence(BaseModel):
    """``kind``: reached, short, area, waits, falls, unknown, source, note."""

    kind: str
    zh: str
    en: str


class Explanation(BaseModel):
    """``basis`` is null for what no data speak for: composed by hand, or a consequence of another signature."""

    id: UUID
    issuer: str
    hazard: str
    level: str
    action: str
    reason: str
    zones: tuple[str, ...]
    data_time: datetime | None
    created_at: datetime
    why: tuple[Sentence, ...] = Field(description="in words: why this level, and what would have changed it")
    evidence: tuple[dict[str, object], ...] = Field(description="what was read in each zone, as the proposal has it")
    basis: dict[str, object] | None = Field(description="steps (margins to every colour), lines (time series), patch (cells), counters")
    image_url: str | None = Field(description="the map as PNG")


class Explained(BaseModel):
    """A proposal with its basis, read together."""

    model_config = {"arbitrary_types_allowed": True}

    view: ProposalView
    basis: Basis | None


async def read_explained(database: Database, proposal_id: UUID) -> Explained:
    """Raises NotFound."""
    return Explained(view=await proposal(database, proposal_id), basis=await basis_of(database, proposal_id))


def explanation(found: Explained, zones: ZoneSet) -> Explanation:
    view, basis = found.view, found.basis
    evidence = view.body.get("evidence")
    return Explanation(
        id=view.id, issuer=view.issuer, hazard=view.hazard, level=view.level.key, action=view.action, reason=view.reason,
        zones=view.zones, data_time=view.data_time, created_at=view.created_at,
        why=tuple(Sentence(kind=one.kind, zh=one.zh, en=one.en) for one in sentences(found, zones)),
        evidence=tuple(dict(one) for one in evidence if isinstance(one, Mapping)) if isinstance(evidence, list) else (),
        basis=None if basis is None else basis_to_json(basis),
        image_url=None if basis is None or basis.patch is None else f"/api/proposals/{view.id}/explain.png")


def sentences(found: Explained, zones: ZoneSet) -> list[Said]:
    """Why, in both languages; for what no data speak for, who said so."""
    reason = ACTION_REASON.get(found.view.reason, (found.view.reason, found.view.reason))
    first = Said(kind="reached", zh=f"提案原因：{reason[0]}。", en=f"Reason: {reason[1]}.")
    note = read_body(found.view.body).note
    noted = [Said(kind="note", zh=f"说明：{note}", en=f"Note: {note}")] if note else []
    if found.basis is None:
        return [first, *noted, Said(
            kind="note", zh="没有格点资料支持此提案：由人工拟制，或随另一签发而来。",
            en="No gridded data speak for it: it was composed by hand, or follows from another signature.")]
    zone = found.basis.zone
    return [first, *noted, *explained(
        found.basis, zone_zh=zone_name(zones, zone, "zh"), zone_en=zone_name(zones, zone, "en"))]


def png(found: Explained, zones: ZoneSet, rule_sets: Mapping[str, RuleSet], lang: Lang) -> bytes | None:
    """The map; None when there are no cells to show."""
    view = found.view
    if found.basis is None:
        return None
    level = Level.of(str(view.changes.get("level", view.level.key)))
    hazard = hazard_name(rule_sets, view.hazard, lang)
    places = ("、" if lang == "zh" else ", ").join(zone_name(zones, code, lang) for code in view.zones[:3])
    more = "…" if len(view.zones) > 3 else ""
    title = f"{hazard} · {places}{more}"
    return sheet(
        found.basis, level=level, title=title, codes=view.zones, zones=zones, lang=lang, data_time=view.data_time,
        mark="" if view.cap_status == "Actual" else say("drill", lang))
