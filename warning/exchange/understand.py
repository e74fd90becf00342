"""Understand: a partner's alert in our own terms, or why it has none. Nothing is guessed that somebody could be hurt by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from geo.zone import ZoneSet
from warning import cap
from warning.errors import Invalid
from warning.exchange.places import places
from warning.level import Level
from warning.nationalxml import level_of
from warning.watch.eventcode import EventCode

VALIDITY = timedelta(hours=24)
"""When an alert says no end: what the national software sets (facts: 24 hours after issue)."""
MOST_WORDS = 5_000
"""Characters of a partner's words that are passed on: what no channel can carry must not keep the warning from any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One warning of a message: what it warns of, where and until when. ``texts``: the partner's own words, quoted as advice under headlines
    and descriptions of ours, which name colour, place and our time in both languages as every alert of ours does.
    """

    event_code: str
    level: Level
    zones: tuple[str, ...]
    onset: datetime
    expires: datetime
    texts: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """``parts`` by falling level; no zone has two of one event code. ``doubts``: why a person must look before anything goes out.

    ``whole``: every part of the message was understood.
    """

    parts: tuple[Part, ...]
    repairs: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    whole: bool = True


def understand(alert: cap.Alert, *, zones: ZoneSet, codes: Sequence[EventCode], area: str, called: str, now: datetime) -> Understood:
    """Raises Invalid that names what is missing: no event code of ours, no colour, no place of ours, over already.

    Each info of one language (Chinese, else English, else the first) is a warning of its own; where only some can be understood, those are
    taken, the others are told, and a person looks before anything goes out.
    """
    chosen = cap.info_in(alert, "zh-CN")
    if chosen is None:
        raise Invalid("info: the alert says nothing")
    spoken = [info for info in alert.infos if info.language.lower() == chosen.language.lower()]
    parts: list[Part] = []
    repairs: list[str] = []
    doubts: list[str] = []
    faults: list[str] = []
    for number, info in enumerate(spoken):
        where = f"info {number + 1}: " if len(spoken) > 1 else ""
        try:
            part, told, doubt = _part(alert, info, words_of(_fellows(alert, info, number, len(spoken)), called=called), zones=zones, codes=codes, area=area, now=now)
        except Invalid as error:
            faults.append(f"{where}{error}")
            continue
        parts.append(part)
        repairs += [where + one for one in told]
        doubts += [where + doubt] if doubt else []
    if not parts:
        raise Invalid("; ".join(faults))
    left_out = [f"left out: {fault}" for fault in faults]
    apart, given_up, unsure = _apart(parts)
    doubts += [*unsure, *(["only a part of it is understood"] if faults else [])]
    return Understood(parts=apart, repairs=(*repairs, *left_out, *given_up), doubts=tuple(doubts), whole=not faults)


def words_of(infos: Sequence[cap.Info], *, called: str) -> dict[str, dict[str, str]]:
    """The partner's own words in our two languages, where it has any, with its name before them as our settings give it: a senderName may be a person's."""
    found: dict[str, dict[str, str]] = {}
    for info in infos:
        language = {"zh": "zh-CN", "en": "en-US"}.get(info.language.lower().partition("-")[0])
        words = [one for one in (info.headline, info.description, info.instruction) if one]
        if language is not None and language not in found and words:
            said = f"{called}: " + "\n".join(words)
            found[language] = {"instruction": said if len(said) <= MOST_WORDS else f"{said[:MOST_WORDS]} …"}
    return found


def all_clear(alert: cap.Alert) -> bool:
    """Whether every info says that the danger is over (CAP 1.2 §3.2.2, responseType AllClear)."""
    return bool(alert.infos) and all("AllClear" in info.response_types for info in alert.infos)


def _part(
    alert: cap.Alert, info: cap.Info, texts: Mapping[str, Mapping[str, str]], *, zones: ZoneSet, codes: Sequence[EventCode], area: str, now: datetime,
) -> tuple[Part, list[str], str]:
    """The warning, what had to be mended, and why a person should look."""
    repairs: list[str] = []
    code = _event_code(info, codes)
    level = level_of(info)
    if level is None:
        raise Invalid("severity: neither a colour nor a severity that stands for one")
    expires = info.expires
    if expires is None:
        expires = alert.sent + VALIDITY
        repairs.append(f"expires is missing: {VALIDITY.total_seconds() / 3600:.0f} hours after it was sent")
    if expires <= now:
        raise Invalid(f"expires: it was over at {expires.isoformat()}")
    found = places(info.areas, zones, area=area)
    if not found.zones:
        raise Invalid("area: no place of ours is named" if not found.ours else f"area: this partner may warn {area} only")
    if any(len(one["instruction"]) > MOST_WORDS for one in texts.values()):
        repairs.append(f"its words are cut after {MOST_WORDS} characters")
    part = Part(event_code=code, level=level, zones=tuple(zone.code for zone in found.zones), onset=info.onset or info.effective or alert.sent,
                expires=expires, texts=texts)
    return part, [*repairs, *found.told], found.doubt


def _fellows(alert: cap.Alert, info: cap.Info, number: int, count: int) -> list[cap.Info]:
    """``info`` and the same in other languages: by its place where every language has as many, else its own words alone."""
    found = [info]
    for language in dict.fromkeys(one.language for one in alert.infos):
        same = [one for one in alert.infos if one.language == language]
        if language != info.language and len(same) == count:
            found.append(same[number])
    return found


def _apart(parts: Sequence[Part]) -> tuple[tuple[Part, ...], list[str], list[str]]:
    """By falling level; those of one event and level joined; a zone that has a higher one of the same event keeps that alone, or the lower
    would take it over. Also what was left out, and what of that a person should look at: a lower one that begins before, or ends after.
    """
    joined: dict[tuple[str, Level], Part] = {}
    for part in parts:
        before = joined.get((part.event_code, part.level))
        joined[part.event_code, part.level] = part if before is None else replace(
            before, zones=tuple(dict.fromkeys((*before.zones, *part.zones))), onset=min(before.onset, part.onset),
            expires=max(before.expires, part.expires), texts=_both(before.texts, part.texts))
    found: list[Part] = []
    told: list[str] = []
    doubts: list[str] = []
    for part in sorted(joined.values(), key=lambda one: -one.level):
        higher = [one for one in found if one.event_code == part.event_code and set(one.zones) & set(part.zones)]
        shared = [zone for zone in part.zones if any(zone in one.zones for one in higher)]
        if shared:
            told.append(f"{part.level.key} left out where a higher one of it counts: {', '.join(shared)}")
            if any(part.onset < one.onset or part.expires > one.expires for one in higher):
                doubts.append("one place has two levels at different times, of which only the higher is passed on")
        mine = tuple(zone for zone in part.zones if zone not in shared)
        found += [replace(part, zones=mine)] if mine else []
    return tuple(found), told, doubts


def _both(one: Mapping[str, Mapping[str, str]], other: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """The words of two, each said once."""
    found = dict(one)
    for language, words in other.items():
        if language not in found:
            found[language] = words
        elif words["instruction"] not in found[language]["instruction"]:
            found[language] = {"instruction": f"{found[language]['instruction']}\n{words['instruction']}"}
    return found


def _event_code(info: cap.Info, codes: Sequence[EventCode]) -> str:
    given = [one.value for one in info.event_codes]
    for code in codes:
        if {code.code, *code.aliases} & set(given):
            return code.code
    named = [code.code for code in codes if info.event.strip().lower() in (code.zh, code.en.lower())]
    if len(named) == 1:
        return named[0]
    raise Invalid(f"eventCode: {', '.join(given) or info.event} is none of ours; add it to event-codes.yaml as a code or an alias")
