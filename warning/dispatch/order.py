"""Order: whether a claimed version may go to its recipient now, decided from what else exists for the same recipient."""

from dataclasses import dataclass
from enum import StrEnum


class Turn(StrEnum):
    SEND = "send"
    WAIT = "wait"
    SUPERSEDED = "superseded"
    NO_START = "no_start"
    EXPIRED = "expired"
    USED_UP = "used_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the claiming transaction sees for one (event, channel, recipient).

    ``newer``: a later version exists. ``reached``: an earlier version arrived, or may have. ``in_flight``: an earlier
    version is being sent this moment. ``expired``: the alert's time is over.
    ``used_up``: it was claimed far more often than its tries allow, so whoever takes it dies of it.
    """

    role: str
    newer: bool
    reached: bool
    in_flight: bool
    expired: bool
    used_up: bool = False


def turn(standing: Standing) -> Turn:
    """newest version only → never past expiry → never beside an earlier one in flight → no end without a start."""
    if standing.newer:
        return Turn.SUPERSEDED
    if standing.expired and standing.role != "end":
        return Turn.EXPIRED
    if standing.used_up:
        return Turn.USED_UP
    if standing.in_flight:
        return Turn.WAIT
    if standing.role == "end" and not standing.reached:
        return Turn.NO_START
    return Turn.SEND
