"""Which zone has which colour, and where issuers differ: worked out once when what is in force changes, for all open consoles together."""

from collections.abc import Mapping, Sequence

from geo.zone import ZoneSet
from warning.level import Level
from warning.store.board import AlertView
from warning.watch.disagree import Difference, differences
from warning.watch.issuer import Issuer
from warning.web.console.ground import Ground, painted
from warning.web.console.papers import Papers


class Colours:
    """Held by the reading's keeper; what it gives back is the same object until something changes."""

    def __init__(self, zones: ZoneSet, issuers: Mapping[str, Issuer], ground: Ground, papers: Papers) -> None:
        self._zones = zones
        self._ground = ground
        self._papers = papers
        self._issuers = issuers
        self._inside: dict[str, list[str]] = {}
        for zone in zones:
            self._inside.setdefault(zone.parent, []).append(zone.code)
        self._seen: tuple[str, ...] | None = None
        self.levels: Mapping[str, Level] = {}
        self.paint = ""
        self.differ: Sequence[Difference] = ()

    def look(self, in_force: Sequence[AlertView]) -> None:
        """Bring ``levels`` (a zone named, or one whose parent is: the strongest), ``paint`` (their paper) and ``differ`` up to what is in force."""
        seen = tuple(alert.identifier for alert in in_force)
        if seen == self._seen:
            return
        levels: dict[str, Level] = {}
        for alert in in_force:
            for named in alert.zones:
                for code in (named, *self._inside.get(named, ())):
                    levels[code] = max(alert.level, levels.get(code, alert.level))
        self._seen, self.levels = seen, levels
        self.paint = self._papers.put({"zones": painted(self._ground, levels)})
        self.differ = differences(in_force, self._zones, self._issuers)
