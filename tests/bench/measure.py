"""What a workload measures and gives back: timings of us and of peers in the same run, and the rows made of them."""

import gc
import importlib
import importlib.util
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from types import ModuleType

NOT_INSTALLED = "not installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to measure. ``quick`` takes less work and fewer repetitions: fit to see that it runs, not to quote.

    ``all_peers``: those too that take minutes or gigabytes, once each.
    """

    quick: bool
    all_peers: bool = False

    def pick(self, *, full: int, quick: int) -> int:
        return quick if self.quick else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One subject's value in the unit of its workload; None = it could not be measured, and ``note`` says why.

    ``yardstick``: ratios are taken to it; not to a peer that does less (cells by their centres).
    """

    subject: str
    value: float | None
    note: str = ""
    yardstick: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is to be reached: a ``value`` in the unit of the workload, or a ``ratio`` to the best peer."""

    value: float | None = None
    ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the bench; its fields are the keys of ``--json``.

    ``ratio`` is how many times better than the best peer of the same run (above 1 = better), None for peers and where none was
    measured. ``goal``/``met`` are None where nothing was promised.
    """

    workload: str
    subject: str
    value: float | None
    unit: str
    ratio: float | None
    goal: str | None
    met: bool | None
    note: str


def rows(workload: str, unit: str, ours: Sequence[Timing], peers: Sequence[Timing] = (), *, goal: Goal | None = None) -> list[Row]:
    """Rows of one workload, ours first. Less is better in seconds (``s``, ``ms``), more is better in a rate (``…/s``).

    The goal is for the first of ours.
    """
    rate = unit.endswith("/s")
    measured = [peer.value for peer in peers if peer.value is not None and peer.yardstick]
    best = (max(measured) if rate else min(measured)) if measured else None
    found = [_row(workload, unit, own, best, goal if number == 0 else None) for number, own in enumerate(ours)]
    return found + [
        Row(workload=workload, subject=peer.subject, value=peer.value, unit=unit, ratio=None, goal=None, met=None, note=peer.note)
        for peer in peers
    ]


def _row(workload: str, unit: str, own: Timing, best: float | None, goal: Goal | None) -> Row:
    rate = unit.endswith("/s")
    ratio = None
    if own.value is not None and best is not None:
        ratio = own.value / best if rate else best / own.value
    words, met = None, None
    if goal is not None and goal.value is not None:
        words = f"{'≥' if rate else '≤'} {goal.value:g} {unit}"
        met = None if own.value is None else own.value >= goal.value if rate else own.value <= goal.value
    elif goal is not None and goal.ratio is not None:
        words = f"≥ {goal.ratio:g}× the best peer"
        met = None if ratio is None else ratio >= goal.ratio
    return Row(workload=workload, subject=own.subject, value=own.value, unit=unit, ratio=ratio, goal=words, met=met, note=own.note)


def median_s(call: Callable[[], object], *, repeats: int, warm: bool = True) -> float:
    """Median of the seconds that ``call`` takes; ``warm``: once before, uncounted, so that nobody pays for first calls."""
    if warm:
        call()
    return median(_seconds(call) for _ in range(repeats))


def _seconds(call: Callable[[], object]) -> float:
    # Rubbish of the one before must not be swept on the time of the next.
    gc.collect()
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def installed(library: str) -> bool:
    """Whether the library is there; the extra ``bench`` brings the peers that are not."""
    return importlib.util.find_spec(library) is not None


def peer(library: str) -> ModuleType | None:
    """``tests/bench/peer_<library>.py`` when that library is installed, else None."""
    if not installed(library):
        return None
    return importlib.import_module(f"tests.bench.peer_{library}")
