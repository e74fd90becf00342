"""Compose: what one channel carries of an alert, for a reader of one language."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from warning import cap, capxml
from warning.errors import Invalid
from warning.identifier import BEIJING
from warning.wording import names

SIGNATURE = "【上海预警】"
"""Carriers in China demand a registered signature before every short message, in whatever language."""
UCS2_SINGLE, UCS2_PART = 70, 67
"""UTF-16 units in an only part, and in one part of several (3GPP TS 23.040 §9.2.3.24.1)."""
WITH_CAP = ("webhook", "mqtt", "spool", "page", "cbc")
"""Kinds that carry the CAP document as body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """``text`` for people, ``body`` for programs; ``segments`` short messages (0 off SMS); ``shortened``: something was left out."""

    subject: str
    text: str
    body: bytes = b""
    content_type: str = ""
    segments: int = 0
    shortened: bool = False


def compose(
    alert: cap.Alert, *, channel: str, language: str, max_chars: int | None = None, left_area: bool = False, signature: str = SIGNATURE
) -> Composed:
    """The message of ``alert`` on a channel of kind ``channel``, in ``language`` or the nearest the alert has. The same inputs give the same message.

    Too long for ``max_chars``, it loses first the advice, then the detail, then the names of all zones but the first, then the rank; colour,
    hazard, action, issuer, time, place and the drill's mark always stay. Raises Invalid when even that does not fit, or the alert says nothing.
    ``left_area``: an Update whose area no longer holds this reader's place; it says so instead.
    """
    info = cap.info_in(alert, language)
    if info is None:
        raise Invalid(f"alert {alert.identifier} has no info, so there is nothing to say; send it to programs as CAP only")
    facts = _facts(alert, info)
    if left_area:
        choices = [_left(facts, facts.all_places), _left(facts, facts.some_places), _left(facts, "")]
    elif channel in ("sms", "webpush"):
        choices = [facts.short, *facts.cores] if channel == "webpush" else [_joined(facts.short, facts.advice), facts.short, *facts.cores]
    else:
        full = _full(alert, info, facts)
        choices = [_joined(*full), _joined(*full[:2]), facts.short, *facts.cores]
    if channel == "sms":
        text, shortened = _fitting(alert, [signature + choice for choice in choices], max_chars, _units)
        return Composed(subject=facts.head, text=text, segments=segments(text), shortened=shortened)
    text, shortened = _fitting(alert, choices, max_chars, len)
    if channel in WITH_CAP:
        return Composed(subject=facts.head, text=text, body=capxml.write(alert), content_type=capxml.CONTENT_TYPE, shortened=shortened)
    return Composed(subject=_left_title(facts) if left_area else facts.title if channel == "webpush" else facts.head,
                    text=text, shortened=shortened)


