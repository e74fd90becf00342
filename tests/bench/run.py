"""Starts the bench: ``python tests/bench/run.py --help`` (or ``make bench ARGS="--help"``)."""

import importlib
import sys
from pathlib import Path


def main() -> int:
    # A script has its own folder first on the path; the workloads are named from the root of the repository.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    status: int = importlib.import_module("tests.bench.command").main(sys.argv[1:])
    return status


if __name__ == "__main__":
    sys.exit(main())
