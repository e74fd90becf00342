"""Rule and RuleSet: at which number which colour is warned, by whose authority, and how sure we are of the row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from geo.criterion import AllOf, AnyOf, Comparison, Criterion, comparisons
from geo.daily import DAILY
from geo.quantity import Quantity
from warning.level import Level
from warning.watch.both import Both
from warning.watch.hazard import Hazard

#: Sums that may be reached when all is over, with the least of them (mm) that is no trace: what a gauge reports.
SUMMED = frozenset({"rain", "snow_water"})
TRACE_MM = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row. ``row`` is its stable id, such as ``shanghai-2019/rainstorm/red``; ``lead`` is how far ahead it looks.

    ``criterion`` is None when no gridded quantity decides the row: data never propose it, and ``manual`` says why.
    ``unconfirmed`` rows carry a number that the deploying authority has yet to confirm; ``inherited`` names the set
    the number is taken from. ``confidence`` is A (primary document) to C, K (plausible), U (not found).
    ``probability`` (0..1): the row is met where an ensemble gives its criterion at least this chance; None = by one forecast.
    ``continues``: "…or has reached it, *and it may go on*": what has fallen counts only while more is to come, or may be.
    ``site`` is set when the row is read at one station instead of over an area. ``validity`` may shorten the issuer's.
    """

    row: str
    hazard: Hazard
    level: Level
    lead: timedelta
    criterion: Criterion | None
    confidence: str
    source: Both
    manual: Both | None = None
    unconfirmed: bool = False
    inherited: str = ""
    note: str = ""
    variant: str = ""
    site: str = ""
    validity: timedelta | None = None
    probability: float | None = None
    continues: bool = False

    @property
    def event_code(self) -> str:
        return self.hazard.event_code

    @property
    def daily(self) -> bool:
        """Whether it asks for a day's extreme, whose time is the local midnight that *ends* the day."""
        return self.criterion is not None and any(leaf.quantity.name in DAILY for leaf in comparisons(self.criterion))

    @property
    def sign_row(self) -> str:
        """The key under which the answers of ``signed`` are handed to the draft."""
        return f"{self.row}#sign"

    @property
    def signed(self) -> Criterion | None:
        """The criterion together with the sign of its cause in the same cells; None when there is no such sign."""
        if self.criterion is None or self.hazard.cause is None or self.hazard.cause.sign is None:
            return None
        return AllOf(parts=(self.criterion, self.hazard.cause.sign))

    @property
    def ahead_row(self) -> str:
        """The key under which the answers of ``ahead`` are handed to the draft."""
        return f"{self.row}#ahead"

    @property
    def ahead(self) -> Criterion | None:
        """More than a trace is still to come of what the row sums up; None when the row does not ask whether it goes on."""
        if self.criterion is None or not self.continues:
            return None
        summed = dict.fromkeys((leaf.quantity.name, leaf.quantity.units) for leaf in comparisons(self.criterion) if leaf.quantity.name in SUMMED)
        parts = tuple(
            Comparison(quantity=Quantity(name=f"{name}_to_come", units=units, window=self.lead), operator=">=", value=TRACE_MM) for name, units in summed)
        return parts[0] if len(parts) == 1 else AnyOf(parts=parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """The rules of one authority, from ``valid_from`` on. ``variants`` are rows a deployment may choose instead."""

    id: str
    title: str
    authority: str
    version: str
    valid_from: date
    rules: tuple[Rule, ...]
    variants: tuple[Rule, ...] = ()
    inherits: tuple[str, ...] = ()

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """Each hazard once, in the order of the file."""
        return tuple(dict.fromkeys(rule.hazard for rule in self.rules))

    def hazard(self, key: str) -> Hazard:
        """Raises KeyError that names the set."""
        for hazard in self.hazards:
            if hazard.key == key:
                return hazard
        raise KeyError(f"no hazard {key!r} in {self.id}")

    def of(self, hazard: str) -> tuple[Rule, ...]:
        """The rows of one hazard, strongest first."""
        return tuple(sorted((rule for rule in self.rules if rule.hazard.key == hazard), key=lambda rule: -rule.level))

    def rule(self, hazard: str, level: Level) -> Rule:
        """Raises KeyError that names the set, the hazard and the colour."""
        for rule in self.rules:
            if rule.hazard.key == hazard and rule.level is level:
                return rule
        raise KeyError(f"no {level.key} {hazard} in {self.id}")


def with_variant(rule_set: RuleSet, variant: str) -> RuleSet:
    """The set ``id~variant``: with the rows of ``variant`` in the place of the ordinary ones; raises KeyError when it has none."""
    chosen = {(rule.hazard.key, rule.level): rule for rule in rule_set.variants if rule.variant == variant}
    if not chosen:
        known = ", ".join(dict.fromkeys(rule.variant for rule in rule_set.variants)) or "none"
        raise KeyError(f"no variant {variant!r} in {rule_set.id}; it has {known}")
    rules = tuple(chosen.pop((rule.hazard.key, rule.level), rule) for rule in rule_set.rules)
    # A variant may have a colour that the ordinary rows have not.
    return replace(rule_set, id=f"{rule_set.id}~{variant}", rules=(*rules, *chosen.values()), variants=())


def decidable(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rows that data can decide."""
    return tuple(rule for rule in rules if rule.criterion is not None)
