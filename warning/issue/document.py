"""Document: the CAP alert of what is signed, checked against the schema, with the machine's own signature."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from warning.cap import Reference
from warning.capxml import write, xsd_errors
from warning.errors import CapError
from warning.issue.build import AlertRequest, build_alert
from warning.issue.drawn import rings_of
from warning.issue.effective import Effective, ground_of
from warning.issue.registry import Registry
from warning.issue.work import Earlier, NewAlert
from warning.signature import SigningKey, sign
from warning.watch.ready import Facts, Texts
from warning.wording import Texts as Worded

MSG_TYPES = {"new": "Alert", "update": "Update", "cancel": "Cancel"}


def document(
    found: Effective, facts: Facts, texts: Texts, registry: Registry, *, identifier: str, event_id: UUID, earlier: Earlier | None,
    public_url: str, note: str = "",
) -> NewAlert:
    """Raises Invalid for texts that say too little, CapError for what would not be valid CAP 1.2."""
    stored, issuer, now = found.stored, registry.issuer(found.stored.issuer), facts.sent
    asked = AlertRequest(
        issuer_zh=issuer.name_zh, issuer_en=issuer.name_en, sender_code=issuer.sender, identifier=identifier,
        event_id=str(event_id), hazard_zh=facts.hazard_zh, hazard_en=facts.hazard_en,
        event_code=found.proposal.event_code, level=found.level, action=facts.action, status=facts.status,
        zones=tuple((z.code, z.name_zh, z.name_en) for z in map(registry.zone, found.zones)), sent=now,
        expires=found.expires, texts_zh=Worded(**texts["zh-CN"]), texts_en=Worded(**texts["en-US"]),
        polygons=rings_of(ground_of(found, registry)), circle=found.circle, onset=max(stored.onset, now),
        references=() if earlier is None else (
            Reference(sender=earlier.sender, identifier=earlier.identifier, sent=earlier.sent),),
        observed=any(one.observed for one in found.proposal.evidence),
        web=f"{public_url}/alert/{identifier}", category=registry.category(found.proposal.event_code),
        note=note or (found.note if facts.action == "cancel" else ""),
    )
    xml = write(build_alert(asked))
    faults = xsd_errors(xml)
    if faults:
        raise CapError(f"the alert would not be valid CAP 1.2: {faults[0]}")
    return NewAlert(
        identifier=identifier, event_id=event_id, version=1 if earlier is None else earlier.version + 1,
        msg_type=MSG_TYPES[stored.action], status=stored.cap_status, issuer=stored.issuer, sender=issuer.sender,
        hazard=found.proposal.hazard, event_code=found.proposal.event_code, level=found.level, sent=now,
        onset=max(stored.onset, now), expires=found.expires, zones=found.zones, polygon=found.polygon,
        headlines={language: words["headline"] for language, words in texts.items()}, cap_xml=xml.decode(), proposal_id=stored.id)


def signed(alert: NewAlert, keys: Sequence[SigningKey], *, at: datetime) -> NewAlert:
    """A signature that fails never holds up people's channels: the alert is stored, the fault is told, programs wait."""
    if not keys:
        return alert
    try:
        return replace(alert, signature=sign(alert.cap_xml.encode(), keys, at=at))
    except CapError as error:
        return replace(alert, signature_fault=str(error))
