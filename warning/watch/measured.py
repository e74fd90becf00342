"""Measured: what the data at hand say of every row of a rule set, zone by zone, and how far into the future they reach."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from geo.criterion import Comparison, Criterion, comparisons
from geo.daily import DAILY, DAY, day_end
from geo.derive import DeriveError, Series, history, series
from geo.ensemble import Ensemble
from geo.exceedance import Exceedance, GridMismatch, exceed
from geo.field import GridField
from geo.grid import Grid
from geo.overlay import OverlayError, overlay
from geo.probability import Probability, asked, chances, decided, is_ensemble, probability
from geo.quantity import Quantity
from geo.regrid import RegridError, onto, series_onto
from geo.stations import GAUGES
from geo.units import UnitError
from geo.zone import Zone
from warning.watch.gauges import Disagreement, GaugeReading, Gauges
from warning.watch.likelihood import Likelihood
from warning.watch.rule import Rule, RuleSet
from warning.watch.rulefile import quantities
from warning.watch.window import EXTRAPOLATED, Window

log = structlog.get_logger()

_NOON_TO_MIDNIGHT = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far the data of a row reach without a hole (None: they are silent), of how far the row asks."""

    known_until: datetime | None
    asked_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """By row: the answers of all zones, the grid that numbers their cells, and the reach. A row without data is in none.

    Under ``Rule.ahead_row`` whether more is to come, of rows that ask. By row and then zone: the gauges that are over the row's threshold by themselves, and those that contradict what was
    forecast for the last hours; and where there is an ensemble, the chance of the row within its lead. ``series``: what
    the answers were measured on, by quantity. ``extrapolated``: rain moved on by ourselves is among it.
    """

    answers: Mapping[str, Sequence[Exceedance]]
    grids: Mapping[str, Grid]
    reach: Mapping[str, Reach]
    gauges: Mapping[str, Mapping[str, tuple[GaugeReading, ...]]]
    disagreements: Mapping[str, Mapping[str, Disagreement]]
    series: Mapping[Quantity, Series]
    extrapolated: bool
    likelihoods: Mapping[str, Mapping[str, Likelihood]]


class Measuring:
    """The quantities of one moment, each derived once however many rule sets ask for it."""

    def __init__(self, window: Window, zones: Sequence[Zone], *, now: datetime, overlays: Path | None = None) -> None:
        # Gauges first: of two analyses of one time the measured one is believed.
        single = [field for field in window.fields if not is_ensemble(field)]
        self._fields = _joined(sorted(single, key=lambda field: field.provenance.source != GAUGES))
        self._ensemble = _joined([field for field in window.fields if is_ensemble(field)])
        self._members = Ensemble(self._ensemble, now=now)
        self._window = window
        self._gauges = Gauges(window, zones, now=now)
        self.zones = tuple(zones)
        self._now = now
        self._overlays = overlays
        # Of each quantity also from how many days back on: another rule set may ask for more of them in a row.
        self._known: dict[Quantity, tuple[int, Series | None]] = {}
        self._likely: dict[Criterion, Probability | None] = {}

    def over(self, zones: Sequence[Zone]) -> "Measuring":
        """The same quantities, laid over other ground."""
        other = copy(self)
        other.zones = tuple(zones)
        other._gauges = Gauges(self._window, zones, now=self._now)
        return other

    def measured(self, rule_set: RuleSet) -> Measured:
        """What is at hand, against every row of the set that data decide."""
        for quantity in quantities(rule_set):
            days = _days(rule_set, quantity)
            if quantity not in self._known or self._known[quantity][0] < days:
                self._known[quantity] = days, self._series(quantity, days=days)
        have = {quantity: found for quantity, (_, found) in self._known.items() if found is not None}
        answers: dict[str, Sequence[Exceedance]] = {}
        grids: dict[str, Grid] = {}
        reach: dict[str, Reach] = {}
        gauges: dict[str, Mapping[str, tuple[GaugeReading, ...]]] = {}
        disagreements: dict[str, Mapping[str, Disagreement]] = {}
        likelihoods: dict[str, Mapping[str, Likelihood]] = {}
        aheads: dict[Criterion, Sequence[Exceedance] | None] = {}
        for rule in rule_set.rules:
            if rule.criterion is None:
                continue
            likelihoods[rule.row] = self._likelihoods(rule)
            for row, criterion in ((rule.row, rule.criterion), (rule.sign_row, rule.signed)):
                if criterion is None:
                    continue
                gauges[row] = self._gauges.over(criterion, site=rule.site)
                disagreements[row] = self._contradicted(criterion)
                test, found = criterion, _of_one_grid(criterion, have)
                if rule.probability is not None:
                    if row == rule.sign_row:
                        continue
                    test = asked(criterion, rule.probability)
                    found = _of_one_grid(test, self._decided(criterion, rule.probability))
                if not found:
                    continue
                grids[row] = next(iter(found.values())).grid
                reach[row] = _reach(test, rule, found, self._now)
                try:
                    laid = overlay(grids[row], self.zones, store=self._overlays)
                    answers[row] = exceed(test, found, laid, start=self._now, end=self._now + rule.lead, now=self._now)
                except (GridMismatch, OverlayError) as error:
                    log.error("a rule could not be measured and stays unknown", row=row, why=str(error))
            if rule.ahead is not None:
                # The colours of a hazard ask the same of the hours to come.
                if rule.ahead not in aheads:
                    aheads[rule.ahead] = self._ahead(rule.ahead, rule, have)
                if (ahead := aheads[rule.ahead]) is not None:
                    answers[rule.ahead_row] = ahead
        return Measured(
            answers=answers, grids=grids, reach=reach, gauges=gauges, disagreements=disagreements, likelihoods=likelihoods,
            series=have, extrapolated=any(field.provenance.source == EXTRAPOLATED for field in self._fields))

    def _ahead(self, criterion: Criterion, rule: Rule, have: Mapping[Quantity, Series]) -> Sequence[Exceedance] | None:
        """Whether more is to come within the row's lead; None when nothing is known of it."""
        found = _of_one_grid(criterion, have)
        if not found:
            return None
        try:
            laid = overlay(next(iter(found.values())).grid, self.zones, store=self._overlays)
            return exceed(criterion, found, laid, start=self._now, end=self._now + rule.lead, now=self._now)
        except (GridMismatch, OverlayError) as error:
            log.error("what is to come could not be measured and stays unknown", row=rule.row, why=str(error))
            return None

    def _probability(self, criterion: Criterion) -> Probability | None:
        if criterion not in self._likely:
            self._likely[criterion] = probability(criterion, self._ensemble, self._members) if self._ensemble else None
        return self._likely[criterion]

    def _decided(self, criterion: Criterion, at_least: float) -> dict[Quantity, Series]:
        found = self._probability(criterion)
        return {} if found is None else {asked(criterion, at_least).quantity: decided(found, at_least)}

    def _likelihoods(self, rule: Rule) -> dict[str, Likelihood]:
        """By zone the chance of the row."""
        found = None if rule.criterion is None or not self._ensemble else self._probability(rule.criterion)
        if found is None or not found.grid.regular:
            return {}
        ground = overlay(found.grid, self.zones)
        return {
            zone.code: Likelihood(
                asked=rule.probability, highest=chance.highest, mean=chance.mean, members=found.members, missing=found.missing,
                doubts=found.doubts, of=str(found.of))
            for zone, chance in zip(self.zones, chances(found, ground, start=self._now, end=self._now + rule.lead), strict=True)}

    def _contradicted(self, criterion: Criterion) -> dict[str, Disagreement]:
        """By zone the contradiction in the longest of the row's windows that has one."""
        found: dict[str, Disagreement] = {}
        for leaf in sorted(comparisons(criterion), key=lambda leaf: leaf.quantity.window or timedelta(0)):
            found |= self._gauges.against(leaf)
        return found

    def _series(self, quantity: Quantity, *, days: int) -> Series | None:
        """The quantity over time; None (unknown) when its fields are missing or do not fit together."""
        since = self._now - history(quantity, days=days)
        try:
            return series(quantity, [field for field in self._fields if field.valid_time > since], now=self._now)
        except (DeriveError, UnitError) as error:
            log.error("a quantity could not be derived and stays unknown", quantity=str(quantity), why=str(error))
            return None


