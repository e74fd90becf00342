"""The summary of a drill: what went out, how long each stage took, and whether every end state is the expected one."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from warning.capxml import xsd_errors
from warning.demo.history import History, Proposed, Row, compare
from warning.demo.scenario import DEAD_NAME, SILENT
from warning.dispatch.delivery import State
from warning.level import Level
from warning.parts import Parts
from warning.stage import BUDGET_S, PROMISE_S, timeline
from warning.store import progress
from warning.store.stages import chain_events


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """``document`` is printed; ``faults`` must be empty for exit code 0."""

    document: dict[str, object]
    faults: tuple[str, ...]
    history: tuple[Row, ...]


async def summarise(
    parts: Parts, *, history: History, residents: int, registered: int, waited_s: float, refused: Sequence[str],
    wall_s: float,
) -> Summary:
    """Read everything back from the ledger."""
    async with parts.database.begin() as connection:
        alerts = (await connection.execute(text(
            "SELECT a.*, p.created_at AS proposed_at FROM alert a JOIN proposal p ON p.id = a.proposal_id "
            "ORDER BY a.sent, a.identifier"))).all()
        proposals = (await connection.execute(text(
            # A wind whose cause was open is what the person who signed has said that it is.
            "SELECT p.issuer, coalesce(a.hazard, p.hazard) AS hazard, p.level, p.action, p.reason, p.created_at "
            "FROM proposal p LEFT JOIN alert a ON a.proposal_id = p.id ORDER BY p.created_at"))).all()
        dead = (await connection.execute(text(
            "SELECT d.state, d.reason, count(*) AS n FROM delivery d JOIN subscription s ON s.id = d.subscription_id "
            "WHERE s.name = :n GROUP BY 1, 2"), {"n": DEAD_NAME})).all()
        failed = (await connection.execute(text(
            "SELECT d.channel, d.reason, count(*) AS n FROM delivery d JOIN subscription s ON s.id = d.subscription_id "
            "WHERE d.state IN ('failed', 'expired') AND s.name <> :n GROUP BY 1, 2 "
            "UNION ALL SELECT c.channel, f.key, sum(CAST(f.value AS int)) FROM crowd c CROSS JOIN LATERAL jsonb_each_text(c.faults) f "
            "GROUP BY 1, 2 UNION ALL SELECT channel, 'expired', sum(tally[6]) FROM crowd WHERE tally[6] > 0 GROUP BY 1"),
            {"n": DEAD_NAME})).all()
    unproven = await progress.unproven(parts.database)
    counts = await parts.ledger.counts()
    callouts = await parts.answer.board()
    stages, slowest, late = await _stages(parts)
    rows = compare([
        Proposed(issuer=p.issuer, hazard=p.hazard, level=Level(p.level), at=p.created_at)
        for p in proposals if p.action != "cancel" and p.reason in ("first", "peak_rose")
    ], history)
    faults = [
        *_order_faults(alerts), *_state_faults(counts), *late,
        *(f"{a.identifier}: {xsd_errors(a.cap_xml.encode())[0]}" for a in alerts if xsd_errors(a.cap_xml.encode())),
        *(f"{f.n} deliveries by {f.channel} failed: {f.reason}" for f in failed),
        *(f"refused: {one}" for one in refused),
    ]
    if unproven:
        faults.append(f"{unproven} deliveries ended without evidence")
    if not dead or any(row.state not in (State.FAILED, State.SUPERSEDED, State.MUTED) for row in dead):
        faults.append("the dead gateway's deliveries did not end failed")
    silent = [c for c in callouts if c.post == SILENT.title]
    if silent and not any(c.escalated_to == SILENT.leader for c in silent):
        faults.append("the silent post's leader was not called")
    if any(c.state == "overdue" for c in silent):
        faults.append("the silent post's leader was called and did not answer")
    for c in callouts:
        if c.post not in (SILENT.title, DEAD_NAME) and c.state != "answered":
            faults.append(f"{c.post} did not answer {c.identifier}: {c.state}")
    if not alerts:
        faults.append("no alert was issued")
    by_id = {(row.issuer, row.hazard, row.level): row.published_at for row in rows if row.published_at is not None}
    document: dict[str, object] = {
        "alerts": [
            {"identifier": a.identifier, "hazard": a.hazard, "level": Level(a.level).key, "issuer": a.issuer,
             "zones": list(a.zones), "status": a.status, "msg_type": a.msg_type, "sent": _iso(a.sent),
             "cap_path": f"/api/alerts/{a.identifier}.xml", "proposed_at": _iso(a.proposed_at),
             "published_at_in_history": _iso(by_id.get((a.issuer, a.hazard, Level(a.level))))}
            for a in alerts
        ],
        "against_history": [
            {"issuer": row.issuer, "hazard": row.hazard, "level": row.level.key, "proposed_at": _iso(row.proposed_at),
             "published_at": _iso(row.published_at), "about": row.about, "verdict": row.verdict.value,
             "lead_min_illustrative": None if row.lead is None else round(row.lead.total_seconds() / 60)}
            for row in rows
        ],
        "stages": stages, "deliveries": counts, "slowest_s": slowest, "promise_s": PROMISE_S, "residents": residents,
        "registered": registered, "scripted": True, "scripted_people_s": round(waited_s, 3),
        "escalated": sum(c.escalated_to == SILENT.leader for c in silent),
        "callouts": {state: sum(c.state == state for c in callouts) for state in ("answered", "overdue", "waiting", "ended")},
        "dead_gateway": {f"{row.state}/{row.reason}": row.n for row in dead}, "wall_s": round(wall_s, 1), "faults": faults,
    }
    return Summary(document=document, faults=tuple(faults), history=tuple(rows))


async def _stages(parts: Parts) -> tuple[dict[str, dict[str, float]], float, list[str]]:
    """Per stage the median and maximum in real seconds, the longest way from arrival to the last acceptance, what was late."""
    async with parts.database.begin() as connection:
        chains = [str(r.proposal_id) for r in await connection.execute(text("SELECT proposal_id FROM alert"))]
    took: dict[str, list[float]] = {}
    slowest, late = 0.0, []
    for chain in chains:
        for time in timeline(await chain_events(parts.database, chain)):
            took.setdefault(time.stage, []).append(time.took_s)
            if time.stage == "last_accepted":
                slowest = max(slowest, time.since_arrival_s)
            if time.late:
                late.append(f"{time.stage} {time.channel} took {time.took_s:.1f} s of {time.budget_s:.0f} s")
    stages = {
        stage: {"median_s": round(statistics.median(values), 4), "max_s": round(max(values), 4), "budget_s": BUDGET_S.get(stage, PROMISE_S)}
        for stage, values in took.items()
    }
    return stages, round(slowest, 3), late


def _order_faults(alerts: Sequence[Any]) -> list[str]:
    """Districts turn red before the city passes yellow; the city never turns red."""
    rain = [a for a in alerts if a.hazard == "rainstorm" and a.msg_type != "Cancel"]
    red = [a.sent for a in rain if a.issuer != "310000" and a.level == Level.RED]
    city = [a.sent for a in rain if a.issuer == "310000" and a.level > Level.YELLOW]
    if not red:
        return ["no district turned red"]
    if city and min(city) <= min(red):
        return ["the city passed yellow before a district was red"]
    return []


def _state_faults(counts: dict[str, dict[str, int]]) -> list[str]:
    return [
        f"{n} deliveries by {channel} are still {state}"
        for channel, states in counts.items() for state, n in states.items() if state in (State.QUEUED, State.CLAIMED, State.UNKNOWN)
    ]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
