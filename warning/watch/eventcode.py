"""Event codes: the list of emergencies that a person may warn of by hand, with or without a rule."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from warning.errors import ConfigError, NotFound
from warning.watch.hazard import Hazard
from warning.watch.marked import check, read_marked, shipped
from warning.watch.rule import RuleSet

# CAP 1.2 §3.2.2, category.
Category = Literal[
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE", "Other"
]
Code = Annotated[str, Field(pattern=r"^\d{2}[A-Z]\d{2}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCode:
    """``EventCode(code="11B03", zh="暴雨", en="rainstorm", category="Met")``; ``aliases`` are what other lists call it."""

    code: str
    zh: str
    en: str
    category: Category
    confidence: str = ""
    aliases: tuple[str, ...] = ()


class _CodeIn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    code: Code
    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]
    category: Category
    confidence: Literal["A", "B", "C", "K", "U"]
    aliases: list[Code] = []


class _CodesIn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    codes: list[_CodeIn] = Field(min_length=1)


def load_event_codes(source: Path | Traversable | None = None) -> tuple[EventCode, ...]:
    """The codes of ``source``, of the shipped list when None; raises ConfigError with file, line and key."""
    marked = read_marked(source if source is not None else shipped() / "rules" / "event-codes.yaml", refusal=ConfigError)
    seen: dict[str, int] = {}
    codes: list[EventCode] = []
    for index, entry in enumerate(check(marked, _CodesIn, refusal=ConfigError).codes):
        for code in (entry.code, *entry.aliases):
            if code in seen:
                first = marked.line(("codes", seen[code]))
                raise ConfigError(f"{marked.where(('codes', index, 'code'))}: {code} stands on line {first} already; keep one")
            seen[code] = index
        codes.append(
            EventCode(
                code=entry.code,
                zh=entry.zh,
                en=entry.en,
                category=entry.category,
                confidence=entry.confidence,
                aliases=tuple(entry.aliases),
            )
        )
    return tuple(codes)


def event_code(codes: Iterable[EventCode], code: str) -> EventCode:
    """The entry that is called ``code`` here or in another list; raises NotFound."""
    for entry in codes:
        if code == entry.code or code in entry.aliases:
            return entry
    raise NotFound(f"no event code {code!r}; add it to event-codes.yaml")


def hazard_of(code: str, rule_set: RuleSet, codes: Iterable[EventCode]) -> Hazard:
    """The hazard that ``code`` means for the authority of ``rule_set``, so that a warning by hand and one from data meet.

    A code without a rule becomes a hazard whose key is the code. Raises NotFound when no list has it.
    """
    for hazard in rule_set.hazards:
        if code in (hazard.event_code, *hazard.aliases):
            return hazard
    entry = event_code(codes, code)
    return Hazard(key=entry.code, event_code=entry.code, zh=entry.zh, en=entry.en, aliases=entry.aliases)
