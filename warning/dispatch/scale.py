"""Scale: how long a warning to so many people takes, and what is needed for ten minutes; a closed formula, and a simulation beside it.

A message passes four stations: the muster (who is told, one process a warning), a worker, the database that keeps its outcome, and a gateway.
The slowest sets the pace:

    per_s = min(muster, workers / worker_s, database cores / database_s, gateways · parts_per_s / parts)
    done  = first_s + people / per_s

Where they share the cores of one machine they also share its seconds: cores / (worker_s + database_s + gateway_s) is a fifth bound. The
simulation (``simulated``) moves hands of messages through the same stations one after the other, as the mass lane does (docs/delivery.md), and
so finds what the formula leaves out: batches that wait for the muster, hands that grow, workers that end unevenly.
"""

import heapq
import math
from dataclasses import dataclass
from typing import Final

from warning.dispatch.mass.pace import FIRST

PROMISE_S: Final = 600.0
BATCH: Final = 1_000
PAGE: Final = 20_000
"""People of one page of the muster; its batches can be sent when it is whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Measured by ``make bench``; the row of each stands in docs/scale.md. CPU seconds are of one core."""

    worker_us: float
    database_us: float
    gateway_us: float
    muster_per_s: float
    first_s: float
    log_bytes: float
    transactions_per_1000: float


BENCH: Final = Costs(
    worker_us=24.0, database_us=18.0, gateway_us=4.6, muster_per_s=50_000.0, first_s=0.16, log_bytes=28.0, transactions_per_1000=12.4)
"""Two cores, Python 3.11, PostgreSQL 18: the rows in docs/scale.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What there is. ``parts_per_s`` of one gateway (0: it takes what comes); ``parts`` of one message; ``jobs`` side by side in a worker.

    ``shared_cores``: everything, the gateways too, on one machine with so many (0: each station has machines of its own). ``databases``: a
    deployment each, for a part of the people.
    """

    workers: int
    database_cores: int = 8
    gateways: int = 1
    parts_per_s: float = 0.0
    parts: int = 1
    jobs: int = 4
    shared_cores: float = 0.0
    databases: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """``done_s`` when the last one is told, ``reached`` how many after ten minutes, ``bound`` the station that sets the pace."""

    people: int
    per_s: float
    done_s: float
    reached: int
    bound: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What telling everybody inside the time takes; ``databases`` because one of them musters one warning in one process."""

    workers: int
    database_cores: int
    gateways: int
    databases: int
    transactions_per_s: float
    log_mb_per_s: float


def forecast(people: int, costs: Costs, means: Means) -> Forecast:
    """The closed formula."""
    bounds = {
        "muster": costs.muster_per_s * means.databases,
        "workers": means.workers * 1e6 / costs.worker_us,
        "database": means.database_cores * means.databases * 1e6 / costs.database_us,
    }
    if means.parts_per_s:
        bounds["gateways"] = means.gateways * means.parts_per_s / means.parts
    elif means.shared_cores:
        bounds["gateways"] = means.gateways * 1e6 / costs.gateway_us
    if means.shared_cores:
        bounds["cores"] = means.shared_cores * 1e6 / (costs.worker_us + costs.database_us + costs.gateway_us)
    bound, per_s = min(bounds.items(), key=lambda one: one[1])
    return Forecast(
        people=people, per_s=per_s, done_s=costs.first_s + people / per_s, bound=bound,
        reached=max(0, min(people, int((PROMISE_S - costs.first_s) * per_s))))


def needs(people: int, costs: Costs, means: Means, *, within_s: float = PROMISE_S) -> Needs:
    """For everybody in person inside the time; ``means`` says how fast one gateway is and how many parts a message has."""
    per_s = people / (within_s - costs.first_s)
    return Needs(
        workers=math.ceil(per_s * costs.worker_us / 1e6), database_cores=math.ceil(per_s * costs.database_us / 1e6),
        gateways=math.ceil(per_s * means.parts / means.parts_per_s) if means.parts_per_s else means.gateways,
        databases=math.ceil(per_s / costs.muster_per_s), transactions_per_s=per_s * costs.transactions_per_1000 / 1000,
        log_mb_per_s=per_s * costs.log_bytes / 1e6)


def simulated(people: int, costs: Costs, means: Means) -> Forecast:
    """Hand by hand through worker, gateway and database; each station serves who comes first."""
    stretch = 1.0
    if means.shared_cores:
        each = (costs.worker_us / means.workers, costs.database_us / means.database_cores, costs.gateway_us / means.gateways)
        alone = max(each)
        stretch = max(1.0, (costs.worker_us + costs.database_us + costs.gateway_us) / means.shared_cores / alone)
    worker_s, database_s = costs.worker_us * stretch / 1e6, costs.database_us * stretch / 1e6
    gateway_s = means.parts / means.parts_per_s if means.parts_per_s else costs.gateway_us * stretch / 1e6 if means.shared_cores else 0.0
    free_worker = [0.0] * means.workers
    # A hand is shared among all gateways (dispatch/routes), so they serve as one.
    gateway_s /= means.gateways
    gateways, database = [0.0], [0.0] * (means.database_cores * means.databases)
    hands = [FIRST] * means.workers
    # What happens next: (when, which, worker, its station, the hand under way, what is left of the batch). At station 0 a job of a worker is free.
    events = [(costs.first_s, number, number // means.jobs, 0, 0, 0) for number in range(means.workers * means.jobs)]
    heapq.heapify(events)
    told, ended, reached, wave = 0, costs.first_s, 0, PAGE * means.databases
    while events:
        at, number, worker, station, hand, left = heapq.heappop(events)
        if station == 0:
            reached += hand if at <= PROMISE_S else 0
            ended = max(ended, at) if hand else ended
            if not left:
                if told == people:
                    continue
                ready = costs.first_s + min((told // wave + 1) * wave, people) / (costs.muster_per_s * means.databases)
                left = min(BATCH, people - told)
                told += left
                if ready > at:
                    heapq.heappush(events, (ready, number, worker, 0, 0, left))
                    continue
            hand = min(left, hands[worker])
            hands[worker] = min(2 * hands[worker], BATCH)
            free_worker[worker] = done = max(free_worker[worker], at) + hand * worker_s
        elif station == 1:
            done = _served(gateways, at, hand * gateway_s)
        else:
            done = _served(database, at, hand * database_s)
        heapq.heappush(events, (done, number, worker, (station + 1) % 3, hand, left - hand if station == 2 else left))
    return Forecast(people=people, per_s=people / max(ended - costs.first_s, 1e-9), done_s=ended, reached=reached, bound="")


def _served(servers: list[float], at: float, takes: float) -> float:
    """By the server that is free first."""
    begins = max(servers[0], at)
    heapq.heapreplace(servers, begins + takes)
    return begins + takes
