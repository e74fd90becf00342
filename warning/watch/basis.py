"""Basis: what a proposal rests on, kept so that it can be explained long after the files are gone: numbers, cells, the rule, the margins."""

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, Field, TypeAdapter

from geo.criterion import Comparison, comparisons
from geo.exceedance import Exceedance
from geo.grid import Grid
from geo.overlay import Overlay, OverlayError, overlay
from geo.quantity import Quantity
from geo.series import Series
from geo.zone import Zone
from warning.watch.draft import going_on
from warning.watch.evidence import Evidence, GoesOn
from warning.watch.gauges import Disagreement
from warning.watch.issuer import AreaCriterion, Issuer
from warning.watch.margin import decisive, extremes, needed, rising, values_within
from warning.watch.memory import Memory, Policy
from warning.watch.proposal import LevelJson, Proposal
from warning.watch.rule import Rule, RuleSet

_AROUND = 3
"""So many cells beyond the zones are kept for the map."""
_UNKNOWN = np.iinfo(np.int16).min


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafMargin:
    """One comparison of a row. ``decisive``: the value on which the zone's verdict hangs (``margin.decisive``); ``hangs``: whether it does.

    ``beyond``: by how much it passes the threshold, in ``units``: positive = met with that much to spare, negative = short of it by that much.
    """

    test: str
    quantity: str
    operator: str
    threshold: float
    units: str
    peak: float | None
    decisive: float | None
    hangs: bool
    beyond: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One colour of the hazard as the leading zone stands to it.

    ``share`` and ``known_share`` (0..1) of its area against ``need``; ``cells`` of it exceed; ``spare_cells``: how many fewer would still do
    (negative: how many more it would take), in whole cells of the zone's mean size. ``goes_on``: of a row that is reached and
    asks, whether more is to come; where it is "no" the row is not ``met``. What was kept by an earlier version cites in English only (``source``).
    """

    row: str
    level: LevelJson
    lead_h: float
    condition: str
    met: bool | None
    share: float
    known_share: float
    need: float
    cells: int
    spare_cells: int
    leaves: tuple[LeafMargin, ...]
    source_en: Annotated[str, Field(validation_alias=AliasChoices("source_en", "source"))]
    source_zh: str = ""
    confidence: str
    unconfirmed: bool
    inherited: str
    note: str
    goes_on: GoesOn = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A quantity through time: the zone's most extreme cell at each time, and the cell in which it is most extreme of all."""

    quantity: str
    units: str
    times: tuple[datetime, ...]
    zone: tuple[float | None, ...]
    cell: tuple[float | None, ...]
    observed: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """The most extreme value of the window in each cell round the zones. ``packed``: base64 of zlib of int16, ``scale`` to one, row 0 south."""

    quantity: str
    units: str
    rising: bool
    lat0: float
    lon0: float
    dlat: float
    dlon: float
    ny: int
    nx: int
    scale: float
    packed: str

    @property
    def grid(self) -> Grid:
        return Grid(kind="regular_ll", ny=self.ny, nx=self.nx, lat0=self.lat0, lon0=self.lon0, dlat=self.dlat, dlon=self.dlon)

    @property
    def values(self) -> NDArray[np.float32]:
        """(ny, nx), NaN = unknown."""
        raw = np.frombuffer(zlib.decompress(base64.b64decode(self.packed)), dtype="<i2").reshape(self.ny, self.nx)
        return np.where(raw == _UNKNOWN, np.nan, raw * self.scale).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """``zone`` leads: its evidence is the strongest. ``gauges_over`` stations in it are over the threshold of ``row`` by themselves. ``lows``/``known``: levels of its last cycles as ``memory.Track`` has them."""

    zone: str
    row: str
    start: datetime
    end: datetime
    steps: tuple[Step, ...]
    lines: tuple[Line, ...]
    patch: Patch | None
    lows: tuple[int, ...]
    known: tuple[int, ...]
    cycles_up: int
    cycles_down: int
    gauges_over: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AtHand:
    """What the desk has at hand of one rule set: series by quantity, answers by row, and the zones they were laid over."""

    series: Mapping[Quantity, Series | None]
    answers: Mapping[str, Sequence[Exceedance]]
    zones: tuple[Zone, ...]
    disagreements: Mapping[str, Mapping[str, Disagreement]] = field(default_factory=dict)


_ADAPTER: TypeAdapter[Basis] = TypeAdapter(Basis)


def basis_to_json(basis: Basis) -> dict[str, object]:
    document: dict[str, object] = _ADAPTER.dump_python(basis, mode="json")
    return document