def segments(text: str) -> int:
    """How many short messages ``text`` takes in UCS-2."""
    units = _units(text)
    return 1 if units <= UCS2_SINGLE else -(-units // UCS2_PART)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    chinese: bool
    mark: str
    issuer: str
    hazard: str
    when: str
    all_places: str
    some_places: str
    head: str
    title: str
    cores: list[str]
    short: str
    advice: str


def _facts(alert: cap.Alert, info: cap.Info) -> _Facts:
    chinese = info.language.lower().startswith("zh")
    mark = cap.drill_mark(alert.status, info.language)
    sent = alert.sent.astimezone(BEIJING)
    when = f"{sent:%d}日{sent:%H}时{sent:%M}分" if chinese else f"{sent:%H:%M}, {sent:%d} {_MONTHS[sent.month - 1]}"
    issuer = info.sender_name or alert.sender
    level = cap.colour(info)
    colour = "" if level is None else level.zh if chinese else level.en
    hazard = f"{info.event}{colour}预警" if chinese else f"{info.event} {colour} warning".replace("  ", " ")
    headline = _bare(info.headline, mark)
    if not (names(headline, info.event) and names(headline, colour) and _says_action(alert, headline)):
        # Too little stands in the headline (a partner's, an operator's): say it ourselves before it.
        action = _ACTIONS[alert.msg_type][0 if chinese else 1]
        own = f"{issuer}{action}{hazard}" if chinese else f"{issuer} {action} {hazard}"
        headline = _joined(own, headline, by="：" if chinese else ": ")
    places = [place for area in info.areas for place in re.split("、" if chinese else ", ", area.area_desc)]
    join = "、" if chinese else ", "
    some = places[0] if len(places) == 1 else f"{places[0]}等{len(places)}地" if chinese else f"{places[0]} and {len(places) - 1} more"
    if not places:
        some = "见预警正文" if chinese else "see the warning"
    plain = re.sub(r"\s*\[[^\]]*\]$", "", headline)
    comma = "，" if chinese else "; "
    named = "" if names(headline, issuer) else issuer
    cores = [f"{mark}{head}（{_joined(named, when, where, by=comma)}）" if chinese else f"{mark}{head} ({_joined(named, when, where, by=comma)})"
             for head, where in ((headline, join.join(places) or some), (headline, some), (plain, some))]
    musts = [info.event, colour, issuer, f"{sent:%H}时{sent:%M}分" if chinese else f"{sent:%H:%M}", *places]
    told = [text for text in (_bare(cap.value_of(info.parameters, cap.SMS_TEXT), mark), _bare(info.description, mark))
            if text and all(names(text, must) for must in musts) and _says_action(alert, text)]
    detail = _bare(info.description, mark)
    short = mark + told[0] if told else _joined(cores[0], detail, by="：" if chinese else ": ")
    return _Facts(
        chinese=chinese, mark=mark, issuer=issuer, hazard=hazard, when=when, all_places=join.join(places) or some, some_places=some,
        head=mark + headline, title=f"{mark}{hazard}{_ACTIONS[alert.msg_type][0]}" if chinese else
        f"{mark}{hazard} {_ACTIONS[alert.msg_type][2]}", cores=cores, short=short, advice=_bare(info.instruction, mark))


def _full(alert: cap.Alert, info: cap.Info, facts: _Facts) -> tuple[str, str, str]:
    """Head and places; the description; advice and where to read more."""
    zh = facts.chinese
    until = info.expires.astimezone(BEIJING) if info.expires is not None else None
    lines = [
        f"{'区域' if zh else 'Where'}{'：' if zh else ': '}{facts.all_places}",
        f"{'发布' if zh else 'Issued by'}{'：' if zh else ': '}{facts.issuer}{'，' if zh else ', '}{facts.when}",
    ]
    if until is not None:
        lines.append(f"有效至：{until:%d}日{until:%H}时{until:%M}分" if zh else f"Until: {until:%H:%M}, {until:%d} {_MONTHS[until.month - 1]}")
    more = [facts.advice, info.web, f"{'编号' if zh else 'Identifier'}{'：' if zh else ': '}{alert.identifier}"]
    return "\n".join([facts.head, *lines]), facts.mark + _bare(info.description, facts.mark), "\n".join(filter(None, more))


def _left(facts: _Facts, places: str) -> str:
    if facts.chinese:
        now = f"，现为{places}" if places else ""
        return f"{facts.mark}{facts.issuer}{facts.when}更新{facts.hazard}范围{now}，不再包括您登记的地点，该地点的预警解除。"
    now = f", now {places}" if places else ""
    return (f"{facts.mark}{facts.issuer} updates the area of the {facts.hazard} ({facts.when}){now}. Your place is no longer in it: "
            "the warning is lifted there.")


def _left_title(facts: _Facts) -> str:
    return f"{facts.mark}{facts.hazard}解除：您登记的地点" if facts.chinese else f"{facts.mark}{facts.hazard} lifted for your place"


def _fitting(alert: cap.Alert, choices: list[str], max_chars: int | None, length: Callable[[str], int]) -> tuple[str, bool]:
    for number, choice in enumerate(choices):
        if max_chars is None or length(choice) <= max_chars:
            return choice, number > 0
    least = min(length(choice) for choice in choices)
    raise Invalid(f"alert {alert.identifier} cannot be said in {max_chars} characters without losing colour or place; allow {least}")


def _says_action(alert: cap.Alert, text: str) -> bool:
    """A lifted warning must say so; the others are warnings as they stand."""
    return alert.msg_type != "Cancel" or re.search(r"解除|取消|\blift|\bcancel|\bended\b", text, re.IGNORECASE) is not None


def _bare(text: str, mark: str) -> str:
    return text.strip().removeprefix(mark.strip()).strip() if mark else text.strip()


def _joined(*parts: str, by: str = "\n") -> str:
    return by.join(filter(None, parts))


def _units(text: str) -> int:
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ACTIONS: dict[cap.MsgType, tuple[str, str, str]] = {
    "Alert": ("发布", "issues", "issued"), "Update": ("更新", "updates", "updated"), "Cancel": ("解除", "lifts", "lifted"),
    "Ack": ("确认", "acknowledges", "acknowledged"), "Error": ("报错", "rejects", "rejected"),
}
