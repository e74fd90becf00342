"""Outcome: what a channel's answer, and the receipts after it, make of the persons of a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from channels.crowd import CrowdReceipt
from channels.message import Outcome, Reason, Receipt
from warning.dispatch.delivery import UNSURE, RetryPolicy, State, Step, after_receipt
from warning.dispatch.mass.sheet import Places, Sheet, among, put, words_of

_GOT = frozenset({State.ACCEPTED, State.DELIVERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """When a batch is looked at again: for what is to be tried again, and for what was never answered."""

    retry: timedelta | None
    unknown: timedelta | None
    accepted: bool


def answered(
    sheet: Sheet, at: Places, said: CrowdReceipt, *, mine: bool, now: datetime, expires: datetime, policy: RetryPolicy
) -> Waits:
    """Write a channel's answer for the persons ``at``; ``mine``: nobody has taken the batch over since it was handed out.

    A worker that lost its batch may still say what arrived, never what did not.
    """
    claimed = among(sheet, State.CLAIMED)[at] & mine
    could_arrive = among(sheet, State.CLAIMED, State.QUEUED, State.UNKNOWN)[at]
    retry: timedelta | None = None
    unknown: timedelta | None = None
    accepted = False
    for positions, receipt in _groups(said, now):
        for attempts, some in _by_tries(sheet, at, positions):
            step = after_receipt(receipt, attempts=attempts, now=now, expires=expires, policy=policy)
            allowed = (could_arrive if step.state in _GOT else claimed)[some]
            put(sheet, at[some[allowed]], step.state, (step.reason, step.evidence))
            if not step.counts:
                sheet.tries[at[some[allowed]]] -= np.uint8(1)
            accepted = accepted or (step.state in _GOT and bool(allowed.any()))
            retry, unknown = _longer(step, State.QUEUED, retry), _longer(step, State.UNKNOWN, unknown)
    return Waits(retry=retry, unknown=unknown, accepted=accepted)


def refused(n: int, reason: Reason, evidence: str) -> CrowdReceipt:
    """Nobody of the crowd can be told: the same for all."""
    return CrowdReceipt(outcomes=[Outcome.REJECTED] * n, external_ids=[""] * n, common=evidence,
                        reasons=dict.fromkeys(range(n), reason))


def unsure(n: int, outcome: Outcome, reason: Reason, evidence: str) -> CrowdReceipt:
    """The same for all: to be tried again, or never answered."""
    return CrowdReceipt(outcomes=[outcome] * n, external_ids=[""] * n, common=evidence, reasons=dict.fromkeys(range(n), reason))


def came_late(sheet: Sheet, receipts: Mapping[int, Receipt]) -> list[int]:
    """Receipts after the answer, by place; those that fitted. A settled person stays settled, but for one who may have been reached."""
    open_to = among(sheet, State.CLAIMED, State.UNKNOWN, State.ACCEPTED)
    timed_out = among(sheet, State.FAILED, State.SUPERSEDED)
    fitted = []
    groups: dict[tuple[int, State, str, str], list[int]] = {}
    for place, receipt in receipts.items():
        if not 0 <= place < len(sheet):
            continue
        if not (open_to[place] or (timed_out[place] and words_of(sheet, place)[0] in UNSURE)):
            continue
        state = State.DELIVERED if receipt.outcome is Outcome.DELIVERED else State.FAILED
        reason = receipt.reason.value if receipt.reason else ""
        groups.setdefault((int(sheet.said_by[place]), state, reason, receipt.evidence), []).append(place)
        fitted.append(place)
    for (before, state, reason, evidence), places in groups.items():
        told = "; ".join(filter(None, (sheet.said[before][1], evidence)))
        put(sheet, np.array(places), state, (reason, told))
    return fitted


def _groups(said: CrowdReceipt, now: datetime) -> list[tuple[Places, Receipt]]:
    """Positions of a crowd that were told the same, with one receipt for all of them."""
    n = len(said.outcomes)
    if not (said.reasons or said.evidence or said.waits) and said.outcomes.count(said.outcomes[0]) == n:
        return [(np.arange(n), Receipt(key="", outcome=said.outcomes[0], at=now, evidence=said.common))]
    alike: dict[tuple[Outcome, Reason | None, str, timedelta | None], list[int]] = {}
    for i, outcome in enumerate(said.outcomes):
        alike.setdefault((outcome, said.reasons.get(i), said.evidence.get(i, said.common), said.waits.get(i)), []).append(i)
    return [
        (np.array(positions), Receipt(key="", outcome=outcome, at=now, reason=reason, evidence=evidence, retry_after=wait))
        for (outcome, reason, evidence, wait), positions in alike.items()
    ]


def _by_tries(sheet: Sheet, at: Places, positions: Places) -> Sequence[tuple[int, Places]]:
    tries = sheet.tries[at[positions]]
    if tries.min() == tries.max():
        return [(int(tries[0]), positions)]
    return [(int(one), positions[tries == one]) for one in np.unique(tries)]


def _longer(step: Step, state: State, wait: timedelta | None) -> timedelta | None:
    if step.state is not state or step.wait is None:
        return wait
    return step.wait if wait is None else max(wait, step.wait)
