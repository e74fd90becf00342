"""In Chinese: what the desks say when they refuse, and what the ledgers tell the operators, for a reader of Chinese.

The desks speak English, as programs read them; each sentence of theirs that an operator can meet has its Chinese here. What has none is
given as it was said, and marked as such: nothing is hidden for want of a translation.
"""

import re
from typing import Final

from warning.web import partnerwords

_LEVELS: Final = {"blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"}
_WORDS: Final = _LEVELS | {
    "Actual": "实战", "Exercise": "演练", "Test": "测试", "forecaster": "预报员", "approver": "签发员", "viewer": "查看者", "office": "用户单位",
    "admin": "管理员", "nothing": "无", "open": "待提交", "submitted": "待签发", "issued": "已签发", "superseded": "已被取代", "dismissed": "不发布",
    "submit": "提交", "return": "退回", "approve": "签发", "replace": "取代", "dismiss": "不发布", "express": "快速签发", "view": "查看",
    "operate": "操作", "headline": "标题", "description": "正文", "sms": "短信", "zh-CN": "中文", "en-US": "英文", "duty room": "值班室",
    "approved": "签发", "returned": "退回", "replaced": "取代", "issued by one alone": "快速签发",
    "add": "添加", "withdraw": "停用"}
"""Words of ours that stand inside a sentence; names, codes and numbers stay as they are."""

