"""Approval: may it go out? The one predicate, asked in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from warning.account import Account, Act, acts, covers


class Refusal(StrEnum):
    NOT_SUBMITTED = "nobody has submitted it yet: a forecaster submits first"
    SAME_PERSON = "the person who submitted it may not approve it: ask a second person"
    NO_RIGHT = "this account may not approve this hazard in this area"
    CAUSE_OPEN = "the cause is still open: choose the hazard before submitting"
    OVER = "its time is over: propose it again"
    STALE = "it was changed after the page was loaded: reload and read it again"
    NO_AREA = "no zone is chosen"
    TEXTS_DIFFER = "the two languages do not say the same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What the approver is asked to sign."""

    status: str
    submitted_by: str | None
    hazard: str
    zones: tuple[str, ...]
    expires: datetime
    revision: int
    cause_open: bool
    disagreements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who, when, and what was changed since the data's own proposal; the verdict, with its reason when returned; the reach plan (JSON) as it stood.

    The verdict is ``approved`` by a second person, ``express`` by one alone (``review_by`` says when it must have been reviewed) or
    ``returned``.
    """

    submitted_by: str
    by: str
    at: datetime
    verdict: str
    reason: str
    changes: Mapping[str, object]
    scripted: bool
    reach: str = ""
    review_by: datetime | None = None


def may_go_out(submission: Submission, approver: Account, *, revision: int, now: datetime, alone: bool = False) -> Sequence[Refusal]:
    """Empty = yes. Every reason against it is named, so that the approver need not find them one by one.

    ``alone``: a rule of the fast lane lets this one signature do; everything else is asked as ever.
    """
    against: list[Refusal] = []
    if not alone and (submission.status != "submitted" or submission.submitted_by is None):
        against.append(Refusal.NOT_SUBMITTED)
    if not alone and submission.submitted_by == approver.name:
        against.append(Refusal.SAME_PERSON)
    if (
        (Act.SUBMIT if alone else Act.APPROVE) not in acts(approver)
        or (approver.hazards and submission.hazard not in approver.hazards)
        or not covers(approver, submission.zones)
    ):
        against.append(Refusal.NO_RIGHT)
    if submission.cause_open:
        against.append(Refusal.CAUSE_OPEN)
    if now >= submission.expires:
        against.append(Refusal.OVER)
    if revision != submission.revision:
        against.append(Refusal.STALE)
    if not submission.zones:
        against.append(Refusal.NO_AREA)
    if submission.disagreements:
        against.append(Refusal.TEXTS_DIFFER)
    return against