def basis_from_json(document: Mapping[str, object]) -> Basis:
    """The inverse; raises pydantic.ValidationError for a document of somebody else."""
    return _ADAPTER.validate_python(document)


def basis(
    proposal: Proposal, issuer: Issuer, rule_set: RuleSet, read: AtHand, *, memory: Memory, policy: Policy, now: datetime
) -> Basis | None:
    """What ``proposal`` rests on; None when no data do. Pure."""
    rules = {rule.row: rule for rule in rule_set.rules}
    found = [one for one in proposal.evidence if one.row in rules]
    if not found:
        return None
    leading = max(found, key=lambda one: (rules[one.row].level, one.share, one.zone))
    rule = rules[leading.row]
    place = rule.site or leading.zone
    area = AreaCriterion(min_share=0) if rule.site else issuer.area
    ladder = [own for own in rule_set.of(rule.hazard.key) if own.criterion is not None]
    track = memory.track((proposal.issuer, rule.hazard.key, leading.zone))
    leaf = _leading_leaf(rule, leading)
    return Basis(
        zone=leading.zone, row=rule.row, start=now, end=now + rule.lead,
        steps=tuple(_step(own, place, area, read, now) for own in ladder),
        lines=_lines(rule, leaf, place, read, now),
        patch=None if leaf is None else _patch(leaf, [one.zone for one in found], read, now, rule),
        lows=track.lows, known=track.known, cycles_up=policy.cycles_up, cycles_down=policy.cycles_down,
        gauges_over=leading.gauges_over,
    )


def _leading_leaf(rule: Rule, leading: Evidence) -> Comparison | None:
    leaves = [] if rule.criterion is None else list(comparisons(rule.criterion))
    return next((leaf for leaf in leaves if str(leaf) == leading.test), leaves[0] if leaves else None)


def _step(rule: Rule, place: str, area: AreaCriterion, read: AtHand, now: datetime) -> Step:
    answer = next((one for one in read.answers.get(rule.row, ()) if one.zone == place), None)
    share, known = (0.0, 0.0) if answer is None else (answer.share, answer.known_share)
    need = area.min_share
    enough = share > 0 and share >= need - 1e-6
    size = _cell_share(rule, place, read)
    goes_on: GoesOn = "" if not rule.continues or not enough else going_on(
        next((one for one in read.answers.get(rule.ahead_row, ()) if one.zone == place), None), area, read.disagreements.get(rule.row, {}).get(place))
    return Step(
        row=rule.row, level=rule.level, lead_h=rule.lead.total_seconds() / 3600, condition=str(rule.criterion),
        met=goes_on != "no" if enough else None if known < 1 - 1e-6 and share + 1 - known >= need - 1e-6 else False,
        share=share, known_share=known, need=need, cells=0 if answer is None else len(answer.cells),
        spare_cells=0 if not size else int(np.floor((share - need) / size + 1e-6)) if enough else -max(1, int(np.ceil((need - share) / size - 1e-6))),
        leaves=_leaves(rule, place, need, read, now), source_zh=rule.source.zh, source_en=rule.source.en, confidence=rule.confidence, unconfirmed=rule.unconfirmed,
        inherited=rule.inherited, note=rule.note, goes_on=goes_on,
    )


def _leaves(rule: Rule, place: str, need: float, read: AtHand, now: datetime) -> tuple[LeafMargin, ...]:
    assert rule.criterion is not None  # the ladder holds decidable rows only
    leaves = list(dict.fromkeys(comparisons(rule.criterion)))
    values = {}
    shares: NDArray[np.float64] | None = None
    series = {leaf: read.series.get(leaf.quantity) for leaf in leaves}
    grids = {one.grid for one in series.values() if one is not None}
    if len(grids) == 1:
        laid = _laid(next(iter(grids)), read.zones)
        position = None if laid is None else _position(read.zones, place)
        if laid is not None and position is not None:
            cells = laid.cells(position).tolist()
            shares = laid.shares[[position]].toarray().ravel()[cells]
            for leaf, one in series.items():
                values[leaf] = (np.full((1, len(cells)), np.nan, dtype=np.float32) if one is None
                                else values_within(leaf, one, cells, now, now + rule.lead))
    margins = []
    for leaf in leaves:
        value, hangs = (None, True) if shares is None else decisive(leaf, rule.criterion, values, shares, need=need)
        sign = 1 if rising(leaf) else -1
        worst = extremes(leaf, values[leaf]) if shares is not None else np.full(1, np.nan)
        peak = None if not np.isfinite(worst).any() else float(np.nanmax(worst) if rising(leaf) else np.nanmin(worst))
        margins.append(LeafMargin(
            test=str(leaf), quantity=str(leaf.quantity), operator=leaf.operator, threshold=leaf.value, units=leaf.quantity.units,
            peak=peak, decisive=value, hangs=hangs, beyond=None if value is None else sign * (value - leaf.value)))
    return tuple(margins)


