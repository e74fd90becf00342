"""Pace: how many messages a worker hands a channel at once, so that an urgent warning never waits long and a crash repeats little."""

from dataclasses import dataclass, replace
from typing import Final

AIM_S: Final = 0.25
FIRST: Final = 50
_LEAST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """``size`` messages take about a quarter of a second; ``most`` is what the channel allows."""

    size: int
    most: int

    def after(self, handed: int, took_s: float) -> "Pace":
        """Twice as many when a full hand took less than half the aim, half as many when it took more than twice the aim."""
        if took_s > 2 * AIM_S:
            return replace(self, size=max(self.size // 2, min(_LEAST, self.most)))
        if handed >= self.size and took_s < AIM_S / 2:
            return replace(self, size=min(self.size * 2, self.most))
        return self


def first_pace(most: int) -> Pace:
    return Pace(size=min(FIRST, most), most=most)
