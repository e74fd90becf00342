"""Robots: the group robots of WeCom, DingTalk, Feishu and Lark: how they are addressed, and what their answers mean.

All four answer HTTP 200 also when they refuse; only a code in the answer's JSON tells. A status alone is no evidence.
"""

import json
import re
from typing import Final, NamedTuple

from channels.message import Outcome, Reason
from channels.wire.crew import Said
from channels.wire.http_post import Answer

MAX_CHARS: Final = 2048 // 3
"""WeCom takes 2,048 octets of UTF-8, the others ten times that; a Chinese character has three."""
ADDRESS: Final = re.compile(
    r"(?:(?P<wecom>wecombot)://[\w-]{8,80}|(?P<dingtalk>dingtalk)://(?:[A-Za-z0-9]{8,100}@)?[A-Za-z0-9]{8,100}"
    r"|(?P<feishu>feishu)://[\w-]{8,80}|(?P<lark>lark)://[\w-]{8,80})/?", re.ASCII)
"""apprise's own form. A key has nothing in it that could lead to another host."""
NO_ADDRESS: Final = "this is no robot's address; write wecombot://KEY, dingtalk://SECRET@TOKEN, dingtalk://TOKEN, feishu://TOKEN or lark://TOKEN"


class _Service(NamedTuple):
    origin: str
    code: tuple[str, ...]
    gone: frozenset[int]
    too_fast: frozenset[int]
    too_long: frozenset[int]
    guarded: frozenset[int]


SERVICES: Final[dict[str, _Service]] = {
    "wecom": _Service("https://qyapi.weixin.qq.com", ("errcode",), frozenset({93000}), frozenset({45009, 45033}), frozenset({40058, 45002}), frozenset()),
    "dingtalk": _Service("https://oapi.dingtalk.com", ("errcode",), frozenset({300001, 400013, 400101, 400102, 400106}), frozenset({130101, 410100}),
                         frozenset({460101}), frozenset({310000})),
    "feishu": _Service("https://open.feishu.cn", ("code", "StatusCode"), frozenset({19001}), frozenset({11232}), frozenset(),
                       frozenset({19021, 19022, 19024})),
}
SERVICES["lark"] = SERVICES["feishu"]._replace(origin="https://open.larksuite.com")
_BUSY: Final = -1


def verdict(service: str, answer: Answer) -> Said:
    """What a robot's answer says.

    ===============================================  ========  ============
    answer                                           outcome   reason
    ===============================================  ========  ============
    2xx with code 0                                  accepted
    2xx, the robot is not there any more             rejected  gone
    2xx, too many messages in a minute               retry     rate_limited
    2xx, the text is too long                        rejected  too_long
    2xx, keyword, signature or address not admitted  rejected  refused
    2xx, busy (-1)                                   retry     refused
    2xx without a readable code                      retry     broken_reply
    404, 410                                         rejected  gone
    408 / 429 / 5xx                                  retry     timeout / rate_limited / refused
    others                                           rejected  refused
    ===============================================  ========  ============
    """
    kind = SERVICES[service]
    if not 200 <= answer.status < 300:
        return _by_status(answer)
    code = _code(kind, answer.words)
    said = f"HTTP {answer.status}, code {code}"
    if code is None:
        return Said(outcome=Outcome.RETRY, reason=Reason.BROKEN_REPLY, evidence=f"HTTP {answer.status} without a code that can be read")
    if code == 0:
        return Said(outcome=Outcome.ACCEPTED, reason=None, evidence=said)
    if code in kind.gone:
        return Said(outcome=Outcome.REJECTED, reason=Reason.GONE, evidence=f"{said}: the group has no such robot any more; register the new one")
    if code in kind.too_fast:
        return Said(outcome=Outcome.RETRY, reason=Reason.RATE_LIMITED, evidence=f"{said}: a robot may say twenty things a minute")
    if code in kind.too_long:
        return Said(outcome=Outcome.REJECTED, reason=Reason.TOO_LONG, evidence=said)
    if code in kind.guarded:
        return Said(outcome=Outcome.REJECTED, reason=Reason.REFUSED,
                    evidence=f"{said}: its security settings refuse this; add 预警 to its keywords, give its secret, or admit our address")
    if code == _BUSY:
        return Said(outcome=Outcome.RETRY, reason=Reason.REFUSED, evidence=f"{said}: busy")
    return Said(outcome=Outcome.REJECTED, reason=Reason.REFUSED, evidence=f"{said}: see the service's table of codes")


def _by_status(answer: Answer) -> Said:
    said = f"HTTP {answer.status}"
    match answer.status:
        case 404 | 410:
            return Said(outcome=Outcome.REJECTED, reason=Reason.GONE, evidence=said)
        case 408:
            return Said(outcome=Outcome.RETRY, reason=Reason.TIMEOUT, evidence=said)
        case 429:
            return Said(outcome=Outcome.RETRY, reason=Reason.RATE_LIMITED, evidence=said)
        case status if status >= 500:
            return Said(outcome=Outcome.RETRY, reason=Reason.REFUSED, evidence=said)
        case _:
            return Said(outcome=Outcome.REJECTED, reason=Reason.REFUSED, evidence=said)


def _code(kind: _Service, words: bytes) -> int | None:
    """The number alone is quoted: what a server writes beside it might repeat the key."""
    try:
        said = json.loads(words)
    except ValueError:
        return None
    found = next((said[name] for name in kind.code if name in said), None) if isinstance(said, dict) else None
    return found if type(found) is int and abs(found) < 10**9 else None
