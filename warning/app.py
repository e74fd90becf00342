"""The parts list: opens, holds and closes everything that a process needs; the only place where things are built."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial

from channels.message import Lane
from feeds.override import load as load_overrides
from geo.districts import shanghai
from warning.adapters import room_of
from warning.answer.callplan import load_call_plans
from warning.answer.desk import AnswerDesk, forms
from warning.clock import Clock
from warning.configfolder import config_file, shipped_config, tables, zones_of
from warning.dispatch.asread import Way
from warning.dispatch.broadcast import broadcasts
from warning.dispatch.delivery import RetryPolicy
from warning.dispatch.desk import DispatchDesk
from warning.dispatch.gate import Gates
from warning.dispatch.kind import ends_apart, kind_of
from warning.dispatch.mass.desk import MassDesk
from warning.dispatch.meter import Meter
from warning.dispatch.risk.desk import RiskDesk
from warning.dispatch.risk.notice import KEY as RISK_KEY
from warning.dispatch.sector import load_sectors
from warning.dispatch.word import KEY as WORD_KEY
from warning.doors import open_channels
from warning.errors import ConfigError
from warning.exchange.desk import IntakeDesk
from warning.exchange.poll import Polling
from warning.issue.consult.desk import ConsultDesk
from warning.issue.desk import IssueDesk
from warning.issue.fastlane import FastRule
from warning.keyring import partners, push_keys, signing_keys, webhook_keys
from warning.level import Level
from warning.office.desk import OfficeDesk
from warning.office.proof import ProofDesk
from warning.office.trial import KEY as TRIAL_KEY
from warning.office.trial import TrialKeeper
from warning.parts import Parts
from warning.registering import registering
from warning.response.desk import ResponseDesk
from warning.response.planfile import load_plans
from warning.response.shelter import load_shelters
from warning.roster.desk import RosterDesk
from warning.roster.reading import hazard_names
from warning.settings import Settings
from warning.store.answer import AnswerStore
from warning.store.attempts import AttemptStore
from warning.store.clock import LedgerClock
from warning.store.consult import ConsultStore
from warning.store.database import Database
from warning.store.dispatch import DispatchStore
from warning.store.drill import DrillClock
from warning.store.exchange import IntakeStore
from warning.store.feeds import FeedStore
from warning.store.issue import IssueStore
from warning.store.jobs import Jobs
from warning.store.mass import MassStore
from warning.store.migrate import migrate
from warning.store.muster import Muster
from warning.store.office import PostStore
from warning.store.partner_feeds import PartnerFeeds
from warning.store.rates import RateStore
from warning.store.reach import ReachStore
from warning.store.reseal import Reseal
from warning.store.residents import ResidentIndex
from warning.store.response import ResponseStore
from warning.store.revive import Revival
from warning.store.risk import RiskStore
from warning.store.roster import RosterStore
from warning.store.server import EmbeddedServer
from warning.store.signature import Signing
from warning.store.trials import TrialStore
from warning.store.trust import TrustStore
from warning.store.watch import WatchStore
from warning.store.witness import Witness
from warning.trust.address import Addresses, WebhookSecrets
from warning.trust.desk import TrustDesk
from warning.trust.seal import Seal
from warning.watch.desk import WatchDesk
from warning.watch.eventcode import load_event_codes
from warning.watch.issuer import chosen, load_issuers
from warning.watch.mapdata import extent_of, map_data
from warning.watch.memory import Policy
from warning.watch.ownwords import with_wordings
from warning.watch.packfile import folders, load_packs
from warning.watch.promise import Promise
from warning.watch.rule import RuleSet
from warning.watch.rulefile import load_rule_sets
from warning.watch.site import load_sites


@asynccontextmanager
async def opened(settings: Settings, *, channels: bool = True, machine: Clock | None = None) -> AsyncIterator[Parts]:
    """Everything open inside the block, everything closed after it. ``channels=False`` for a process that never sends; ``machine``: the
    clock of the machine, if it is not the system's."""
    async with AsyncExitStack() as stack:
        database = await _database(settings, stack)
        jobs = Jobs(database.url)
        clock: DrillClock | LedgerClock = DrillClock(database) if settings.clock == "drill" else LedgerClock(database, machine=machine)
        await clock.refresh()
        parts = _wire(settings, database, jobs, clock)
        await Witness(database, parts.addresses).examine()
        await parts.subscribers.seal_secrets()
        jobs.register(expand=parts.dispatch.expand, send=parts.dispatch.send, crowd=parts.mass.send)
        await jobs.open()
        stack.push_async_callback(jobs.close)
        if channels:
            await open_channels(settings, parts, stack)
        yield parts


