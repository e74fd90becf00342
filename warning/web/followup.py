"""Follow up what is in force: an update, a later end, the next lower colour, the end, each a proposal ready for the usual two signatures."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from warning.account import Account
from warning.errors import Conflict, Invalid
from warning.issue.changes import skipped
from warning.issue.hand import HandMade
from warning.level import Level
from warning.store import board
from warning.store.board import AlertView
from warning.watch.rule import RuleSet
from warning.web.parts import Parts
from warning.web.retract import said

EXTENSION: Final = timedelta(hours=3)
"""Proposed first; the editor changes it."""


class Follow(StrEnum):
    UPDATE = "update"
    EXTEND = "extend"
    DOWNGRADE = "downgrade"
    LIFT = "lift"
    RETRACT = "retract"


def offered(alert: AlertView, colours: Sequence[Level]) -> list[Follow]:
    """What can follow; there is nothing below the lowest colour but the end."""
    below = [Follow.DOWNGRADE] if lower(alert.level, colours) is not None else []
    return [Follow.UPDATE, Follow.EXTEND, *below, Follow.LIFT, Follow.RETRACT]


def needs_reason(how: Follow, alert: AlertView, colours: Sequence[Level]) -> bool:
    """An end that passes over a colour, and every retraction, says why before anybody signs."""
    return how is Follow.RETRACT or (how is Follow.LIFT and skipped(alert.level, None, colours))


def lower(level: Level, colours: Sequence[Level]) -> Level | None:
    """The next colour down that the hazard has; None below the lowest. Hazards without rules have all four."""
    return max((colour for colour in colours or tuple(Level) if colour < level), default=None)


def colours_of(alert: AlertView, rule_set: RuleSet | None) -> list[Level]:
    return [] if rule_set is None else sorted({rule.level for rule in rule_set.of(alert.hazard)})


def follow(alert: AlertView, how: Follow, *, colours: Sequence[Level], now: datetime, reason: str = "") -> HandMade:
    """The proposal, worded by the templates for what it does now. Raises Invalid for what cannot follow; a retraction is web/retract."""
    if alert.msg_type == "Cancel" or alert.expires <= now:
        raise Invalid(f"{alert.identifier} is over: propose it as a new warning")
    if needs_reason(how, alert, colours) and not reason.strip():
        raise Invalid("reason: say why; the second person reads it")
    level: Level | None = alert.level
    expires = alert.expires
    match how:
        case Follow.EXTEND:
            expires = alert.expires + EXTENSION
        case Follow.DOWNGRADE:
            level = lower(alert.level, colours)
        case Follow.RETRACT:
            raise Invalid("a retraction is worded as a correction: use retract")
    if level is None:
        raise Invalid(f"{alert.level.key} is the lowest colour of {alert.hazard}: lift it instead")
    return HandMade(
        issuer=alert.issuer, hazard=alert.hazard, event_code=alert.event_code, level=level, zones=alert.zones,
        onset=alert.onset if alert.onset > now else now, expires=expires, action="cancel" if how is Follow.LIFT else "update",
        polygon=alert.polygon, replaces=alert.identifier, note=reason.strip(), status=said(alert.status))


async def propose(parts: Parts, identifier: str, how: Follow, *, account: Account, reason: str = "") -> UUID:
    """Compose what follows the newest version of this alert's event. Raises NotFound, Conflict, Invalid, NotAllowed."""
    alert = await board.alert(parts.database, identifier)
    if alert.newest != identifier:
        raise Conflict(f"{identifier} was replaced by {alert.newest} meanwhile: follow that one")
    issuer = parts.issuers.get(alert.issuer)
    rule_set = None if issuer is None else parts.rule_sets.get(issuer.rule_set)
    return await parts.issue.compose(
        follow(alert, how, colours=colours_of(alert, rule_set), now=parts.clock.now(), reason=reason), account=account)
