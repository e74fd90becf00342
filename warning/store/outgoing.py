"""Outgoing: how the newest alerts go out, all of them in a handful of statements, however many consoles are open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.dispatch.delivery import SKIPPED, SKIPPED_UNSURE
from warning.dispatch.mass.sheet import STATES
from warning.store.board import AlertView, Failure, Race
from warning.store.database import Database

FAILURES = 20
"""So many failures of one alert are told one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Real seconds from the data's arrival to the first and the last acceptance of a channel; None: not yet."""

    first_s: float | None = None
    last_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One alert on its way out. ``districts``: (reached, all) residents by district; ``settled``: failures that an operator has skipped."""

    race: Race
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    callouts: Mapping[str, int] = field(default_factory=dict)
    failed: tuple[Failure, ...] = ()
    settled: int = 0
    accepted: Mapping[str, Accepted] = field(default_factory=dict)
    districts: Mapping[str, tuple[int, int]] = field(default_factory=dict)


async def outgoing(database: Database, alerts: Sequence[AlertView]) -> dict[str, Progress]:
    """By identifier, in the order of ``alerts``; one consistent look."""
    if not alerts:
        return {}
    ids = [alert.identifier for alert in alerts]
    chains = {str(alert.proposal_id): alert.identifier for alert in alerts}
    async with database.begin() as connection:
        counts = await _counts(connection, ids)
        races, accepted = await _stages(connection, chains)
        owed = {row.identifier for row in await connection.execute(text(_OWED), {"ids": ids})}
        callouts: dict[str, dict[str, int]] = {}
        for row in await connection.execute(text(_CALLOUTS), {"ids": ids}):
            callouts.setdefault(row.identifier, {})[row.state] = row.n
        failed, settled = await _failures(connection, ids)
        districts: dict[str, dict[str, tuple[int, int]]] = {}
        for row in await connection.execute(text(_DISTRICTS), {"ids": ids}):
            districts.setdefault(row.identifier, {})[row.district] = (int(row.reached), int(row.people))
    return {
        i: Progress(
            race=_race(races.get(i), done=i not in owed), counts=counts.get(i, {}), callouts=callouts.get(i, {}), failed=tuple(failed.get(i, ())),
            settled=settled.get(i, 0), accepted=accepted.get(i, {}), districts=districts.get(i, {}))
        for i in ids
    }


async def _counts(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, dict[str, dict[str, int]]]:
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in await connection.execute(text(_ONE_BY_ONE), {"ids": ids}):
        found.setdefault(row.identifier, {}).setdefault(row.channel, {})[row.state] = row.n
    for row in await connection.execute(text(_CROWDS), {"ids": ids}):
        states = found.setdefault(row.identifier, {}).setdefault(row.channel, {})
        for state in STATES:
            n = int(row._mapping[state.value] or 0)
            if n:
                states[state.value] = states.get(state.value, 0) + n
    return {i: {channel: dict(sorted(states.items())) for channel, states in sorted(channels.items()) if states} for i, channels in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Times:
    start: float | None
    last: float | None
    newest: float
    now: float


async def _stages(connection: AsyncConnection, chains: Mapping[str, str]) -> tuple[dict[str, _Times], dict[str, dict[str, Accepted]]]:
    races: dict[str, _Times] = {}
    for row in await connection.execute(text(_RACE), {"chains": list(chains)}):
        races[chains[row.chain]] = _Times(
            start=None if row.start is None else float(row.start), last=None if row.last is None else float(row.last),
            newest=float(row.newest), now=float(row.now))
    accepted: dict[str, dict[str, Accepted]] = {}
    for row in await connection.execute(text(_ACCEPTED), {"chains": list(chains)}):
        start = races[chains[row.chain]].start
        if start is not None:
            accepted.setdefault(chains[row.chain], {})[row.channel] = Accepted(
                first_s=None if row.first is None else float(row.first) - start, last_s=None if row.last is None else float(row.last) - start)
    return races, accepted


def _race(times: _Times | None, *, done: bool) -> Race:
    """The clock stops at the last acceptance once nothing is owed any more."""
    if times is None or times.start is None:
        return Race(elapsed_s=0.0, done=done)
    end = (times.newest if times.last is None else times.last) if done else times.now
    return Race(elapsed_s=end - times.start, done=done)


async def _failures(connection: AsyncConnection, ids: Sequence[str]) -> tuple[dict[str, list[Failure]], dict[str, int]]:
    failed: dict[str, list[Failure]] = {}
    settled: dict[str, int] = {}
    rows = await connection.execute(text(_FAILED), {"ids": ids, "limit": FAILURES, "settled": [SKIPPED, SKIPPED_UNSURE]})
    for r in rows:
        if r.reason in (SKIPPED, SKIPPED_UNSURE):
            settled[r.identifier] = settled.get(r.identifier, 0) + r.people
        else:
            failed.setdefault(r.identifier, []).append(Failure(
                delivery_id=r.id, channel=r.channel, recipient=r.recipient, reason=r.reason, evidence=r.evidence, attempts=r.attempts,
                people=r.people, crowds=tuple(r.crowds)))
    return failed, settled


_ONE_BY_ONE = "SELECT identifier, channel, state, count(*) AS n FROM delivery WHERE identifier = ANY(:ids) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
_CROWDS = (
    "SELECT identifier, channel, " + ", ".join(f"sum(tally[{n + 1}]) AS {state.value}" for n, state in enumerate(STATES))
    + " FROM crowd WHERE identifier = ANY(:ids) GROUP BY 1, 2")
_RACE = """
SELECT chain, extract(epoch FROM min(real_at) FILTER (WHERE stage IN ('arrival', 'propose'))) AS start,
  extract(epoch FROM max(real_at) FILTER (WHERE stage = 'last_accepted')) AS last, extract(epoch FROM max(real_at)) AS newest,
  extract(epoch FROM clock_timestamp()) AS now
