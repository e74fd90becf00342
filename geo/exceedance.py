"""Exceedance: where a criterion is met, how strongly, from when to when, with the cells that say so."""

from dataclasses import dataclass
from datetime import datetime

from geo.criterion import Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceedance:
    """What one criterion says of one zone.

    ``share`` of the zone's area (0..1, exact cell × polygon shares) in cells that exceed at any time of the window;
    ``known_share`` of its area in cells with data: below 1 the answer may be *unknown*, never "no hazard".
    ``peak`` is the most extreme value of ``leading`` (the leaf comparison that decided) inside the zone, in its units,
    at ``peak_time``; ``onset``/``end`` bound the times at which any cell exceeds (None when none does);
    ``cells`` are flat indices (row * nx + col) of exceeding cells that touch the zone; ``observed`` = already reached.
    """

    zone: str
    share: float
    known_share: float
    peak: float
    peak_time: datetime | None
    leading: Comparison
    onset: datetime | None
    end: datetime | None
    cells: tuple[int, ...]
    observed: bool

    @property
    def exceeded(self) -> bool:
        return self.share > 0
