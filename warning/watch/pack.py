"""Pack: rules of one sector bound to sites; what data and warnings in force say becomes risk notices, opened, raised, lowered, ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import shapely

from geo.zone import ZoneSet
from warning.level import Level
from warning.watch.both import Both
from warning.watch.chain import Around, Chain, holds
from warning.watch.draft import Draft, draft
from warning.watch.evidence import Evidence
from warning.watch.hazard import Hazard
from warning.watch.issuer import AreaCriterion, Issuer
from warning.watch.measured import Measuring
from warning.watch.memory import Memory, Policy
from warning.watch.noted import noted
from warning.watch.proposal import Action, InForce, Proposal, Reason
from warning.watch.propose import propose
from warning.watch.rule import Rule, RuleSet
from warning.watch.site import Site

Act = Literal["opened", "raised", "lowered", "ended"]
NoticeKey = tuple[str, str]
"""(pack, site code)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackClass:
    """One class of a pack. ``level`` is its place in the order: the strongest is RED and opened at once, as red warnings are.

    ``rule`` is None when no data decide it: then a ``chain`` alone does, or nobody (``manual`` says why).
    """

    key: str
    level: Level
    zh: str
    en: str
    rule: Rule | None
    chain: Chain | None
    action_zh: str
    action_en: str
    source: Both
    confidence: str
    unconfirmed: bool
    manual: Both | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """``kinds``: the kinds of sites it binds to; ``min_share`` (0..1) of a site's ground that must exceed, 0 = any cell of it.

    ``digest`` names these very words and numbers: signatures are for them, and a changed file needs new ones.
    """

    id: str
    zh: str
    en: str
    sector: str
    version: str
    kinds: tuple[str, ...]
    min_share: float
    classes: tuple[PackClass, ...]
    rule_set: RuleSet
    digest: str

    def at(self, level: Level) -> PackClass:
        """The class of this place; raises KeyError."""
        for one in self.classes:
            if one.level is level:
                return one
        raise KeyError(f"pack {self.id} has no class at {level.key}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNotice:
    """A notice that is open: what its owner was told last."""

    event: str
    version: int
    level: Level
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskNotice:
    """Something to tell the owner of a site. ``was`` is the class before. ``silent``: only its time was extended, nobody is told."""

    pack: Pack
    site: Site
    act: Act
    level: Level
    was: Level | None
    event: str | None
    version: int
    evidence: Evidence | None
    expires: datetime
    at: datetime
    silent: bool = False


def judge(
    packs: Sequence[Pack], sites: Sequence[Site], measuring: Measuring, zones: ZoneSet, *, in_force: Sequence[InForce],
    open_: Mapping[NoticeKey, OpenNotice], memories: Mapping[str, Memory], policy: Policy, data_time: datetime, now: datetime,
) -> tuple[list[RiskNotice], dict[str, Memory]]:
    """Every pack over every site of its kinds; packs come in the order of their chains. Pure.

    Persistence, unknown data and steps down are those of warnings (``propose``): the same promise, no flicker, no end without a start.
    """
    over = measuring.over([site.zone for site in sites])
    covering = _covering(sites, zones)
    standing = {key: one for key, one in open_.items() if one.expires > now}
    notices: list[RiskNotice] = []
    remembered: dict[str, Memory] = {}
    for pack in packs:
        own = [site for site in sites if site.kind in pack.kinds]
        if not own:
            continue
        read = over.measured(pack.rule_set)
        memory = memories.get(pack.id, Memory())
        tracks = dict(memory.tracks)
        for site in own:
            around = _around(site, sites, covering[site.code], in_force, standing)
            drafts = draft(
                _issuer(pack, site), _holding(pack, around), read.answers, now=data_time, gauges=read.gauges, disagreements=read.disagreements)
            found = _draft(pack, site, [noted(one, pack.rule_set, read) for one in drafts], around)
            key = (pack.id, site.code)
            before = standing.get(key)
            proposals, after = propose(
                [found], [] if before is None else [_in_force(pack, site, before)], memory, policy, now=now, cycle=data_time)
            track = (pack.id, found.hazard.key, site.code)
            tracks[track] = after.track(track)
            for proposal in proposals:
                notice = _notice(pack, site, proposal, before, now)
                if notice is not None:
                    notices.append(notice)
                    standing |= {key: _opened(notice)}
                    if notice.act == "ended":
                        del standing[key]  # the packs after this one, which may ask for it, see what is the case now
        remembered[pack.id] = Memory(cycle=max(filter(None, (memory.cycle, data_time))), tracks=tracks)
    return notices, remembered


def affected(sites: Sequence[Site], zones: ZoneSet, codes: Sequence[str]) -> list[Site]:
    """The sites that stand in the zones, by area (or by a corner of their buffer)."""
    ground = [zone.geometry for zone in zones if zone.code in codes]
    return [site for site in sites if any(site.geometry.intersects(one) for one in ground)]


def _issuer(pack: Pack, site: Site) -> Issuer:
    return Issuer(
        code=pack.id, name_zh=pack.zh, name_en=pack.en, area_code="000000", organisation="000", zones=(site.code,), rule_set=pack.id,
        area=AreaCriterion(min_share=pack.min_share))


def _holding(pack: Pack, around: Around) -> RuleSet:
    """The rows whose chain holds here; a row whose chain does not is no question to the data."""
    kept = [one.rule for one in pack.classes if one.rule is not None and (one.chain is None or holds(one.chain, around))]
    return replace(pack.rule_set, rules=tuple(kept))


def _draft(pack: Pack, site: Site, drafts: Sequence[Draft], around: Around) -> Draft:
    """What data and chains together speak for; classes that a chain alone decides join in."""
    chained = [one.level for one in pack.classes if one.rule is None and one.chain is not None and holds(one.chain, around)]
    levels = tuple(one.level for one in sorted(pack.classes, key=lambda one: -one.level))
    hazard = pack.rule_set.hazards[0] if pack.rule_set.rules else _hazard_of(pack)
    read = drafts[0] if drafts else Draft(
        issuer=pack.id, hazard=hazard, zone=site.code, level=None, unknown=False, evidence=None)
    strongest = max([*chained, *([read.level] if read.level is not None else [])], default=None)
    return replace(read, level=strongest, levels=levels, manual_levels=())


def _around(
    site: Site, sites: Sequence[Site], covering: frozenset[str], in_force: Sequence[InForce], standing: Mapping[NoticeKey, OpenNotice]
) -> Around:
    warnings: dict[str, Level] = {}
    for warning in in_force:
        if covering & set(warning.zones):
            warnings[warning.hazard] = max(warning.level, warnings.get(warning.hazard, warning.level))
    same = {one.code for one in sites if one.code == site.code or one.geometry.intersects(site.geometry)}
    notices: dict[str, Level] = {}
    for (pack, code), one in standing.items():
        if code in same:
            notices[pack] = max(one.level, notices.get(pack, one.level))
    return Around(warnings=warnings, notices=notices)


def _covering(sites: Sequence[Site], zones: ZoneSet) -> dict[str, frozenset[str]]:
    """The zones that each site lies in, and those that hold them."""
    listed = tuple(zones)
    found: dict[str, set[str]] = {site.code: set() for site in sites}
    tree = shapely.STRtree([zone.geometry for zone in listed])
    for site, zone in tree.query([site.geometry for site in sites], predicate="intersects").T.tolist():
        found[sites[site].code] |= {listed[zone].code, listed[zone].parent}
    return {code: frozenset(own - {""}) for code, own in found.items()}


def _in_force(pack: Pack, site: Site, before: OpenNotice) -> InForce:
    return InForce(
        event_id=before.event, issuer=pack.id, hazard=_hazard_of(pack).key, level=before.level, zones=(site.code,),
        expires=before.expires, identifier=before.event, version=before.version)


def _hazard_of(pack: Pack) -> Hazard:
    return pack.rule_set.hazards[0] if pack.rule_set.rules else Hazard(key=pack.id, event_code="", zh=pack.zh, en=pack.en)


def _opened(notice: RiskNotice) -> OpenNotice:
    return OpenNotice(event=notice.event or "", version=notice.version, level=notice.level, expires=notice.expires)


def _notice(pack: Pack, site: Site, proposal: Proposal, before: OpenNotice | None, now: datetime) -> RiskNotice | None:
    """None where nothing is to be done; an extension in time is silent."""
    if proposal.action is Action.NOTHING:
        return None
    level = proposal.level if proposal.level is not None else Level.BLUE
    silent = proposal.action is Action.UPDATE and proposal.reason in (Reason.EXTENDED_IN_TIME, Reason.UNKNOWN_DATA)
    act: Act = "ended" if proposal.action is Action.CANCEL else "opened" if before is None else "raised" if level > before.level else "lowered"
    return RiskNotice(
        pack=pack, site=site, act=act, level=level, was=None if before is None else before.level,
        event=None if before is None else before.event, version=1 if before is None else before.version + 1,
        evidence=proposal.evidence[0] if proposal.evidence else None, expires=proposal.expires or now + timedelta(hours=24), at=now,
        silent=silent)
