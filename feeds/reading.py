"""Reading: what a file yields, and all of one file sorted by its nouns."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from geo.field import GridField
from geo.observation import Observation
from geo.track import Track

Reading = GridField | Observation | Track


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """One file's readings, each kind in file order; ``faults`` say what of it was not read."""

    fields: tuple[GridField, ...] = ()
    observations: tuple[Observation, ...] = ()
    tracks: tuple[Track, ...] = ()
    faults: tuple[str, ...] = ()

    @classmethod
    def of(cls, readings: Iterable[Reading], *, faults: tuple[str, ...] = ()) -> Self:
        kept = tuple(readings)
        return cls(
            fields=tuple(one for one in kept if isinstance(one, GridField)),
            observations=tuple(one for one in kept if isinstance(one, Observation)),
            tracks=tuple(one for one in kept if isinstance(one, Track)), faults=faults)

    @property
    def data_time(self) -> datetime | None:
        """The newest run (of measurements: the newest one); None when there is nothing."""
        everything: list[Reading] = [*self.fields, *self.observations, *self.tracks]
        return max(map(data_time, everything), default=None)


def data_time(reading: Reading) -> datetime:
    """When what it tells was known: the run of a field or track, the moment of a measurement."""
    return reading.valid_time if isinstance(reading, Observation) else reading.run_time
