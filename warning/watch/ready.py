"""Ready texts: what a proposal would say if it went out now, in both languages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from geo.zone import ZoneSet
from warning.cap import Status
from warning.level import Level
from warning.watch.evidence import Evidence
from warning.watch.issuer import Issuer
from warning.watch.proposal import Proposal
from warning.wording import Texts as Worded
from warning.wording import Wording, WordingRequest

Texts = Mapping[str, Mapping[str, str]]
"""{"zh-CN": {"headline", "description", "instruction", "sms"}, "en-US": …}"""

LANGUAGES = ("zh-CN", "en-US")

_TEST = re.compile(r"(?P<name>\w+)(?:/(?P<hours>[\d.]+)h)? \[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What both languages must say alike."""

    hazard: str
    hazard_zh: str
    hazard_en: str
    level: Level
    previous_level: Level | None
    action: Literal["new", "update", "cancel"]
    zones: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    onset: datetime | None
    sent: datetime
    expires: datetime
    status: Status


@cache
def library(language: str) -> Wording:
    """The template library of a language, read once per process."""
    return Wording.load(language)


def request(facts: Facts, *, issuer: Issuer, zones: ZoneSet) -> WordingRequest:
    """The facts as the template library wants them; the strongest evidence gives the number."""
    places = [zones[code] for code in facts.zones]
    leading = _leading(facts.evidence)
    found = _TEST.match(leading.test) if leading is not None else None
    hours = found["hours"] if found else None
    return WordingRequest(
        issuer_zh=issuer.name_zh, issuer_en=issuer.name_en, hazard=facts.hazard, hazard_zh=facts.hazard_zh,
        hazard_en=facts.hazard_en, level=facts.level, action=facts.action, status=facts.status, sent=facts.sent,
        expires=facts.expires, areas_zh=tuple(zone.name_zh for zone in places),
        areas_en=tuple(zone.name_en for zone in places), previous_level=_previous(facts), onset=facts.onset,
        quantity=found["name"] if found else "", window=timedelta(hours=float(hours)) if hours else None,
        peak=leading.peak if leading is not None else None, units=leading.units if leading is not None else "",
        observed=leading.observed if leading is not None else False,
    )


def ready_texts(
    proposal: Proposal, *, issuer: Issuer, zones: ZoneSet, now: datetime, expires: datetime, status: Status
) -> Texts:
    """Both languages, as they would go out at ``now``."""
    facts = Facts(
        hazard=proposal.hazard, hazard_zh=proposal.hazard_zh, hazard_en=proposal.hazard_en,
        level=proposal.level or proposal.previous_level or Level.BLUE, previous_level=proposal.previous_level,
        action=act(proposal.action.value), zones=proposal.zones, evidence=proposal.evidence, onset=proposal.onset, sent=now,
        expires=expires, status=status,
    )
    return worded(facts, issuer=issuer, zones=zones)


def worded(facts: Facts, *, issuer: Issuer, zones: ZoneSet) -> Texts:
    """The words for the facts: of the issuer's own templates where it has some, else of the shared library."""
    asked = request(facts, issuer=issuer, zones=zones)
    return {language: as_mapping((issuer.wordings.get(language) or library(language)).texts(asked)) for language in LANGUAGES}


def as_mapping(texts: Worded) -> Mapping[str, str]:
    """Field by field, for storage and forms."""
    return {
        "headline": texts.headline, "description": texts.description, "instruction": texts.instruction, "sms": texts.sms,
        "title": texts.title,
    }


def act(word: str) -> Literal["new", "update", "cancel"]:
    """The three acts that have words; raises ValueError for "nothing"."""
    match word:
        case "new" | "update" | "cancel":
            return word
    raise ValueError(f"{word!r} is no act that is told to anybody")


def _previous(facts: Facts) -> Level | None:
    return facts.previous_level if facts.previous_level is not None or facts.action != "update" else facts.level


def _leading(evidence: Sequence[Evidence]) -> Evidence | None:
    """Highest peak, or lowest where the test asks for less."""
    read = [one for one in evidence if one.peak is not None]
    if not read:
        return None
    falling = "<" in read[0].test
    return min(read, key=lambda one: one.peak or 0.0) if falling else max(read, key=lambda one: one.peak or 0.0)
