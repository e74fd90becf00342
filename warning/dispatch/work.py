"""Work: what the dispatch desk reads from its ledger."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from warning.level import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """An issued alert as the dispatch desk needs it. ``first``: the identifier of its event's first version."""

    identifier: str
    event_id: UUID
    version: int
    msg_type: str
    status: str
    issuer: str
    hazard: str
    level: Level
    zones: tuple[str, ...]
    polygon: dict[str, object] | None
    expires: datetime
    sent: datetime
    cap_xml: str
    chain: str
    signed_xml: str | None = None
    signing_fault: str = ""
    first: str = ""

    @property
    def document(self) -> str:
        """What programs get: the signed document where there is one."""
        return self.signed_xml or self.cap_xml

    @property
    def lane(self) -> str:
        return "actual" if self.status == "Actual" else "exercise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One claimed delivery. ``address`` and the secrets never reach a log. ``form``: what a program is sent, our JSON or the CAP document itself."""

    delivery_id: int
    subscription_id: int
    kind: str
    name: str
    address: str
    secret: str
    language: str
    role: str
    attempts: int
    former_secret: str = ""
    form: str = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """What a worker claims of a batch at once. ``after``: where the next hand begins, None when nothing else of the batch is due."""

    works: tuple[Work, ...]
    after: int | None
