"""Drafts: what somebody has filled in and not sent, so that a reload, another page, the other language or a lost connection takes nothing from anybody."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from warning.issue.hand import HandMade

MOST = 500
"""So many are kept, in this process only: what nobody has submitted is no record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """``changes`` as the form would submit them, made on this revision of the proposal; ``hand``: what is composed without one."""

    at: datetime
    revision: int = 0
    changes: Mapping[str, object] = field(default_factory=dict)
    hand: HandMade | None = None


class Drafts:
    """One per process. A draft is its account's own; nobody else is shown it."""

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str], Draft] = OrderedDict()

    def keep(self, account: str, form: str, draft: Draft) -> None:
        """``form``: the proposal's id, or the name of the page."""
        self._held[account, form] = draft
        self._held.move_to_end((account, form))
        while len(self._held) > MOST:
            self._held.popitem(last=False)

    def of(self, account: str, form: str) -> Draft | None:
        return self._held.get((account, form))

    def drop(self, account: str, form: str) -> None:
        """It was sent, or given up."""
        self._held.pop((account, form), None)
