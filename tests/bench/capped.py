"""A slow or greedy peer in a process of its own, with a memory it may not exceed and a time it may not take."""

import multiprocessing
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from tests.bench.measure import Timing

MEMORY_GIB = 8
LIMIT_S = 400


def once(subject: str, call: Callable[[], Callable[[], object]], *, note: str = "", scale: float = 1.0) -> Timing:
    """``call()`` prepares, what it gives back is timed once, uncounted preparation aside; the note says why there is no value."""
    spawned = multiprocessing.get_context("spawn")
    ours, theirs = spawned.Pipe(duplex=False)
    child = spawned.Process(target=_child, args=(call, theirs), daemon=True)
    child.start()
    theirs.close()
    told = None
    if ours.poll(LIMIT_S):
        try:
            told = ours.recv()
        except EOFError:
            told = f"ended without an answer (memory capped at {MEMORY_GIB} GiB)"
    child.kill()
    child.join()
    if isinstance(told, float):
        return Timing(subject=subject, value=told * scale, note="; ".join(filter(None, ("once", note))), yardstick=False)
    return Timing(subject=subject, value=None, note=told or f"not done in {LIMIT_S} s")


def _child(call: Callable[[], Callable[[], object]], answer: Connection) -> None:
    limit = MEMORY_GIB * 1024**3
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        timed = call()
        started = time.perf_counter()
        timed()
        answer.send(time.perf_counter() - started)
    except MemoryError:
        answer.send(f"out of {MEMORY_GIB} GiB")
