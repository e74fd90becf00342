"""What the faces need of the parts list: narrow Protocols, so that a page can be read without knowing the desks."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from geo.zone import ZoneSet
from warning.account import Account
from warning.answer.callout import Acknowledged
from warning.clock import Clock
from warning.dispatch.subscribe import Held, OfficeSubscription, ResidentSubscription
from warning.issue.hand import HandMade
from warning.settings import Settings
from warning.store.database import Database
from warning.watch.issuer import Issuer
from warning.watch.rule import RuleSet


class Issuing(Protocol):
    """The issue desk's verbs. They check the account's rights themselves and raise NotAllowed, Conflict, NotFound, Invalid."""

    async def submit(self, proposal_id: UUID, /, *, account: Account, revision: int, changes: Mapping[str, object]) -> None: ...

    async def give_back(self, proposal_id: UUID, /, *, account: Account, reason: str) -> None: ...

    async def approve(self, proposal_id: UUID, /, *, account: Account, revision: int) -> str: ...

    async def dismiss(self, proposal_id: UUID, /, *, account: Account, reason: str) -> None: ...

    async def compose(self, hand: HandMade, /, *, account: Account) -> UUID: ...


class Dispatching(Protocol):
    async def retry(self, delivery_ids: Sequence[int], /, *, account: Account) -> int: ...


class Answering(Protocol):
    async def acknowledge(self, word: str, /, *, by: str) -> Acknowledged: ...


class Subscribing(Protocol):
    async def office(self, new: OfficeSubscription, /, *, account: Account) -> int: ...

    async def resident(self, new: ResidentSubscription, /) -> int: ...

    async def end(self, subscription_id: int, /, *, account: Account) -> None: ...

    async def of(self, account: Account, /) -> list[Held]: ...


class Counting(Protocol):
    async def counts(self, identifier: str | None = None, /) -> dict[str, dict[str, int]]: ...


class Parts(Protocol):
    """Everything that is opened once per process."""

    @property
    def settings(self) -> Settings: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def database(self) -> Database: ...

    @property
    def zones(self) -> ZoneSet: ...

    @property
    def rule_sets(self) -> Mapping[str, RuleSet]: ...

    @property
    def issuers(self) -> Mapping[str, Issuer]: ...

    @property
    def issue(self) -> Issuing: ...

    @property
    def dispatch(self) -> Dispatching: ...

    @property
    def answer(self) -> Answering: ...

    @property
    def subscriptions(self) -> Subscribing: ...

    @property
    def ledger(self) -> Counting: ...

    @property
    def push_keys(self) -> Mapping[str, str]: ...
