"""The parts list: opens, holds and closes everything that a process needs; the only place where things are built."""

import asyncio
import importlib
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from channels.message import Lane, Outcome, Receipt, Reply, Reports
from channels.port import ChannelSender, Doors
from feeds.override import load as load_overrides
from feeds.payload import Source
from feeds.table import Tables
from geo.districts import shanghai
from geo.shanghai import shanghai_zones
from geo.zone import ZoneSet
from geo.zonefile import ZoneProperties, load_zones
from warning.answer.desk import AnswerDesk
from warning.beats import beats
from warning.clock import Clock, SystemClock
from warning.dispatch.broadcast import broadcasts
from warning.dispatch.delivery import RetryPolicy
from warning.dispatch.desk import DispatchDesk
from warning.dispatch.gate import Gates
from warning.dispatch.kind import ends_apart, kind_of
from warning.dispatch.mass.desk import MassDesk
from warning.dispatch.meter import Meter, metered
from warning.dispatch.pulse import KEY as PULSE_KEY
from warning.dispatch.pulse import PulseKeeper
from warning.dispatch.risk import KEY as RISK_KEY
from warning.dispatch.risk import RiskDesk
from warning.dispatch.routekeeper import RouteKeeper
from warning.dispatch.routes import Route, RoutedSender
from warning.dispatch.subscribe import SubscriptionDesk
from warning.errors import ConfigError, Conflict, NotFound
from warning.exchange.desk import IntakeDesk
from warning.exchange.poll import Polling
from warning.issue.desk import IssueDesk
from warning.keyring import partners, push_keys, signing_keys
from warning.settings import ChannelSettings, FeedSettings, Settings
from warning.signature import SigningKey
from warning.store.answer import AnswerStore
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
from warning.store.pulses import PulseStore
from warning.store.rates import RateStore
from warning.store.reach import ReachStore
from warning.store.residents import ResidentIndex
from warning.store.risk import RiskStore
from warning.store.routes import RouteStore
from warning.store.server import EmbeddedServer
from warning.store.signature import Signing
from warning.store.subscribe import SubscriptionStore
from warning.store.trust import TrustStore
from warning.store.watch import WatchStore
from warning.trust.desk import TrustDesk
from warning.watch.desk import WatchDesk
from warning.watch.eventcode import load_event_codes
from warning.watch.issuer import Issuer, load_issuers
from warning.watch.memory import Policy
from warning.watch.pack import Pack
from warning.watch.packfile import folders, load_packs
from warning.watch.promise import Promise
from warning.watch.rule import RuleSet
from warning.watch.rulefile import load_rule_sets
from warning.watch.site import Site, load_sites

log = structlog.get_logger()


_NO_DELIVERY = (PULSE_KEY, RISK_KEY)
"""How keys begin that are no delivery's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a face or a worker is handed."""

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
    subscriptions: SubscriptionDesk
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
    intake: IntakeDesk
    intake_ledger: IntakeStore
    polling: Polling
    signing_keys: Sequence[SigningKey]
    packs: Sequence[Pack]
    sites: Sequence[Site]
    risk: RiskDesk
    risks: RiskStore


@asynccontextmanager
async def opened(settings: Settings, *, channels: bool = True) -> AsyncIterator[Parts]:
    """Everything open inside the block, everything closed after it. ``channels=False`` for a process that never sends."""
    async with AsyncExitStack() as stack:
        url = settings.database_url
        if not url:
            server = EmbeddedServer((settings.data / "postgres").resolve())
            url = await asyncio.to_thread(server.open)
            stack.callback(server.close)
        await asyncio.to_thread(migrate, url)
        database = Database(url)
        stack.push_async_callback(database.close)
        jobs = Jobs(url)
        clock: Clock = SystemClock()
        if settings.clock == "drill":
            drill = DrillClock(database)
            await drill.refresh()
            clock = drill
        parts = _wire(settings, database, jobs, clock)
        jobs.register(expand=parts.dispatch.expand, send=parts.dispatch.send, crowd=parts.mass.send)
        await jobs.open()
        stack.push_async_callback(jobs.close)
        if channels:
            await _open_channels(settings, parts, stack)
        yield parts


