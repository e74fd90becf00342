"""Registering: the parts by which offices and residents say what they want, and by which a resident is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from channels.message import Lane
from geo.zone import ZoneSet
from warning.clock import Clock
from warning.dispatch.delivery import RetryPolicy
from warning.dispatch.gate import Gates
from warning.dispatch.registration import RegistrationDesk
from warning.dispatch.sector import Sector
from warning.dispatch.subscribe import SubscriptionDesk
from warning.dispatch.word import WordDesk
from warning.settings import Settings
from warning.store.database import Database
from warning.store.registration import RegistrationStore
from warning.store.subscribe import SubscriptionStore
from warning.trust.address import Addresses, WebhookSecrets
from warning.watch.rule import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Registering:
    """``subscribers`` and ``ledger`` are what the clock's ticks ask: to seal what lies open, to forget what is over."""

    subscriptions: SubscriptionDesk
    registration: RegistrationDesk
    words: WordDesk
    subscribers: SubscriptionStore
    ledger: RegistrationStore


def registering(
    settings: Settings, database: Database, *, addresses: Addresses, secrets: WebhookSecrets, clock: Clock, zones: ZoneSet, hazards: Sequence[str],
    rule_sets: Mapping[str, RuleSet], secret: str, others: Sequence[str], policy: RetryPolicy, gates: Gates, sectors: Mapping[str, Sector],
) -> Registering:
    """Nothing is opened: the workers attach their channels to ``words``."""
    kinds = {channel.name: channel.kind for channel in settings.channels}
    lane: Lane = "actual" if settings.status == "Actual" else "exercise"
    names = {hazard.key: (hazard.zh, hazard.en) for rule_set in rule_sets.values() for hazard in rule_set.hazards}
    subscribers, ledger = SubscriptionStore(database, addresses, secrets), RegistrationStore(database, addresses)
    subscriptions = SubscriptionDesk(
        subscribers, zones=zones, clock=clock, hazards=hazards, channels=kinds, allow_private=settings.allow_private_targets, lane=lane,
        sectors=sectors)
    return Registering(
        subscriptions=subscriptions, subscribers=subscribers, ledger=ledger,
        registration=RegistrationDesk(
            ledger, subscriptions, secret=secret, others=others, clock=clock, zones=zones, hazards=names, kinds=kinds, public_url=settings.public_url, lane=lane),
        words=WordDesk(ledger, kinds=kinds, clock=clock, policy=policy, gates=gates))
