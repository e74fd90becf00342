"""The life of a stored proposal.

    from       act        to
    ---------  ---------  ----------
    open       submit     submitted
    submitted  return     open        (with a reason)
    submitted  approve    issued
    open       replace    superseded  (newer data say otherwise)
    submitted  replace    superseded  (only by a stronger or an ending proposal; otherwise the signature waits undisturbed)
    open       dismiss    dismissed   (a forecaster says no, with a reason)
    open       express    issued      (one signature, where a rule of the fast lane lets it; reviewed afterwards)
"""

from warning.errors import Conflict

MOVES: dict[tuple[str, str], str] = {
    ("open", "submit"): "submitted",
    ("submitted", "return"): "open",
    ("submitted", "approve"): "issued",
    ("open", "replace"): "superseded",
    ("submitted", "replace"): "superseded",
    ("open", "dismiss"): "dismissed",
    ("open", "express"): "issued",
}

_DONE = {"submit": "submitted", "return": "returned", "approve": "approved", "replace": "replaced", "dismiss": "dismissed", "express": "issued by one alone"}

LIVE = ("open", "submitted")


def move(status: str, act: str) -> str:
    """The next state; raises Conflict that says what is possible instead."""
    try:
        return MOVES[status, act]
    except KeyError:
        possible = ", ".join(a for s, a in MOVES if s == status) or "nothing"
        raise Conflict(f"a proposal that is {status} cannot be {_DONE.get(act, act)}; possible now: {possible}") from None
