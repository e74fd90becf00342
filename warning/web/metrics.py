"""Metrics: one reading of the ledgers as Prometheus wants it."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from warning.dispatch.breaker import Circuit
from warning.stage import StageTime, timeline
from warning.store import board
from warning.store.pulses import PulseStore
from warning.store.routes import RouteStore
from warning.store.stages import chain_events
from warning.watch.promise import FeedState
from warning.web.parts import Parts


class Reading(Collector):
    """One reading of the ledger: all numbers come from the database, so every web process says the same."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


async def families(parts: Parts) -> list[Metric]:
    deliveries = GaugeMetricFamily("xiaoxishu_deliveries", "deliveries by channel and state", labels=["channel", "state"])
    for channel, states in (await parts.ledger.counts()).items():
        for state, count in states.items():
            deliveries.add_metric([channel, state], count)
    proposals = GaugeMetricFamily("xiaoxishu_proposals", "proposals by status", labels=["status"])
    for status, count in (await board.proposal_counts(parts.database)).items():
        proposals.add_metric([status], count)
    seconds = GaugeMetricFamily(
        "xiaoxishu_stage_seconds", "real seconds per stage of the newest alert", labels=["stage", "channel"])
    for row in await _newest_stages(parts):
        seconds.add_metric([row.stage, row.channel], row.took_s)
    pulse = await board.pulse(parts.database)
    waiting = GaugeMetricFamily("xiaoxishu_deliveries_due", "deliveries that are due now", value=pulse.waiting)
    lag = GaugeMetricFamily("xiaoxishu_worker_lag_seconds", "how long the oldest due delivery has waited", value=pulse.lag_s)
    return [deliveries, proposals, seconds, waiting, lag, *await _pulses(parts), *await _feeds(parts), await _circuits(parts), *await _rates(parts),
            await _in_force(parts)]


async def _pulses(parts: Parts) -> list[Metric]:
    well = GaugeMetricFamily("xiaoxishu_canary_well", "1 = the channel's last self-test was accepted and is not stale", labels=["channel"])
    latency = GaugeMetricFamily("xiaoxishu_canary_latency_seconds", "of the last accepted self-test", labels=["channel"])
    age = GaugeMetricFamily("xiaoxishu_canary_age_seconds", "since the last accepted self-test", labels=["channel"])
    beat = GaugeMetricFamily("xiaoxishu_heartbeat_age_seconds", "since the last heartbeat that a partner took", labels=["partner"])
    for one in await PulseStore(parts.database, clock=parts.clock).standings():
        if one.kind == "heartbeat":
            if one.success_age_s is not None:
                beat.add_metric([one.target], one.success_age_s)
            continue
        well.add_metric([one.target], float(one.state == "well"))
        if one.latency_s is not None:
            latency.add_metric([one.target], one.latency_s)
        if one.success_age_s is not None:
            age.add_metric([one.target], one.success_age_s)
    return [well, latency, age, beat]


async def _feeds(parts: Parts) -> list[Metric]:
    age = GaugeMetricFamily("xiaoxishu_feed_age_seconds", "since a feed brought something that could be used", labels=["source"])
    data = GaugeMetricFamily("xiaoxishu_feed_data_age_seconds", "since the run time of its newest data", labels=["source"])
    silent = GaugeMetricFamily("xiaoxishu_feed_silent", "1 = the feed has broken its promise", labels=["source"])
    for one in await parts.feeds.standings(now=parts.clock.now()):
        source = one.promise.source
        if one.fed_at is not None:
            age.add_metric([source], (one.now - one.fed_at).total_seconds())
        if one.data_age is not None:
            data.add_metric([source], one.data_age.total_seconds())
        silent.add_metric([source], float(one.state is FeedState.SILENT))
    return [age, data, silent]


async def _circuits(parts: Parts) -> Metric:
    usable = GaugeMetricFamily("xiaoxishu_route_usable", "workers for which this route's circuit is closed and nobody has skipped it",
                               labels=["channel", "route"])
    counted: dict[tuple[str, str], int] = {}
    for view in await RouteStore(parts.database).views():
        key = view.channel, view.state.route
        counted[key] = counted.get(key, 0) + (view.state.circuit is Circuit.CLOSED and not view.state.skipped)
    for (channel, route), workers in counted.items():
        usable.add_metric([channel, route], workers)
    return usable


async def _rates(parts: Parts) -> list[Metric]:
    rate = GaugeMetricFamily("xiaoxishu_channel_parts_per_second", "measured of a channel with all its workers", labels=["channel"])
    share = GaugeMetricFamily("xiaoxishu_channel_receipt_share", "of the accepted messages, those that a handset confirmed", labels=["channel"])
    of_routes = GaugeMetricFamily("xiaoxishu_route_parts_per_second", "measured of one route with all its workers", labels=["channel", "route"])
    for name, one in (await parts.rates.rates()).items():
        channel, _, route = name.partition("/")
        if route:
            if one.per_second is not None:
                of_routes.add_metric([channel, route], one.per_second)
            continue
        if one.per_second is not None:
            rate.add_metric([channel], one.per_second)
        if one.receipt_share is not None:
            share.add_metric([channel], one.receipt_share)
    return [rate, of_routes, share]


async def _in_force(parts: Parts) -> Metric:
    found = await board.alerts(parts.database, now=parts.clock.now(), active=True, status=parts.settings.status, limit=500)
    family = GaugeMetricFamily("xiaoxishu_alerts_in_force", "alerts in force by hazard and level", labels=["hazard", "level"])
    counted: dict[tuple[str, str], int] = {}
    for alert in found:
        counted[alert.hazard, alert.level.key] = counted.get((alert.hazard, alert.level.key), 0) + 1
    for (hazard, level), count in counted.items():
        family.add_metric([hazard, level], count)
    return family


async def _newest_stages(parts: Parts) -> list[StageTime]:
    newest = await board.alerts(parts.database, now=parts.clock.now(), active=False, status=parts.settings.status, limit=1)
    return timeline(await chain_events(parts.database, str(newest[0].proposal_id))) if newest else []
