"""The stage ledger: what each hand-off of the corridor took, in real seconds.

Every hand-off writes one StageEvent (chain, stage, channel); the first writer wins, except for ``last_accepted``. ``real_at``
is the database's own clock, shared by all machines, never multiplied by a drill's speed; ``at`` is the time of the
(perhaps virtual) world. Stages up to the proposal carry ``seconds`` measured with a monotonic clock in one process.
"""

from dataclasses import dataclass
from datetime import datetime

STAGES = (
    "arrival", "decode", "derive", "propose", "submit", "approve", "issue", "expand",
    "first_accepted", "last_accepted", "call", "acknowledge",
)

PROMISE_S = 600.0
"""All channels complete within ten minutes (Shanghai's 14th five-year plan, 沪府办发〔2021〕17号)."""

BUDGET_S = {
    "decode": 10.0, "derive": 10.0, "propose": 10.0, "submit": 120.0, "approve": 240.0, "issue": 5.0, "expand": 30.0,
    "first_accepted": 60.0, "last_accepted": 600.0, "call": 30.0, "acknowledge": 600.0,
}
"""What each hand-off may take, counted from the one before it; together they keep the promise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageEvent:
    """One hand-off: ``chain`` is the proposal's id; ``channel`` is empty except for accepted (a channel), call and acknowledge (a post)."""

    chain: str
    stage: str
    at: datetime
    real_at: datetime
    channel: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageTime:
    """A stage beside its budget. ``since_arrival_s`` runs from the data's arrival, ``took_s`` from the stage before."""

    stage: str
    channel: str
    at: datetime
    took_s: float
    since_arrival_s: float
    budget_s: float | None

    @property
    def late(self) -> bool:
        return self.budget_s is not None and self.took_s > self.budget_s


def timeline(events: list[StageEvent]) -> list[StageTime]:
    """The chain in order of STAGES; each stage is measured from the latest earlier stage that is present.

    Channels run side by side: all their stages count from ``expand``.
    """
    by_stage = sorted(events, key=lambda e: (STAGES.index(e.stage), e.real_at))
    if not by_stage:
        return []
    start = by_stage[0].real_at
    rows: list[StageTime] = []
    before = by_stage[0]
    for event in by_stage:
        took = event.seconds if event.seconds is not None else (event.real_at - before.real_at).total_seconds()
        rows.append(StageTime(
            stage=event.stage, channel=event.channel, at=event.at, took_s=max(took, 0.0),
            since_arrival_s=(event.real_at - start).total_seconds(), budget_s=BUDGET_S.get(event.stage),
        ))
        if not event.channel:
            before = event
    return rows
