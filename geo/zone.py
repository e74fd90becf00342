"""Zone and ZoneSet: our polygons with codes, in levels city → district → street → cell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from shapely.geometry.base import BaseGeometry

LEVELS = ("city", "district", "street", "cell")


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A place that can be warned. ``code`` is GB/T 2260 (6 digits) or NBS (9, 12); ``geometry`` is WGS 84, valid."""

    code: str
    name_zh: str
    name_en: str
    level: str
    parent: str = ""
    geometry: BaseGeometry = field(hash=False, compare=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class ZoneSet:
    """Zones of one deployment. ``origin`` says where the borders are from; ``schematic`` marks hand-drawn ones.

    One set equals itself only: it never changes, its borders are many, and what is made of it is kept by it.

    ``notes`` say what was changed on the way, such as a repaired polygon; an operator reads them.
    """

    zones: tuple[Zone, ...]
    origin: str
    schematic: bool = False
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Zone]:
        return iter(self.zones)

    def __len__(self) -> int:
        return len(self.zones)

    def __getitem__(self, code: str) -> Zone:
        found = self.by_code.get(code)
        if found is None:
            raise KeyError(f"no zone {code!r} in {self.origin}")
        return found

    @cached_property
    def by_code(self) -> Mapping[str, Zone]:
        """Of two zones of one code the first."""
        return MappingProxyType({zone.code: zone for zone in reversed(self.zones)})

    def at(self, level: str) -> tuple[Zone, ...]:
        """The zones of one level."""
        return tuple(zone for zone in self.zones if zone.level == level)

    def inside(self, parent: str) -> tuple[Zone, ...]:
        """The zones whose parent is ``parent``."""
        return tuple(zone for zone in self.zones if zone.parent == parent)
