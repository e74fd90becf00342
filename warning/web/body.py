"""What a proposal's body holds, read leniently: a body of another version shows less, it never breaks the page.

The body is ``warning.watch.proposal.to_json`` and what is affected: ``{"affected": {"population", "source", "sites"}}``.
"""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, ValidationError


class GaugeView(BaseModel):
    """``warning.watch.gauges.GaugeReading`` as JSON."""

    model_config = ConfigDict(extra="ignore")

    station: str = ""
    value: float = 0.0
    units: str = ""


class DisagreementView(BaseModel):
    """``warning.watch.gauges.Disagreement`` as JSON."""

    model_config = ConfigDict(extra="ignore")

    hours: float = 0.0
    said: float = 0.0
    measured: float = 0.0
    gauges: int = 0


class LikelihoodView(BaseModel):
    """``warning.watch.likelihood.Likelihood`` as JSON."""

    model_config = ConfigDict(extra="ignore")

    asked: float | None = None
    highest: float | None = None
    mean: float | None = None
    missing: tuple[int, ...] = ()
    doubts: tuple[str, ...] = ()


class EvidenceView(BaseModel):
    """``warning.watch.evidence.Evidence`` as JSON."""

    model_config = ConfigDict(extra="ignore")

    zone: str = ""
    hazard: str = ""
    peak: float | None = None
    units: str = ""
    test: str = ""
    share: float = 0.0
    known_share: float = 1.0
    cells: tuple[int, ...] = ()
    peak_time: datetime | None = None
    onset: datetime | None = None
    end: datetime | None = None
    row: str = ""
    rule_set: str = ""
    version: str = ""
    observed: bool = False
    unconfirmed: bool = False
    known_until: datetime | None = None
    asked_until: datetime | None = None
    gauges: tuple[GaugeView, ...] = ()
    gauges_over: int = 0
    disagreement: DisagreementView | None = None
    likelihood: LikelihoodView | None = None
    extrapolated: bool = False
    goes_on: str = ""

    @property
    def ends_early(self) -> bool:
        """Whether the data end before the rule's lead does."""
        return self.asked_until is not None and (self.known_until is None or self.known_until < self.asked_until)


class Candidate(BaseModel):
    """One hazard among several that share a quantity."""

    model_config = ConfigDict(extra="ignore")

    hazard: str
    event_code: str = ""
    zh: str = ""
    en: str = ""
    level: str = ""


class SiteView(BaseModel):
    """A site in the warned zones."""

    model_config = ConfigDict(extra="ignore")

    code: str
    kind: str = ""
    zh: str = ""
    en: str = ""


class Affected(BaseModel):
    model_config = ConfigDict(extra="ignore")

    population: int | None = None
    source: str = ""
    sites: tuple[SiteView, ...] = ()


class Body(BaseModel):
    model_config = ConfigDict(extra="ignore")

    evidence: tuple[EvidenceView, ...] = ()
    cause_to_decide: tuple[Candidate, ...] = ()
    affected: Affected = Affected()
    previous_level: str | None = None
    hazard_zh: str = ""
    hazard_en: str = ""
    note: str = ""


def read_body(stored: Mapping[str, object]) -> Body:
    """What cannot be read is left out."""
    try:
        return Body.model_validate(dict(stored))
    except ValidationError as error:
        faulty = {str(fault["loc"][0]) for fault in error.errors()}
        return Body.model_validate({key: value for key, value in stored.items() if key not in faulty})
