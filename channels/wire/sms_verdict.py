"""Verdict: what the answers to the parts of a message, and its reports, say of the whole."""

from collections.abc import Callable, Mapping, Sequence

from channels.message import Outcome, Reason
from channels.wire.load import HELD_BACK, NO_ANSWER
from channels.wire.part_reports import DELIVERED

_FINAL_STATES = {"EXPIRED": Reason.EXPIRED, "UNDELIV": Reason.UNREACHABLE}

Faults = Mapping[int, tuple[Outcome, Reason]]


def verdict(statuses: Sequence[int], faults: Faults) -> tuple[Outcome, Reason | None]:
    """What the answers to the parts say of the whole message.

    ====================================  =======================================================
    every part accepted                   ACCEPTED
    a part refused for good               REJECTED with its reason
    a part refused for now, or held back  RETRY with its reason
    a part not sent                       RETRY, UNREACHABLE (the handset cannot have all of it)
    a part sent and never answered        UNKNOWN, TIMEOUT
    ====================================  =======================================================
    """
    refused = [faults.get(s, (Outcome.REJECTED, Reason.REFUSED)) for s in statuses if s > 0]
    for outcome in (Outcome.REJECTED, Outcome.RETRY):
        for fault in refused:
            if fault[0] is outcome:
                return fault
    if HELD_BACK in statuses:
        return Outcome.RETRY, Reason.RATE_LIMITED
    if not any(statuses):
        return Outcome.ACCEPTED, None
    if all(s in (0, NO_ANSWER) for s in statuses):
        return Outcome.UNKNOWN, Reason.TIMEOUT
    return Outcome.RETRY, Reason.UNREACHABLE


def evidence(statuses: Sequence[int], said: Callable[[int], str]) -> str:
    """The answers in words, equal ones counted; ``said`` words a gateway's status."""
    found: dict[str, int] = {}
    for status in statuses:
        word = (said(status) if status >= 0 else f"no {said(0).split()[0]}" if status == NO_ANSWER
                else "held back after throttling" if status == HELD_BACK else "not sent")
        found[word] = found.get(word, 0) + 1
    return ", ".join(word if count == 1 else f"{word} ×{count}" for word, count in found.items())


def final(stat: str) -> tuple[Outcome, Reason | None]:
    """What the state in a report says."""
    stat = stat.partition("/")[0]  # behind it: the network's own code
    if stat == DELIVERED:
        return Outcome.DELIVERED, None
    if stat in ("UNKNOWN", ""):
        return Outcome.UNKNOWN, None
    return Outcome.REJECTED, _FINAL_STATES.get(stat, Reason.REFUSED)