_SENTENCES: Final[tuple[tuple[str, str], ...]] = (
    # who may do what
    (r"an? (\w+) may not (\w+); it needs one of: (.+)", "{0}无权{1}，需要的角色：{2}"),
    (r"this key of (\S+) may (.+), not (\w+); make one with that scope", "{0} 的这把程序密钥只可{1}，不可{2}：请另制相应权限的密钥"),
    (r"(\S+) may act on (.+), not on (\S+)", "{0} 只可处理 {1}，不可处理 {2}"),
    (r"(\S+) may act inside (\S+), not for (.+)", "{0} 只可在 {1} 内操作，不可用于 {2}"),
    (r"(\S+) may act inside (\S+), which has no part in (.+)", "{0} 的辖区 {1} 与 {2} 无关"),
    (r"(\S+) is not registered to issue (\w+) (\S+) for (.+); its register stands in issuers\.yaml", "{0} 未登记在 {3} 发布{1} {2}；登记表见 issuers.yaml"),
    (r"no rule of the fast lane lets an? (\w+) issue (\w+) (\S+) alone: submit it for a second signature",
     "快速通道规则不允许{0}单独签发{1} {2}：请提交，由第二人签发"),
    (r"whoever issued it alone may not review it: ask a second person", "单独签发的人不得自行复核：请他人复核"),
    # two languages
    (r"texts: the two languages do not say the same: (.+); mend them, or say in override why they may stand", "两种语言不一致：{0}；请更正，或填写仍要发布的理由"),
    (r"([\w-]+) (\w+) does not name the colour (\S+)", "{0}{1}未写明等级“{2}”"),
    (r"([\w-]+) (\w+) names the colour (\S+), which is not of this warning", "{0}{1}写了“{2}”，与本预警等级不符"),
    (r"([\w-]+) (\w+) does not name the hazard ([^;]+)", "{0}{1}未写明灾种“{2}”"),
    (r"([\w-]+) (\w+) does not say that the warning is lifted", "{0}{1}未说明预警解除"),
    (r"([\w-]+) (\w+) says that the warning is lifted", "{0}{1}说预警已解除，与动作不符"),
    (r"([\w-]+) (\w+) does not begin with ([^;]+)", "{0}{1}开头缺少“{2}”"),
    (r"([\w-]+) (\w+) does not say that it was sent at (\S+)", "{0}{1}未写明发布时间 {2}"),
    (r"([\w-]+) (\w+) does not name ([^;]+)", "{0}{1}未写明“{2}”"),
    (r"([\w-]+) (\w+) names the times (.+) and ([\w-]+) ([\d:, ]+)", "{1}中的时间不一致：{3}为 {4}，{0}为 {2}"),
    # a drill and the real thing
    (r"status: this deployment issues (\w+) only; a drill cannot be switched to live", "本部署只发布{0}：演练不能转为实战"),
    (r"this is an (\w+) and you were about to sign an (\w+): reload it and read it again", "这是{0}，而您正要按{1}签发：请刷新后重新阅读"),
    (r"status: (\S+) is (\w+), so what follows it is (\w+) too", "{0} 是{1}，其后续也只能是{2}"),
    # what is asked for
    (r"hazard: the cause is to be decided first; choose one of: (.+)", "请先选择灾种：{0}"),
    (r"cause: (\S+) is no candidate; choose from: (.+)", "{0} 不在可选灾种之内，请选：{1}"),
    (r"note: (\w+) falls to (\w+) and passes over a colour: say why; the second person reads it", "由{0}降为{1}，跳过了等级：请说明理由，签发人要看"),
    (r"reason: say why, the next person reads it", "请填写理由，接手的人要看"),
    (r"reason: say what was wrong; everybody who got the warning reads it", "请写明错在哪里：收到预警的人都会看到"),
    (r"its event has ended meanwhile: propose it as a new warning", "该过程已结束：请作为新预警拟制"),
    (r"action: what follows (\S+) is an update or a cancel, not new", "{0} 的后续只能是更新或解除，不能是新发"),
    (r"zones: a list with at least one zone code", "请至少选择一个区域"),
    (r"zones: none given; name at least one zone", "请至少选择一个区域"),
    (r"zones: (\S+) may not warn (\S+?)(?:; it has (.+))?", "{0} 不得向 {1} 发布预警"),
    (r"zones: (\S+) is no zone of this deployment", "{0} 不是本部署的区域"),
    (r"polygon: lies outside the chosen zones; draw it inside them or choose others", "所画范围在所选区域之外：请在其内绘制，或改选区域"),
    (r"polygon: reaches into (.+); choose these zones too, or draw it inside the chosen ones", "所画范围伸入 {0}：请加选这些区域，或只在所选区域内绘制"),
    (r"polygon: nothing is left of it; draw a smaller one to take away", "减去后什么也不剩：请把要减去的画小一些"),
    (r"polygon: needs a valid Polygon with area; (.+)", "多边形无效：请勿自相交（{0}）"),
    (r"circle: km is above 0 and at most (\S+)", "圆的半径应大于 0，且不超过 {0} 公里"),
    (r"circle: (\S+), (\S+) is no place that can be warned; .+", "圆心 {0}, {1} 无效：纬度在 ±80° 内，经度在 ±180° 内"),
    (r"expires: (\S+ \S+) is not after now and the onset; give a later time", "有效期 {0} 不晚于当前与起始时间：请改晚"),
    (r"expires: must be after onset", "有效期应晚于起始时间"),
    (r"no event code (\S+); add it to event-codes\.yaml", "没有事件编码 {0}：请在 event-codes.yaml 中补充"),
    (r"alert (\S+) cannot be said in (\d+) characters without losing colour or place; allow (\d+)", "{1} 字之内无法写全等级与地点，至少需要 {2} 字"),
    (r"alert (\S+): (.+)", "{1}"),
    (r"text: say something; the others read it at once", "请填写会商意见，其他人即刻可见"),
    (r"remark: say what is wrong; then update or retract the alert, which stands until you do", "请写明异议，并随即更正或撤回；在此之前预警仍然有效"),
    # what has moved on
    (r"the proposal was changed meanwhile \(you read revision (\d+), it is (\d+)\): reload it", "提案已被修改（您看的是第 {0} 版，现为第 {1} 版）：请刷新"),
    (r"a proposal that is (\w+) cannot be (.+?); possible now: (.+)", "{0}的提案不能{1}；现在可以：{2}"),
    (r"(\S+) has been reviewed already: reload the page", "{0} 已有人复核：请刷新"),
    (r"the identifier could not be settled: approve again", "编号未能确定：请再次签发"),
    (r"identifier (\S+) or version (\d+) was taken meanwhile: approve again", "编号 {0} 刚被占用：请再次签发"),
    (r"(\S+) was lifted by (\S+): there is nothing left to retract", "{0} 已由 {1} 解除，无可撤回"),
    (r"(\S+) owes no review; .+", "{0} 无须复核"),
    # what the operators are told
    (r"(.+) has not answered (\S+)", "{0} 尚未应答 {1}"),
    (r"(.+) has not been reached with (\S+): every way so far has failed", "{0} 尚未叫到（{1}）：已试的方式全部失败"),
    (r"(.+) is being called", "正在叫应 {0}"),
    (r"call (.+) by telephone and enter the answer", "请电话联系 {0}，并录入应答"),
    (r"(.+): no telephone or app for (.+)", "{0}：{1} 没有电话，也没有应用"),
    (r"(.+): nobody is on the roster", "{0}：名录上没有人"),
    (r"the next one is called at once", "已直接叫下一人"),
    (r"call by telephone, then mend the roster", "请电话叫应，并补全名录"),
    (r"call by telephone and enter the answer", "请电话叫应并登记应答"),
    (r"nobody has answered: call by telephone, send somebody, and enter the answer", "无人应答：请电话叫应、派人上门，并登记应答"),
    (r"(.+) has this warning already and is not told again: call by telephone and enter the answer", "{0} 已收到本预警，不再重发：请电话叫应并登记应答"),
    (r"(.+) has no telephone or app: call by another way and enter the answer, then mend the roster", "{0} 没有电话，也没有应用：请另行叫应并登记应答，再补全名录"),
    (r"(.+) wrote back: (.+)", "{0} 回复：{1}"),
    (r"call back", "请回电"),
    (r"when they have received it, enter the answer", "确认对方收到后登记应答"),
    (r"(.+): already answered", "{0}：已经应答"),
    (r"this answer link is not known; use the one in the newest message", "链接无效：请使用最新一条消息里的链接"),
    (r"(.+): already ended", "{0}：已经结束"),
    (r"an office reads what went out, not what partners have sent: .+", "用户单位只看已发布的预警，不看外单位来文：请看 /office"),
    (r"(\S+) has no area: an admin renews the account with one .+", "账号 {0} 没有辖区：请管理员设置后再用"),
    (r"by: say in 1 to 100 characters who answered", "请填写何人应答（1 至 100 字）"),
    (r"(\S+) is not signed, so partners' programs wait for it; people's channels do not: (.+)", "{0} 未加电子签名，对方系统在等待，公众渠道不受影响：{1}"),
    (r"no signing key is valid now: its certificate has ended or not begun; name a new one under signing: keys",
     "没有有效的签名密钥：证书已到期或尚未生效，请在 signing: keys 下换新"),
    (r"the document could not be signed: (.+)", "文件无法签名：{0}"),
    (r"put a valid key under signing: keys and restart; what waits is then signed and sent by itself",
     "在 signing: keys 下放入有效密钥并重启，等待中的会自动签名并发送"),
    (r"(\S+) did this alone: (\w+) account (\S+) \((.+)\)", "{0} 单独处理了账号 {2}（{1}）：{3}"),
    (r"a second admin looks at it, and withdraws the account when it is not right", "请另一位管理员核对，如有不当即停用该账号"),
    (r"the feed of (.+) cannot be read: (.+)", "{0} 的预警源无法读取：{1}"),
    (r"call the partner; it is looked at again by itself", "请联系对方；系统会自动重试"),
    (r"documents of (.+) that cannot be read: (.+)", "{0} 的部分预警文件无法读取：{1}"),
    (r"call the partner: they may warn of something; what does not answer is asked for again by itself", "请联系对方，其中可能有预警；未应答的会自动重试"),
    (r"risk notices to sites could not be judged: (.+)", "行业场所的风险提示未能研判：{0}"),
    (r"warnings go on; take the newest pack or site file out, or report the error", "预警照常；请撤下最新的行业规则或场所文件，或上报此错误"),
    (r"response (\S+): (\d+) duties have nobody on the roster who can be written to", "响应 {0}：{1} 项职责在名录上没有可通知的人"),
    (r"call whoever holds them by telephone, mend the roster", "请电话通知承担者，并补全名录"),
    (r"the duties stand at (\S+)", "职责见 {0}"),
    (r"fetch the file again, or ask its provider", "请重新获取该文件，或联系提供方"),
    *partnerwords.SENTENCES,
)
_DRILL: Final = re.compile("【(?:演练|测试)】")
"""What every word of a drill begins with."""
_COMPILED: Final = tuple((re.compile(pattern), said) for pattern, said in _SENTENCES)