async def register_broadcasts(parts: Parts) -> None:
    """The one-to-many ways out of this deployment (MQTT topics per zone, public page, spool), each in the lane of its channel."""
    store = SubscriptionStore(parts.database)
    ours: Lane = "actual" if parts.settings.status == "Actual" else "exercise"
    lanes: tuple[Lane, ...] = ("actual", "exercise")
    for lane in lanes:
        # A deployment that warns for real may drill beside it, but only on channels of the drill's own lane, and never on its public page.
        kinds = {channel.name: channel.kind for channel in parts.settings.channels
                 if (channel.option("lane") or ours) == lane and (lane == ours or channel.kind != "page")}
        for entry in broadcasts(parts.zones, channels=kinds, lane=lane, public_url=parts.settings.public_url):
            await store.add(entry)


def _wire(settings: Settings, database: Database, jobs: Jobs, clock: Clock) -> Parts:
    zones = _zones(settings)
    secret = _secret(settings)
    keys = signing_keys(settings)
    rule_sets = load_rule_sets(own=None if settings.config is None else settings.config / "rules")
    issuers = {issuer.code: issuer for issuer in load_issuers(config_file(settings, "issuers.yaml"), rule_sets=rule_sets)}
    retry = settings.retry
    policy = RetryPolicy(
        max_attempts=retry.max_attempts, first_wait=timedelta(seconds=retry.first_wait_s),
        max_wait=timedelta(seconds=retry.max_wait_s), lease=timedelta(seconds=retry.lease_s),
        unknown_grace=timedelta(seconds=retry.unknown_grace_s),
    )
    answer = AnswerDesk(
        AnswerStore(database, jobs), clock=clock, secret=secret, within=timedelta(seconds=settings.answer_within_s),
        public_url=settings.public_url)
    residents = ResidentIndex(database, settings.data / "residents")
    ledger = DispatchStore(database, jobs, residents, ends_apart=ends_apart(_kinds(settings)))
    sizes = {channel.name: channel.batch for channel in settings.channels}
    gates = Gates()
    mass = MassDesk(
        MassStore(database, jobs), Muster(database, jobs), {}, alerts=ledger.alert, clock=clock, policy=policy, sizes=sizes,
        kinds=_kinds(settings),
        fall_back_s={channel.name: channel.fall_back_after_s for channel in settings.channels if channel.fall_back_after_s is not None},
        gates=gates)
    dispatch = DispatchDesk(
        ledger, {}, mass=mass, calls=answer, clock=clock, zones=zones, policy=policy, batch_sizes=sizes, kinds=_kinds(settings),
        signed_only=settings.signing is not None and settings.signing.required, gates=gates)
    meter = Meter()
    rates = RateStore(database, meter)
    reach = ReachStore(database, ledger, residents=residents, rates=rates, zones=zones, kinds=_kinds(settings))
    risks = RiskStore(database, cap_status=settings.status)
    sites = load_sites(folders(settings.config, shipped_config(), "sites"), real=settings.status == "Actual")
    hazards = sorted({rule.hazard.key for rule_set in rule_sets.values() for rule in rule_set.rules})
    packs = load_packs(folders(settings.config, shipped_config(), "packs"), hazards=hazards)
    codes = load_event_codes(config_file(settings, "rules/event-codes.yaml"))
    issue = IssueDesk(
        IssueStore(database, jobs), clock=clock, zones=zones, issuers=issuers, rule_sets=rule_sets, event_codes=codes,
        cap_status=settings.status, public_url=settings.public_url, signing_keys=keys, planned=reach.planned)
    intake_ledger = IntakeStore(database, clock=clock)
    intake = IntakeDesk(intake_ledger, issue, clock=clock, zones=zones, codes=codes, partners=partners(settings), status=settings.status)
    return Parts(
        settings=settings, clock=clock, database=database, jobs=jobs, zones=zones, rule_sets=rule_sets, issuers=issuers,
        watch=WatchDesk(
            WatchStore(database, cap_status=settings.status), clock=clock, zones=zones, issuers=tuple(issuers.values()),
            rule_sets=rule_sets, overrides=load_overrides(config_file(settings, "overrides.yaml")), policy=Policy(cycles_up=settings.cycles_up, cycles_down=settings.cycles_down),
            populations={district.code: district.population_2020 for district in shanghai().districts},
            cap_status=settings.status,
            max_age=timedelta(seconds=max((feed.max_age_s for feed in settings.feeds), default=3600.0)),
            max_ages={feed.source: timedelta(seconds=feed.max_age_s) for feed in settings.feeds}, tables=tables(settings),
            overlays=settings.data / "overlays",
            risks=risks, packs=packs, sites=sites),
        packs=packs, sites=sites, risks=risks,
        risk=RiskDesk(risks, digests={pack.id: pack.digest for pack in packs}, kinds=_kinds(settings), clock=clock, policy=policy),
        issue=issue, intake=intake, intake_ledger=intake_ledger,
        polling=Polling(intake_ledger, intake, allow_private=settings.allow_private_targets),
        dispatch=dispatch, mass=mass, answer=answer, ledger=ledger, residents=residents, reach=reach, meter=meter, rates=rates, push_keys=push_keys(settings), secret=secret,
        feeds=FeedStore(database, promises=_promises(settings)),
        signing=Signing(database, keys, clock=clock), signing_keys=keys,
        trust=TrustDesk(TrustStore(database, clock=clock), secret=secret),
        subscriptions=SubscriptionDesk(
            SubscriptionStore(database), zones=zones, clock=clock, hazards=hazards,
            channels=_kinds(settings), allow_private=settings.allow_private_targets,
            lane="actual" if settings.status == "Actual" else "exercise"),
    )


