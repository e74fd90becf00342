"""Notice: what the owner of a site is told of a risk, in both languages, with the action, its source and the drill's mark."""

from datetime import datetime, timedelta, timezone

from pydantic import TypeAdapter

from warning.cap import Status, drill_mark
from warning.watch.evidence import Evidence
from warning.watch.explain import number, quantity_name, sign, unit
from warning.watch.pack import RiskNotice

_BEIJING = timezone(timedelta(hours=8))
_ACTS = {"opened": ("提示", "notice"), "raised": ("提升", "raised"), "lowered": ("降低", "lowered"), "ended": ("解除", "lifted")}
_EVIDENCE: TypeAdapter[Evidence] = TypeAdapter(Evidence)


def notice_texts(one: RiskNotice, status: str) -> dict[str, dict[str, str]]:
    """{"zh-CN": {"headline", "text"}, "en-US": …}: what is told, with the drill's mark, the action and where it is from."""
    own = one.pack.at(one.level)
    mark: Status = "Actual" if status == "Actual" else "Test" if status == "Test" else "Exercise"
    when = one.at.astimezone(_BEIJING)
    until = one.expires.astimezone(_BEIJING)
    zh_act, en_act = _ACTS[one.act]
    site = one.site.about
    zh_head = f"{drill_mark(mark, 'zh-CN')}{site.name_zh}：{one.pack.zh}风险{zh_act}（{own.zh}）"
    en_head = f"{drill_mark(mark, 'en-US')}{site.name_en}: {one.pack.en} risk {en_act} ({own.en})"
    read_zh, read_en = _read(one)
    flag_zh, flag_en = ("（阈值待确认）", " (number not confirmed)") if own.unconfirmed else ("", "")
    if one.act == "ended":
        zh, en = f"{zh_head}。{when:%m-%d %H:%M} 起不再达到条件。", f"{en_head}. The condition is no longer met as of {when:%d %b %H:%M}."
    else:
        zh = f"{zh_head}。{read_zh}{own.action_zh}依据：{own.source.zh}{flag_zh}。有效至 {until:%m-%d %H:%M}。本提示不是气象预警信号。"
        en = f"{en_head}. {read_en}{own.action_en} Source: {own.source.en}{flag_en}. Until {until:%d %b %H:%M}. This is no public warning."
    return {"zh-CN": {"headline": zh_head, "text": zh}, "en-US": {"headline": en_head, "text": en}}


def _read(one: RiskNotice) -> tuple[str, str]:
    """The quantity, its most extreme value at the site and from when on."""
    found = one.evidence
    if found is None or found.peak is None:
        return "", ""
    (q_zh, q_en), (u_zh, u_en) = quantity_name(found.test), unit(found.units)
    asked = found.test.partition("] ")[2]
    operator, _, value = asked.partition(" ")
    from_zh, from_en = ("", "") if found.onset is None else (f"{_at(found.onset)} 起", f" from {_at(found.onset)}")
    return (f"{from_zh}{q_zh} {number(found.peak)} {u_zh}（{sign(operator)} {value}）。",
            f"{q_en.capitalize()} {number(found.peak)} {u_en} ({sign(operator)} {value}){from_en}. ")


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(_BEIJING):%m-%d %H:%M}"


def evidence_to_json(evidence: Evidence) -> dict[str, object]:
    """Plain JSON values, as a proposal has them."""
    document: dict[str, object] = _EVIDENCE.dump_python(evidence, mode="json")
    return document