def _lines(rule: Rule, leaf: Comparison | None, place: str, read: AtHand, now: datetime) -> tuple[Line, ...]:
    lines: list[Line] = []
    quantities = [] if rule.criterion is None else sorted(needed(rule.criterion), key=lambda q: leaf is not None and q != leaf.quantity)
    for quantity in quantities[:3]:
        series = read.series.get(quantity)
        laid = None if series is None else _laid(series.grid, read.zones)
        position = _position(read.zones, place)
        if series is None or laid is None or position is None:
            continue
        cells = laid.cells(position)
        rows = [row for row, time in enumerate(series.times) if time <= now + rule.lead][-144:]
        if not len(cells) or not rows:
            continue
        own = series.values.reshape(len(series.times), -1)[np.ix_(np.array(rows), cells)]
        up = rising(next(one for one in comparisons(rule.criterion) if one.quantity == quantity)) if rule.criterion is not None else True
        worst = (np.fmax if up else np.fmin).reduce(own, axis=1)
        whole = (np.fmax if up else np.fmin).reduce(own, axis=0)
        best = int(np.argmax(np.nan_to_num(whole if up else -whole, nan=-np.inf)))
        lines.append(Line(
            quantity=str(quantity), units=quantity.units, times=tuple(series.times[row] for row in rows),
            zone=tuple(_plain(one) for one in worst), cell=tuple(_plain(one) for one in own[:, best]),
            observed=tuple(bool(series.observed[row]) for row in rows)))
    return tuple(lines)


def _patch(leaf: Comparison, codes: Sequence[str], read: AtHand, now: datetime, rule: Rule) -> Patch | None:
    series = read.series.get(leaf.quantity)
    laid = None if series is None else _laid(series.grid, read.zones)
    if series is None or laid is None:
        return None
    cells = [laid.cells(position) for code in codes if (position := _position(read.zones, code)) is not None]
    flat = np.unique(np.concatenate(cells)) if cells else np.zeros(0, dtype=np.int64)
    if not len(flat):
        return None
    grid = series.grid
    row0, row1 = max(int(flat.min()) // grid.nx - _AROUND, 0), min(int(flat.max()) // grid.nx + _AROUND, grid.ny - 1)
    col0, col1 = max(int((flat % grid.nx).min()) - _AROUND, 0), min(int((flat % grid.nx).max()) + _AROUND, grid.nx - 1)
    box = (np.arange(row0, row1 + 1)[:, None] * grid.nx + np.arange(col0, col1 + 1)).ravel()
    worst = extremes(leaf, values_within(leaf, series, box.tolist(), now, now + rule.lead))
    largest = float(np.nanmax(np.abs(worst))) if np.isfinite(worst).any() else 0.0
    scale = max(0.1, float(np.ceil(largest / 3200) / 10))
    raw = np.where(np.isfinite(worst), np.round(np.nan_to_num(worst) / scale), _UNKNOWN).astype("<i2")
    return Patch(
        quantity=str(leaf.quantity), units=leaf.quantity.units, rising=rising(leaf), lat0=grid.lat0 + row0 * grid.dlat,
        lon0=grid.lon0 + col0 * grid.dlon, dlat=grid.dlat, dlon=grid.dlon, ny=row1 - row0 + 1, nx=col1 - col0 + 1, scale=scale,
        packed=base64.b64encode(zlib.compress(raw.tobytes(), 6)).decode())


def _cell_share(rule: Rule, place: str, read: AtHand) -> float:
    """The share of the zone that one cell has on average; 0 when nothing is laid over it."""
    assert rule.criterion is not None
    series = next((one for q in needed(rule.criterion) if (one := read.series.get(q)) is not None), None)
    laid = None if series is None else _laid(series.grid, read.zones)
    position = _position(read.zones, place)
    if laid is None or position is None:
        return 0.0
    return float(laid.coverage[position]) / max(len(laid.cells(position)), 1)


def _laid(grid: Grid, zones: tuple[Zone, ...]) -> Overlay | None:
    try:
        return overlay(grid, zones)
    except OverlayError:
        return None


def _position(zones: Sequence[Zone], code: str) -> int | None:
    return next((position for position, zone in enumerate(zones) if zone.code == code), None)


def _plain(value: float) -> float | None:
    return round(float(value), 2) if np.isfinite(value) else None
