"""Draft: what the data speak for in one zone of one issuer, before anybody looks at what is in force."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from geo.exceedance import Exceedance, Exceedances
from warning.level import Level
from warning.watch.evidence import Evidence, GoesOn, evidence
from warning.watch.gauges import Disagreement
from warning.watch.hazard import Hazard
from warning.watch.issuer import AreaCriterion, Issuer
from warning.watch.rule import Rule, RuleSet

# Shares are sums of float64 cell parts: a zone covered to the last digit is known.
_ROUNDING = 1e-6
_NOON_TO_MIDNIGHT = timedelta(hours=12)

Answers = Mapping[str, Sequence[Exceedance]]
GaugesOver = Mapping[str, Mapping[str, Sequence[object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The strongest level that the data reach; None when they reach none.

    ``unknown``: too little is known to rule out a level above ``level`` (or any, when it is None). Never "no hazard".
    ``levels`` are the colours the hazard has, ``manual_levels`` those that no data decide. ``candidates``: when several
    hazards share the quantity and nothing tells them apart, one Draft stands for all of them, ``hazard`` is their
    group and each candidate is a Draft of its own; a person decides the cause. ``goes_on``: what is known of more to come
    by the row that ``evidence`` speaks of.
    """

    issuer: str
    hazard: Hazard
    zone: str
    level: Level | None
    unknown: bool
    evidence: Evidence | None
    levels: tuple[Level, ...] = ()
    manual_levels: tuple[Level, ...] = ()
    validity: timedelta | None = None
    candidates: tuple["Draft", ...] = ()
    goes_on: GoesOn = ""

    @property
    def cause(self) -> str | None:
        """The hazard when its cause is known, None when it is to be decided."""
        return None if self.candidates else self.hazard.key


def draft(
    issuer: Issuer, rule_set: RuleSet, answers: Answers, *, now: datetime, causes: Mapping[str, bool] | None = None,
    gauges: GaugesOver | None = None, disagreements: Mapping[str, Mapping[str, Disagreement]] | None = None,
) -> list[Draft]:
    """What the data say for every hazard that data can decide, in each of the issuer's zones.

    ``answers``: for each ``Rule.row`` the exceedances of its criterion from now (or the past that still counts) to
    now + lead, zone by zone (the issuer's zones, its parts when it counts districts, a rule's site); under
    ``Rule.sign_row`` those of ``Rule.signed``, where humidity is at hand, and under ``Rule.ahead_row`` those of
    ``Rule.ahead``. A row or zone without answer is unknown.
    ``gauges``: row → zone → the stations in it that are over the row's threshold by themselves; ``disagreements``: row →
    zone → where gauges contradict the forecast.
    ``causes``: hazard → a track or a person says it is (True) or is not (False) at work; absent = not known.
    """
    places = {*issuer.zones, *issuer.parts, *(rule.site for rule in rule_set.rules if rule.site)}
    book = {(row, answer.zone): answer for row, given in answers.items() for answer in _of(places, given)}
    desk = _Reading(issuer=issuer, rule_set=rule_set, book=book, gauges=gauges or {}, disagreements=disagreements or {}, now=now)
    drafts: list[Draft] = []
    for zone in issuer.zones:
        groups: dict[str, list[tuple[Draft, bool]]] = {}
        for hazard in rule_set.hazards:
            found = _hazard(desk, hazard, zone)
            if found is None:
                continue
            if hazard.cause is None:
                drafts.append(found[0])
            else:
                groups.setdefault(hazard.cause.group, []).append(found)
        for group, members in groups.items():
            drafts += _tell_apart(group, members, causes or {})
    return drafts


