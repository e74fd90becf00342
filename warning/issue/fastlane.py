"""Fast lane: the rules by which one signature is enough to warn at once; a second person reviews it afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from warning.account import Account
from warning.level import Level

ACTIONS = ("new", "update")
"""An end is never so urgent that one person alone should say it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FastRule:
    """Which hazards in which colours who may issue alone; ``within`` is the time that the review may take."""

    hazards: tuple[str, ...]
    levels: tuple[Level, ...]
    roles: tuple[str, ...]
    within: timedelta

    def lets(self, hazard: str, level: Level, role: str) -> bool:
        return hazard in self.hazards and level in self.levels and role in self.roles


def rule_for(
    rules: Sequence[FastRule], account: Account, *, hazard: str, level: Level, action: str, status: str, ours: str
) -> FastRule | None:
    """The rule by which ``account`` may issue this alone; None = two signatures, as ever.

    Never for a script, never for an end, and never for a drill in a deployment that warns for real (``ours`` is its status): what is
    quick there is quick for the public, and a drill has all the time in the world.
    """
    if account.scripted or action not in ACTIONS or status != ours:
        return None
    return next((rule for rule in rules if rule.lets(hazard, level, account.role)), None)