def in_chinese(said: str) -> str:
    """The sentence in Chinese; of a text in both languages ("中文 / English") the Chinese half; else as it was said, marked."""
    if (drill := _DRILL.match(said)) is not None:
        return drill[0] + in_chinese(said[drill.end():])
    text = said.strip().replace("; add it", "")  # each finding ends so; the Chinese says it once
    whole = sentence(text)
    if whole is not None:
        return whole
    if (half := _half(text)) != text and _is_chinese(half):
        return half
    pieces = re.split(r"; ", text)
    known = [sentence(piece) for piece in pieces]
    if len(pieces) > 1 and any(piece is not None for piece in known):
        return "；".join(piece if _is_chinese(piece) else found or _marked(piece) for piece, found in zip(pieces, known, strict=True))
    return text if not text or _is_chinese(text) else _marked(text)


def sentence(text: str) -> str | None:
    """One whole sentence of ours; None when it is none of those that are known."""
    for pattern, said in _COMPILED:
        found = pattern.fullmatch(text)
        if found is not None:
            return said.format(*(_part(part or "") for part in found.groups()))
    return None


def _part(text: str) -> str:
    """What stands in a sentence's place: words of ours, a list of them, or sentences of their own."""
    if sentence(text) is not None:
        return in_chinese(text)
    if "; " in text:
        return "；".join(_part(piece) for piece in text.split("; "))
    words = text.split(", ")
    return "、".join(_WORDS.get(word.strip("'"), word) for word in words)


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text.split(" / ")[0][:12])


def _half(text: str) -> str:
    """Of "中文 / English" the first; a text without a second half is whole."""
    zh, _, en = text.partition(" / ")
    return zh if en and not _is_chinese(en) else text


def _marked(text: str) -> str:
    return f"系统原文：{text}"