def _of(places: Set[str], given: Sequence[Exceedance]) -> Iterable[Exceedance]:
    """The answers of these places; of thousands of zones only those that the issuer asks for are looked at."""
    if not isinstance(given, Exceedances):
        return (answer for answer in given if answer.zone in places)
    return (answer for place in places if (answer := given.of(place)) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    issuer: Issuer
    rule_set: RuleSet
    book: Mapping[tuple[str, str], Exceedance]
    gauges: GaugesOver
    disagreements: Mapping[str, Mapping[str, Disagreement]]
    now: datetime


def _hazard(desk: _Reading, hazard: Hazard, zone: str) -> tuple[Draft, bool] | None:
    """The Draft of one hazard and whether its sign was seen; None when no data decide any of its rows."""
    rules = desk.rule_set.of(hazard.key)
    decidable = [rule for rule in rules if rule.criterion is not None]
    if not decidable:
        return None
    level, unknown, signed, by = None, False, False, decidable[-1]
    goes_on: GoesOn = ""
    for rule in decidable:
        place = rule.site or zone
        met = _met(desk, rule, rule.row, zone)
        if met is not False and rule.signed is not None:
            sign = _met(desk, rule, rule.sign_row, zone)
            if sign is False:
                met = False
            signed = sign is True
        goes_on = "" if met is False or not rule.continues else going_on(
            desk.book.get((rule.ahead_row, place)), desk.issuer.area, desk.disagreements.get(rule.row, {}).get(place))
        if goes_on == "no":
            met = False
        if met:
            level, by = rule.level, rule
            break
        unknown = unknown or met is None
    answer = desk.book.get((by.row, by.site or zone))
    found = Draft(
        issuer=desk.issuer.code,
        hazard=hazard,
        zone=zone,
        level=level,
        unknown=unknown,
        evidence=None if answer is None else evidence(desk.rule_set, by, zone, answer),
        levels=tuple(rule.level for rule in rules),
        manual_levels=tuple(rule.level for rule in rules if rule.criterion is None),
        validity=by.validity if level else None,
        goes_on=goes_on,
    )
    return found, signed


def going_on(answer: Exceedance | None, area: AreaCriterion, disagreement: Disagreement | None) -> GoesOn:
    """Whether more is to come in a zone: "no" only when a forecast says so of so much of it that the rest could not count.

    A forecast that gauges have just shown to be far too dry does not tell that it is over.
    """
    if answer is not None and answer.share > 0:
        return "yes"
    too_dry = disagreement is not None and disagreement.said < disagreement.measured
    if answer is None or too_dry or 1 - answer.known_share >= max(area.min_share, _ROUNDING):
        return "unknown"
    return "no"


def _met(desk: _Reading, rule: Rule, row: str, zone: str) -> bool | None:
    """Whether the zone meets the row over enough of its area and within its lead, or at enough gauges; None = too little is known."""
    if desk.issuer.area.min_gauges is not None:
        over = desk.gauges.get(row, {}).get(rule.site or zone, ())
        if len(over) >= desk.issuer.area.min_gauges:
            return True
    area = AreaCriterion(min_share=0) if rule.site else desk.issuer.area
    verdict = _enough(desk.book.get((row, rule.site or zone)), area.min_share, rule, desk.now)
    if verdict is True or area.min_districts is None:
        return verdict
    parts = [_enough(desk.book.get((row, part)), area.part_share, rule, desk.now) for part in desk.issuer.parts]
    if parts.count(True) >= area.min_districts:
        return True
    if verdict is None or parts.count(True) + parts.count(None) >= area.min_districts:
        return None
    return False


def _enough(answer: Exceedance | None, min_share: float, rule: Rule, now: datetime) -> bool | None:
    if answer is None:
        return None
    share = answer.share if _timely(answer, rule, now) else 0.0
    if share > 0 and share >= min_share - _ROUNDING:
        return True
    hidden = 1 - answer.known_share
    if hidden > _ROUNDING and share + hidden >= min_share - _ROUNDING:
        return None
    return False


def _timely(answer: Exceedance, rule: Rule, now: datetime) -> bool:
    """Begun, or to begin within the lead; and not over, unless it has been reached and the desk still counts it.

    A day's extreme bears the time of the midnight after it; its day counts when its noon lies within the lead.
    """
    ahead = rule.lead + (_NOON_TO_MIDNIGHT if rule.daily else timedelta(0))
    if answer.onset is None or answer.onset > now + ahead:
        return False
    return answer.observed or answer.end is None or answer.end >= now


def _tell_apart(group: str, members: Sequence[tuple[Draft, bool]], causes: Mapping[str, bool]) -> list[Draft]:
    """Hazards that share a quantity: one when its cause is known, one "cause to decide" when it is not."""
    chosen = {found.hazard.key for found, _ in members if causes.get(found.hazard.key) is True}
    out = {
        found.hazard.key
        for found, _ in members
        if causes.get(found.hazard.key) is False or (chosen and found.hazard.key not in chosen)
    }
    plain = [replace(found, level=None, unknown=False) if found.hazard.key in out else found for found, _ in members]
    reached = [found for found in plain if found.level is not None]
    if not reached or chosen:
        return plain
    signed = {found.hazard.key for found, seen in members if seen}
    alone = len(reached) == 1
    if alone and (reached[0].hazard.key in signed or len(members) - len(out) == 1):
        return plain
    return [found for found in plain if found.level is None] + [_combined(group, reached)]


def _combined(group: str, reached: Sequence[Draft]) -> Draft:
    first = max(reached, key=lambda found: found.level or 0)
    hazard = Hazard(
        key=group,
        event_code="",
        zh="或".join(found.hazard.zh for found in reached),
        en=" or ".join(found.hazard.en for found in reached),
    )
    return replace(first, hazard=hazard, unknown=any(found.unknown for found in reached), candidates=tuple(reached))
