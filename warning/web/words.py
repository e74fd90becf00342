"""How the faces say things in Chinese and English: times, places, hazards, states, refusals. Their words by topic are in terms/."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Literal

from channels.message import Reason
from geo.zone import ZoneSet
from warning.dispatch.delivery import NEXT_STEP, SKIPPED, SKIPPED_UNSURE
from warning.issue.approval import Refusal
from warning.level import Level
from warning.watch.hazard import Hazard
from warning.watch.rule import RuleSet
from warning.web.inchinese import in_chinese, sentence
from warning.web.terms import WORDS

Lang = Literal["zh", "en"]
CAP_LANGUAGE: dict[Lang, str] = {"zh": "zh-CN", "en": "en-US"}
BEIJING = timezone(timedelta(hours=8))

STAGE_WORDS: dict[str, tuple[str, str]] = {
    "arrival": ("资料到达", "data arrived"), "decode": ("解码", "decoded"), "derive": ("推算", "derived"),
    "propose": ("提案", "proposed"), "submit": ("提交", "submitted"), "approve": ("签发", "approved"),
    "issue": ("发布", "issued"), "expand": ("受众展开", "audience worked out"), "first_accepted": ("首条受理", "first accepted"),
    "last_accepted": ("末条受理", "last accepted"), "call": ("叫应首呼", "first call"),
    "acknowledge": ("叫应确认", "acknowledged"),
}

DELIVERY_WORDS: dict[str, tuple[str, str]] = {
    "queued": ("排队", "queued"), "claimed": ("发送中", "sending"), "accepted": ("已受理", "accepted"),
    "delivered": ("已送达", "delivered"), "failed": ("失败", "failed"), "expired": ("过期未发", "expired"),
    "muted": ("合并免扰", "muted"), "superseded": ("被新版取代", "superseded"), "unknown": ("结果未知", "unknown"),
}

REFUSALS: dict[Refusal, str] = {
    Refusal.NOT_SUBMITTED: "尚未提交：先由预报员提交",
    Refusal.SAME_PERSON: "提交人不得签发：请第二个人签发",
    Refusal.NO_RIGHT: "该账号无权在此区域签发此灾种",
    Refusal.CAUSE_OPEN: "成因未定：提交前先选择灾种",
    Refusal.OVER: "时效已过：请重新拟制",
    Refusal.STALE: "页面打开后内容有变：请重新阅读",
    Refusal.NO_AREA: "未选择区域",
    Refusal.TEXTS_DIFFER: "中英文内容不一致",
}

_TRUST_ZH = {
    "name, password or code is wrong": "账号、口令或验证码有误",
    "this token is not known, or was withdrawn": "令牌无效或已停用",
    "this account has a password: sign in with it": "该账号已设置口令：请用口令登录",
    "too many wrong log-ins: wait": "登录失败次数过多：请等待",
    "the present password is wrong": "当前口令有误",
    "password: the two new ones differ": "口令：两次输入不一致",
    "password: at least 12 characters; several words are easy to remember and hard to guess": "口令：至少 12 个字符；几个词连起来好记又难猜",
    "password: does not hold the account's name": "口令：不得包含账号名",
    "password: everybody tries this one first; choose several words": "口令：过于常见，请换成几个词",
    "code: this is not the app's present code; check that the phone's clock is right": "验证码：与当前不符，请检查手机时间",
}

NEXT_STEP_ZH: dict[Reason, str] = {
    Reason.BAD_ADDRESS: "更正该订阅的地址",
    Reason.GONE: "该终端已永久失效：请订阅方重新登记",
    Reason.TOO_LONG: "缩短文本并发布更新",
    Reason.EXPIRED: "预警已结束，无需处理；请查渠道为何迟缓",
    Reason.UNSIGNED: "文件尚未签名：检查 signing 设置；签名后会自动发送",
    Reason.RATE_LIMITED: "降低该路由速率，或增加第二条路由",
    Reason.UNREACHABLE: "检查网关后点重试；其间改用其他渠道",
    Reason.TIMEOUT: "检查网关负载后点重试",
    Reason.REFUSED: "查看回执，更正该路由的账号或合约",
    Reason.WRONG_LANE: "演练遇到了实战地址：更正该订阅的通道",
    Reason.BROKEN_REPLY: "对端未按协议应答：联系其运维",
}

ACTION_REASON: dict[str, tuple[str, str]] = {
    "first": ("首次达到阈值", "threshold reached"), "peak_rose": ("强度增强", "the peak rose"),
    "level_fell": ("强度减弱", "the level fell"), "area_grew": ("范围扩大", "the area grew"),
    "area_shrank": ("范围缩小", "the area shrank"), "extended_in_time": ("时间延长", "it lasts longer"),
    "no_longer_exceeded": ("不再达到阈值", "no longer exceeded"), "merged": ("合并", "merged"),
    "by_hand": ("人工拟制", "composed by hand"), "unknown_data": ("资料不足", "data unknown"),
}

SYMBOL: dict[Level, str] = {Level.BLUE: "●", Level.YELLOW: "▲", Level.ORANGE: "◆", Level.RED: "■"}
"""A shape for each colour, so that the colour is never the only sign."""


def next_step(reason: str, lang: Lang) -> str:
    """What an operator can do about a failed delivery."""
    if reason in (SKIPPED, SKIPPED_UNSURE):
        return say("skipped_step", lang)
    try:
        known = Reason(reason)
    except ValueError:
        return "read the evidence, then press retry" if lang == "en" else "查看回执后点重试"
    return NEXT_STEP[known] if lang == "en" else NEXT_STEP_ZH[known]


def say(key: str, lang: Lang) -> str:
    return WORDS[key][lang == "en"]


def channel_word(name: str, lang: Lang) -> str:
    """A channel that bears its kind's name in words; a name of the deployment's own stands for itself."""
    key = f"channel_{name}"
    return say(key, lang) if key in WORDS else name


def level_word(level: Level, lang: Lang) -> str:
    return level.en if lang == "en" else level.zh


def local_time(at: datetime, lang: Lang, now: datetime | None = None) -> str:
    """Beijing time: ``20:30`` today, else ``9月20日 20:30`` / ``20 Sep 20:30``."""
    here = at.astimezone(BEIJING)
    if now is not None and here.date() == now.astimezone(BEIJING).date():
        return f"{here:%H:%M}"
    return f"{here.day} {here:%b %H:%M}" if lang == "en" else f"{here.month}月{here.day}日 {here:%H:%M}"


def span(seconds: float, lang: Lang) -> str:
    """``3 分钟`` / ``3 min``."""
    if seconds < 90:
        return f"{max(seconds, 0):.0f} {'s' if lang == 'en' else '秒'}"
    if seconds < 5400:
        return f"{seconds / 60:.0f} {'min' if lang == 'en' else '分钟'}"
    return f"{seconds / 3600:.1f} {'h' if lang == 'en' else '小时'}"


def zone_name(zones: ZoneSet, code: str, lang: Lang) -> str:
    """The zone's name; a code that is no zone of ours stands for itself."""
    try:
        zone = zones[code]
    except KeyError:
        return code
    return zone.name_en if lang == "en" else zone.name_zh


def find_hazard(rule_sets: Mapping[str, RuleSet], key: str) -> Hazard | None:
    return next((rule.hazard for rule_set in rule_sets.values() for rule in rule_set.rules if rule.hazard.key == key), None)


def hazard_name(rule_sets: Mapping[str, RuleSet], key: str, lang: Lang) -> str:
    """The hazard's name; one that no rule set knows (made by hand) stands for itself."""
    hazard = find_hazard(rule_sets, key)
    if hazard is None:
        return key
    return hazard.en if lang == "en" else hazard.zh


def explained(message: str, lang: Lang) -> str:
    """What a desk or a ledger says, for its reader: in English as it was said, in Chinese by the refusals' names and by inchinese."""
    if lang == "en":
        zh, _, en = message.partition(" / ")
        return en if en and any("\u4e00" <= letter <= "\u9fff" for letter in zh) else message
    whole = sentence(message)
    if whole is not None:
        return whole
    for refusal, words in {**{str(key): said for key, said in REFUSALS.items()}, **_TRUST_ZH}.items():
        message = message.replace(refusal, words)
    return in_chinese(message)
