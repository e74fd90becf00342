"""Facts: what a product page says of one alert, taken from the alert as it was issued."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from geo.zone import ZoneSet
from warning.capxml import read
from warning.level import Level
from warning.store.board import AlertView
from warning.watch.rule import RuleSet
from warning.web.words import BEIJING, Lang, hazard_name, zone_name

Both = tuple[str, str]
"""(Chinese, English)"""

_MOST_NAMES = 12
_STAMP: dict[str, Both] = {
    "superseded": ("已被更新", "REPLACED"), "lifted": ("已解除", "LIFTED"), "expired": ("已过期", "EXPIRED")}
_MARK: dict[str, Both] = {"Exercise": ("演练", "DRILL"), "Test": ("测试", "TEST")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """``mark``: what a drill or test is called, None for a real warning; ``stamp``: what it is now, None while it is in force.

    ``warned`` the ground that is warned, ``around`` the other districts near it, degrees WGS 84; ``names`` where to write which name.
    """

    level: Level
    ends: bool
    mark: Both | None
    stamp: Both | None
    hazard: Both
    title: Both
    issuer: Both
    places: Both
    description: Both
    instruction: Both
    times: Both
    identifier: str
    url: str
    warned: tuple[BaseGeometry, ...]
    around: tuple[BaseGeometry, ...]
    names: tuple[tuple[float, float, str], ...]


def facts(alert: AlertView, *, zones: ZoneSet, rule_sets: Mapping[str, RuleSet], state: str, url: str) -> Facts:
    """Texts and times as they were issued; the state as it is now."""
    infos = {info.language: info for info in read(alert.cap_xml.encode()).alert.infos}
    zh = infos.get("zh-CN") or next(iter(infos.values()))
    en = infos.get("en-US") or zh
    hazard = (hazard_name(rule_sets, alert.hazard, "zh"), hazard_name(rule_sets, alert.hazard, "en"))
    ends = alert.msg_type == "Cancel"
    known = [zones[code] for code in alert.zones if code in zones.by_code]
    drawn = None if alert.polygon is None else shapely.geometry.shape(dict(alert.polygon))
    warned = tuple(zone.geometry for zone in known) if drawn is None else (drawn,)
    districts = zones.at("district") or tuple(zones)[:400]
    return Facts(
        level=alert.level, ends=ends, mark=_MARK.get(alert.status), stamp=None if ends else _STAMP.get(state), hazard=hazard,
        title=_title(alert.level, hazard, ends=ends), issuer=(zh.sender_name, en.sender_name),
        places=(_places(zones, alert.zones, "zh"), _places(zones, alert.zones, "en")),
        description=(zh.description, en.description), instruction=(zh.instruction, en.instruction), times=_times(alert),
        identifier=alert.identifier, url=url, warned=warned, around=tuple(zone.geometry for zone in districts),
        names=tuple((point.x, point.y, zone.name_zh) for zone in districts for point in [zone.geometry.representative_point()]))


def _title(level: Level, hazard: Both, *, ends: bool) -> Both:
    zh, en = f"{hazard[0]}{level.zh}预警", f"{level.en} {hazard[1]} warning"
    return (f"解除{zh}", f"{en} lifted") if ends else (zh, en)


def _places(zones: ZoneSet, codes: tuple[str, ...], lang: Lang) -> str:
    """The zones by name; of many the first, and how many there are."""
    comma = "、" if lang == "zh" else ", "
    names = [zone_name(zones, code, lang) for code in codes]
    if len(names) <= _MOST_NAMES:
        return comma.join(names)
    rest = f"等 {len(names)} 处" if lang == "zh" else f" and {len(names) - _MOST_NAMES} more"
    return comma.join(names[:_MOST_NAMES]) + rest


def _times(alert: AlertView) -> Both:
    sent, until = alert.sent.astimezone(BEIJING), alert.expires.astimezone(BEIJING)
    if alert.msg_type == "Cancel":
        return f"{_zh(sent)} 解除", f"Lifted {_en(sent)} Beijing time"
    return f"{_zh(sent)} 发布，有效至 {_zh(until)}", f"Issued {_en(sent)}, valid until {_en(until)} Beijing time"


def _zh(at: datetime) -> str:
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def _en(at: datetime) -> str:
    return f"{at.day} {at:%b %Y %H:%M}"
