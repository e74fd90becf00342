"""Delivery: the state of one alert version on its way to one recipient on one channel.

    from        to          on what evidence
    ----------  ----------  ---------------------------------------------------------------------
    (new)       queued      the audience was worked out
    (new)       muted       a stronger warning for the same hazard already reached this person
    (new)       muted       an end-notice whose warning goes on for this person in another event of its issuer
    queued      claimed     a worker took it in the claiming transaction (with a lease)
    queued      superseded  a newer version for the same recipient exists
    queued      muted       an end-notice whose start never arrived
    queued      muted       the call that it was sent for is answered or over
    queued      expired     its alert expired before it could be sent
    claimed     accepted    the channel's own answer (submit response, 250, 2xx, 201, PUBACK, fsync, read back)
    claimed     delivered   a handset receipt overtook the answer
    claimed     queued      the channel asks to try again, or the lease ran out (then ``maybe_twice``)
    claimed     failed      the channel refused for good, or the tries are used up
    claimed     expired     refused because its time is over
    claimed     unknown     sent, and no answer came
    claimed     superseded  its worker died and a newer version exists: it may have arrived (``newer_version_unsure``)
    unknown     queued      after a grace, tried again (``maybe_twice``)
    unknown     accepted    the answer came late
    unknown     delivered   the receipt came late
    unknown     failed      the tries are used up, or its alert expired before an answer came
    unknown     superseded  a newer version exists, and it may have arrived (``newer_version_unsure``)
    unknown     muted       the call that it was sent for is answered or over (then ``maybe_twice``)
    muted       queued      another call needs it after all
    accepted    delivered   a handset receipt (SMS only may claim the handset)
    accepted    failed      a receipt that says the handset was never reached
    superseded  delivered   the receipt came late, of one that may have arrived
    superseded  failed      a late receipt that says the handset was never reached
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from channels.message import Outcome, Reason, Receipt


class State(StrEnum):
    QUEUED = "queued"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    MUTED = "muted"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"


MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.CLAIMED, State.SUPERSEDED, State.MUTED, State.EXPIRED}),
    State.CLAIMED: frozenset(
        {State.ACCEPTED, State.DELIVERED, State.QUEUED, State.FAILED, State.EXPIRED, State.UNKNOWN, State.SUPERSEDED}
    ),
    State.UNKNOWN: frozenset({State.QUEUED, State.ACCEPTED, State.DELIVERED, State.FAILED, State.MUTED, State.SUPERSEDED}),
    State.SUPERSEDED: frozenset({State.DELIVERED, State.FAILED}),
    State.MUTED: frozenset({State.QUEUED}),
    State.ACCEPTED: frozenset({State.DELIVERED, State.FAILED}),
}

ENDED = frozenset(set(State) - {State.QUEUED, State.CLAIMED, State.UNKNOWN})
"""States in which nothing more is owed to the recipient (accepted counts: a receipt may or may not follow)."""

REACHED = frozenset({State.ACCEPTED, State.DELIVERED})

SKIPPED, SKIPPED_UNSURE = "skipped", "skipped_unsure"
"""The reasons of a failure that an operator has settled: no channel says them, they are a person's decision (store/skip)."""

REPLACED, REPLACED_UNSURE = "newer_version", "newer_version_unsure"
"""The reasons of what a newer version supersedes; unsure: it was on the wire, and no answer came before."""

MAY_HAVE_LEFT = (Reason.TIMEOUT.value, Reason.BROKEN_REPLY.value)
"""Reasons for which a channel asks to try again and cannot say that it did not leave: a second try is marked."""

UNSURE = (*MAY_HAVE_LEFT, SKIPPED_UNSURE, REPLACED_UNSURE)
"""Reasons of what waits, failed or was superseded though its message may have arrived: its end is owed, and a late receipt counts."""

NEXT_STEP = {
    Reason.BAD_ADDRESS: "correct the address of the subscription",
    Reason.GONE: "the endpoint is gone for good: ask the subscriber to register again",
    Reason.TOO_LONG: "shorten the text and send an update",
    Reason.EXPIRED: "nothing: the warning was over; look why the channel was late",
    Reason.RATE_LIMITED: "lower the rate of this route or add a second one",
    Reason.UNREACHABLE: "check the gateway, then press retry; use another channel meanwhile",
    Reason.TIMEOUT: "check the gateway's load, then press retry",
    Reason.REFUSED: "read the evidence, correct the route's account or contract",
    Reason.WRONG_LANE: "a drill met a public address: correct the subscription's lane",
    Reason.UNSIGNED: "the document has no signature yet: look at signing: in the settings; it is sent by itself once it is signed",
    Reason.BROKEN_REPLY: "the peer answered outside its protocol: call its operator",
}


_MOST_DOUBLINGS = 20
"""A million times the first wait: beyond it only a timedelta would overflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long a channel is tried; waits double from ``first_wait``.

    ``patient``: what could not leave at all (unreachable) uses up no try and waits until its warning is over.
    """

    max_attempts: int = 8
    first_wait: timedelta = timedelta(seconds=2)
    max_wait: timedelta = timedelta(seconds=60)
    unknown_grace: timedelta = timedelta(seconds=20)
    lease: timedelta = timedelta(seconds=60)
    patient: bool = False

    @property
    def most_claims(self) -> int:
        """How often one delivery may be taken up without an answer before whoever takes it is thought to die of it."""
        return 2 * self.max_attempts

    def wait(self, attempts: int) -> timedelta:
        """The pause after the ``attempts``-th try (1-based)."""
        doublings = min(max(attempts - 1, 0), _MOST_DOUBLINGS)
        return min(self.first_wait * int(1 << doublings), self.max_wait)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a receipt makes of a claimed delivery. ``counts``: the try is one of those that it has; else it is given back."""

    state: State
    reason: str
    evidence: str
    external_id: str
    wait: timedelta | None = None
    attempts: int = 0
    seconds: float | None = None
    counts: bool = True


def after_receipt(receipt: Receipt, *, attempts: int, now: datetime, expires: datetime, policy: RetryPolicy) -> Step:
    """The move that one receipt allows; ``attempts`` counts the try that it answers."""
    reason = receipt.reason.value if receipt.reason else ""
    patient = policy.patient and receipt.outcome is Outcome.RETRY and receipt.reason is Reason.UNREACHABLE
    used_up = attempts >= policy.max_attempts and not patient
    over = now >= expires
    match receipt.outcome:
        case Outcome.ACCEPTED:
            state, wait = State.ACCEPTED, None
        case Outcome.DELIVERED:
            state, wait = State.DELIVERED, None
        case Outcome.REJECTED:
            state, wait = (State.EXPIRED if receipt.reason is Reason.EXPIRED else State.FAILED), None
        case Outcome.RETRY:
            if over:
                state, wait = State.EXPIRED, None
            elif used_up:
                state, wait = State.FAILED, None
            else:
                # Who asks for a pause gets it, up to our longest: a warning cannot wait for an hour because a peer says so.
                state, wait = State.QUEUED, max(policy.wait(attempts), min(receipt.retry_after or timedelta(), policy.max_wait))
        case Outcome.UNKNOWN:
            state, wait = (State.FAILED, None) if used_up else (State.UNKNOWN, policy.unknown_grace)
    return Step(state=state, reason=reason, evidence=receipt.evidence, external_id=receipt.external_id, wait=wait,
                attempts=attempts, seconds=receipt.seconds, counts=not patient)
