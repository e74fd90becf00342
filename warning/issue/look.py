"""Look: what a signature would send now, beside what the templates say, for the person who is about to give it."""

from collections.abc import Iterable
from dataclasses import dataclass

from geo.covered import Covered, covered
from geo.zone import Zone
from warning.issue.effective import Effective, ground_of
from warning.issue.registry import Registry
from warning.issue.work import NewAlert
from warning.watch.ready import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """``alert`` is stored nowhere and its identifier is nobody's; None = the texts say too little to be sent at all, which ``unworded`` says.

    ``unlike`` names where the two languages do not say the same, never empty when there is no alert.
    ``covered``: the zones of the drawn ground with their exact shares, of all the deployment's zones of the warned ones' level;
    ``unregistered``: the zones for which the issuer is not registered with this hazard and colour.
    """

    alert: NewAlert | None
    unworded: str
    template: Texts
    texts: Texts
    unlike: tuple[str, ...]
    covered: tuple[Covered, ...]
    unregistered: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FormTexts:
    """What the templates said of the proposal as it ``came``, and say of it as it is ``changed``, both sent when it was made: for fields that nobody has edited."""

    came: Texts
    changed: Texts


def covered_by(found: Effective, registry: Registry) -> tuple[Covered, ...]:
    """Of a drawn ground every zone of the chosen levels that it touches; of chosen zones each in full."""
    if found.polygon is None:
        return tuple(covered(ground, [zone])[0] for zone in map(registry.zone, found.zones) for ground in [zone.geometry])
    levels = {registry.zone(code).level for code in found.zones} | {"district"}
    return tuple(covered(ground_of(found, registry), _at(registry, levels)))


def _at(registry: Registry, levels: set[str]) -> Iterable[Zone]:
    return (zone for zone in registry.zones if zone.level in levels)