async def _open_channels(settings: Settings, parts: Parts, stack: AsyncExitStack) -> None:
    http = await stack.enter_async_context(httpx.AsyncClient(timeout=10, limits=httpx.Limits(max_connections=8)))

    async def on_reply(reply: Reply) -> None:
        if reply.text.strip().upper() in ("STOP", "TD", "退订"):
            ended = await parts.subscriptions.stop(reply.channel, reply.address)
            log.info("a subscriber said stop", channel=reply.channel, ended=ended)
        elif reply.text.startswith("ACK "):
            try:
                await parts.answer.acknowledge(reply.text.removeprefix("ACK "), by=f"key pressed ({reply.channel})")
            except (NotFound, Conflict) as error:
                log.warning("a pressed key acknowledges nothing", channel=reply.channel, error=str(error))

    routed: dict[str, RoutedSender] = {}
    senders: dict[str, ChannelSender] = {}
    for channel in settings.channels:
        sender = build_sender(channel, doors_of(channel, parts, http, on_reply))
        await sender.open()
        stack.push_async_callback(sender.close)
        senders[channel.name] = metered(sender, channel=channel.name, kind=kind_of(channel.name, _kinds(settings)), meter=parts.meter)
        parts.dispatch.attach(channel.name, senders[channel.name])
        parts.risk.attach(channel.name, senders[channel.name])
        if isinstance(sender, RoutedSender):
            routed[channel.name] = sender
            parts.dispatch.gate(channel.name, sender.closed_for)
    keeping = [asyncio.create_task(parts.dispatch.keep_flushing(), name="late receipts")]
    if routed:
        keeper = RouteKeeper(RouteStore(parts.database), routed, worker=f"{socket.gethostname()}:{os.getpid()}")
        keeping.append(asyncio.create_task(keeper.keep_looking(), name="routes"))

    pulses = PulseKeeper(PulseStore(parts.database, clock=parts.clock), senders, beats(settings), clock=parts.clock, status=settings.status)
    keeping.append(asyncio.create_task(pulses.keep_beating(), name="canaries and heartbeats"))

    async def stop_flushing() -> None:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        await parts.dispatch.flush()
        await parts.rates.write()

    stack.push_async_callback(stop_flushing)


def doors_of(channel: ChannelSettings, parts: Parts, http: httpx.AsyncClient, on_reply: Callable[[Reply], Awaitable[None]]) -> Doors:
    """One channel's doors; what comes late for a message of ours is counted for it on the way to the desk."""
    async def on_receipt(receipt: Receipt) -> None:
        if receipt.key.startswith(_NO_DELIVERY):
            return  # a canary's or a risk notice's: no delivery is waiting for it
        parts.meter.delivered(channel.name, int(bool(receipt.key) and receipt.outcome is Outcome.DELIVERED))
        await parts.dispatch.on_receipt(receipt)

    async def on_bulk(reports: Sequence[Reports]) -> None:
        reports = [group for group in map(_of_deliveries, reports) if group.keys]
        parts.meter.delivered(channel.name, sum(sum(map(bool, group.keys)) for group in reports if group.outcome is Outcome.DELIVERED))
        await parts.dispatch.on_reports(reports)

    return Doors(now=parts.clock.now, http=http, on_receipt=on_receipt, on_reply=on_reply, on_bulk=on_bulk)


