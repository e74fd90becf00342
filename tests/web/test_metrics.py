"""What Prometheus reads, what the dashboard asks for, the heartbeat, and the canaries in /api/health."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.web.conftest import World
from warning.heartbeat import active_hash
from warning.store.pulses import Standing
from warning.web.console.canary import line

DASHBOARD = Path(__file__).parents[2] / "docs" / "grafana.json"


async def pulse(world: World, target: str, *, kind: str = "canary", well: bool = True, failures: int = 0) -> None:
    await world.execute(
        "INSERT INTO pulse (kind, target, well, failures, evidence, latency_s, every_s, tried_at, succeeded_at) "
        "VALUES (:k, :t, :w, :f, 'said', 0.25, 180, clock_timestamp(), clock_timestamp() - interval '10 seconds')",
        {"k": kind, "t": target, "w": well, "f": failures})


def families(text: str) -> set[str]:
    return set(re.findall(r"^# TYPE (\S+)", text, flags=re.MULTILINE))


async def test_every_metric_of_the_dashboard_exists(world: World) -> None:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = {name for panel in board["panels"] for target in panel["targets"] for name in re.findall(r"xiaoxishu_\w+", target["expr"])}
    there = families((await world.get("/metrics")).text)
    assert asked
    assert asked - there == set()
    assert {name for name in there if name.startswith("xiaoxishu_")} - asked == set()


async def test_the_dashboard_loads_without_this_machine(world: World) -> None:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert all(target["datasource"]["uid"] == "${datasource}" for panel in board["panels"] for target in panel["targets"])
    assert world.parts.settings.status == "Exercise"


async def test_canaries_heartbeats_and_rates_are_metrics(world: World) -> None:
    await pulse(world, "sms")
    await pulse(world, "email", well=False, failures=1)
    await pulse(world, "tv", kind="heartbeat")
    await world.execute("INSERT INTO channel_rate VALUES ('sms', 'w', date_trunc('minute', now()), 500, 1000, 500, 250, 5.0, 0, 0)")
    await world.warned(level="red")
    text = (await world.get("/metrics")).text
    for said in ('xiaoxishu_canary_well{channel="sms"} 1.0', 'xiaoxishu_canary_well{channel="email"} 0.0',
                 'xiaoxishu_canary_latency_seconds{channel="sms"} 0.25', 'xiaoxishu_channel_parts_per_second{channel="sms"} 200.0',
                 'xiaoxishu_channel_receipt_share{channel="sms"} 0.5', 'xiaoxishu_alerts_in_force{hazard="rainstorm",level="red"} 1.0'):
        assert said in text
    [age] = re.findall(r'xiaoxishu_heartbeat_age_seconds\{partner="tv"\} (\S+)', text)
    assert 10 <= float(age) < 60


async def test_health_shows_the_canaries_and_a_channel_that_failed_twice_degrades_it(world: World) -> None:
    await pulse(world, "sms")
    well = (await world.get("/api/health")).json()
    assert well["status"] == "ok"
    assert [(one["channel"], one["state"], one["latency_s"]) for one in well["canaries"]] == [("sms", "well", 0.25)]
    await world.execute("UPDATE pulse SET well = false, failures = 2")
    ill = (await world.get("/api/health")).json()
    assert (ill["status"], ill["canaries"][0]["state"]) == ("degraded", "failing")


async def test_anybody_may_read_the_heartbeat_and_compare(world: World) -> None:
    identifier = await world.warned()
    found = (await world.get("/api/heartbeat")).json()
    active = [alert["identifier"] for alert in (await world.get("/api/alerts?active=true")).json()]
    assert active == [identifier]
    assert (found["last"], found["active"], found["active_sha256"], found["every_s"]) == ([identifier], 1, active_hash(active), 60.0)


def test_the_console_says_which_channel_has_proved_itself() -> None:
    at = datetime(2024, 9, 20, tzinfo=UTC)
    well = Standing(kind="canary", target="sms", state="well", failures=0, evidence="OK", latency_s=0.214, tried_at=at, succeeded_at=at, success_age_s=1.0)
    assert line(well, "en") == "text message ✓ 0.21 s"
    assert line(replace(well, state="failing", failures=2, evidence="refused"), "en") == "text message ✗ self-test failed × 2: refused"
    assert line(replace(well, state="stale"), "zh") == "短信 ✗ 无人自检：工作进程未运行"
