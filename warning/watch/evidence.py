"""Evidence: what was read in one zone, by which row of which version of the rules."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from geo.daily import DAY
from geo.exceedance import Exceedance
from warning.watch.gauges import Disagreement, GaugeReading
from warning.watch.likelihood import Likelihood
from warning.watch.rule import Rule, RuleSet

GoesOn = Literal["", "yes", "unknown", "no"]
"""Whether more is to come of what has fallen; "" where the row does not ask, or is not reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """``peak`` in ``units`` at ``peak_time``, read against ``test`` ("rain/6h [mm] >= 150"); None when nothing was read.

    ``share`` and ``known_share`` are parts (0..1) of the zone's area, ``cells`` flat indices of exceeding grid cells;
    ``onset`` of a day's extreme is the beginning of its local day.
    ``known_until`` is how far the data of the row reach without a hole (None: they are silent at once), ``asked_until`` how
    far the row asks; what lies between is unknown. ``gauges`` are the first of the ``gauges_over`` stations in the zone that
    are over the threshold by themselves, ``disagreement`` says that gauges contradict the forecast, ``likelihood`` how
    probable an ensemble finds it; a row that asks for a probability has no ``peak``. ``extrapolated``: the rain of the next hours is today's, moved on. ``goes_on``: whether more is to come, of a row that asks. ``row`` and ``version`` name the rule; ``observed`` says that the threshold has been reached already.
    """

    zone: str
    hazard: str
    peak: float | None
    units: str
    test: str
    share: float
    known_share: float
    cells: tuple[int, ...]
    peak_time: datetime | None
    onset: datetime | None
    end: datetime | None
    row: str
    rule_set: str
    version: str
    observed: bool
    unconfirmed: bool = False
    known_until: datetime | None = None
    asked_until: datetime | None = None
    gauges: tuple[GaugeReading, ...] = ()
    gauges_over: int = 0
    disagreement: Disagreement | None = None
    likelihood: Likelihood | None = None
    extrapolated: bool = False
    goes_on: GoesOn = ""

    @property
    def ends_early(self) -> bool:
        """Whether the data end before the row's lead does."""
        return self.asked_until is not None and (self.known_until is None or self.known_until < self.asked_until)


def evidence(rule_set: RuleSet, rule: Rule, zone: str, answer: Exceedance) -> Evidence:
    """The answer to ``rule`` in ``zone``, kept with the version of the rules."""
    return Evidence(
        zone=zone,
        hazard=rule.hazard.key,
        peak=answer.peak if math.isfinite(answer.peak) and rule.probability is None else None,
        units=answer.leading.quantity.units,
        test=str(answer.leading),
        share=answer.share,
        known_share=answer.known_share,
        cells=answer.cells,
        peak_time=answer.peak_time,
        onset=answer.onset - DAY if rule.daily and answer.onset is not None else answer.onset,
        end=answer.end,
        row=rule.row,
        rule_set=rule_set.id,
        version=rule_set.version,
        observed=answer.observed,
        unconfirmed=rule.unconfirmed,
    )