def _joined(fields: Sequence[GridField]) -> list[GridField]:
    """Of each variable all fields on the grid of its newest run (the finest of several): nowcast and forecast become one.

    A changed grid does not blind the desk, and what was observed on the old one still counts. A field whose grid cannot
    be joined is left out and told.
    """
    grids: dict[str, tuple[bool, datetime, float, Grid]] = {}
    for field in fields:
        grid = field.grid
        rank = grid.regular, field.run_time, -grid.dlat * grid.dlon if grid.regular else 0.0
        if field.variable not in grids or rank > grids[field.variable][:3]:
            grids[field.variable] = (*rank, grid)
    found: list[GridField] = []
    for field in fields:
        try:
            found.append(onto(field, grids[field.variable][3]))
        except RegridError as error:
            log.error("a field cannot be joined with the others", variable=field.variable, why=str(error))
    return found


def _of_one_grid(criterion: Criterion, have: Mapping[Quantity, Series]) -> dict[Quantity, Series]:
    """The series that the criterion asks for, on the finest of their grids."""
    found = {leaf.quantity: have[leaf.quantity] for leaf in comparisons(criterion) if leaf.quantity in have}
    regular = [one.grid for one in found.values() if one.grid.regular]
    if len({one.grid for one in found.values()}) < 2 or not regular:
        return found
    finest = min(regular, key=lambda grid: grid.dlat * grid.dlon)
    return {quantity: series_onto(one, finest) for quantity, one in found.items() if one.grid.regular}


def _reach(criterion: Criterion, rule: Rule, found: Mapping[Quantity, Series], now: datetime) -> Reach:
    leaves = list(comparisons(criterion))
    ends = [_leaf_reach(leaf, found.get(leaf.quantity), now, now + rule.lead) for leaf in leaves]
    asked = max(asked for _, asked in ends)
    known = [None if reached is None else (asked if reached >= own else reached) for reached, own in ends]
    return Reach(known_until=None if None in known else min(one for one in known if one is not None), asked_until=asked)


def _leaf_reach(leaf: Comparison, found: Series | None, now: datetime, end: datetime) -> tuple[datetime | None, datetime]:
    """How far one comparison is known, and how far it is asked: for daily values the midnight after the last noon."""
    asked = end
    if leaf.days > 1 or leaf.quantity.name in DAILY:
        asked = day_end(end) if day_end(end) - _NOON_TO_MIDNIGHT <= end else day_end(end) - DAY
    return None if found is None else found.known_until(now), asked


def _days(rule_set: RuleSet, quantity: Quantity) -> int:
    """The longest run of days that a rule of the set asks of this quantity (heat: three in a row)."""
    leaves = (leaf for rule in rule_set.rules if rule.criterion is not None for leaf in comparisons(rule.criterion))
    return max((leaf.days for leaf in leaves if leaf.quantity == quantity), default=1)
