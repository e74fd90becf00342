"""The parts list of a process: what a face or a worker is handed. Built in app.py, and only there."""


from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from geo.zone import ZoneSet
from warning.answer.desk import AnswerDesk
from warning.clock import Clock
from warning.dispatch.asread import Way
from warning.dispatch.desk import DispatchDesk
from warning.dispatch.mass.desk import MassDesk
from warning.dispatch.meter import Meter
from warning.dispatch.registration import RegistrationDesk
from warning.dispatch.risk.desk import RiskDesk
from warning.dispatch.sector import Sector
from warning.dispatch.subscribe import SubscriptionDesk
from warning.dispatch.word import WordDesk
from warning.exchange.desk import IntakeDesk
from warning.exchange.poll import Polling
from warning.issue.consult.desk import ConsultDesk
from warning.issue.desk import IssueDesk
from warning.office.desk import OfficeDesk
from warning.office.proof import ProofDesk
from warning.office.trial import TrialKeeper
from warning.response.desk import ResponseDesk
from warning.response.shelter import Shelters
from warning.roster.desk import RosterDesk
from warning.settings import Settings
from warning.signature import SigningKey
from warning.store.consult import ConsultStore
from warning.store.database import Database
from warning.store.dispatch import DispatchStore
from warning.store.exchange import IntakeStore
from warning.store.feeds import FeedStore
from warning.store.jobs import Jobs
from warning.store.rates import RateStore
from warning.store.reach import ReachStore
from warning.store.registration import RegistrationStore
from warning.store.reseal import Reseal
from warning.store.residents import ResidentIndex
from warning.store.revive import Revival
from warning.store.risk import RiskStore
from warning.store.signature import Signing
from warning.store.subscribe import SubscriptionStore
from warning.trust.address import Addresses
from warning.trust.desk import TrustDesk
from warning.watch.desk import WatchDesk
from warning.watch.issuer import Issuer
from warning.watch.mapdata import MapData
from warning.watch.pack import Pack
from warning.watch.rule import RuleSet
from warning.watch.site import Site

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Parts:
    """What a face or a worker is handed. Never spelled out: it holds every zone, and the secret."""

    settings: Settings
    clock: Clock
    database: Database
    jobs: Jobs
    zones: ZoneSet
    rule_sets: Mapping[str, RuleSet]
    issuers: Mapping[str, Issuer]
    watch: WatchDesk
    issue: IssueDesk
    dispatch: DispatchDesk
    mass: MassDesk
    answer: AnswerDesk
    rosters: RosterDesk
    subscriptions: SubscriptionDesk
    subscribers: SubscriptionStore
    registration: RegistrationDesk
    registrations: RegistrationStore
    words: WordDesk
    revival: Revival
    addresses: Addresses
    reseal: Reseal
    ledger: DispatchStore
    residents: ResidentIndex
    reach: ReachStore
    meter: Meter
    rates: RateStore
    push_keys: Mapping[str, str]
    trust: TrustDesk
    secret: str
    feeds: FeedStore
    signing: Signing
    consult: ConsultDesk
    ways: Sequence[Way]
    map_data: Callable[[Path, str], MapData]
    consulted: ConsultStore
    intake: IntakeDesk
    intake_ledger: IntakeStore
    polling: Polling
    signing_keys: Sequence[SigningKey]
    packs: Sequence[Pack]
    sites: Sequence[Site]
    response: ResponseDesk
    shelters: Shelters
    risk: RiskDesk
    risks: RiskStore
    office: OfficeDesk
    trials: TrialKeeper
    proofs: ProofDesk
    sectors: Mapping[str, Sector]
    webhook_keys: Sequence[str]
