"""Progress: how far an alert is, by channel and district; read from counters, so that looking costs nothing while it runs."""

import numpy as np
from sqlalchemy import RowMapping, text

from warning.dispatch.delivery import State
from warning.dispatch.mass.sheet import STATES, among
from warning.dispatch.mass.work import DeadLetter, Headway
from warning.store.crowd import sheet_of
from warning.store.database import Database

_TALLY = ", ".join(f"sum(c.tally[{n + 1}]) AS {state.value}" for n, state in enumerate(STATES))


async def counts(database: Database, identifier: str | None = None) -> dict[str, dict[str, int]]:
    """Recipients by channel and state, of one alert or of all."""
    async with database.begin() as connection:
        one_by_one = (await connection.execute(text(
            "SELECT channel, state, count(*) AS n FROM delivery "
            "WHERE CAST(:i AS text) IS NULL OR identifier = :i GROUP BY 1, 2 ORDER BY 1, 2"), {"i": identifier})).all()
        crowds = (await connection.execute(text(
            f"SELECT c.channel, {_TALLY} FROM crowd c WHERE CAST(:i AS text) IS NULL OR c.identifier = :i GROUP BY 1"),
            {"i": identifier})).all()
    found: dict[str, dict[str, int]] = {}
    for row in one_by_one:
        found.setdefault(row.channel, {})[row.state] = row.n
    for row in crowds:
        _add(found.setdefault(row.channel, {}), row._mapping)
    return {channel: dict(sorted(states.items())) for channel, states in sorted(found.items()) if states}


async def unfinished(database: Database) -> int:
    """Recipients and alerts that still are owed something now (who has quiet hours is not); 0 = everything else has an end state."""
    async with database.begin() as connection:
        return int((await connection.execute(text(
            "SELECT (SELECT count(*) FROM delivery WHERE state IN ('queued', 'claimed', 'unknown'))"
            " + (SELECT coalesce(sum(tally[1] + tally[2] + tally[9]), 0) FROM crowd WHERE open AND asleep_until IS NULL)"
            " + (SELECT count(*) FROM alert WHERE expanded_at IS NULL)"))).scalar_one())


async def unproven(database: Database) -> int:
    """Recipients that are said to be reached, or failed, without a word of evidence: there should be none."""
    async with database.begin() as connection:
        found = int((await connection.execute(text(
            "SELECT count(*) FROM delivery WHERE state IN ('accepted', 'delivered', 'failed') AND evidence = ''"))).scalar_one())
        rows = await connection.stream(text("SELECT c.members, c.codes, c.tries, c.said, c.said_by FROM crowd c"))
        async for row in rows:
            sheet = sheet_of(row)
            wordless = np.array([not evidence for _, evidence in sheet.said], dtype=np.bool_)[sheet.said_by]
            found += int((among(sheet, State.ACCEPTED, State.DELIVERED, State.FAILED) & wordless).sum())
    return found


async def steps(database: Database, identifier: str) -> list[Headway]:
    """By channel and district; offices and broadcasts, which have no district, under ""."""
    async with database.begin() as connection:
        crowds = (await connection.execute(text(
            f"SELECT c.channel, c.district, sum(c.twice) AS twice, {_TALLY}, "
            "coalesce(sum(c.size) FILTER (WHERE c.falls_from IS NOT NULL), 0) AS fell_back "
            "FROM crowd c WHERE c.identifier = :i GROUP BY 1, 2 ORDER BY 1, 2"), {"i": identifier})).all()
        others = (await connection.execute(text(
            "SELECT channel, state, count(*) AS n, count(*) FILTER (WHERE maybe_twice) AS twice FROM delivery WHERE identifier = :i "
            "GROUP BY 1, 2 ORDER BY 1, 2"), {"i": identifier})).all()
    found = []
    for row in crowds:
        states: dict[str, int] = {}
        _add(states, row._mapping)
        found.append(Headway(channel=row.channel, district=row.district, counts=states, twice=int(row.twice), fell_back=int(row.fell_back)))
    by_channel: dict[str, dict[str, int]] = {}
    twice: dict[str, int] = {}
    for row in others:
        by_channel.setdefault(row.channel, {})[row.state] = row.n
        twice[row.channel] = twice.get(row.channel, 0) + row.twice
    found += [Headway(channel=channel, district="", counts=states, twice=twice[channel], fell_back=0) for channel, states in by_channel.items()]
    return sorted(found, key=lambda step: (step.channel, step.district))


async def dead_letters(database: Database, identifier: str) -> list[DeadLetter]:
    """What failed, by channel and reason, most first; with what a retry needs."""
    async with database.begin() as connection:
        rows = await connection.execute(text(_DEAD), {"i": identifier})
        return [
            DeadLetter(channel=row.channel, reason=row.reason, count=int(row.n), deliveries=tuple(row.deliveries or ()),
                       crowds=tuple(row.crowds or ()))
            for row in rows
        ]


_DEAD = """
WITH dead AS (
  SELECT channel, reason, count(*) AS n, array_agg(id ORDER BY id) AS deliveries, CAST(NULL AS bigint[]) AS crowds
  FROM delivery WHERE identifier = :i AND state = 'failed' GROUP BY 1, 2
  UNION ALL
  SELECT c.channel, f.key, sum(CAST(f.value AS int)), NULL, array_agg(c.id ORDER BY c.id)
  FROM crowd c CROSS JOIN LATERAL jsonb_each_text(c.faults) f WHERE c.identifier = :i GROUP BY 1, 2
), one AS (
  SELECT channel, reason, sum(n) AS n FROM dead GROUP BY 1, 2
)
SELECT one.channel, one.reason, one.n,
  (SELECT d.deliveries FROM dead d WHERE d.channel = one.channel AND d.reason = one.reason AND d.deliveries IS NOT NULL) AS deliveries,
  (SELECT d.crowds FROM dead d WHERE d.channel = one.channel AND d.reason = one.reason AND d.crowds IS NOT NULL) AS crowds
FROM one ORDER BY one.n DESC, one.channel, one.reason
"""


def _add(states: dict[str, int], tallies: RowMapping) -> None:
    for state in STATES:
        n = int(str(tallies[state.value] or 0))
        if n:
            states[state.value] = states.get(state.value, 0) + n
