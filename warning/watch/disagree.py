"""Disagree: where the city and a district, each an issuer of its own, have different warnings over one place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from geo.zone import ZoneSet
from warning.level import Level
from warning.watch.issuer import Issuer


class Standing(Protocol):
    """A warning in force, as any desk reads it."""

    @property
    def issuer(self) -> str: ...

    @property
    def hazard(self) -> str: ...

    @property
    def level(self) -> Level: ...

    @property
    def zones(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One hazard over one zone: the issuers whose words differ there, strongest first; None = silent although it may warn there."""

    hazard: str
    zone: str
    says: tuple[tuple[str, Level | None], ...]


def differences(in_force: Iterable[Standing], zones: ZoneSet, issuers: Mapping[str, Issuer]) -> list[Difference]:
    """Where two issuers with a right to one zone say different things of one hazard; strongest first.

    A wider issuer (the city) that is silent while a narrower one warns is told; the silence of a district under the city's warning
    is not, it is covered.
    """
    said: dict[tuple[str, str], dict[str, Level]] = {}
    districts = [(zone.code, zone.parent) for zone in zones.at("district")]
    reach = {code: len(_covered(issuer.zones, districts)) for code, issuer in issuers.items()}
    for warning in in_force:
        for zone in _covered(warning.zones, districts):
            own = said.setdefault((warning.hazard, zone), {})
            own[warning.issuer] = max(warning.level, own.get(warning.issuer, warning.level))
    found = []
    for (hazard, zone), own in said.items():
        says: dict[str, Level | None] = dict(own)
        narrowest = min(reach.get(code, 0) for code in own)
        for code, issuer in issuers.items():
            if code not in own and reach[code] > narrowest and issuer.may_warn(zone) and _same_service(issuer, own, issuers):
                says[code] = None
        if len(says) > 1 and len(set(says.values())) > 1:
            ordered = sorted(says.items(), key=lambda item: (-(item[1] or 0), item[0]))
            found.append(Difference(hazard=hazard, zone=zone, says=tuple(ordered)))
    return sorted(found, key=lambda one: (-(one.says[0][1] or 0), one.hazard, one.zone))


def _covered(codes: Sequence[str], districts: Sequence[tuple[str, str]]) -> list[str]:
    """The districts, each ``(code, parent)``, that a warning covers; or, where there are none, the zones themselves."""
    named = set(codes)
    return [code for code, parent in districts if code in named or parent in named] or list(codes)


def _same_service(issuer: Issuer, own: Mapping[str, Level], issuers: Mapping[str, Issuer]) -> bool:
    """The water authority is not silent about rain: only issuers of one organisation are compared."""
    return any(issuers[code].organisation == issuer.organisation for code in own if code in issuers)
