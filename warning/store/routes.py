"""The ledger of routes: workers write how theirs are and read what operators want."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import text

from warning.account import Account, Act, require
from warning.dispatch.breaker import Circuit
from warning.dispatch.routekeeper import Order, RouteView
from warning.dispatch.routes import RouteState
from warning.errors import Invalid, NotFound
from warning.store.audit import note
from warning.store.database import Database

_FRESH = "real_at > clock_timestamp() - interval '30 seconds'"
"""A worker that has said nothing for longer than this no longer runs."""


class RouteStore:
    """Each verb is one transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def report(self, worker: str, states: Mapping[str, Sequence[RouteState]]) -> None:
        """What one worker knows of its routes, by channel; what has long been silent is cleared away."""
        rows = [
            {"channel": channel, "route": one.route, "worker": worker, "circuit": one.circuit.value, "since": one.since,
             "accepted": one.accepted, "failed": one.failed, "note": one.note, "weight": one.weight, "rate": one.rate_per_s,
             "under_way": one.under_way, "place": one.place}
            for channel, routes in states.items() for one in routes]
        async with self._db.begin() as connection:
            await connection.execute(text("DELETE FROM route_state WHERE real_at < clock_timestamp() - interval '1 day'"))
            await connection.execute(text(
                "INSERT INTO route_state (channel, route, worker, circuit, since, accepted, failed, note, weight, rate_per_s, under_way, place) "
                "VALUES (:channel, :route, :worker, :circuit, :since, :accepted, :failed, :note, :weight, :rate, :under_way, :place) "
                "ON CONFLICT (channel, route, worker) DO UPDATE SET circuit = excluded.circuit, since = excluded.since, "
                "accepted = excluded.accepted, failed = excluded.failed, note = excluded.note, weight = excluded.weight, "
                "rate_per_s = excluded.rate_per_s, under_way = excluded.under_way, place = excluded.place, real_at = clock_timestamp()"), rows)

    async def orders(self) -> list[Order]:
        """What operators have said."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text("SELECT channel, route, skipped, tried FROM route_order"))
            return [Order(channel=row.channel, route=row.route, skipped=row.skipped, tried=row.tried) for row in rows]

    async def views(self) -> list[RouteView]:
        """Every route that a living worker has, one line for each worker."""
        async with self._db.begin() as connection:
            rows = await connection.execute(text(
                "SELECT s.*, coalesce(o.skipped, false) AS skipped, coalesce(o.said, '') AS said FROM route_state s "
                f"LEFT JOIN route_order o USING (channel, route) WHERE {_FRESH} ORDER BY channel, route, worker"))
            return [
                RouteView(channel=row.channel, worker=row.worker, said=row.said, state=RouteState(
                    route=row.route, circuit=Circuit(row.circuit), since=row.since, skipped=row.skipped, accepted=row.accepted,
                    failed=row.failed, note=row.note, weight=row.weight, rate_per_s=row.rate_per_s, under_way=row.under_way,
                    place=row.place))
                for row in rows]

    async def recall(self, channel: str) -> int:
        """What waits for this channel is looked at now, the highest rank first; returns how many batches."""
        async with self._db.begin() as connection:
            return (await connection.execute(text(_RECALL), {"channel": channel})).rowcount

    async def order(self, channel: str, route: str, *, act: str, reason: str = "", account: Account, at: datetime) -> None:
        """An operator says ``skip`` (with a reason), ``use`` or ``try``; workers hear it within seconds. Raises NotAllowed, Invalid and NotFound."""
        require(account, Act.OPERATE)
        if act == "skip" and not reason.strip():
            raise Invalid("reason: say why the route is taken out, the next person reads it")
        async with self._db.begin() as connection:
            known = (await connection.execute(text(
                "SELECT count(*) FROM route_state WHERE channel = :c AND route = :r"), {"c": channel, "r": route})).scalar_one()
            if not known:
                raise NotFound(f"no worker has a route {route!r} of a channel {channel!r}; GET /api/routes lists them")
            await connection.execute(text(
                "INSERT INTO route_order (channel, route, skipped, tried, said) VALUES (:c, :r, :skip, :try, :said) "
                "ON CONFLICT (channel, route) DO UPDATE SET tried = route_order.tried + :try, said = excluded.said, "
                "skipped = CASE WHEN :act = 'try' THEN route_order.skipped ELSE :skip END"),
                {"c": channel, "r": route, "skip": act == "skip", "try": int(act == "try"), "act": act,
                 "said": ": ".join(filter(None, [f"{account.name} {act}", reason.strip()]))})
            await note(connection, who=account.name, act=f"route {act}", what=f"route {channel}/{route}",
                       at=at, detail={"reason": reason.strip()} if reason.strip() else None)


# A job is a hint: what is not yet due of a batch stays as it is, and asks for its own time again.
_RECALL: Final = """
UPDATE procrastinate_jobs j SET scheduled_at = NULL WHERE j.status = 'todo' AND j.queue_name = 'dispatch' AND j.scheduled_at > now() AND (
  j.task_name = 'xiaoxishu.send' AND EXISTS (SELECT 1 FROM batch b WHERE b.id = (j.args->>'batch_id')::bigint AND b.channel = :channel)
  OR j.task_name = 'xiaoxishu.crowd' AND EXISTS (SELECT 1 FROM crowd c WHERE c.id = (j.args->>'crowd_id')::bigint AND c.channel = :channel))
"""
