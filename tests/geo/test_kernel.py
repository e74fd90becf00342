"""The door to the compiled loops: where their code is kept, and that several threads and processes may use it."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from geo.kernel import split

_ROOT = Path(__file__).parents[2]
# A service account on a read-only installation: neither the package nor the home folder may be written to.
_SERVICE = """
import os
os.access = lambda *_, **__: False
import numpy as np
from geo.kernel import compiled
turn = compiled("zonal").turn
one = np.zeros(1, dtype=np.int64)
out = np.zeros((1, 2), dtype=np.float32)
turn(np.array([[3], [4]], dtype=np.float32), one, one + 1, one, out, 0, 1)
print(out.tolist(), sum(turn.stats.cache_hits.values()))
"""


def _serve(temporary: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"} | {"TMPDIR": str(temporary), "PYTHONPATH": str(_ROOT)}
    done = subprocess.run([sys.executable, "-c", _SERVICE], env=environment, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _kept(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.rglob("*.nb*"))


def test_a_read_only_installation_keeps_compiled_code_in_a_private_folder_and_finds_it_again(tmp_path: Path) -> None:
    assert _serve(tmp_path) == "[[3.0, 4.0]] 0"
    folder = tmp_path / f"xiaoxishu-kernels-{os.getuid()}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert _kept(folder) == [".nbc", ".nbi"]
    assert _serve(tmp_path) == "[[3.0, 4.0]] 1"


def test_a_folder_that_others_may_write_to_is_not_used_for_code_is_run_from_it(tmp_path: Path) -> None:
    folder = tmp_path / f"xiaoxishu-kernels-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    assert _serve(tmp_path) == "[[3.0, 4.0]] 0"
    assert _kept(folder) == []


def _fill(size: int, steps: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    done = np.zeros(size, dtype=np.int64)

    def work(start: int, stop: int) -> None:
        done[start:stop] += 1

    split(work, size, steps=steps)
    return done


@pytest.mark.parametrize("size", [0, 1, 2, 7, 1000])
@pytest.mark.parametrize("steps", [1, 10_000_000])
def test_every_piece_of_the_work_is_done_once(size: int, steps: int) -> None:
    assert _fill(size, steps).tolist() == [1] * size


def test_threads_of_a_server_may_split_work_at_once() -> None:
    with ThreadPoolExecutor(4) as server:
        found = list(server.map(lambda _: _fill(1000, 10_000_000).sum(), range(50)))
    assert found == [1000] * 50


def test_a_failure_in_a_piece_is_raised() -> None:
    def work(start: int, stop: int) -> None:
        if stop == 100:
            raise ArithmeticError(f"{start}")

    with pytest.raises(ArithmeticError):
        split(work, 100, steps=10_000_000)
