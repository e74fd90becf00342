"""Registry: the zones, issuers, rules and event codes that a deployment signs with; what it does not know is refused by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geo.zone import Zone, ZoneSet
from warning.cap import Category
from warning.errors import Invalid
from warning.level import Level
from warning.watch.eventcode import EventCode, hazard_of
from warning.watch.hazard import Hazard
from warning.watch.issuer import Issuer
from warning.watch.registered import unregistered
from warning.watch.rule import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Read once at start; every verb that finds nothing raises Invalid."""

    zones: ZoneSet
    issuers: Mapping[str, Issuer]
    rule_sets: Mapping[str, RuleSet]
    event_codes: Sequence[EventCode]

    def issuer(self, code: str) -> Issuer:
        if code not in self.issuers:
            raise Invalid(f"issuer: {code!r} is none of {', '.join(self.issuers)}")
        return self.issuers[code]

    def zone(self, code: str) -> Zone:
        try:
            return self.zones[code]
        except KeyError as error:
            raise Invalid(f"zones: {code!r} is no zone of this deployment") from error

    def hazard(self, event_code: str, issuer: Issuer) -> Hazard:
        """What the code means by the issuer's own rules."""
        return hazard_of(event_code, self.rule_sets[issuer.rule_set], self.event_codes)

    def unregistered(self, issuer: str, *, hazard: str, level: Level, zones: Sequence[str]) -> tuple[str, ...]:
        """The zones for which the issuer is not registered with this hazard and colour."""
        return unregistered(self.issuer(issuer).registered, hazard=hazard, level=level, zones=zones)

    def colours(self, hazard: str, issuer: Issuer) -> list[Level]:
        """The levels that the issuer's rules have for a hazard; empty for one without rules."""
        return [rule.level for rule in self.rule_sets[issuer.rule_set].of(hazard)]

    def category(self, event_code: str) -> Category | None:
        """CAP's category as the event code list has it; None leaves it to the code's group."""
        return next((one.category for one in self.event_codes if event_code in (one.code, *one.aliases)), None)
