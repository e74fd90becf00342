"""Retract in one step: the Cancel of a warning is composed, worded as a correction and submitted; another person signs it."""

from dataclasses import dataclass
from uuid import UUID

from warning.account import Account
from warning.cap import Status
from warning.errors import Conflict, Invalid
from warning.issue.hand import HandMade
from warning.issue.retract import corrected
from warning.store import board
from warning.web.parts import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraction:
    """What the second person signs; ``retracts`` is the newest version of the event."""

    proposal: UUID
    revision: int
    retracts: str


async def retract(parts: Parts, identifier: str, *, reason: str, account: Account) -> Retraction:
    """Everybody who was told any version of the event will be told. Raises NotFound, Conflict, Invalid, NotAllowed."""
    named = await board.alert(parts.database, identifier)
    newest = await board.alert(parts.database, named.newest)
    if newest.msg_type == "Cancel":
        raise Conflict(f"{identifier} was lifted by {newest.identifier}: there is nothing left to retract")
    corrected({}, reason)
    proposal = await parts.issue.compose(HandMade(
        issuer=newest.issuer, hazard=newest.hazard, event_code=newest.event_code, level=newest.level, zones=newest.zones,
        onset=parts.clock.now(), expires=newest.expires, action="cancel", polygon=newest.polygon, replaces=newest.identifier,
        note=reason.strip(), status=said(newest.status)), account=account)
    words = (await board.proposal(parts.database, proposal)).texts
    await parts.issue.submit(proposal, account=account, revision=1, changes={"texts": corrected(words, reason)})
    return Retraction(proposal=proposal, revision=2, retracts=newest.identifier)


def said(word: str) -> Status:
    """What follows a drill is a drill."""
    match word:
        case "Actual" | "Exercise" | "Test":
            return word
    raise Invalid(f"status: {word!r} is never issued, so there is nothing to retract")
