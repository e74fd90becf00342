"""Saying: the short words that one resident gets about a registration: a code, what is registered, a farewell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from warning.level import Level

STOP = frozenset({"STOP", "TD", "T", "QUIT", "UNSUBSCRIBE", "退订", "取消订阅"})
LIST = frozenset({"LIST", "CX", "查询"})
JOIN = ("JOIN ", "订阅", "登记")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHeld:
    """One place of a proven address, as its owner reads it. ``hazards`` empty = every hazard; ``quiet`` empty = none."""

    id: int
    channel: str
    cell: str
    district: str
    hazards: tuple[str, ...]
    min_level: Level
    language: str
    quiet: str


Names = Mapping[str, tuple[str, str]]
"""By key or code: (Chinese, English)."""


def code_text(code: str, language: str) -> tuple[str, str]:
    """(subject, text) of a message with a code."""
    if language == "zh-CN":
        return "预警登记验证码", f"验证码{code}，10分钟内有效，用于登记预警。非本人操作请忽略。"
    return "Your code for warnings", f"Code {code}, good for 10 minutes, to register for warnings. Not you? Ignore this."


def list_text(places: Sequence[PlaceHeld], language: str, *, zones: Names, hazards: Names) -> tuple[str, str]:
    """What is registered for this address; a text message has room for about five places."""
    zh = language == "zh-CN"
    if not places:
        return ("您的预警登记", "您没有登记任何地点。") if zh else ("Your registration", "You have registered no place.")
    lines = [_line(place, zh, zones, hazards) for place in places[:5]]
    more = len(places) - len(lines)
    rest = "" if more <= 0 else f"，另有{more}处" if zh else f"; and {more} more"
    if zh:
        return "您的预警登记", f"您登记了{len(places)}处：{'；'.join(lines)}{rest}。退订回复TD。"
    return "Your registration", f"{len(places)} place{'s' if len(places) > 1 else ''}: {'; '.join(lines)}{rest}. Reply STOP to end."


def done_text(place: PlaceHeld, *, zones: Names, hazards: Names) -> tuple[str, str]:
    """After a code was confirmed by a reply."""
    zh = place.language == "zh-CN"
    line = _line(place, zh, zones, hazards)
    if zh:
        return "预警登记成功", f"已登记：{line}。查询回复CX，退订回复TD。"
    return "You are registered", f"Registered: {line}. Reply LIST to see it, STOP to end."


def stopped_text(ended: int, language: str) -> tuple[str, str]:
    zh = language == "zh-CN"
    if ended:
        return ("已退订", "您已退订全部预警，不会再收到。重新登记请访问预警网页。") if zh else (
            "You are signed off", "You will get no more warnings. Register again on the warnings page.")
    return ("预警登记", "您没有登记任何地点。") if zh else ("Your registration", "You have registered no place.")


def unknown_place_text(language: str, *, url: str) -> tuple[str, str]:
    zh = language == "zh-CN"
    return ("预警登记", f"没有找到该地点。请回复“订阅”加区名，如：订阅浦东新区；或访问{url}") if zh else (
        "Your registration", f"No such place. Reply JOIN and a district, e.g. JOIN Pudong New Area; or go to {url}")


def _line(place: PlaceHeld, zh: bool, zones: Names, hazards: Names) -> str:
    where = zones.get(place.district, (place.district, place.district))[not zh]
    what = ("、" if zh else ", ").join(hazards.get(key, (key, key))[not zh] for key in place.hazards) or ("全部灾种" if zh else "every hazard")
    level = f"{place.min_level.zh}及以上" if zh else f"{place.min_level.key} and above"
    if place.min_level is Level.BLUE:
        level = "全部等级" if zh else "every level"
    quiet = "" if not place.quiet else f"，{place.quiet}免打扰" if zh else f", quiet {place.quiet}"
    return f"{where}（{what}，{level}{quiet}）" if zh else f"{where} ({what}, {level}{quiet})"
