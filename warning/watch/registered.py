"""Registered: what an authority has been registered for, entry by entry: which hazards, in which colours, over which zones."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from warning.level import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """One entry of the list; an empty field stands for all. ``zones`` hold what lies inside them, by their leading digits."""

    hazards: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()
    zones: tuple[str, ...] = ()

    def holds(self, hazard: str, level: Level, zone: str) -> bool:
        return (
            (not self.hazards or hazard in self.hazards)
            and (not self.levels or level in self.levels)
            and (not self.zones or any(zone.startswith(stem(own)) for own in self.zones)))


def unregistered(entries: Sequence[Registered], *, hazard: str, level: Level, zones: Sequence[str]) -> tuple[str, ...]:
    """The zones that no entry holds for this hazard and colour; a list without entries holds everything."""
    return tuple(zone for zone in zones if entries and not any(one.holds(hazard, level, zone) for one in entries))


@lru_cache(maxsize=65_536)
def stem(code: str) -> str:
    """The digits that a zone's insides share: 310000 → 31, 310115 → 310115, 310115103000 → 310115103."""
    while len(code) > 6 and code.endswith("000"):
        code = code[:-3]
    while len(code) == 6 and code.endswith("00") or len(code) == 4 and code.endswith("00"):
        code = code[:-2]
    return code