FROM stage_event WHERE chain = ANY(:chains) GROUP BY chain
"""
_ACCEPTED = """
SELECT chain, channel, extract(epoch FROM min(real_at) FILTER (WHERE stage = 'first_accepted')) AS first,
  extract(epoch FROM max(real_at) FILTER (WHERE stage = 'last_accepted')) AS last
FROM stage_event WHERE chain = ANY(:chains) AND channel <> '' AND stage IN ('first_accepted', 'last_accepted') GROUP BY 1, 2 ORDER BY 1, 2
"""
_OWED = """
SELECT identifier FROM alert a WHERE identifier = ANY(:ids) AND (expanded_at IS NULL
  OR EXISTS (SELECT 1 FROM delivery d WHERE d.identifier = a.identifier AND d.state IN ('queued', 'claimed', 'unknown'))
  OR EXISTS (SELECT 1 FROM crowd c WHERE c.identifier = a.identifier AND c.open))
"""
_CALLOUTS = "SELECT identifier, state, count(*) AS n FROM duty_call WHERE identifier = ANY(:ids) GROUP BY 1, 2 ORDER BY 1, 2"
# What is settled is summed, what is not is told one by one, offices before residents.
_FAILED = """
WITH found AS (
  SELECT d.identifier, d.id, d.channel, s.name AS recipient, d.reason, d.evidence, CAST(d.attempts AS int) AS attempts, 1 AS people,
    CAST('{}' AS bigint[]) AS crowds
  FROM delivery d JOIN subscription s ON s.id = d.subscription_id
  WHERE d.identifier = ANY(:ids) AND d.state = 'failed' AND d.reason <> ALL(:settled)
  UNION ALL
  SELECT c.identifier, 0, c.channel, 'residents', f.key, '', CAST(max(c.attempt) AS int), CAST(sum(CAST(f.value AS int)) AS int),
    array_agg(c.id ORDER BY c.id)
  FROM crowd c CROSS JOIN LATERAL jsonb_each_text(c.faults) f WHERE c.identifier = ANY(:ids) AND f.key <> ALL(:settled)
  GROUP BY c.identifier, c.channel, f.key
)
SELECT identifier, id, channel, recipient, reason, evidence, attempts, people, crowds FROM (
  SELECT f.*, row_number() OVER (PARTITION BY identifier ORDER BY id = 0, id, channel, reason) AS place FROM found f) told WHERE place <= :limit
UNION ALL
SELECT identifier, 0, '', '', reason, '', 0, CAST(count(*) AS int), CAST('{}' AS bigint[]) FROM delivery
WHERE identifier = ANY(:ids) AND state = 'failed' AND reason = ANY(:settled) GROUP BY identifier, reason
UNION ALL
SELECT c.identifier, 0, '', '', f.key, '', 0, CAST(sum(CAST(f.value AS int)) AS int), CAST('{}' AS bigint[])
FROM crowd c CROSS JOIN LATERAL jsonb_each_text(c.faults) f WHERE c.identifier = ANY(:ids) AND f.key = ANY(:settled) GROUP BY c.identifier, f.key
"""
_DISTRICTS = """
SELECT identifier, district, sum(tally[3] + tally[4]) AS reached, sum(size - tally[7] - tally[8]) AS people
FROM crowd WHERE identifier = ANY(:ids) GROUP BY 1, 2 HAVING sum(size - tally[7] - tally[8]) > 0 ORDER BY 1, 2
"""
