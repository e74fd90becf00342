"""The faces' words in Chinese and English, and how times, places and hazards are said."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Literal

from channels.message import Reason
from geo.zone import ZoneSet
from warning.dispatch.delivery import NEXT_STEP
from warning.issue.approval import Refusal
from warning.level import Level
from warning.watch.hazard import Hazard
from warning.watch.rule import RuleSet

Lang = Literal["zh", "en"]
CAP_LANGUAGE: dict[Lang, str] = {"zh": "zh-CN", "en": "en-US"}
BEIJING = timezone(timedelta(hours=8))

WORDS: dict[str, tuple[str, str]] = {
    "site": ("预警信息", "Warnings"),
    "none": ("当前没有生效的预警", "No warnings in force"),
    "none_here": ("本区当前没有生效的预警", "No warnings in force here"),
    "calm": ("一切如常。预警一旦发布，会立即显示在这里。", "All is calm. A warning will show here as soon as it is issued."),
    "in_force": ("生效中的预警", "Warnings in force"),
    "lifted": ("最近解除", "Recently lifted"),
    "until": ("有效至", "until"),
    "what_to_do": ("怎么办", "What to do"),
    "where": ("影响范围", "Where"),
    "as_of": ("本页生成于", "This page was made at"),
    "reload": ("请刷新页面获取最新信息。", "Reload the page for the latest."),
    "archive": ("历史预警", "Archive"),
    "city": ("全市", "Whole city"),
    "places": ("按区查看", "By district"),
    "map": ("各区预警地图", "Map of warnings by district"),
    "drill": ("演练", "DRILL"),
    "drill_line": ("这是演练，不是真实预警，请勿采取行动。", "This is a drill, not a real warning. Take no action."),
    "superseded": ("已被更新的预警取代", "Replaced by a newer version"),
    "state_lifted": ("已解除", "Lifted"),
    "state_expired": ("已过期", "Expired"),
    "state_in_force": ("生效中", "In force"),
    "state_superseded": ("已更新", "Updated"),
    "issued_by": ("发布单位", "Issued by"),
    "issued_at": ("发布时间", "Issued at"),
    "details": ("详情", "Details"),
    "older": ("更早", "Older"),
    "schematic": ("示意边界", "schematic borders"),
    "other_language": ("English", "中文"),
    "warning": ("预警", "warning"),
    "skip": ("跳到正文", "Skip to content"),
    "ack_title": ("确认收到预警", "Acknowledge the warning"),
    "ack_button": ("我已收到并负责处理", "I have received it and take charge"),
    "ack_name": ("您的姓名或岗位", "Your name or post"),
    "ack_done": ("已确认，谢谢。", "Acknowledged, thank you."),
    "login": ("登录", "Sign in"),
    "token": ("访问令牌", "Access token"),
    "account": ("账号", "Account"),
    "password": ("口令", "Password"),
    "one_time_code": ("动态验证码", "One-time code"),
    "code_if": ("动态验证码（已启用时）", "One-time code (when set)"),
    "first_time": ("首次登录：使用管理员发放的令牌", "First time: use the token that an admin gave you"),
    "login_oidc": ("通过统一身份认证登录", "Sign in with the identity provider"),
    "everywhere": ("全部区域", "everywhere"),
    "every_hazard": ("全部灾种", "every hazard"),
    "no_password": ("尚未设置口令：请现在设置，之后令牌只供程序使用。", "No password yet: set one now; the token is for programs afterwards."),
    "password_old": ("当前口令", "Present password"),
    "password_new": ("新口令（至少 12 个字符）", "New password (at least 12 characters)"),
    "password_again": ("再次输入新口令", "New password again"),
    "save": ("保存", "Save"),
    "second_factor": ("第二因素", "Second factor"),
    "factor_on": ("已启用。手机丢失时请管理员更新账号。", "Set. When the phone is lost, an admin renews the account."),
    "factor_off": ("未启用：建议所有签发人员启用。", "Not set: everybody who signs should set it."),
    "factor_set": ("启用", "Set it up"),
    "factor_scan": ("用身份验证器应用扫描，再输入它显示的六位数字。", "Scan it with an authenticator app, then type the six digits it shows."),
    "confirm_code": ("确认", "Confirm"),
    "keys": ("程序密钥", "Keys for programs"),
    "key_once": ("密钥只显示这一次，请立即保存：", "This key is shown once; keep it now:"),
    "key_label": ("用途", "What it is for"),
    "key_days": ("有效天数", "Days it counts"),
    "key_make": ("生成密钥", "Make a key"),
    "scopes": ("权限", "What it may do"),
    "end": ("停用", "End it"),
    "sessions": ("登录会话", "Sessions"),
    "end_sessions": ("结束其他会话", "End all other sessions"),
    "logout": ("退出", "Sign out"),
    "console": ("预警发布工作台", "Warning desk"),
    "proposals": ("待处理提案", "Proposals"),
    "nothing_waits": ("没有待处理的提案", "Nothing waits for a decision"),
    "evidence": ("依据", "Evidence"),
    "peak": ("峰值", "peak"),
    "share": ("面积占比", "share of area"),
    "known": ("有数据面积", "known"),
    "gauges_over": ("实测站已达阈值", "gauges over the threshold"),
    "gauges_disagree": ("预报与实测不符（预报→实测）", "gauges disagree (forecast → measured)"),
    "likelihood": ("概率", "probability"),
    "extrapolated": ("未来 2 小时为雨区外推", "next 2 h: rain moved on"),
    "area_mean": ("面平均", "area mean"),
    "members_missing": ("缺少集合成员", "ensemble members missing"),
    "known_until": ("数据可判断至", "known until"),
    "rule_row": ("规则", "rule"),
    "lead": ("提前量", "lead"),
    "observed": ("已达到", "reached already"),
    "unconfirmed": ("阈值待主管部门确认", "threshold not yet confirmed by the authority"),
    "cause": ("成因待定：请选择灾种", "Cause to decide: choose the hazard"),
    "texts": ("预警文本", "Texts"),
    "headline": ("标题", "headline"),
    "description": ("正文", "description"),
    "instruction": ("防御指南", "instruction"),
    "submit": ("提交", "Submit"),
    "approve": ("签发", "Approve"),
    "return": ("退回", "Return"),
    "dismiss": ("不发布", "Dismiss"),
    "reason": ("理由", "reason"),
    "reason_needed": ("请填写理由", "Give a reason"),
    "open": ("待提交", "to submit"),
    "submitted": ("待签发", "to approve"),
    "submitted_by": ("提交人", "submitted by"),
    "returned": ("退回理由", "returned because"),
    "changed": ("提交时的修改", "changed on submission"),
    "data_age": ("资料时间", "data"),
    "ago": ("前", "ago"),
    "progress": ("发送进度", "Progress"),
    "countdown": ("十分钟倒计时", "Ten-minute countdown"),
    "complete": ("全部完成，用时", "complete in"),
    "over_time": ("已超时", "over time by"),
    "failed": ("失败", "Failed"),
    "next_step": ("下一步", "next step"),
    "retry": ("重试", "Retry"),
    "retried": ("已重新排队", "queued again"),
    "timeline": ("时间线", "Timeline"),
    "stage": ("环节", "stage"),
    "channel": ("渠道", "channel"),
    "took": ("用时 s", "took s"),
    "since": ("累计 s", "since arrival s"),
    "budget": ("预算 s", "budget s"),
    "late": ("超时", "LATE"),
    "on_time": ("按时", "on time"),
    "level": ("等级", "level"),
    "zones": ("区域", "zones"),
    "select": ("从左侧选择一条提案", "Choose a proposal on the left"),
    "notices": ("系统提示", "Notices"),
    "feeds": ("资料来源", "Data feeds"),
    "feed_silent": ("中断", "SILENT"),
    "no_data_yet": ("尚无资料", "no data yet"),
    "issued": ("已签发", "Issued"),
    "back": ("返回", "Back"),
    "compose": ("人工拟制", "Compose by hand"),
    "over_threshold": ("超过阈值的格点", "cells over threshold"),
    "new": ("新发", "new"),
    "update": ("更新", "update"),
    "cancel": ("解除", "lift"),
    "is_new": ("新提案", "New proposal"),
    "hazard": ("灾种", "hazard"),
    "issuer": ("发布单位", "issuer"),
    "expires": ("有效至", "expires"),
    "code": ("事件编码", "event code"),
    "recipients": ("接收方", "recipient"),
    "acknowledged": ("叫应", "call-outs"),
    "canaries": ("通道自检", "Channels' self-tests"),
    "canary_failing": ("自检失败", "self-test failed"),
    "canary_stale": ("无人自检：工作进程未运行", "nobody tests it: no worker runs"),
    "canary_unknown": ("等待首次应答", "waiting for the first answer"),
    "reach_title": ("签发后何时送达", "Who is reached by when, once signed"),
    "reach_counting": ("正在计算送达计划…", "Working out who will be reached…"),
    "reach_unknown": ("送达计划暂不可用", "The reach plan cannot be worked out now"),
    "reach_channel": ("渠道", "channel"),
    "reach_people": ("人数", "people"),
    "reach_rate": ("速率", "rate"),
    "reach_remains": ("十分钟内逐一送达不到的人数", "not reached in person within ten minutes:"),
    "reach_carried": ("由一对多渠道覆盖：", "carried for everybody by"),
    "reach_nobody": ("无", "no channel"),
    "reach_assumed": ("速率为假定值，从未实测", "the rate is assumed, it was never measured"),
    "reach_noise": ("本地过去 {hours} 小时已收到预警：", "warnings this place has had in the last {hours} h:"),
    "affected": ("影响人口", "residents affected"),
    "confirm_live": ("真实签发：将立即发给公众。", "LIVE: this goes to the public at once."),
    "confirm_drill": ("演练签发：只发给演练地址。", "DRILL: this goes to exercise addresses only."),
    "confirm": ("确认签发", "Approve now"),
    "cancel_dialog": ("再看看", "Not yet"),
    "live": ("实战", "LIVE"),
    "single_drill": ("单次演练（只发演练地址）", "a single DRILL (exercise addresses only)"),
    "own": ("您是提交人，须由另一人签发", "You submitted it: another person must approve"),
    "choose_cause": ("请先选择灾种", "Choose the hazard first"),
    "done_submit": ("已提交，等待第二人签发", "Submitted; waiting for the second signature"),
    "done_return": ("已退回", "Returned"),
    "done_dismiss": ("已决定不发布", "Dismissed"),
    "database_away": ("数据库暂无响应，正在重试，资料不会丢失", "The database does not answer; trying again, nothing is lost"),
    "lift": ("拟制解除", "Propose to lift"),
    "no_alerts": ("没有生效的预警", "Nothing in force"),
    "left": ("剩余", "left"),
    "hours": ("有效时长（小时）", "valid for (hours)"),
    "bad_time": ("时间格式应为 2024-09-20 14:30（北京时间）", "Write the time as 2024-09-20 14:30 (Beijing)"),
    "by_template": ("留空则套用模板", "leave empty to use the template"),
    "signed_in": ("当前账号", "signed in as"),
    "no_failures": ("没有失败", "No failures"),
    "since_alert": ("自资料到达", "since the data arrived"),
    "edited": ("已编辑", "edited"),
    "packs": ("行业场所", "Sectors and sites"),
    "sites": ("影响场所", "sites affected"),
    "explain": ("为什么？", "Why?"),
    "differ": ("发布单位意见不一", "Issuers differ"),
    "differ_why": ("市、区各自发布，两者同时有效。", "City and districts issue independently; both stand."),
    "silent": ("未发布", "silent"),
    "also_leaves": ("签发后同时退出", "signing also takes them out of"),
}

STAGE_WORDS: dict[str, tuple[str, str]] = {
    "arrival": ("资料到达", "data arrived"), "decode": ("解码", "decoded"), "derive": ("推算", "derived"),
    "propose": ("提案", "proposed"), "submit": ("提交", "submitted"), "approve": ("签发", "approved"),
    "issue": ("发布", "issued"), "expand": ("受众展开", "audience worked out"), "first_accepted": ("首条受理", "first accepted"),
    "last_accepted": ("末条受理", "last accepted"), "acknowledge": ("叫应确认", "acknowledged"),
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
    try:
        known = Reason(reason)
    except ValueError:
        return "read the evidence, then press retry" if lang == "en" else "查看回执后点重试"
    return NEXT_STEP[known] if lang == "en" else NEXT_STEP_ZH[known]


def say(key: str, lang: Lang) -> str:
    return WORDS[key][lang == "en"]


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
    for rule_set in rule_sets.values():
        for hazard in rule_set.hazards:
            if hazard.key == key:
                return hazard
    return None


def hazard_name(rule_sets: Mapping[str, RuleSet], key: str, lang: Lang) -> str:
    """The hazard's name; one that no rule set knows (made by hand) stands for itself."""
    hazard = find_hazard(rule_sets, key)
    if hazard is None:
        return key
    return hazard.en if lang == "en" else hazard.zh


def explained(message: str, lang: Lang) -> str:
    """An error for a Chinese reader: the approval's refusals by name, the rest as it was said."""
    if lang == "en":
        return message
    for refusal, words in {**{str(key): said for key, said in REFUSALS.items()}, **_TRUST_ZH}.items():
        message = message.replace(refusal, words)
    return message.replace("; ", "；")
