"""Issuer: an authority that may warn, for which zones, by which rules, and from which share of the area on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from warning.errors import ConfigError
from warning.level import Level
from warning.watch.marked import check, read_marked, shipped
from warning.watch.registered import Registered, stem
from warning.watch.rule import RuleSet, with_variant
from warning.wording import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaCriterion:
    """How much of a zone must exceed before the zone counts.

    Either ``min_share`` (0..1) of the zone's own area, or at least ``min_districts`` of the issuer's parts (None = not
    counted), each with ``part_share`` of its own area. A share of 0 never counts, whatever ``min_share`` says.
    ``min_gauges`` stations over the threshold inside the zone are enough by themselves; None = never.
    """

    min_share: float
    min_districts: int | None = None
    part_share: float = 0.05
    min_gauges: int | None = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """``zones``: codes it is asked to propose for; ``parts``: the districts counted by ``area.min_districts``.

    ``registered``: what it may issue, empty = everything in its zones. ``texts``: the folder of its own templates, ``wordings`` those
    templates by language; what it has none for is worded by the shared library.
    """

    code: str
    name_zh: str
    name_en: str
    area_code: str
    organisation: str
    zones: tuple[str, ...]
    rule_set: str
    area: AreaCriterion
    parts: tuple[str, ...] = ()
    registered: tuple[Registered, ...] = ()
    texts: str = ""
    wordings: Mapping[str, Wording] = field(default_factory=lambda: MappingProxyType({}), compare=False)

    @property
    def sender(self) -> str:
        """The 14-digit sender code ZZZZZZ DDD UUU XX of GB/T 35965.1: area, organisation, inner unit and extension 0."""
        return f"{self.area_code}{self.organisation}00000"

    def may_warn(self, zone: str) -> bool:
        """Whether ``zone`` is one of the issuer's, or lies inside one: Pudong's 310115 holds 310115103."""
        return any(zone.startswith(stem(own)) for own in self.zones)


class _AreaIn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    min_share: Annotated[float, Field(ge=0, le=1, strict=False)]
    min_districts: Annotated[int, Field(ge=1)] | None = None
    part_share: Annotated[float, Field(gt=0, le=1)] = 0.05
    min_gauges: Annotated[int, Field(ge=1)] | None = 1


class _RegisteredIn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    hazards: list[Annotated[str, Field(min_length=1)]] = []
    levels: list[Literal["blue", "yellow", "orange", "red"]] = []
    zones: list[Annotated[str, Field(pattern=r"^\d{6}(\d{3}){0,2}$")]] = []


class _IssuerIn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    code: Annotated[str, Field(min_length=1)]
    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]
    area_code: Annotated[str, Field(pattern=r"^\d{6}$")]
    organisation: Annotated[str, Field(pattern=r"^\d{3}$")]
    zones: list[Annotated[str, Field(pattern=r"^\d{6}(\d{3}){0,2}$")]] = Field(min_length=1)
    parts: list[Annotated[str, Field(pattern=r"^\d{6}(\d{3}){0,2}$")]] = []
    rule_set: Annotated[str, Field(min_length=1)]
    variant: Annotated[str, Field(min_length=1)] | None = None
    area: _AreaIn
    registered: list[_RegisteredIn] = []
    texts: Annotated[str, Field(pattern=r"^[\w-]*$")] = ""

    @model_validator(mode="after")
    def _countable(self) -> "_IssuerIn":
        if self.area.min_districts is not None and self.area.min_districts > len(self.parts):
            raise ValueError(f"min_districts {self.area.min_districts} of {len(self.parts)} parts; list the districts in parts:")
        return self


class _IssuersIn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    issuers: list[_IssuerIn] = Field(min_length=1)


def load_issuers(source: Path | Traversable | None = None, *, rule_sets: Mapping[str, RuleSet]) -> tuple[Issuer, ...]:
    """The issuers of ``source``, of the shipped file when None; ``rule_sets`` are those they may name, by id.

    An issuer that chooses a ``variant`` has the ``rule_set`` ``id~variant`` (``chosen`` makes it). Raises ConfigError with
    file, line and key, also for a code given twice and a rule set or variant that is not there.
    """
    marked = read_marked(source if source is not None else shipped() / "issuers.yaml", refusal=ConfigError)
    issuers: dict[str, Issuer] = {}
    for index, entry in enumerate(check(marked, _IssuersIn, refusal=ConfigError).issuers):
        if entry.code in issuers:
            raise ConfigError(f"{marked.where(('issuers', index, 'code'))}: {entry.code!r} is given twice; keep one")
        if entry.rule_set not in rule_sets:
            known = ", ".join(sorted(rule_sets))
            raise ConfigError(f"{marked.where(('issuers', index, 'rule_set'))}: no rule set {entry.rule_set!r}; known: {known}")
        variants = {rule.variant for rule in rule_sets[entry.rule_set].variants}
        if entry.variant is not None and entry.variant not in variants:
            known = ", ".join(sorted(variants)) or "none"
            raise ConfigError(f"{marked.where(('issuers', index, 'variant'))}: {entry.rule_set} has no variant {entry.variant!r}; known: {known}")
        issuers[entry.code] = Issuer(
            code=entry.code,
            name_zh=entry.zh,
            name_en=entry.en,
            area_code=entry.area_code,
            organisation=entry.organisation,
            zones=tuple(entry.zones),
            rule_set=entry.rule_set if entry.variant is None else f"{entry.rule_set}~{entry.variant}",
            area=AreaCriterion(
                min_share=entry.area.min_share,
                min_districts=entry.area.min_districts,
                part_share=entry.area.part_share,
                min_gauges=entry.area.min_gauges,
            ),
            parts=tuple(entry.parts),
            registered=tuple(
                Registered(hazards=tuple(one.hazards), levels=tuple(map(Level.of, one.levels)), zones=tuple(one.zones))
                for one in entry.registered),
            texts=entry.texts,
        )
    return tuple(issuers.values())


def chosen(rule_sets: Mapping[str, RuleSet], issuers: Iterable[Issuer]) -> dict[str, RuleSet]:
    """The rule sets, and those with a variant that an issuer has chosen, by id."""
    named = dict.fromkeys(issuer.rule_set for issuer in issuers)
    made = {id_: with_variant(rule_sets[base], variant) for id_ in named for base, mark, variant in [id_.partition("~")] if mark}
    return {**rule_sets, **made}