async def renounce(settings: Settings) -> None:
    """The secret that this database was begun with is given up for the present one; nobody else may be at work. What lies under it stays unread."""
    async with AsyncExitStack() as stack:
        await Witness(await _database(settings, stack), Addresses(_secret(settings))).renew()


async def register_broadcasts(parts: Parts) -> None:
    """The one-to-many ways out of this deployment (MQTT topics per zone, public page, spool), each in the lane of its channel."""
    ours: Lane = "actual" if parts.settings.status == "Actual" else "exercise"
    lanes: tuple[Lane, ...] = ("actual", "exercise")
    for lane in lanes:
        # A deployment that warns for real may drill beside it, but only on channels of the drill's own lane, and never on its public page.
        kinds = {channel.name: channel.kind for channel in parts.settings.channels
                 if (channel.option("lane") or ours) == lane and (lane == ours or channel.kind != "page")}
        for entry in broadcasts(parts.zones, channels=kinds, lane=lane, public_url=parts.settings.public_url):
            await parts.subscribers.add(entry)


async def _database(settings: Settings, stack: AsyncExitStack) -> Database:
    url = settings.database_url
    if not url:
        server = EmbeddedServer((settings.data / "postgres").resolve())
        stack.callback(server.close)
        url = await asyncio.to_thread(server.open)
    await asyncio.to_thread(migrate, url)
    database = Database(url)
    stack.push_async_callback(database.close)
    return database


