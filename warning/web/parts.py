"""What the faces need of the parts list: narrow Protocols, so that a page can be read without knowing the desks."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

from geo.zone import ZoneSet
from warning.account import Account, Act
from warning.answer.call import Acknowledged, Call
from warning.clock import Clock
from warning.dispatch.asread import Way
from warning.dispatch.plan import Draft, Rate, ReachPlan
from warning.dispatch.registration import Asked, Proven
from warning.dispatch.risk.desk import Signature
from warning.dispatch.saying import PlaceHeld
from warning.dispatch.sector import Sector
from warning.dispatch.subscribe import Held, OfficeSubscription, ResidentSubscription
from warning.exchange.work import How, Partner, Taken
from warning.issue.consult.work import Note, Review, Verdict
from warning.issue.hand import HandMade
from warning.issue.look import Look
from warning.issue.work import NewAlert
from warning.level import Level
from warning.office.desk import OfficeDesk
from warning.office.proof import Sent
from warning.office.work import Trial
from warning.response.shelter import Shelters
from warning.response.state import Response
from warning.roster.desk import Change
from warning.roster.gap import Gap
from warning.roster.post import Post
from warning.roster.reading import Reading
from warning.roster.score import Score
from warning.settings import Settings
from warning.signature import SigningKey
from warning.store.database import Database
from warning.store.reach import Compared, Noise
from warning.store.risk import RiskStore
from warning.trust.desk import Opened
from warning.trust.work import AdminAct, AdminRequest, Key, OpenSession
from warning.watch.issuer import Issuer
from warning.watch.mapdata import MapData
from warning.watch.pack import Pack
from warning.watch.promise import Standing
from warning.watch.rule import RuleSet
from warning.watch.site import Site


class Issuing(Protocol):
    """The issue desk's verbs. They check the account's rights themselves and raise NotAllowed, Conflict, NotFound, Invalid."""

    async def submit(self, proposal_id: UUID, /, *, account: Account, revision: int, changes: Mapping[str, object]) -> None: ...

    async def give_back(self, proposal_id: UUID, /, *, account: Account, reason: str) -> None: ...

    async def approve(self, proposal_id: UUID, /, *, account: Account, revision: int, status: str | None = None) -> str: ...

    async def express(
        self, proposal_id: UUID, /, *, account: Account, revision: int, changes: Mapping[str, object], status: str | None = None
    ) -> str: ...

    async def dismiss(self, proposal_id: UUID, /, *, account: Account, reason: str) -> None: ...

    async def compose(self, hand: HandMade, /, *, account: Account) -> UUID: ...

    async def preview(self, proposal_id: UUID, /) -> NewAlert: ...

    async def look(self, proposal_id: UUID, /, *, changes: Mapping[str, object] | None = None) -> Look: ...

    async def look_by_hand(self, hand: HandMade, /, *, account: Account) -> Look: ...

    def fast(self, hazard: str, level: Level, /, *, action: str, status: str, account: Account) -> bool: ...


class Consulting(Protocol):
    """Notes on proposals, and reviews after the fast lane."""

    async def say(self, proposal_id: UUID, /, *, text: str, account: Account) -> Note: ...

    async def review(self, identifier: str, /, *, verdict: Verdict, remark: str, account: Account) -> None: ...


class Consulted(Protocol):
    async def about(self, proposal_id: UUID, /) -> tuple[str, tuple[str, ...]]: ...

    async def notes(self, proposals: Sequence[UUID], /) -> Mapping[UUID, tuple[Note, ...]]: ...

    async def owed(self) -> list[Review]: ...


class Rating(Protocol):
    async def rates(self) -> Mapping[str, Rate]: ...


class Reaching(Protocol):
    """Who will be reached by when, and who was."""

    async def plan(self, draft: Draft, /, *, now: datetime) -> ReachPlan: ...

    async def compared(self, identifier: str, /) -> Compared: ...

    async def noise(self, zones: Sequence[str], /, *, lane: str, now: datetime) -> list[Noise]: ...


class Dispatching(Protocol):
    async def retry(self, delivery_ids: Sequence[int], /, *, crowd_ids: Sequence[int] = (), account: Account) -> int: ...

    async def skip(
        self, delivery_ids: Sequence[int], /, *, crowd_ids: Sequence[int] = (), only: str = ..., reason: str, account: Account
    ) -> int: ...


class Answering(Protocol):
    async def acknowledge(self, word: str, /, *, by: str) -> Acknowledged: ...

    async def enter(self, call_id: UUID, /, *, by: str, note: str = ..., account: Account) -> Acknowledged: ...

    async def board(self, identifier: str | None = ..., /, *, open_only: bool = ...) -> list[Call]: ...


class Rostering(Protocol):
    """The roster desk; every verb shows or takes what is of the account's own area."""

    async def bring(
        self, files: Sequence[tuple[str, bytes]], /, *, account: Account, dry_run: bool = ..., whole: bool = ..., lane: str = ...,
    ) -> tuple[Reading, Change]: ...

    async def posts(self, account: Account, /, *, lane: str = ...) -> list[Post]: ...

    async def gaps(self, account: Account, /, *, lane: str = ...) -> list[Gap]: ...

    async def scores(self, account: Account, /, *, lane: str = ...) -> list[Score]: ...

    async def export(self, account: Account, /, *, lane: str = ...) -> bytes: ...

    async def prove(self, contact_id: int, /, *, how: str, account: Account) -> None: ...

    async def reaches(self, contact_id: int, /, *, account: Account) -> None: ...


