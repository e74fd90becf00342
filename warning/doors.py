"""The channels opened for a process, and the doors by which what comes late gets in: receipts, replies, reports in bulk."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import httpx
import structlog

from channels.message import Outcome, Receipt, Reply, Reports
from channels.port import ChannelSender, Doors
from channels.wire.roots import roots
from warning.adapters import build_sender
from warning.beats import beats
from warning.dispatch.kind import kind_of
from warning.dispatch.meter import metered, of_route
from warning.dispatch.pulse import KEY as PULSE_KEY
from warning.dispatch.pulse import PulseKeeper
from warning.dispatch.risk.notice import KEY as RISK_KEY
from warning.dispatch.routekeeper import RouteKeeper
from warning.dispatch.routes import RoutedSender
from warning.dispatch.trouble import TroubleKeeper
from warning.dispatch.word import KEY as WORD_KEY
from warning.errors import Conflict, NotFound
from warning.office.trial import KEY as TRIAL_KEY
from warning.parts import Parts
from warning.settings import ChannelSettings, Settings
from warning.store.pulses import PulseStore
from warning.store.routes import RouteStore
from warning.store.trouble import TroubleStore

log = structlog.get_logger()

_NO_DELIVERY = (PULSE_KEY, RISK_KEY, WORD_KEY, TRIAL_KEY)
"""How keys begin that are no delivery's."""


async def open_channels(settings: Settings, parts: Parts, stack: AsyncExitStack) -> None:
    http = await stack.enter_async_context(httpx.AsyncClient(verify=roots(), timeout=10, limits=httpx.Limits(max_connections=8)))

    async def on_reply(reply: Reply) -> None:
        if reply.text.startswith("ACK "):
            word, by = reply.text.removeprefix("ACK "), f"key pressed ({reply.channel})"
            try:
                await parts.answer.acknowledge(word, by=by, how="key")
            except NotFound:
                await _pressed(parts, word, by=by)
            except Conflict as error:
                log.warning("a pressed key acknowledges nothing", channel=reply.channel, error=str(error))
        elif (answered := await parts.answer.reply(reply.channel, reply.address, reply.text)) is not None:
            log.info("a reply answered calls", channel=reply.channel, calls=len(answered.posts), late=answered.late)
        elif await parts.proofs.reply(reply.channel, reply.address, reply.text) is not None:
            log.info("a reply answered a test message", channel=reply.channel)
        elif not await parts.registration.reply(reply) and not await parts.answer.heard(reply.channel, reply.address, reply.text):
            log.info("a reply that asks for nothing", channel=reply.channel)

    routed: dict[str, RoutedSender] = {}
    gateways: dict[str, ChannelSender] = {}
    senders: dict[str, ChannelSender] = {}
    for channel in settings.channels:
        sender = build_sender(channel, doors_of(channel, parts, http, on_reply))
        await sender.open()
        stack.push_async_callback(sender.close)
        senders[channel.name] = metered(sender, channel=channel.name, kind=kind_of(channel.kind, {}), meter=parts.meter)
        parts.dispatch.attach(channel.name, senders[channel.name])
        parts.risk.attach(channel.name, senders[channel.name])
        parts.words.attach(channel.name, senders[channel.name])
        parts.trials.attach(channel.name, sender)
        if isinstance(sender, RoutedSender):
            for route in sender.routes:
                route.sender = metered(route.sender, channel=of_route(channel.name, route.name), kind=kind_of(channel.kind, {}), meter=parts.meter)
                gateways[of_route(channel.name, route.name)] = route.sender
            routed[channel.name] = sender
            parts.dispatch.gate(channel.name, sender.closed_for)
        else:
            gateways[channel.name] = sender
    keeping = [asyncio.create_task(parts.dispatch.keep_flushing(), name="late receipts")]
    if routed:
        keeper = RouteKeeper(RouteStore(parts.database), routed, worker=f"{socket.gethostname()}:{os.getpid()}")
        keeping.append(asyncio.create_task(keeper.keep_looking(), name="routes"))

    keeping.append(asyncio.create_task(
        TroubleKeeper(TroubleStore(parts.database), gateways, clock=parts.clock, strays=lambda: parts.dispatch.strays).keep_looking(), name="gateways in trouble"))
    pulses = PulseKeeper(PulseStore(parts.database, clock=parts.clock), senders, beats(settings), clock=parts.clock, status=settings.status)
    keeping.append(asyncio.create_task(pulses.keep_beating(), name="canaries and heartbeats"))
    keeping.append(asyncio.create_task(parts.trials.keep_trying(), name="test messages"))

    async def stop_flushing() -> None:
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
        await parts.dispatch.flush(last=True)
        await parts.rates.write()

    stack.push_async_callback(stop_flushing)


async def _pressed(parts: Parts, word: str, *, by: str) -> None:
    """A key pressed in a call that was for no warning: for a test message, or for duties."""
    for verb in (parts.office.answer_test, parts.response.take_all):
        try:
            await verb(word, by=by)
        except NotFound:
            continue
        except Conflict as error:
            log.info("a key was pressed twice", error=str(error))
        return
    log.warning("a pressed key answers nothing")


def doors_of(channel: ChannelSettings, parts: Parts, http: httpx.AsyncClient, on_reply: Callable[[Reply], Awaitable[None]]) -> Doors:
    """One channel's doors; what comes late for a message of ours is counted for it on the way to the desk."""
    async def on_receipt(receipt: Receipt) -> None:
        if receipt.key.startswith(PULSE_KEY):
            return  # nobody waits for a canary's
        parts.meter.delivered(channel.name, int(_of_delivery(receipt.key) and receipt.outcome is Outcome.DELIVERED))
        await parts.dispatch.on_receipt(replace(receipt, channel=channel.name))

    async def reply_here(reply: Reply) -> None:
        await on_reply(replace(reply, channel=channel.name))

    async def on_bulk(reports: Sequence[Reports]) -> None:
        reports = [replace(group, channel=channel.name) for group in map(_without_canaries, reports) if group.keys]
        parts.meter.delivered(channel.name, sum(sum(map(_of_delivery, group.keys)) for group in reports if group.outcome is Outcome.DELIVERED))
        await parts.dispatch.on_reports(reports)

    async def on_proof(receipts: Sequence[Receipt]) -> Collection[str] | None:
        return await parts.dispatch.prove([replace(receipt, channel=channel.name) for receipt in receipts])

    return Doors(now=parts.clock.now, http=http, on_receipt=on_receipt, on_reply=reply_here, on_bulk=on_bulk, on_proof=on_proof)


def _of_delivery(key: str) -> bool:
    return bool(key) and not key.startswith(_NO_DELIVERY)


def _without_canaries(group: Reports) -> Reports:
    kept = [at for at, key in enumerate(group.keys) if not key.startswith(PULSE_KEY)]
    if len(kept) == len(group.keys):
        return group
    return replace(group, keys=[group.keys[at] for at in kept], external_ids=[group.external_ids[at] for at in kept])