def _wire(settings: Settings, database: Database, jobs: Jobs, clock: Clock) -> Parts:
    zones = zones_of(settings)
    secret = _secret(settings)
    others = [one.get_secret_value() for one in settings.other_secrets]
    addresses, secrets_of = Addresses(secret, others=others), WebhookSecrets(secret, others=others)
    factors = Seal(secret, purpose="second factors", others=others)
    keys = signing_keys(settings)
    rule_sets = load_rule_sets(own=None if settings.config is None else settings.config / "rules")
    issuers = {issuer.code: issuer for issuer in with_wordings(
        load_issuers(config_file(settings, "issuers.yaml"), rule_sets=rule_sets), folder=(settings.config or shipped_config()) / "texts")}
    rule_sets = chosen(rule_sets, issuers.values())
    retry = settings.retry
    policy = RetryPolicy(
        max_attempts=retry.max_attempts, first_wait=timedelta(seconds=retry.first_wait_s),
        max_wait=timedelta(seconds=retry.max_wait_s), lease=timedelta(seconds=retry.lease_s),
        unknown_grace=timedelta(seconds=retry.unknown_grace_s),
    )
    hazards = sorted({rule.hazard.key for rule_set in rule_sets.values() for rule in rule_set.rules})
    plans = load_call_plans(config_file(settings, "callplans.yaml"), hazards=hazards)
    answer = AnswerDesk(
        AnswerStore(database, jobs, addresses), clock=clock, secret=secret, others=others, within=timedelta(seconds=settings.answer_within_s),
        public_url=settings.public_url,
        plans=plans, zones=zones, kinds=_kinds(settings), lanes=_lanes(settings))
    rosters = RosterDesk(
        RosterStore(database, jobs, addresses, zones=zones), clock=clock, zones=zones, channels=_kinds(settings), hazards=_hazard_names(rule_sets), ways=plans.ways(),
        freshness=plans.freshness, allow_private=settings.allow_private_targets, lane="actual" if settings.status == "Actual" else "exercise", changed=answer.renew)
    residents = ResidentIndex(database, settings.data / "residents")
    ledger = DispatchStore(database, jobs, residents, ends_apart=ends_apart(_kinds(settings)), addresses=addresses, secrets=secrets_of)
    sizes = {channel.name: channel.batch for channel in settings.channels}
    gates = Gates()
    mass = MassDesk(
        MassStore(database, jobs, addresses), Muster(database, jobs), {}, alerts=ledger.alert, clock=clock, policy=policy, sizes=sizes,
        kinds=_kinds(settings),
        fall_back_s={channel.name: channel.fall_back_after_s for channel in settings.channels if channel.fall_back_after_s is not None},
        gates=gates, flash={channel.name: channel.flash for channel in settings.channels})
    shelters = load_shelters(folders(settings.config, shipped_config(), "shelters"), real=settings.status == "Actual")
    risks = RiskStore(database, cap_status=settings.status)
    sectors = load_sectors(config_file(settings, "sectors.yaml"), hazards=hazards)
    asked = registering(
        settings, database, addresses=addresses, secrets=secrets_of, clock=clock, zones=zones, hazards=hazards, rule_sets=rule_sets, secret=secret,
        others=others, policy=policy, gates=gates, sectors=sectors)
    trials = TrialStore(database, addresses, secrets_of)
    dispatch = DispatchDesk(
        ledger, {}, mass=mass, calls=answer, clock=clock, zones=zones, policy=policy, batch_sizes=sizes, kinds=_kinds(settings),
        refuges=shelters, signed_only=settings.signing is not None and settings.signing.required, gates=gates,
        flash={channel.name: channel.flash for channel in settings.channels},
        apart={RISK_KEY: risks, WORD_KEY: asked.ledger, TRIAL_KEY: trials})
    meter = Meter()
    rates = RateStore(database, meter)
    reach = ReachStore(database, ledger, residents=residents, rates=rates, zones=zones, kinds=_kinds(settings))
    sites = load_sites(folders(settings.config, shipped_config(), "sites"), real=settings.status == "Actual")
    packs = load_packs(folders(settings.config, shipped_config(), "packs"), hazards=hazards)
    codes = load_event_codes(config_file(settings, "rules/event-codes.yaml"))
    issue = IssueDesk(
        IssueStore(database, jobs), clock=clock, zones=zones, issuers=issuers, rule_sets=rule_sets, event_codes=codes,
        cap_status=settings.status, public_url=settings.public_url, signing_keys=keys, planned=reach.planned, fast_lane=_fast_lane(settings, hazards))
    consulted = ConsultStore(database)
    overrides = load_overrides(config_file(settings, "overrides.yaml"))
    intake_ledger = IntakeStore(database, clock=clock)
    intake = IntakeDesk(intake_ledger, intake_ledger, issue, clock=clock, zones=zones, codes=codes, partners=partners(settings), status=settings.status)
    return Parts(
        settings=settings, clock=clock, database=database, jobs=jobs, zones=zones, rule_sets=rule_sets, issuers=issuers,
        watch=WatchDesk(
            WatchStore(database, cap_status=settings.status), clock=clock, zones=zones, issuers=tuple(issuers.values()),
            rule_sets=rule_sets, overrides=overrides, policy=Policy(cycles_up=settings.cycles_up, cycles_down=settings.cycles_down),
            populations={district.code: district.population_2020 for district in shanghai().districts},
            cap_status=settings.status,
            max_age=timedelta(seconds=max((feed.max_age_s for feed in settings.feeds), default=3600.0)),
            max_ages={feed.source: timedelta(seconds=feed.max_age_s) for feed in settings.feeds}, tables=tables(settings),
            overlays=settings.data / "overlays",
            risks=risks, packs=packs, sites=sites),
        response=ResponseDesk(
            ResponseStore(database, addresses, secret=secret), load_plans(config_file(settings, "response.yaml"), hazards=hazards), zones=zones, clock=clock, shelters=shelters,
            kinds=_kinds(settings), secret=secret, others=others, public_url=settings.public_url),
        shelters=shelters, packs=packs, sites=sites, risks=risks,
        risk=RiskDesk(risks, digests={pack.id: pack.digest for pack in packs}, kinds=_kinds(settings), clock=clock, policy=policy, gates=gates),
        issue=issue, consult=ConsultDesk(consulted, clock=clock), consulted=consulted, intake=intake,
        map_data=partial(map_data, overrides=overrides, tables=tables(settings), extent=extent_of(zones)),
        ways=tuple(Way(channel=one.name, kind=kind_of(one.name, _kinds(settings)), room=room_of(one)) for one in settings.channels),
        intake_ledger=intake_ledger,
        polling=Polling(PartnerFeeds(database, clock=clock), intake, allow_private=settings.allow_private_targets),
        dispatch=dispatch, mass=mass, answer=answer, rosters=rosters, ledger=ledger, residents=residents, reach=reach, meter=meter, rates=rates, push_keys=push_keys(settings), secret=secret,
        feeds=FeedStore(database, promises=_promises(settings)),
        signing=Signing(database, keys, clock=clock), signing_keys=keys,
        trust=TrustDesk(TrustStore(database, clock=clock), seal=factors, secrets=(secret, *others)),
        addresses=addresses, reseal=Reseal(database, addresses, secrets_of, factors), subscriptions=asked.subscriptions, subscribers=asked.subscribers, registration=asked.registration, words=asked.words,
        registrations=asked.ledger, revival=Revival(database, jobs),
        office=OfficeDesk(
            PostStore(database, secrets_of), trials, AttemptStore(database, jobs), asked.subscriptions, zones=zones, clock=clock, secret=secret, calls=answer),
        trials=TrialKeeper(trials, clock=clock, kinds=_kinds(settings), secret=secret, public_url=settings.public_url),
        proofs=ProofDesk(trials, rosters, clock=clock, secret=secret, alike=answer.alike, forms=forms),
        sectors=sectors, webhook_keys=webhook_keys(settings),
    )