def _of_deliveries(group: Reports) -> Reports:
    """A group of late receipts without those of canaries and risk notices."""
    kept = [at for at, key in enumerate(group.keys) if not key.startswith(_NO_DELIVERY)]
    if len(kept) == len(group.keys):
        return group
    return replace(group, keys=[group.keys[at] for at in kept], external_ids=[group.external_ids[at] for at in kept])


def build_sender(channel: ChannelSettings, doors: Doors) -> ChannelSender:
    """The adapter named by ``kind:`` with its validated options, or several behind one. Raises ConfigError with channel and key."""
    where = f"channels: {channel.name}"
    if not channel.routes:
        return _sender(where, channel.kind, channel.options, doors)
    routes = [
        Route(route.name, _sender(f"{where}: {route.name}", route.kind or channel.kind, route.options, doors), weight=route.weight,
              rate_per_s=route.rate_per_s)
        for route in channel.routes]
    return RoutedSender(routes, now=doors.now, within_s=channel.failover_within_s)


def _sender(where: str, kind: str, given: Mapping[str, object], doors: Doors) -> ChannelSender:
    module = _adapter(where, "channels", kind)
    sender: ChannelSender = module.Sender(_options(where, module, given), doors)
    return sender


def build_source(feed: FeedSettings, *, clock: Clock) -> Source:
    """The feed named by ``kind:`` with its validated options. Raises ConfigError with feed and key."""
    where = f"feeds: {feed.source}"
    module = _adapter(where, "feeds", feed.kind)
    if not hasattr(module, "Source"):
        raise ConfigError(f"{where}: no adapter of kind {feed.kind!r} in feeds/: see docs/feeds.md for those that there are")
    source: Source = module.Source(_options(where, module, feed.options), name=feed.source, now=clock.now)
    return source


def _adapter(where: str, room: str, kind: str) -> ModuleType:
    for entry in entry_points(group=f"xiaoxishu.{room}", name=kind):
        outside: ModuleType = entry.load()
        return outside
    try:
        return importlib.import_module(f"{room}.{kind}")
    except ModuleNotFoundError as error:
        if error.name == f"{room}.{kind}":
            raise ConfigError(f"{where}: no adapter of kind {kind!r} in {room}/") from error
        raise ConfigError(f"{where}: needs {error.name}: pip install 'xiaoxishu[demo]'") from error


def _options(where: str, module: ModuleType, given: Mapping[str, object]) -> BaseModel:
    """The adapter's own options, validated by itself."""
    try:
        options: BaseModel = module.Options(**given)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    return options


def tables(settings: Settings) -> Tables:
    """The columns of each station feed, by source."""
    return {feed.source: feed.table for feed in settings.feeds if feed.table is not None}


def _promises(settings: Settings) -> list[Promise]:
    return [Promise(source=feed.source, kind=feed.kind, every=timedelta(seconds=feed.expect_every_s or feed.max_age_s)) for feed in settings.feeds]


def _kinds(settings: Settings) -> dict[str, str]:
    return {channel.name: channel.kind for channel in settings.channels}


def _zones(settings: Settings) -> ZoneSet:
    wanted = settings.zones
    if wanted.path is None:
        return shanghai_zones()
    properties = ZoneProperties(
        code=wanted.code, name_zh=wanted.name_zh, name_en=wanted.name_en, level=wanted.level, parent=wanted.parent)
    return load_zones(wanted.path, crs=wanted.crs, properties=properties)


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


def config_file(settings: Settings, name: str) -> Path:
    """The deployment's own file of this name, else the shipped one. A folder that is not there is refused, for a typo would change the rules."""
    if settings.config is not None:
        if not settings.config.is_dir():
            raise ConfigError(f"config: there is no folder {settings.config}")
        if (settings.config / name).is_file():
            return settings.config / name
    return shipped_config() / name


def shipped_config() -> Path:
    """``config/`` of this installation, beside the packages in a checkout and in a wheel."""
    return Path(str(importlib.import_module("geo").__file__)).parents[1] / "config"
