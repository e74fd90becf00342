"""Look: what a signature would send now, on every channel and in both languages, before anybody gives it."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from warning.dispatch.asread import AsRead, as_read
from warning.errors import Unworded
from warning.web.api.proposals import Changes, plain_changes
from warning.web.auth import Here, Viewer
from warning.web.problem import Problem

router = APIRouter(prefix="/api/proposals", tags=["proposals"], responses={
    404: {"model": Problem, "description": "no such proposal"}, 422: {"model": Problem, "description": "a change is not valid"}})


class Covers(BaseModel):
    """``share`` is exact: 0..1 of the zone's own area."""

    code: str
    name_zh: str
    name_en: str
    share: float
    km2: float


class LookIn(BaseModel):
    """``changes`` as they would be submitted; null = those it was submitted with."""

    model_config = ConfigDict(extra="forbid")

    changes: Changes | None = None


class LookOut(BaseModel):
    """``template`` and ``texts`` differ where the operator has edited; ``unlike`` names where the two languages do not say the same."""

    status: str
    level: str
    zones: tuple[str, ...]
    template: dict[str, dict[str, str]]
    texts: dict[str, dict[str, str]]
    unlike: tuple[str, ...]
    unregistered: tuple[str, ...] = Field(description="zones for which the issuer is not registered with this hazard and colour")
    covered: tuple[Covers, ...]
    channels: list[AsRead]


@router.post("/{proposal_id}/look", summary="What would be sent now, as each channel will carry it; nothing is stored")
async def look(parts: Here, _: Viewer, proposal_id: UUID, asked: LookIn) -> LookOut:
    found = await parts.issue.look(proposal_id, changes=None if asked.changes is None else plain_changes(asked.changes))
    if found.alert is None:
        raise Unworded(found.unworded)
    return LookOut(
        status=found.alert.status, level=found.alert.level.key, zones=found.alert.zones,
        template={language: dict(words) for language, words in found.template.items()},
        texts={language: dict(words) for language, words in found.texts.items()}, unlike=found.unlike, unregistered=found.unregistered,
        covered=tuple(
            Covers(code=one.zone.code, name_zh=one.zone.name_zh, name_en=one.zone.name_en, share=one.share, km2=one.km2) for one in found.covered),
        channels=as_read(found.alert.cap_xml, parts.ways))
