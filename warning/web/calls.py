"""Calls as the faces show them: whose they are, what is said of each, and the two forms in which a board is taken away."""

from collections.abc import Sequence
from datetime import datetime

from warning.account import Account, covers
from warning.answer.call import OPEN, Attempt, Call
from warning.answer.timetable import DUTY_ROOM
from warning.errors import NotAllowed
from warning.roster.sheet import written
from warning.web.words import Lang, channel_word, local_time, span

STATES: dict[str, tuple[str, str]] = {
    "waiting": ("待应答", "waiting"), "overdue": ("超时未应", "overdue"), "answered": ("已应答", "answered"), "ended": ("已结束", "ended"),
}
HOWS: dict[str, tuple[str, str]] = {
    "": ("", ""), "link": ("链接", "link"), "key": ("按键", "key pressed"), "reply": ("短信回复", "text reply"), "desk": ("值班台登记", "entered by the desk"),
}
HEAD: dict[str, tuple[str, ...]] = {
    "zh": ("预警", "岗位", "状态", "首呼", "应答", "应答人", "方式", "用时", "下一步"),
    "en": ("alert", "post", "state", "first call", "answered", "by", "how", "took", "next step"),
}


def of_area(calls: Sequence[Call], account: Account) -> list[Call]:
    """An office sees its own area's; an office whose account has no area sees none. Raises NotAllowed."""
    if account.role != "office":
        return [call for call in calls if not call.zone or covers(account, [call.zone])]
    if not account.area:
        raise NotAllowed(f"{account.name} has no area: an admin renews the account with one (account add --area)")
    return [call for call in calls if call.zone and covers(account, [call.zone])]


def took_s(call: Call, now: datetime) -> float:
    """From the call to the answer, or until now; of what has ended unanswered 0."""
    until = call.answered_at if call.answered_at is not None else now if call.state in OPEN else call.opened_at
    return max((until - call.opened_at).total_seconds(), 0.0)


def step(attempt: Attempt, lang: Lang) -> str:
    """``李二（短信）`` / ``Li (sms)``; the duty room by its name."""
    if attempt.name == DUTY_ROOM:
        return "值班台人工叫应" if lang == "zh" else "the duty room, by telephone"
    above = (" ↑上级" if lang == "zh" else " ↑level above") if attempt.above else ""
    way = channel_word(attempt.channel, lang) or ("无联系方式" if lang == "zh" else "no way")
    return f"{attempt.name}（{way}）{above}" if lang == "zh" else f"{attempt.name} ({way}){above}"


def rows(calls: Sequence[Call], lang: Lang, now: datetime) -> list[tuple[str, ...]]:
    """As HEAD; times in Beijing time."""
    return [(
        call.identifier, call.post, STATES[call.state][lang == "en"],
        "" if call.first_tried_at is None else local_time(call.first_tried_at, lang),
        "" if call.answered_at is None else local_time(call.answered_at, lang), call.answered_by, HOWS[call.answered_how][lang == "en"],
        span(took_s(call, now), lang) if call.state != "ended" else "",
        "" if call.next is None else f"{local_time(call.next.due_at, lang)} {step(call.next, lang)}") for call in calls]


def as_csv(calls: Sequence[Call], lang: Lang, now: datetime) -> bytes:
    """What somebody else has written (names, answers) is not run by a spreadsheet."""
    return written(HEAD[lang], rows(calls, lang, now))
