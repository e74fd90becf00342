"""Proof: a test message to somebody on the roster; the answer is the last proof that he is reached by this contact."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

from warning.account import Account, Act, require
from warning.answer.call import says_yes, token, token_hash
from warning.clock import Clock
from warning.errors import Conflict, TooMany
from warning.office.work import Trial
from warning.roster.desk import own
from warning.roster.gap import Gap, GapKind

TESTED = (GapKind.UNPROVED, GapKind.AGEING)
"""Gaps that a test message can mend."""
MOST_AN_HOUR = 200
"""Tests of contacts that one account may ask for."""


class ProofLedger(Protocol):
    async def ask_contact(self, contact_id: int, trial_id: UUID, token_hash: str, *, by: str, at: datetime) -> None: ...

    async def latest(self, contact_ids: Sequence[int]) -> dict[int, Trial]: ...

    async def answer_by_person(self, channels: Sequence[str], forms: Sequence[str], *, at: datetime) -> str | None: ...


class Contacts(Protocol):
    """The roster desk's door: who may test whom, and who should be."""

    async def reaches(self, contact_id: int, *, account: Account) -> None: ...

    async def gaps(self, account: Account, *, lane: str = "") -> list[Gap]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """``held_back``: contacts that were left out (called for a warning now, or tested just now), with the reason."""

    asked: tuple[int, ...]
    held_back: tuple[tuple[int, str], ...]


class ProofDesk:
    """Tests are asked for here and sent by the workers, as an office's own are (see office/trial)."""

    def __init__(
        self, ledger: ProofLedger, contacts: Contacts, *, clock: Clock, secret: str, alike: Callable[[str], Sequence[str]],
        forms: Callable[[str], Sequence[str]],
    ) -> None:
        """``alike``: the channels on which a reply of one channel may come in; ``forms``: in which a gateway may give an address."""
        self._ledger = ledger
        self._contacts = contacts
        self._clock = clock
        self._secret = secret
        self._alike = alike
        self._forms = forms

    async def test(self, contact_id: int, *, account: Account) -> UUID:
        """Ask for a test message to this contact. Raises NotAllowed, NotFound, Conflict (he is called for a warning now), TooMany."""
        await self._contacts.reaches(contact_id, account=account)
        trial_id = uuid4()
        await self._ledger.ask_contact(contact_id, trial_id, token_hash(token(self._secret, trial_id)), by=account.name, at=self._clock.now())
        return trial_id

    async def test_all(self, account: Account, *, lane: str = "") -> Sent:
        """A test to every contact of the account's area whose proof is missing, too old or soon too old, as far as the hour's number allows.

        Who has not been tested for longest comes first.
        """
        require(account, Act.SUBSCRIBE)
        own(account)
        wanted = dict.fromkeys(gap.contact_id for gap in await self._contacts.gaps(account, lane=lane) if gap.kind in TESTED)
        before = await self._ledger.latest(list(wanted))
        longest = sorted(wanted, key=lambda one: before[one].asked_at.timestamp() if one in before else 0.0)
        asked: list[int] = []
        held = [(one, f"more than {MOST_AN_HOUR} at once: ask again in an hour") for one in longest[MOST_AN_HOUR:]]
        for contact_id in longest[:MOST_AN_HOUR]:
            try:
                await self.test(contact_id, account=account)
                asked.append(contact_id)
            except (Conflict, TooMany) as error:
                held.append((contact_id, str(error)))
        return Sent(asked=tuple(asked), held_back=tuple(held))

    async def latest(self, contact_ids: Sequence[int], *, account: Account) -> dict[int, Trial]:
        """The newest test of each of these contacts, of the account's own area."""
        own(account)
        return await self._ledger.latest(contact_ids)

    async def reply(self, channel: str, address: str, words: str) -> str | None:
        """A yes that no open call was waiting for: the answer to a test of the last hour. The name of whoever it proves; None = it was none."""
        if not says_yes(words):
            return None
        return await self._ledger.answer_by_person(self._alike(channel), self._forms(address), at=self._clock.now())
