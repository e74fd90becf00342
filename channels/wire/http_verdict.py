"""What an HTTP answer says of the message that was posted."""

from collections.abc import Mapping
from types import MappingProxyType

from channels.message import Outcome, Reason
from channels.wire.http_post import Answer

Verdict = tuple[Outcome, Reason | None]

_NONE: Mapping[int, Verdict] = MappingProxyType({})


def verdict(answer: Answer, own: Mapping[int, Verdict] = _NONE) -> Verdict:
    """By RFC 9110 and RFC 6585; ``own``: where a receiver's own protocol says something else.

    ============  ========  ============
    status        outcome   reason
    ============  ========  ============
    2xx           accepted
    404, 410      rejected  gone
    413           rejected  too_long
    408           retry     timeout
    429           retry     rate_limited
    5xx           retry     refused
    others        rejected  refused
    ============  ========  ============
    """
    if answer.status in own:
        return own[answer.status]
    match answer.status:
        case status if 200 <= status < 300:
            return Outcome.ACCEPTED, None
        case 404 | 410:
            return Outcome.REJECTED, Reason.GONE
        case 413:
            return Outcome.REJECTED, Reason.TOO_LONG
        case 408:
            return Outcome.RETRY, Reason.TIMEOUT
        case 429:
            return Outcome.RETRY, Reason.RATE_LIMITED
        case status if status >= 500:
            return Outcome.RETRY, Reason.REFUSED
        case _:
            return Outcome.REJECTED, Reason.REFUSED
