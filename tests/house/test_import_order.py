"""The process ends cleanly whatever is imported first (see docs/decisions/0002)."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("code", [
    "import feeds.grib, geo.zonefile, psycopg", "import psycopg, geo.zonefile, feeds.grib", "import warning.cli.serve, warning.cli.work",
])
def test_a_process_that_uses_eccodes_and_its_neighbours_ends_with_code_0(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