def _promises(settings: Settings) -> list[Promise]:
    return [Promise(source=feed.source, kind=feed.kind, every=timedelta(seconds=feed.expect_every_s or feed.max_age_s)) for feed in settings.feeds]


def _fast_lane(settings: Settings, hazards: Sequence[str]) -> list[FastRule]:
    """Raises ConfigError for a hazard that no rule set has: a lane that never opens would be found out too late."""
    for rule in settings.fast_lane:
        strange = sorted(set(rule.hazards) - set(hazards))
        if strange:
            raise ConfigError(f"fast_lane: hazards: {', '.join(strange)} is none of {', '.join(hazards)}")
    return [
        FastRule(hazards=rule.hazards, levels=tuple(map(Level.of, rule.levels)), roles=rule.roles, within=timedelta(seconds=rule.review_within_s))
        for rule in settings.fast_lane]


def _lanes(settings: Settings) -> dict[str, str]:
    """The lane of each channel: its own, else that of the deployment."""
    ours = "actual" if settings.status == "Actual" else "exercise"
    return {channel.name: str(channel.option("lane") or ours) for channel in settings.channels}


def _kinds(settings: Settings) -> dict[str, str]:
    return {channel.name: channel.kind for channel in settings.channels}


def _hazard_names(rule_sets: Mapping[str, RuleSet]) -> dict[str, str]:
    return hazard_names([(hazard.key, hazard.zh, hazard.en) for rule_set in rule_sets.values() for hazard in rule_set.hazards])


def _secret(settings: Settings) -> str:
    """The deployment's own secret: from the settings, or made once and kept readable by its owner only."""
    if settings.secret.get_secret_value():
        return settings.secret.get_secret_value()
    path = settings.data / "secret"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), encoding="ascii")
    return path.read_text(encoding="ascii")
