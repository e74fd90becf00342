"""The answer desk: opens callouts, takes acknowledgements, and escalates what passed its deadline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

from warning.answer.callout import Acknowledged, Callout, token, token_hash
from warning.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A callout to be opened for one subscription."""

    id: UUID
    token_hash: str
    subscription_id: int
    post: str
    deadline: datetime


class AnswerLedger(Protocol):
    async def open(self, identifier: str, openings: Sequence[Opening], *, at: datetime) -> dict[int, UUID]: ...

    async def answer(self, token_hash: str, *, by: str, at: datetime) -> Acknowledged: ...

    async def overdue(self, *, at: datetime) -> list[Callout]: ...

    async def board(self, identifier: str | None) -> list[Callout]: ...


class AnswerDesk:
    """Deadlines are database facts: a restart forgets none of them."""

    def __init__(self, ledger: AnswerLedger, *, clock: Clock, secret: str, within: timedelta, public_url: str) -> None:
        self._ledger = ledger
        self._clock = clock
        self._secret = secret
        self._within = within
        self._public_url = public_url.rstrip("/")

    async def call(self, identifier: str, posts: Sequence[tuple[int, str]]) -> dict[int, str]:
        """Open (or find again) a callout for each (subscription id, post name); returns each one's answer link."""
        now = self._clock.now()
        openings = []
        for subscription_id, post in posts:
            new_id = uuid4()
            openings.append(Opening(
                id=new_id, token_hash=token_hash(token(self._secret, new_id)), subscription_id=subscription_id, post=post,
                deadline=now + self._within,
            ))
        ids = await self._ledger.open(identifier, openings, at=now)
        return {key: f"{self._public_url}/api/ack/{token(self._secret, value)}" for key, value in ids.items()}

    async def acknowledge(self, word: str, *, by: str) -> Acknowledged:
        """Raises NotFound for a token that is none, Conflict when it was used or its event has ended."""
        return await self._ledger.answer(token_hash(word), by=by, at=self._clock.now())

    async def escalate(self) -> list[Callout]:
        """Mark what passed its deadline as overdue and name the next post; safe to call as often as one likes."""
        return await self._ledger.overdue(at=self._clock.now())

    async def board(self, identifier: str | None = None) -> list[Callout]:
        """Who has answered, who not, and since when."""
        return await self._ledger.board(identifier)
