"""Packs: sector rules bound to sites, the two signatures that let each send, and the risk notices that came of them."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from warning.web.api.shapes import Names
from warning.web.auth import Caller, Here, Viewer
from warning.web.problem import Problem

_REFUSALS: dict[int | str, dict[str, object]] = {
    401: {"model": Problem, "description": "no token, or one that is not known"},
    403: {"model": Problem, "description": "this account may not, or has signed already"},
    404: {"model": Problem, "description": "no such pack"},
    409: {"model": Problem, "description": "it has two signatures already"},
}
router = APIRouter(prefix="/api", tags=["packs"], responses=_REFUSALS)


class ClassOut(BaseModel):
    """One class; ``condition`` is empty where a chain alone or nobody decides (``manual`` says why)."""

    key: str
    name: Names
    condition: str
    lead_h: float | None
    chain: str
    manual: Names | None
    action: Names
    source: Names
    confidence: str
    unconfirmed: bool
    note: str


class PackOut(BaseModel):
    """A pack sends when ``approved_by`` is there. A changed file has another ``digest`` and needs new signatures."""

    id: str
    title: Names
    sector: str
    version: str
    digest: str
    site_kinds: list[str]
    sites: list[str] = Field(description="codes of the sites it binds to now")
    classes: list[ClassOut] = Field(description="the weakest first")
    submitted_by: str | None
    approved_by: str | None


class NoticeOut(BaseModel):
    """A risk notice; ``state`` as of a delivery, ``reason`` says why it was not sent: unsigned, wrong_lane, no_contact, no_start …"""

    id: int
    pack: str
    site: str
    act: str
    level: int = Field(description="1 to 4; the strongest class of a pack is 4")
    class_key: str
    owner: str
    channel: str
    texts: dict[str, dict[str, str]]
    evidence: dict[str, object] | None
    at: datetime
    expires: datetime
    state: str
    reason: str
    outcome: str


class SignedOut(BaseModel):
    submitted_by: str | None
    approved_by: str | None


class Withdraw(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=500)


@router.get("/packs", summary="Every pack with its classes, its sites and its signatures")
async def packs(parts: Here, _: Viewer) -> list[PackOut]:
    signed = await parts.risks.signatures(parts.packs)
    return [
        PackOut(
            id=pack.id, title=Names(zh=pack.zh, en=pack.en), sector=pack.sector, version=pack.version, digest=pack.digest,
            site_kinds=list(pack.kinds), sites=[site.code for site in parts.sites if site.kind in pack.kinds],
            classes=[
                ClassOut(
                    key=one.key, name=Names(zh=one.zh, en=one.en), condition="" if one.rule is None else str(one.rule.criterion),
                    lead_h=None if one.rule is None else one.rule.lead.total_seconds() / 3600,
                    chain="" if one.chain is None else str(one.chain), manual=None if one.manual is None else Names(zh=one.manual.zh, en=one.manual.en),
                    action=Names(zh=one.action_zh, en=one.action_en), source=Names(zh=one.source.zh, en=one.source.en), confidence=one.confidence,
                    unconfirmed=one.unconfirmed, note=one.note)
                for one in pack.classes],
            submitted_by=signed[pack.id].submitted_by, approved_by=signed[pack.id].approved_by)
        for pack in parts.packs
    ]


@router.post("/packs/{pack}/sign", summary="Sign a pack: the first signature submits it, the second, of another person, lets it send")
async def sign(parts: Here, account: Caller, pack: str) -> SignedOut:
    found = await parts.risk.sign(pack, account=account)
    return SignedOut(submitted_by=found.submitted_by, approved_by=found.approved_by)


@router.post("/packs/{pack}/withdraw", summary="Stop a pack: both signatures are void, one person is enough")
async def withdraw(parts: Here, account: Caller, pack: str, body: Withdraw) -> SignedOut:
    await parts.risk.withdraw(pack, account=account, reason=body.reason)
    return SignedOut(submitted_by=None, approved_by=None)


@router.get("/notices", summary="Risk notices to the owners of sites, newest first")
async def notices(parts: Here, _: Viewer) -> list[NoticeOut]:
    return [
        NoticeOut(
            id=one.id, pack=one.pack, site=one.site, act=one.act, level=int(one.level), class_key=one.class_, owner=one.owner,
            channel=one.channel, texts={language: dict(words) for language, words in one.texts.items()},
            evidence=None if one.evidence is None else dict(one.evidence), at=one.at, expires=one.expires, state=one.state,
            reason=one.reason, outcome=one.outcome)
        for one in await parts.risks.notices()
    ]
