"""Rule files: YAML in, RuleSet out; a file with a fault is refused with file, line and key, never half-read."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geo.criterion import AllOf, AnyOf, Comparison, Criterion, Operator, comparisons
from geo.quantity import Quantity
from warning.errors import RuleError
from warning.level import Level
from warning.watch.both import Both, joined
from warning.watch.hazard import Cause, Hazard
from warning.watch.marked import Loc, Marked, check, read_marked, shipped
from warning.watch.rule import SUMMED, Rule, RuleSet

NOT_RULE_SETS = ("event-codes.yaml",)

# What a rule may ask for, and in which units; True where the quantity means nothing without its window.
QUANTITIES: Mapping[str, tuple[str, bool]] = {
    "rain": ("mm", True),
    "snow_water": ("mm", True),
    "mean_bft": ("bft", False),
    "gust_bft": ("bft", False),
    "wind_speed": ("m s-1", False),
    "wind_gust": ("m s-1", False),
    "air_temperature": ("degC", False),
    "temperature_drop": ("degC", True),
    "tmax": ("degC", False),
    "tmin": ("degC", False),
    "ground_tmin": ("degC", False),
    "road_temperature": ("degC", False),
    "relative_humidity": ("%", False),
    "visibility": ("m", False),
    "pm25": ("ug m-3", False),
    "water_level": ("m", False),
}

Confidence = Literal["A", "B", "B-", "C", "K", "U"]
LevelWord = Literal["blue", "yellow", "orange", "red"]
Hours = Annotated[float, Field(gt=0, le=24 * 31, strict=False)]
Word = Annotated[str, Field(min_length=1)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
EventCode = Annotated[str, Field(pattern=r"^\d{2}[A-Z]\d{2}$")]


class _Door(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ConditionIn(_Door):
    """Either one comparison, or ``any``/``all`` of more conditions."""

    any_of: list["ConditionIn"] | None = Field(default=None, alias="any", min_length=2)
    all_of: list["ConditionIn"] | None = Field(default=None, alias="all", min_length=2)
    quantity: str | None = None
    window_h: Hours | None = None
    op: Operator | None = None
    value: Annotated[float, Field(allow_inf_nan=False)] | None = None
    units: str | None = None
    days: Annotated[int, Field(ge=1, le=31)] = 1

    @model_validator(mode="after")
    def _one_shape(self) -> "ConditionIn":
        shapes = [self.any_of is not None, self.all_of is not None, self.quantity is not None]
        if sum(shapes) != 1:
            raise ValueError("a condition is exactly one of any: […], all: […] or quantity/op/value/units; keep one")
        leaf = (self.op, self.value, self.units)
        if self.quantity is not None and None in leaf:
            raise ValueError("a comparison needs quantity, op, value and units; add what is missing")
        if self.quantity is None and (any(part is not None for part in leaf) or self.window_h or self.days != 1):
            raise ValueError("any/all stand alone; move op, value, units, window_h and days into the comparisons")
        return self


class ProbabilityIn(_Door):
    """The chance that an ensemble must give."""

    at_least: Annotated[float, Field(gt=0, le=1)]


class RowIn(_Door):
    """One colour of one hazard: a condition, or ``manual`` with its reason, or ``inherit`` from another set."""

    level: LevelWord
    lead_h: Hours | None = None
    condition: ConditionIn | None = None
    manual: bool = False
    reason: Both | None = None
    inherit: str = ""
    unconfirmed: bool = False
    confidence: Confidence
    source: list[str] = Field(min_length=1)
    note: str = ""
    variant: str = ""
    site: str = ""
    validity_h: Hours | None = None
    probability: ProbabilityIn | None = None
    continues: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> "RowIn":
        if sum([self.condition is not None, self.manual, bool(self.inherit)]) != 1:
            raise ValueError("a row has exactly one of condition, manual: true or inherit: SET; keep one")
        if self.manual != (self.reason is not None):
            raise ValueError("manual: true and reason: … belong together: say why no gridded quantity decides the row")
        if self.inherit and self.lead_h is not None:
            raise ValueError("an inherited row takes its lead from the set it inherits; take lead_h out")
        if not self.inherit and self.lead_h is None:
            raise ValueError("lead_h is missing: say how many hours ahead the row looks")
        if self.probability is not None and self.condition is None:
            raise ValueError("probability: {at_least: …} asks for the chance of the row's own condition; give it one, or take probability out")
        if self.continues and (self.condition is None or self.probability is not None):
            raise ValueError("continues: true says of the row's own condition that what has fallen counts while more is to come; "
                             "it goes with a condition and without probability")
        if self.confidence in ("K", "U") and not self.unconfirmed:
            raise ValueError(f"confidence {self.confidence} means nobody confirmed the row; add unconfirmed: true")
        return self


class CauseIn(_Door):
    group: Key
    zh: Word
    en: Word
    sign: ConditionIn | None = None


class HazardIn(_Door):
    key: Key
    event_code: EventCode
    zh: Word
    en: Word
    aliases: list[str] = []
    cause: CauseIn | None = None
    rows: list[RowIn] = Field(min_length=1)


class RuleSetIn(_Door):
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: Word
    authority: Word
    version: Word
    valid_from: date
    inherits: list[str] = []
    sources: dict[str, Both] = Field(min_length=1)
    quantities: dict[Key, Word] = {}
    note: str = ""
    hazards: list[HazardIn] = Field(min_length=1)


def load_rule_set(source: Path | Traversable, *, parents: Mapping[str, RuleSet] | None = None) -> RuleSet:
    """Read one rule file; ``parents`` are the sets that its ``inherit:`` rows may name, by id.

    Raises RuleError, one line per fault: ``file:line: key: what is wrong; the mend``.
    """
    marked = read_marked(source, refusal=RuleError)
    return _build(marked, check(marked, RuleSetIn, refusal=RuleError), parents or {})


def load_rule_sets(folder: Path | Traversable | None = None, *, own: Path | None = None) -> dict[str, RuleSet]:
    """Every rule set of ``folder`` (``config/rules`` of this product when None) by id, parents before children.

    ``own``: a deployment's folder; its files come beside those of ``folder``, and one of the same name stands in its place.

    Raises RuleError as ``load_rule_set``, and when sets inherit from each other in a circle or an id is used twice.
    """
    folder = folder if folder is not None else shipped() / "rules"
    files = {entry.name: entry for place in (folder, own) if place is not None and place.is_dir()
             for entry in place.iterdir() if entry.name.endswith(".yaml")}
    waiting: dict[str, tuple[Marked, RuleSetIn]] = {}
    for name, file in sorted(files.items()):
        if name in NOT_RULE_SETS:
            continue
        marked = read_marked(file, refusal=RuleError)
        read = check(marked, RuleSetIn, refusal=RuleError)
        if read.id in waiting:
            raise RuleError(f"{marked.where(('id',))}: {read.id!r} is also the id of {waiting[read.id][0].name}")
        waiting[read.id] = (marked, read)
    loaded: dict[str, RuleSet] = {}
    while waiting:
        ready = [id_ for id_, (_, read) in waiting.items() if not set(read.inherits) & set(waiting)]
        if not ready:
            first = next(iter(waiting.values()))[0]
            raise RuleError(f"{first.where(('inherits',))}: {', '.join(waiting)} inherit from each other; break the circle")
        for id_ in ready:
            loaded[id_] = _build(*waiting.pop(id_), loaded)
    return loaded


def _build(marked: Marked, read: RuleSetIn, parents: Mapping[str, RuleSet]) -> RuleSet:
    for index, parent in enumerate(read.inherits):
        if parent not in parents:
            raise RuleError(f"{marked.where(('inherits', index))}: no rule set {parent!r}; known: {', '.join(parents) or 'none'}")
    rules: list[Rule] = []
    variants: list[Rule] = []
    taken: dict[tuple[str, str, str], Loc] = {}
    for h, entry in enumerate(read.hazards):
        cause = _cause(marked, read, entry.cause, ("hazards", h, "cause", "sign"))
        hazard = Hazard(
            key=entry.key, event_code=entry.event_code, zh=entry.zh, en=entry.en, aliases=tuple(entry.aliases), cause=cause
        )
        for r, row in enumerate(entry.rows):
            loc: Loc = ("hazards", h, "rows", r)
            same = (entry.key, row.level, row.variant)
            if same in taken:
                first = marked.line(taken[same])
                raise RuleError(f"{marked.where((*loc, 'level'))}: {row.level} {entry.key} stands on line {first} already; keep one")
            taken[same] = loc
            (variants if row.variant else rules).append(_rule(marked, read, hazard, row, loc, parents))
            if row.inherit and not row.variant:
                variants += _inherited_variants(rules[-1], parents[row.inherit])
    # A variant that the file itself has stands in the place of an inherited one.
    variants = list({rule.row: rule for rule in sorted(variants, key=lambda rule: not rule.inherited)}.values())
    return RuleSet(
        id=read.id,
        title=read.title,
        authority=read.authority,
        version=read.version,
        valid_from=read.valid_from,
        rules=tuple(rules),
        variants=tuple(variants),
        inherits=tuple(read.inherits),
    )


def _rule(marked: Marked, read: RuleSetIn, hazard: Hazard, row: RowIn, loc: Loc, parents: Mapping[str, RuleSet]) -> Rule:
    for index, key in enumerate(row.source):
        if key not in read.sources:
            raise RuleError(f"{marked.where((*loc, 'source', index))}: {key!r} is not under sources:{_near(key, read.sources)}")
    level = Level.of(row.level)
    name = f"{read.id}/{hazard.key}/{level.key}" + (f"~{row.variant}" if row.variant else "")
    criterion, manual, lead = None, row.reason, timedelta(hours=row.lead_h or 0)
    chance, continues = None if row.probability is None else row.probability.at_least, row.continues
    if row.condition is not None:
        criterion = criterion_of(marked, read.quantities, row.condition, (*loc, "condition"))
    if row.inherit:
        parent = _parent_row(marked, read, hazard, level, row.inherit, loc, parents)
        criterion, manual, lead, chance, continues = parent.criterion, parent.manual, parent.lead, parent.probability, parent.continues
    if continues and (criterion is None or not any(leaf.quantity.name in SUMMED for leaf in comparisons(criterion))):
        raise RuleError(f"{marked.where((*loc, 'continues'))}: nothing in the condition sums up ({', '.join(sorted(SUMMED))}); take continues out")
    return Rule(
        row=name,
        hazard=hazard,
        level=level,
        lead=lead,
        criterion=criterion,
        confidence=row.confidence,
        source=joined(read.sources[key] for key in row.source),
        manual=manual,
        unconfirmed=row.unconfirmed,
        inherited=row.inherit,
        note=row.note,
        variant=row.variant,
        site=row.site,
        validity=None if row.validity_h is None else timedelta(hours=row.validity_h),
        probability=chance,
        continues=continues,
    )


def _parent_row(
    marked: Marked, read: RuleSetIn, hazard: Hazard, level: Level, name: str, loc: Loc, parents: Mapping[str, RuleSet]
) -> Rule:
    where = marked.where((*loc, "inherit"))
    if name not in read.inherits:
        raise RuleError(f"{where}: {name!r} is not under inherits:{_near(name, read.inherits)}")
    try:
        return parents[name].rule(hazard.key, level)
    except KeyError as error:
        raise RuleError(f"{where}: {error.args[0]}; give the row its own condition or manual: true") from error


def _inherited_variants(rule: Rule, parent: RuleSet) -> list[Rule]:
    """Who inherits a row may choose what the other set offers instead of it."""
    return [
        replace(other, row=f"{rule.row}~{other.variant}", hazard=rule.hazard, inherited=parent.id)
        for other in parent.variants if (other.hazard.key, other.level) == (rule.hazard.key, rule.level)]


def _cause(marked: Marked, read: RuleSetIn, cause: CauseIn | None, loc: Loc) -> Cause | None:
    if cause is None:
        return None
    sign = None if cause.sign is None else criterion_of(marked, read.quantities, cause.sign, loc)
    return Cause(group=cause.group, zh=cause.zh, en=cause.en, sign=sign)


def criterion_of(marked: Marked, own_quantities: Mapping[str, str], condition: ConditionIn, loc: Loc) -> Criterion:
    """The condition at ``loc``; ``own_quantities`` (name → units) are the file's own. Raises RuleError with file, line and key."""
    if condition.any_of is not None:
        return AnyOf(parts=tuple(criterion_of(marked, own_quantities, c, (*loc, "any", i)) for i, c in enumerate(condition.any_of)))
    if condition.all_of is not None:
        return AllOf(parts=tuple(criterion_of(marked, own_quantities, c, (*loc, "all", i)) for i, c in enumerate(condition.all_of)))
    assert condition.quantity is not None  # the three are never None here: ConditionIn._one_shape refused it
    assert condition.op is not None
    assert condition.value is not None
    name = condition.quantity
    own = {key: (units, False) for key, units in own_quantities.items()}
    known = {**QUANTITIES, **own}
    if name not in known:
        raise RuleError(f"{marked.where((*loc, 'quantity'))}: no quantity {name!r}{_near(name, known)}")
    units, windowed = known[name]
    if condition.units != units:
        raise RuleError(f"{marked.where((*loc, 'units'))}: {name} is in {units!r}, not {condition.units!r}; convert the value")
    if windowed and condition.window_h is None:
        raise RuleError(f"{marked.where((*loc, 'quantity'))}: {name} means nothing without window_h; say over how many hours")
    window = None if condition.window_h is None else timedelta(hours=condition.window_h)
    quantity = Quantity(name=name, units=units, window=window)
    return Comparison(quantity=quantity, operator=condition.op, value=condition.value, days=condition.days)


def _near(word: str, known: Mapping[str, object] | Sequence[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(known) or 'none'}"


def quantities(rule_set: RuleSet) -> frozenset[Quantity]:
    """Every quantity that the set asks for, signs of causes and what is still to come included: what the feeds have to bring."""
    wanted = [criterion for rule in rule_set.rules for criterion in (rule.signed or rule.criterion, rule.ahead) if criterion]
    return frozenset(leaf.quantity for criterion in wanted for leaf in comparisons(criterion))
