"""Chain: one risk asks for the state of another: a warning in force over the site, or another pack's notice that is open there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from warning.level import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningInForce:
    """Some issuer warns of ``hazard`` at ``level`` or above over the site."""

    hazard: str
    level: Level

    def __str__(self) -> str:
        return f"{self.hazard} warning {self.level.key} or above in force"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeOpen:
    """The pack ``pack`` has a notice of class ``rank`` (its number, from the weakest, 1) or above open over the same ground."""

    pack: str
    key: str
    level: Level

    def __str__(self) -> str:
        return f"{self.pack} notice {self.key} or above open"


Chain = WarningInForce | NoticeOpen


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is the case at one site: the strongest warning of each hazard over it, the strongest notice of each pack."""

    warnings: Mapping[str, Level]
    notices: Mapping[str, Level]


def holds(chain: Chain, around: Around) -> bool:
    """Whether it is the case now. What is not known to be in force is not: a chain adds to data, it never replaces them."""
    found = around.warnings.get(chain.hazard) if isinstance(chain, WarningInForce) else around.notices.get(chain.pack)
    return found is not None and found >= chain.level


def in_order(asks: Mapping[str, Sequence[str]], refuse: Callable[[str, Sequence[str]], Exception]) -> list[str]:
    """The packs so that each comes after those it asks; ``refuse(pack, circle)`` makes the error for a circle (a → b → a)."""
    done: list[str] = []

    def visit(pack: str, way: tuple[str, ...]) -> None:
        if pack in way:
            circle = (*way[way.index(pack) :], pack)
            raise refuse(way[-1], circle)
        if pack in done:
            return
        for asked in asks.get(pack, ()):
            visit(asked, (*way, pack))
        done.append(pack)

    for pack in asks:
        visit(pack, ())
    return done
