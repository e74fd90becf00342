"""Work: what the issue desk reads from its ledger and writes to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from warning.level import Level
from warning.signature import Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProposal:
    """A proposal as it stands, the forecaster's changes apart from the data's own words."""

    id: UUID
    issuer: str
    hazard: str
    event_code: str
    level: Level
    action: str
    reason: str
    status: str
    event_id: UUID | None
    cap_status: str
    zones: tuple[str, ...]
    body: Mapping[str, object]
    texts: Mapping[str, Mapping[str, str]]
    polygon: Mapping[str, object] | None
    onset: datetime
    expires: datetime
    created_at: datetime
    submitted_by: str | None
    changes: Mapping[str, object]
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The version of the event that an Update or Cancel refers to."""

    identifier: str
    sender: str
    sent: datetime
    version: int
    level: Level
    hazard: str
    zones: tuple[str, ...]
    expires: datetime
    status: str
    cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """An alert that two people have signed, ready to be stored for good.

    ``signature`` is the machine's own, for partners' programs; ``signature_fault`` says why there is none although there should be.
    """

    identifier: str
    event_id: UUID
    version: int
    msg_type: str
    status: str
    issuer: str
    sender: str
    hazard: str
    event_code: str
    level: Level
    sent: datetime
    onset: datetime
    expires: datetime
    zones: tuple[str, ...]
    polygon: Mapping[str, object] | None
    headlines: Mapping[str, str]
    cap_xml: str
    proposal_id: UUID
    signature: Signed | None = None
    signature_fault: str = ""