class Proving(Protocol):
    """Test messages to people on the roster."""

    async def test(self, contact_id: int, /, *, account: Account) -> UUID: ...

    async def test_all(self, account: Account, /, *, lane: str = ...) -> Sent: ...

    async def latest(self, contact_ids: Sequence[int], /, *, account: Account) -> Mapping[int, Trial]: ...


class Subscribing(Protocol):
    async def office(self, new: OfficeSubscription, /, *, account: Account) -> int: ...

    async def end(self, subscription_id: int, /, *, account: Account) -> None: ...

    async def of(self, account: Account, /) -> list[Held]: ...


class Registering(Protocol):
    """A resident's own doors: a code proves the address, a word opens what is registered for it."""

    async def ask(self, new: ResidentSubscription, /) -> Asked | int: ...

    async def confirm(self, request: UUID, /, *, code: str, next_code: str = ...) -> Proven: ...

    async def places(self, word: str, /) -> list[PlaceHeld]: ...

    async def end(self, word: str, place: int, /) -> list[PlaceHeld]: ...

    async def places_of_browser(self, channel: str, address: str, /) -> list[PlaceHeld]: ...

    async def end_of_browser(self, channel: str, address: str, place: int, /) -> list[PlaceHeld]: ...


class Trusting(Protocol):
    """Log-in, sessions, second factors, keys, admin acts by two."""

    async def log_in(self, name: str, password: str, code: str, /, *, client: str, peer: str) -> Opened: ...

    async def log_in_with_token(self, token: str, /, *, client: str, peer: str) -> Opened: ...

    async def log_in_as(self, name: str, /, *, client: str) -> Opened: ...

    async def who(self, token: str, /) -> Account | None: ...

    async def ended(self, token: str, /) -> bool: ...

    async def log_out(self, token: str, /) -> None: ...

    async def sessions(self, account: Account, /) -> list[OpenSession]: ...

    async def end_other_sessions(self, account: Account, /, *, token: str) -> int: ...

    async def change_password(self, account: Account, /, *, old: str, new: str, token: str, peer: str) -> None: ...

    async def has(self, account: Account, /) -> tuple[bool, bool]: ...

    async def begin_factor(self, account: Account, /) -> str: ...

    async def confirm_factor(self, account: Account, code: str, /, *, peer: str) -> None: ...

    async def make_key(self, account: Account, /, *, label: str, scopes: Sequence[Act], days: int = ...) -> str: ...

    async def keys(self, account: Account, /) -> list[Key]: ...

    async def end_key(self, account: Account, key_id: UUID, /) -> None: ...

    async def ask(self, act: AdminAct, new: Account, /, *, account: Account) -> UUID: ...

    async def waiting(self, *, account: Account) -> list[AdminRequest]: ...

    async def decide(self, request_id: UUID, /, *, account: Account, confirmed: bool) -> str | None: ...


