"""Memory: the last levels seen per issuer, hazard and zone, so that proposals do not flicker and survive a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

TrackKey = tuple[str, str, str]
"""(issuer, hazard, zone)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long a state must last before it is proposed, and how long a warning holds.

    ``cycles_up`` data cycles before a level is proposed or raised (red at once), ``cycles_down`` before it is lowered
    or lifted; ``validity`` is the default and the cap of a warning's life; with less than ``extend_when_left`` of it
    left a warning that still holds is extended.
    """

    cycles_up: int = 2
    cycles_down: int = 6
    validity: timedelta = timedelta(hours=24)
    extend_when_left: timedelta = timedelta(hours=2)

    def __post_init__(self) -> None:
        if self.cycles_up < 1 or self.cycles_down < 1:
            raise ValueError(f"cycles_up {self.cycles_up} and cycles_down {self.cycles_down} count from 1")
        if not timedelta(0) < self.extend_when_left < self.validity:
            raise ValueError(f"extend_when_left {self.extend_when_left} lies between 0 and validity {self.validity}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Levels as numbers, 0 = none, the newest last.

    ``lows``: what each of the last cycles proved *at least*; ``known``: the levels of the last cycles in which the data
    sufficed. A cycle with unknown data stands in ``lows`` only, so it never speaks for going down.
    """

    lows: tuple[int, ...] = ()
    known: tuple[int, ...] = ()

    def after(self, low: int, *, unknown: bool, policy: Policy) -> "Track":
        """The track with one more cycle."""
        return Track(
            lows=(*self.lows, low)[-policy.cycles_up :],
            known=self.known if unknown else (*self.known, low)[-policy.cycles_down :],
        )

    def risen(self, policy: Policy) -> int:
        """The level that every one of the last ``cycles_up`` cycles reached."""
        return min(self.lows[-policy.cycles_up :]) if len(self.lows) >= policy.cycles_up else 0

    def fallen(self, policy: Policy) -> int | None:
        """The highest level of the last ``cycles_down`` known cycles; None while there are fewer."""
        return max(self.known[-policy.cycles_down :]) if len(self.known) >= policy.cycles_down else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """``cycle``: the data cycle counted last, so that the same cycle read twice counts once."""

    cycle: datetime | None = None
    tracks: Mapping[TrackKey, Track] = field(default_factory=lambda: MappingProxyType({}))

    def track(self, key: TrackKey) -> Track:
        return self.tracks.get(key, Track())


class _TrackJson(BaseModel):
    model_config = ConfigDict(extra="forbid")
    issuer: str
    hazard: str
    zone: str
    lows: list[Annotated[int, Field(ge=0, le=4)]]
    known: list[Annotated[int, Field(ge=0, le=4)]]


class _MemoryJson(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cycle: datetime | None
    tracks: list[_TrackJson]


_MEMORY: TypeAdapter[_MemoryJson] = TypeAdapter(_MemoryJson)


def memory_to_json(memory: Memory) -> dict[str, object]:
    """``{"cycle": …, "tracks": [{"issuer", "hazard", "zone", "lows", "known"}]}``, in a fixed order."""
    return {
        "cycle": None if memory.cycle is None else memory.cycle.isoformat(),
        "tracks": [
            {"issuer": key[0], "hazard": key[1], "zone": key[2], "lows": list(track.lows), "known": list(track.known)}
            for key, track in sorted(memory.tracks.items())
        ],
    }


def memory_from_json(document: Mapping[str, object]) -> Memory:
    """The inverse; raises pydantic.ValidationError when ``document`` was not written by ``memory_to_json``."""
    read = _MEMORY.validate_python(document)
    tracks = {(t.issuer, t.hazard, t.zone): Track(lows=tuple(t.lows), known=tuple(t.known)) for t in read.tracks}
    return Memory(cycle=read.cycle, tracks=MappingProxyType(tracks))
