"""Risk notices on their way to the owners of sites. They are no warnings of an authority: no CAP, no public channel, one contact each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from channels.message import Outcome, Reason, Receipt
from channels.port import ChannelSender
from warning.account import Account, Act, acts, require
from warning.clock import Clock
from warning.dispatch.delivery import RetryPolicy, Step, after_receipt
from warning.dispatch.gate import Gates
from warning.dispatch.kind import kind_of
from warning.dispatch.risk.notice import KEY, DueNotice, message, until
from warning.errors import Invalid, NotFound

log = structlog.get_logger()

PERSON_OR_OFFICE = frozenset({"sms", "email", "webpush", "voice", "webhook", "satellite", "chat"})
"""Kinds that tell one contact. A risk notice is no warning of an authority: it goes to no public channel, whatever a site's file names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who lets a pack send, as its file stands now; it sends when both are there."""

    submitted_by: str | None
    approved_by: str | None


class RiskLedger(Protocol):
    async def due(self, *, now: datetime, lease: timedelta) -> Sequence[DueNotice]: ...

    async def settle(self, steps: Mapping[int, Step]) -> None: ...

    async def sign(self, pack: str, digest: str, *, who: str, may_approve: bool, at: datetime) -> Signature: ...

    async def withdraw(self, pack: str, *, who: str, reason: str, at: datetime) -> None: ...


class RiskDesk:
    """Runs in every worker; what is due is read from the ledger each time. ``digests``: each pack's words and numbers, by its id; ``kinds``: channel → adapter."""

    def __init__(self, ledger: RiskLedger, *, digests: Mapping[str, str], kinds: Mapping[str, str], clock: Clock, policy: RetryPolicy, gates: Gates | None = None) -> None:
        self._ledger = ledger
        self._gates = Gates() if gates is None else gates
        self._kinds = dict(kinds)
        self._digests = dict(digests)
        self._clock = clock
        self._policy = policy
        self._senders: dict[str, ChannelSender] = {}

    def attach(self, channel: str, sender: ChannelSender) -> None:
        """Give the desk a way out, under the word that sites use. A process without any sends nothing."""
        self._senders[channel] = sender

    async def send_due(self) -> int:
        """Send what waits; returns how many were handed to a channel."""
        if not self._senders:
            return 0
        found = await self._ledger.due(now=self._clock.now(), lease=self._policy.lease)
        for one in found:
            # Written down one by one: what has left is not sent again because a later one failed.
            await self._ledger.settle({one.id: after_receipt(
                await self._handed(one), attempts=one.attempts, now=self._clock.now(), expires=until(one), policy=self._gates.policy(one.channel, self._policy))})
        return len(found)

    async def _handed(self, one: DueNotice) -> Receipt:
        key = f"{KEY}{one.id}"
        sender = self._senders.get(one.channel)
        if sender is None:
            return Receipt(key=key, outcome=Outcome.RETRY, at=self._clock.now(), reason=Reason.UNREACHABLE,
                           evidence="this worker has no such channel: name it under channels: in the settings")
        kind = kind_of(one.channel, self._kinds)
        if kind not in PERSON_OR_OFFICE:
            return Receipt(key=key, outcome=Outcome.REJECTED, at=self._clock.now(), reason=Reason.REFUSED,
                           evidence=f"a risk notice goes to one contact, never to a public channel like {one.channel}: name another for the site")
        try:
            receipts = await sender.send([message(one, key, kind, sender.limits.max_chars)])
        except Exception as error:
            log.exception("a channel failed with a risk notice", channel=one.channel, error=type(error).__name__)
            return Receipt(key=key, outcome=Outcome.UNKNOWN, at=self._clock.now(), reason=Reason.TIMEOUT,
                           evidence=f"the channel failed while sending: {type(error).__name__}")
        if not receipts:
            return Receipt(key=key, outcome=Outcome.UNKNOWN, at=self._clock.now(), reason=Reason.TIMEOUT, evidence="the channel said nothing")
        return receipts[0]

    async def sign(self, pack: str, *, account: Account) -> Signature:
        """One of the two signatures under a pack; raises NotFound, NotAllowed, Conflict."""
        require(account, Act.SUBMIT)
        return await self._ledger.sign(
            pack, self._digest(pack), who=account.name, may_approve=Act.APPROVE in acts(account), at=self._clock.now())

    async def withdraw(self, pack: str, *, account: Account, reason: str) -> None:
        """One person is enough to stop a pack."""
        require(account, Act.SUBMIT)
        if not reason.strip():
            raise Invalid("reason: say why, the next person reads it")
        self._digest(pack)
        await self._ledger.withdraw(pack, who=account.name, reason=reason.strip(), at=self._clock.now())

    def _digest(self, pack: str) -> str:
        if pack not in self._digests:
            raise NotFound(f"no pack {pack!r}; there is {', '.join(self._digests) or 'none'}")
        return self._digests[pack]
