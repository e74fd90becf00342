"""Pack files: one YAML a pack; a fault is refused with file, line and key, a circle of chains too."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from warning.errors import ConfigError, RuleError
from warning.level import Level
from warning.watch.both import Both, joined
from warning.watch.chain import Chain, NoticeOpen, WarningInForce, in_order
from warning.watch.hazard import Hazard
from warning.watch.marked import Marked, check, read_marked
from warning.watch.pack import Pack, PackClass
from warning.watch.rule import Rule, RuleSet
from warning.watch.rulefile import ConditionIn, Confidence, Hours, Key, LevelWord, Word, criterion_of

PackId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]


class _Door(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class InForceIn(_Door):
    hazard: Key
    level: LevelWord = "blue"


class NoticeIn(_Door):
    pack: PackId
    class_: Annotated[str, Field(alias="class", min_length=1)]


class ClassIn(_Door):
    """One class, the weakest first: a condition, a chain (``in_force`` or ``notice``), both (AND), or ``manual`` with its reason."""

    key: PackId
    zh: Word
    en: Word
    lead_h: Hours | None = None
    condition: ConditionIn | None = None
    in_force: InForceIn | None = None
    notice: NoticeIn | None = None
    manual: bool = False
    reason: Both | None = None
    action: Both
    source: list[str] = Field(min_length=1)
    confidence: Confidence
    unconfirmed: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> "ClassIn":
        if self.in_force is not None and self.notice is not None:
            raise ValueError("a class asks for in_force or for notice, not for both; make a pack of its own for one of them")
        asked = self.condition is not None or self.in_force is not None or self.notice is not None
        if asked == self.manual:
            raise ValueError("a class has condition, in_force or notice, or manual: true; keep one way")
        if self.manual != (self.reason is not None):
            raise ValueError("manual: true and reason: … belong together: say what number is missing")
        if (self.condition is not None) != (self.lead_h is not None):
            raise ValueError("lead_h goes with condition: say how many hours ahead the data are read")
        if self.confidence in ("K", "U") and not self.unconfirmed:
            raise ValueError(f"confidence {self.confidence} means nobody confirmed the number; add unconfirmed: true")
        return self


class PackIn(_Door):
    id: PackId
    title: Both
    sector: Key
    version: Word
    sites: Annotated[list[Key], Field(min_length=1)]
    min_share: Annotated[float, Field(ge=0, le=1, strict=False)] = 0.0
    sources: dict[str, Both] = Field(min_length=1)
    quantities: dict[Key, Word] = {}
    note: str = ""
    classes: Annotated[list[ClassIn], Field(min_length=1, max_length=4)]


def load_packs(folders: Iterable[Path], *, hazards: Iterable[str]) -> tuple[Pack, ...]:
    """Every ``*.yaml`` of the folders that are there, each after those whose notices it asks for.

    A pack of a later folder (the deployment's own) replaces one of the same id. ``hazards``: what a chain may ask for. Raises RuleError,
    one line per fault: ``file:line: key: what is wrong; the mend``.
    """
    found: dict[str, tuple[Marked, PackIn]] = {}
    for folder in folders:
        own: dict[str, str] = {}
        for path in sorted(folder.glob("*.yaml")):
            marked = read_marked(path, refusal=RuleError)
            read = check(marked, PackIn, refusal=RuleError)
            if read.id in own:
                raise RuleError(f"{marked.where(('id',))}: {read.id!r} is also the id of {own[read.id]}; each needs its own")
            own[read.id] = marked.name
            found[read.id] = (marked, read)
    known = set(hazards)
    asks = {id_: [one.notice.pack for one in read.classes if one.notice is not None] for id_, (_, read) in found.items()}
    for marked, read in found.values():
        _check_chains(marked, read, known, found)

    def refuse(pack: str, circle: Sequence[str]) -> RuleError:
        marked, read = found[pack]
        asked = circle[circle.index(pack) + 1] if pack in circle[:-1] else circle[0]
        index = next(i for i, one in enumerate(read.classes) if one.notice is not None and one.notice.pack == asked)
        where = marked.where(("classes", index, "notice", "pack"))
        return RuleError(f"{where}: {' → '.join(circle)} ask each other in a circle; take one of these notice: out")

    return tuple(_build(*found[id_], found) for id_ in in_order(asks, refuse))


def _check_chains(marked: Marked, read: PackIn, hazards: set[str], packs: Mapping[str, tuple[Marked, PackIn]]) -> None:
    keys: set[str] = set()
    for index, one in enumerate(read.classes):
        if one.key in keys:
            raise RuleError(f"{marked.where(('classes', index, 'key'))}: class {one.key!r} stands here twice; keep one")
        keys.add(one.key)
        for number, source in enumerate(one.source):
            if source not in read.sources:
                known = ", ".join(read.sources)
                raise RuleError(f"{marked.where(('classes', index, 'source', number))}: {source!r} is not under sources:; known: {known}")
        if one.in_force is not None and one.in_force.hazard not in hazards:
            raise RuleError(f"{marked.where(('classes', index, 'in_force', 'hazard'))}: no rule set has the hazard {one.in_force.hazard!r}; "
                            f"known: {', '.join(sorted(hazards))}")
        if one.notice is not None:
            where = marked.where(("classes", index, "notice", "pack"))
            if one.notice.pack not in packs:
                raise RuleError(f"{where}: no pack {one.notice.pack!r}; known: {', '.join(packs)}")
            asked = [other.key for other in packs[one.notice.pack][1].classes]
            if one.notice.class_ not in asked:
                raise RuleError(f"{where}: pack {one.notice.pack!r} has no class {one.notice.class_!r}; it has {', '.join(asked)}")


def _build(marked: Marked, read: PackIn, packs: Mapping[str, tuple[Marked, PackIn]]) -> Pack:
    hazard = Hazard(key=read.id, event_code="", zh=read.title.zh, en=read.title.en)
    classes: list[PackClass] = []
    for index, one in enumerate(read.classes):
        level = _level(index, len(read.classes))
        source = joined(read.sources[key] for key in one.source)
        rule = None
        if one.condition is not None and one.lead_h is not None:
            rule = Rule(
                row=f"{read.id}/{one.key}", hazard=hazard, level=level, lead=timedelta(hours=one.lead_h),
                criterion=criterion_of(marked, read.quantities, one.condition, ("classes", index, "condition")),
                confidence=one.confidence, source=source, unconfirmed=one.unconfirmed, note=one.note)
        classes.append(PackClass(
            key=one.key, level=level, zh=one.zh, en=one.en, rule=rule, chain=_chain(one, packs), action_zh=one.action.zh,
            action_en=one.action.en, source=source, confidence=one.confidence, unconfirmed=one.unconfirmed, manual=one.reason,
            note=one.note))
    canonical = json.dumps(read.model_dump(mode="json", by_alias=True), sort_keys=True, ensure_ascii=False)
    return Pack(
        id=read.id, zh=read.title.zh, en=read.title.en, sector=read.sector, version=read.version, kinds=tuple(read.sites),
        min_share=read.min_share, classes=tuple(classes), digest=hashlib.sha256(canonical.encode()).hexdigest(),
        rule_set=RuleSet(
            id=read.id, title=read.title.zh, authority=read.sector, version=read.version, valid_from=date(1970, 1, 1),
            rules=tuple(one.rule for one in classes if one.rule is not None)))


def _level(index: int, count: int) -> Level:
    """Of ``count`` classes, the weakest first: the strongest is always RED, so that it is never delayed."""
    return Level(len(Level) - count + 1 + index)


def _chain(one: ClassIn, packs: Mapping[str, tuple[Marked, PackIn]]) -> Chain | None:
    if one.in_force is not None:
        return WarningInForce(hazard=one.in_force.hazard, level=Level.of(one.in_force.level))
    if one.notice is not None:
        others = packs[one.notice.pack][1].classes
        index = next(i for i, other in enumerate(others) if other.key == one.notice.class_)
        return NoticeOpen(pack=one.notice.pack, key=one.notice.class_, level=_level(index, len(others)))
    return None


def folders(own: Path | None, shipped: Path, name: str) -> list[Path]:
    """``config/NAME`` of the product and that of the deployment, where they are."""
    found = [shipped / name] + ([] if own is None else [own / name])
    if own is not None and not own.is_dir():
        raise ConfigError(f"config: there is no folder {own}")
    return [folder for folder in found if folder.is_dir()]
