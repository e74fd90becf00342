"""Kernel: the door to the compiled loops, loaded when first needed, kept on disk between processes, run on every core."""

import importlib
import os
import stat
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from types import ModuleType

# Below this many elementary steps a second thread costs more than it gains.
_WORTH = 400_000


@lru_cache(maxsize=8)
def compiled(name: str) -> ModuleType:
    """``geo/kernel_<name>.py``, with numba, which costs 0.3 s to import and is therefore not imported by those who do not map.

    Each function in it is compiled at its first call (seconds) and kept as machine code on disk (milliseconds later on).
    """
    numba = importlib.import_module("numba")
    # numba keeps the code beside the source where it may write, else in the user's cache; a service account has neither.
    if not numba.config.CACHE_DIR and not _writable(Path(__file__).parent) and not _writable(Path.home()):
        numba.config.CACHE_DIR = str(_private_folder())
    return importlib.import_module(f"geo.kernel_{name}")


def split(work: Callable[[int, int], object], count: int, *, steps: int) -> None:
    """``work(start, stop)`` over 0..count, in as many pieces at once as there are cores when ``steps`` (in all) are worth it.

    The pieces run in threads, so ``work`` must release the interpreter's lock, and write where no other piece does.
    (numba's own ``parallel=True`` ends the process when two threads of it start at once, which a server's do.)
    """
    pieces = min(cores(), count) if steps >= _WORTH else 1
    if pieces <= 1:
        work(0, count)
        return
    bounds = [count * piece // pieces for piece in range(pieces + 1)]
    pool = _pool(os.getpid())
    waiting = [pool.submit(work, start, stop) for start, stop in zip(bounds[1:-1], bounds[2:], strict=True)]
    work(bounds[0], bounds[1])
    for future in waiting:
        future.result()


@lru_cache(maxsize=1)
def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def _pool(process: int) -> ThreadPoolExecutor:
    """One pool per process: a forked child has none of its parent's threads."""
    return ThreadPoolExecutor(max_workers=max(cores() - 1, 1), thread_name_prefix=f"kernel-{process}")


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


def _private_folder() -> Path:
    """A folder for compiled code that nobody else may write to: what lies in it is run."""
    folder = Path(tempfile.gettempdir()) / f"xiaoxishu-kernels-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        return Path(tempfile.mkdtemp(prefix="xiaoxishu-kernels-"))
    return folder
