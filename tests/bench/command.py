"""The bench as a command: which workloads, how long, and as a table or as JSON."""

import argparse
import json
import os
import platform
import sys
import time
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict

from tests.bench.audience import run as audience
from tests.bench.cap import run as cap
from tests.bench.console import run as console
from tests.bench.cycle import run as cycle
from tests.bench.grib import run as grib
from tests.bench.mail import run as mail
from tests.bench.mass import run as mass
from tests.bench.measure import Effort, Row
from tests.bench.outline import run as outline
from tests.bench.overlay import run as overlay
from tests.bench.picture import run as picture
from tests.bench.points import run as points
from tests.bench.push import run as push
from tests.bench.scale import run as scale
from tests.bench.sms import run as sms
from tests.bench.warned import run as warned
from tests.bench.webpush import run as webpush
from tests.bench.wire import run as wire
from tests.bench.workers import run as workers
from tests.bench.zonal import run as zonal

WORKLOADS: dict[str, tuple[str, Callable[[Effort], list[Row]]]] = {
    "overlay": ("shares of districts and counties in the cells of a grid, against shapely and exactextract", overlay),
    "zonal": ("maximum and exact share above a threshold: 16 districts, 600 and 2,875 counties, against exactextract", zonal),
    "outline": ("the exact border of 148,000 cells, against rasterio and shapely", outline),
    "picture": ("a warning's map as PNG, against matplotlib (with --peers all also cartopy and skia)", picture),
    "grib": ("24 fields of 1200 × 1000 points from a file to the kernels' array, against ecCodes and cfgrib", grib),
    "cycle": ("a 10-minute file read, judged by every rule for 16 districts, 215 towns and 18,471 cells, and committed", cycle),
    "sms": ("submit_sm with responses, window 10, against aiosmpplib", sms),
    "mass": ("residents of a district, signature → accepted over SMPP, durable; against a task a message", mass),
    "scale": ("a million residents predicted from 100,000 by formula and simulation, and then sent", scale),
    "workers": ("one and two workers on one database, each with an SMS centre of 2,000/s; CPU of every process", workers),
    "wire": ("signature → first message accepted, at rest and beside a large blue send", wire),
    "mail": ("a crowd's mails with one rendering, against aiosmtplib", mail),
    "webpush": ("a crowd encrypted, signed and POSTed, against pywebpush", webpush),
    "push": ("a warning signed, updated and lifted → on the screen of a real Firefox", push),
    "warned": ("am I warned here? and the public page on one process, against a plain FastAPI hello", warned),
    "cap": ("CAP alerts built, written, validated and read", cap),
    "audience": ("10,000 office polygons tried against a warned district, against STRtree", audience),
    "points": ("25 M residents: who stands in a district, in cells, on a ragged coast, against shapely", points),
    "console": ("pages of the console, cold, with 10,000 warned zones and 50 open consoles; a map of 2,875 counties dragged", console),
}
_KEYS = """
keys of --json, one object per line of the table:
  workload, subject     what was done, and by whom; peers are measured in the same run, on the same input
  value, unit           median of several repetitions; "note" says where a slow peer ran once, and why a value is null (not installed)
  ratio                 how many times better than the best peer of this run: above 1 we are faster; null without a peer
  goal, met             what is promised and whether this run kept it; null where nothing is promised

examples:
  make bench                              everything; some minutes, longer on a busy machine
  make bench ARGS="--quick"               less work, about a minute: to see that it runs, not to quote
  make bench ARGS="--peers all"           also the slow peers (about ten minutes); peers come with the extra "bench"
  make bench ARGS="--only sms --json"     one workload for a machine (--only may be repeated)
"""


def main(arguments: Sequence[str]) -> int:
    """Runs the workloads and prints; 0 whatever the figures are, for a busy machine is no fault (argparse ends with 2)."""
    options = _parser().parse_args(arguments)
    effort = Effort(quick=options.quick, all_peers=options.peers == "all")
    names = list(dict.fromkeys(options.only)) if options.only else list(WORKLOADS)
    found: list[Row] = []
    for number, name in enumerate(names, 1):
        started = time.perf_counter()
        print(f"[{number}/{len(names)}] {name}: {WORKLOADS[name][0]}", file=sys.stderr, flush=True)
        # stdout is for the answer alone; what the product logs goes where progress goes.
        with redirect_stdout(sys.stderr):
            found += WORKLOADS[name][1](effort)
        print(f"      {time.perf_counter() - started:.1f} s", file=sys.stderr, flush=True)
    print(json.dumps([asdict(row) for row in found], ensure_ascii=False, indent=1) if options.json else table(found, effort))
    return 0


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:<10}{about}" for name, (about, _) in WORKLOADS.items())
    parser = argparse.ArgumentParser(
        prog="make bench", description=f"Measure us and our peers in one run.\n\nworkloads:\n{listed}", epilog=_KEYS,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of a table (progress goes to stderr)")
    parser.add_argument("--quick", action="store_true", help="less work and fewer repetitions")
    parser.add_argument("--peers", choices=("fast", "all"), default="fast",
                        help="all: also peers that take minutes or gigabytes, once each, in a process of their own with at most 8 GiB")
    parser.add_argument("--only", action="append", choices=tuple(WORKLOADS), metavar="NAME", help="only this workload; may be repeated")
    return parser


def table(found: Sequence[Row], effort: Effort) -> str:
    """The rows aligned, a line on the machine beneath; columns are as wide as they are shown (a Chinese character counts two)."""
    lines = [("workload", "subject", "value", "unit", "ratio", "goal", "met", "note")]
    lines += [
        (row.workload, row.subject, _number(row.value), row.unit, "" if row.ratio is None else f"{row.ratio:.2f}×", row.goal or "",
         "" if row.met is None else "met" if row.met else "not met", row.note)
        for row in found
    ]
    widths = [max(_shown(line[column]) for line in lines) for column in range(len(lines[0]))]
    text = ["  ".join(cell + " " * (width - _shown(cell)) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    how = "quick, not to quote" if effort.quick else "medians"
    machine = f"{how}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    return "\n".join([text[0], "-" * max(map(_shown, text)), *text[1:], "", machine])


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value >= 0.001 else f"{value:.2e}"


def _shown(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
