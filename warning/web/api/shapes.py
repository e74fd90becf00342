"""The shapes of the API's answers, and how they are made from what the board reads."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from warning.stage import StageTime
from warning.store.board import AlertView, ProposalView
from warning.web.parts import Parts
from warning.web.words import hazard_name, zone_name


class Names(BaseModel):
    """A name in both languages."""

    zh: str
    en: str


class Place(BaseModel):
    code: str = Field(examples=["310115"])
    name: Names


class AlertOut(BaseModel):
    """An issued alert. ``state`` is in_force, superseded, lifted or expired at the moment of asking."""

    model_config = ConfigDict(json_schema_extra={"examples": [{
        "identifier": "31000041600000_20240920083000", "event_id": "0191f0c0-0000-7000-8000-000000000001", "version": 1,
        "msg_type": "Alert", "status": "Exercise", "state": "in_force", "newest": "31000041600000_20240920083000",
        "issuer": "310000", "issuer_name": {"zh": "上海中心气象台", "en": "Shanghai Central Meteorological Observatory"},
        "hazard": "rainstorm", "hazard_name": {"zh": "暴雨", "en": "rainstorm"}, "event_code": "11B03", "level": "red",
        "sent": "2024-09-20T00:30:00Z", "onset": "2024-09-20T00:30:00Z", "expires": "2024-09-20T06:30:00Z",
        "zones": [{"code": "310115", "name": {"zh": "浦东新区", "en": "Pudong New Area"}}], "polygon": None,
        "headline": {"zh": "…", "en": "…"}, "cap_url": "/api/alerts/31000041600000_20240920083000.xml",
        "timeline_url": "/api/alerts/31000041600000_20240920083000/timeline",
        "page_url": "/alert/31000041600000_20240920083000"}]})

    identifier: str
    event_id: UUID
    version: int
    msg_type: str
    status: str
    state: str
    newest: str = Field(description="the newest version of the same event")
    issuer: str
    issuer_name: Names
    hazard: str
    hazard_name: Names
    event_code: str
    level: str
    sent: datetime
    onset: datetime
    expires: datetime
    zones: list[Place]
    polygon: dict[str, object] | None
    headline: Names
    cap_url: str
    timeline_url: str
    page_url: str


class ProposalOut(BaseModel):
    """A proposal. Send ``revision`` back when you submit or approve: it proves that you read this version."""

    id: UUID
    status: str
    revision: int
    action: str
    reason: str
    issuer: str
    hazard: str
    hazard_name: Names
    event_code: str
    level: str
    cap_status: str
    zones: list[Place]
    polygon: dict[str, object] | None
    texts: dict[str, dict[str, str]]
    body: dict[str, object] = Field(description="evidence: peak, share, rule row and version; candidates when the cause is open")
    data_time: datetime | None
    data_age_s: float | None = Field(description="how old the data are at this moment; null = composed by hand")
    onset: datetime
    expires: datetime
    created_at: datetime
    submitted_by: str | None
    submitted_at: datetime | None
    changes: dict[str, object]
    returned: str


class StageOut(BaseModel):
    """One hand-off in real seconds. ``late`` = it took longer than its budget."""

    stage: str
    channel: str
    at: datetime
    took_s: float
    since_arrival_s: float
    budget_s: float | None
    late: bool


def alert_out(parts: Parts, alert: AlertView) -> AlertOut:
    issuer = parts.issuers.get(alert.issuer)
    path = f"/api/alerts/{alert.identifier}"
    return AlertOut(
        identifier=alert.identifier, event_id=alert.event_id, version=alert.version, msg_type=alert.msg_type,
        status=alert.status, state=alert.state(parts.clock.now()), newest=alert.newest, issuer=alert.issuer,
        issuer_name=Names(zh=issuer.name_zh if issuer else alert.issuer, en=issuer.name_en if issuer else alert.issuer),
        hazard=alert.hazard, hazard_name=_hazard(parts, alert.hazard), event_code=alert.event_code, level=alert.level.key,
        sent=alert.sent, onset=alert.onset, expires=alert.expires, zones=_places(parts, alert.zones),
        polygon=None if alert.polygon is None else dict(alert.polygon),
        headline=Names(zh=alert.headlines.get("zh-CN", ""), en=alert.headlines.get("en-US", "")),
        cap_url=f"{path}.xml", timeline_url=f"{path}/timeline", page_url=f"/alert/{alert.identifier}",
    )


def proposal_out(parts: Parts, proposal: ProposalView) -> ProposalOut:
    return ProposalOut(
        id=proposal.id, status=proposal.status, revision=proposal.revision, action=proposal.action, reason=proposal.reason,
        issuer=proposal.issuer, hazard=proposal.hazard, hazard_name=_hazard(parts, proposal.hazard),
        event_code=proposal.event_code, level=proposal.level.key, cap_status=proposal.cap_status,
        zones=_places(parts, proposal.zones), polygon=None if proposal.polygon is None else dict(proposal.polygon),
        texts={language: dict(words) for language, words in proposal.texts.items()}, body=dict(proposal.body),
        data_time=proposal.data_time,
        data_age_s=None if proposal.data_time is None else (parts.clock.now() - proposal.data_time).total_seconds(), onset=proposal.onset, expires=proposal.expires, created_at=proposal.created_at,
        submitted_by=proposal.submitted_by, submitted_at=proposal.submitted_at, changes=dict(proposal.changes),
        returned=proposal.returned,
    )


def stage_out(row: StageTime) -> StageOut:
    return StageOut(
        stage=row.stage, channel=row.channel, at=row.at, took_s=round(row.took_s, 3),
        since_arrival_s=round(row.since_arrival_s, 3), budget_s=row.budget_s, late=row.late)


def _places(parts: Parts, codes: tuple[str, ...]) -> list[Place]:
    return [Place(code=c, name=Names(zh=zone_name(parts.zones, c, "zh"), en=zone_name(parts.zones, c, "en"))) for c in codes]


def _hazard(parts: Parts, key: str) -> Names:
    return Names(zh=hazard_name(parts.rule_sets, key, "zh"), en=hazard_name(parts.rule_sets, key, "en"))