class Taking(Protocol):
    """The intake desk."""

    def partner(self, token_hash: str, /) -> Partner | None: ...

    async def take(self, document: bytes, partner: Partner, /, *, how: How, national: bool = ...) -> Taken: ...


class Arrived(Protocol):
    async def newest(self, *, limit: int) -> list[tuple[str, datetime, Taken]]: ...


class Responding(Protocol):
    """Responses that warnings have opened, and their duties."""

    @property
    def unconfirmed(self) -> frozenset[str]: ...

    async def responses(self, account: Account, /, *, closed: bool = ...) -> list[Response]: ...

    async def response(self, response_id: UUID, /, *, account: Account) -> Response: ...

    async def acknowledge(self, response_id: UUID, duty_id: int, /, *, account: Account) -> None: ...

    async def tick(self, response_id: UUID, duty_id: int, check: int, /, *, account: Account) -> None: ...

    async def done(self, response_id: UUID, duty_id: int, /, *, account: Account, remark: str = ...) -> None: ...

    async def close(self, response_id: UUID, /, *, account: Account, reason: str) -> None: ...


class Risking(Protocol):
    async def sign(self, pack: str, /, *, account: Account) -> Signature: ...

    async def withdraw(self, pack: str, /, *, account: Account, reason: str) -> None: ...


class Counting(Protocol):
    async def counts(self, identifier: str | None = None, /) -> dict[str, dict[str, int]]: ...


class Hearing(Protocol):
    async def standings(self, *, now: datetime) -> list[Standing]: ...


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
    def consult(self) -> Consulting: ...

    @property
    def consulted(self) -> Consulted: ...

    @property
    def ways(self) -> Sequence[Way]: ...

    @property
    def map_data(self) -> Callable[[Path, str], MapData]: ...

    @property
    def dispatch(self) -> Dispatching: ...

    @property
    def answer(self) -> Answering: ...

    @property
    def rosters(self) -> Rostering: ...

    @property
    def proofs(self) -> Proving: ...

    @property
    def subscriptions(self) -> Subscribing: ...

    @property
    def registration(self) -> Registering: ...

    @property
    def ledger(self) -> Counting: ...

    @property
    def reach(self) -> Reaching: ...

    @property
    def rates(self) -> Rating: ...

    @property
    def trust(self) -> Trusting: ...

    @property
    def intake(self) -> Taking: ...

    @property
    def intake_ledger(self) -> Arrived: ...

    @property
    def signing_keys(self) -> Sequence[SigningKey]: ...

    @property
    def secret(self) -> str: ...

    @property
    def feeds(self) -> Hearing: ...

    @property
    def push_keys(self) -> Mapping[str, str]: ...

    @property
    def packs(self) -> Sequence[Pack]: ...

    @property
    def sites(self) -> Sequence[Site]: ...

    @property
    def response(self) -> Responding: ...

    @property
    def shelters(self) -> Shelters: ...

    @property
    def risk(self) -> Risking: ...

    @property
    def risks(self) -> RiskStore: ...

    @property
    def office(self) -> OfficeDesk: ...

    @property
    def sectors(self) -> Mapping[str, Sector]: ...

    @property
    def webhook_keys(self) -> Sequence[str]: ...
