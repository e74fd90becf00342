"""The demo: one command that opens everything, replays Pulasan, lets scripted people sign, and says how it ended."""

import asyncio
import fcntl
import json
import os
import socket
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import psycopg
import typer
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from feeds.replay import Options as ReplayOptions
from feeds.replay import Source as Replay
from warning.account import Account
from warning.app import opened, register_broadcasts
from warning.demo.history import load_history, render
from warning.demo.people import ScriptedPeople
from warning.demo.pulasan import END, START, generate
from warning.demo.register import register_offices, register_residents, register_roster
from warning.demo.residents import draw
from warning.demo.scenario import APPROVER, EXERCISE_OFFICER, FORECASTER, SILENT, UNANSWERING
from warning.demo.summary import Summary, summarise
from warning.errors import ConfigError
from warning.identifier import BEIJING
from warning.parts import Parts
from warning.schedule import ticking
from warning.settings import load_settings
from warning.store.accounts import add_account
from warning.store.drill import DrillClock
from warning.store.migrate import migrate
from warning.store.server import EmbeddedServer
from warning.web.listen import bound, described, served
from warning.web.server import create
from warning.web.warm import settle, warm

_DRAIN_S = 600.0

_CALL_STEP = timedelta(minutes=5)

_CHILD_ENDS_S = 45.0
"""A worker lets the batches in its hands end, for 30 s at the most."""

_LOOK_S = 4.0
"""Headed: how long a proposal stands open, so that a person at the console can read it, or be quicker than the script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """As on the command line."""

    once: bool
    as_json: bool
    residents: int
    seed: int
    speed: float
    port: int
    data: Path
    start: str
    end: str
    step: int


async def run_demo(options: DemoOptions) -> int:
    """Exit code 0 only if every warning and delivery reached the end state that the scenario expects."""
    started = time.monotonic()
    async with AsyncExitStack() as stack:
        _lock(options.data, stack)
        listening = stack.enter_context(bound("127.0.0.1", options.port))
        port = int(listening.getsockname()[1])
        first, last = _moment(options.start, START), _moment(options.end, END)
        _say(f"generating synthetic fields {first.astimezone(BEIJING):%m-%d %H:%M} to {last.astimezone(BEIJING):%m-%d %H:%M} "
             f"Beijing time (seed {options.seed})")
        fields = options.data / f"pulasan-{options.seed}"
        await asyncio.to_thread(
            generate, fields, seed=options.seed, start=first, end=last, step=timedelta(minutes=options.step), progress=_progress)
        _say("starting PostgreSQL, worker, and the drill's SMS centre, mail, MQTT and HTTP sinks")
        url = await _fresh_database(options.data, stack)
        ports = await _sinks(url, options.data, stack)
        settings_file = _write_settings(options, url, port, ports)
        parts = await stack.enter_async_context(opened(load_settings(settings_file, environment=False), channels=False))
        clock = parts.clock
        if not isinstance(clock, DrillClock):
            raise ConfigError("the demo runs on the drill's clock")
        await clock.move_to(first)
        _say("measuring a calm and a wet day first (on a new machine the loops are compiled now, some ten seconds)")
        await parts.watch.rehearse()
        await _child("work", ["work", "--config", str(settings_file), "--with-input"], stack)
        base = await _serve(parts, listening, stack)
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=base, timeout=60))
        people, registered = await _register(options, parts, http, ports)
        if options.once:
            await _replay(options, parts, people, fields, first, last)
        else:
            await _headed(options, parts, people, fields, first, last, base)
        summary = await summarise(
            parts, history=load_history(), residents=options.residents, registered=registered, waited_s=people.waited_s,
            refused=people.refused, wall_s=time.monotonic() - started)
        _print(options, summary)
        if not options.once:
            _say(f"the event is over; the pages stay at {base}/ until Ctrl-C")
            await asyncio.Event().wait()
        return 1 if summary.faults else 0


async def _register(
    options: DemoOptions, parts: Parts, http: httpx.AsyncClient, ports: dict[str, int]
) -> tuple[ScriptedPeople, int]:
    tokens = {
        role: await add_account(parts.database, Account(name=name, role=role, scripted=True), by="demo", at=parts.clock.now())
        for name, role in ((FORECASTER, "forecaster"), (APPROVER, "approver"), (EXERCISE_OFFICER, "admin"))
    }
    sink = f"http://127.0.0.1:{ports['http']}"
    await register_broadcasts(parts)
    await register_offices(http, token=tokens["admin"], sink=sink, dead_port=ports["dead"])
    await register_roster(http, token=tokens["admin"], sink=sink)
    _say(f"drawing {options.residents:,} residents from the 2020 census")
    drawn = await asyncio.to_thread(draw, options.residents, parts.zones.at("district"), seed=options.seed)
    registered = await register_residents(parts, drawn, push_base=f"{sink}/push", seed=options.seed)
    if not options.once:
        for role, token in tokens.items():
            _say(f"console token of the {role}: {token}")
    return ScriptedPeople(http=http, forecaster=tokens["forecaster"], approver=tokens["approver"]), registered


async def _replay(
    options: DemoOptions, parts: Parts, people: ScriptedPeople, fields: Path, first: datetime, last: datetime
) -> None:
    """Cycle by cycle as fast as the machine allows; virtual time waits until each cycle's deliveries have ended."""
    assert isinstance(parts.clock, DrillClock)
    source = Replay(ReplayOptions(folder=fields, pattern="*.nc", start=first, end=last), name="pulasan", now=parts.clock.now)
    done, total = 0, int((last - first) / timedelta(minutes=options.step)) + 1
    async for payload in source.payloads():
        if payload.run_time is not None and payload.run_time > parts.clock.now():
            await _onward(parts, payload.run_time)
        proposals = await parts.watch.take(payload)
        issued = await people.sign() if proposals else 0
        if issued:
            await _drained(parts)
        done += 1
        _progress(done, total)
    # The silent post's deadline must pass, and what is left must end.
    await _onward(parts, parts.clock.now() + timedelta(minutes=20))
    await _drained(parts)


async def _onward(parts: Parts, until: datetime) -> None:
    """Time goes on in steps no longer than a call plan's: nobody is passed over because the clock has jumped."""
    assert isinstance(parts.clock, DrillClock)
    while parts.clock.now() < until:
        await parts.clock.move_to(min(parts.clock.now() + _CALL_STEP, until))
        if await parts.answer.escalate():
            await _drained(parts)


async def _headed(
    options: DemoOptions, parts: Parts, people: ScriptedPeople, fields: Path, first: datetime, last: datetime, base: str
) -> None:
    """At the chosen speed, for a browser: virtual time runs, data arrive when they are due."""
    assert isinstance(parts.clock, DrillClock)
    _say(f"open {base}/ (residents) and {base}/console (forecasters); Ctrl-C ends everything")
    await parts.clock.move_to(first, speed=options.speed)
    source = Replay(
        ReplayOptions(folder=fields, pattern="*.nc", start=first, end=last, paced=True), name="pulasan", now=parts.clock.now)
    async for payload in source.payloads():
        if await parts.watch.take(payload):
            await asyncio.sleep(_LOOK_S)
            await people.sign()
    await _drained(parts)


async def _drained(parts: Parts) -> None:
    """Until nothing is owed to anybody and every office that answers has answered."""
    deadline = time.monotonic() + _DRAIN_S
    while await parts.ledger.unfinished():
        if time.monotonic() > deadline:
            raise ConfigError(f"deliveries did not end within {_DRAIN_S:.0f} s; see /api/health and the worker's log")
        await asyncio.sleep(0.1)
    waiting_until = time.monotonic() + 5.0
    while await _answers_due(parts):
        if time.monotonic() > waiting_until:
            return
        await asyncio.sleep(0.1)


async def _answers_due(parts: Parts) -> bool:
    """Somebody has been called who will answer."""
    return any(c.post not in UNANSWERING or c.escalated_to == SILENT.leader for c in await parts.answer.board(open_only=True))


async def _serve(parts: Parts, listening: socket.socket, stack: AsyncExitStack) -> str:
    app = create(parts)
    await warm(app)
    settle()
    await stack.enter_async_context(served(described(app, parts.settings), listening))
    scheduler = ticking(parts)
    scheduler.start()
    stack.callback(scheduler.shutdown, wait=False)
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def _lock(folder: Path, stack: AsyncExitStack) -> None:
    """One demo per folder; the operating system lets go of the lock however the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    file = stack.enter_context((folder / "lock").open("w"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(f"another demo runs in {folder}; give this one a folder of its own: --data var/demo2 --port 0") from None


async def _fresh_database(folder: Path, stack: AsyncExitStack) -> str:
    """An empty database in this demo's own server: each drill starts from nothing."""
    server = EmbeddedServer(_postgres(folder))
    url = await asyncio.to_thread(server.open)
    stack.callback(server.close)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("DROP DATABASE IF EXISTS drill WITH (FORCE)")
        await connection.execute("CREATE DATABASE drill")
    drill = url.replace("/postgres?", "/drill?")
    await asyncio.to_thread(migrate, drill)
    return drill


def _postgres(folder: Path) -> Path:
    return (folder / "postgres").resolve()


async def _sinks(url: str, folder: Path, stack: AsyncExitStack) -> dict[str, int]:
    child = await _child("sinks", ["sinks", url, str(_postgres(folder))], stack)
    assert child.stdout is not None
    line = await asyncio.wait_for(child.stdout.readline(), timeout=60)
    if not line:
        raise ConfigError("the drill's sinks did not start; see the message above")
    ports: dict[str, int] = json.loads(line)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        ports["dead"] = int(nobody.getsockname()[1])
    return ports


async def _child(name: str, arguments: list[str], stack: AsyncExitStack) -> asyncio.subprocess.Process:
    """A child that never outlives us: it is ended with the stack, and by itself with our pipe, for who is killed ends nobody."""
    # A drill's child must not inherit the database of a real deployment from the environment.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("XIAOXISHU_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "warning.cli", *arguments, stdin=asyncio.subprocess.PIPE, env=clean,
        stdout=asyncio.subprocess.PIPE if name == "sinks" else asyncio.subprocess.DEVNULL, start_new_session=True)

    async def end() -> None:
        if process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), timeout=_CHILD_ENDS_S)
        except TimeoutError:
            _say(f"the child {name!r} did not end within {_CHILD_ENDS_S:.0f} s and is killed")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    stack.push_async_callback(end)
    return process


def _write_settings(options: DemoOptions, url: str, port: int, ports: dict[str, int]) -> Path:
    """What a deployment would write by hand; kept beside the drill's data to be read and learnt from."""
    public = f"http://127.0.0.1:{port}"
    vapid = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    lane = {"lane": "exercise"}
    channels: list[dict[str, object]] = [
        {"name": "sms", "kind": "sms", "batch": 500, "options": lane | {
            "host": "127.0.0.1", "port": ports["sms"], "system_id": "drill", "password": "drill", "source": "12379", "window": 50}},
        {"name": "email", "kind": "email", "batch": 200, "options": lane | {
            "host": "127.0.0.1", "port": ports["email"], "security": "none", "sender": "warning@drill.example",
            "list_id": "warnings.drill.example"}},
        {"name": "webhook", "kind": "webhook", "batch": 50, "options": lane | {"allow_private": True, "timeout_s": 5}},
        {"name": "mqtt", "kind": "mqtt", "batch": 100, "options": lane | {"host": "127.0.0.1", "port": ports["mqtt"]}},
        {"name": "display", "kind": "display", "batch": 100, "options": lane | {"host": "127.0.0.1", "port": ports["mqtt"]}},
        {"name": "loudspeaker", "kind": "loudspeaker", "batch": 100, "options": lane | {
            "host": "127.0.0.1", "port": ports["mqtt"], "ebeid": "31000041600000", "sender_name": "上海市预警发布中心（演练）"}},
        {"name": "webpush", "kind": "webpush", "batch": 500, "options": lane | {
            "vapid_private_key": vapid, "vapid_subject": "mailto:warning@drill.example", "allow_private": True}},
        {"name": "page", "kind": "page", "batch": 10, "options": lane | {"base_url": public}},
        {"name": "spool", "kind": "spool", "batch": 10, "options": lane | {"folder": str((options.data / "spool").resolve())}},
    ]
    document = {
        "database_url": url, "data": str(options.data.resolve()), "public_url": public, "status": "Exercise", "clock": "drill",
        "allow_private_targets": True, "channels": channels,
        "retry": {"max_attempts": 3, "first_wait_s": 0.3, "max_wait_s": 2.0},
        "canary": {"addresses": {
            "sms": "8619999999999", "email": "canary@residents.example", "webhook": f"http://127.0.0.1:{ports['http']}/canary",
            "mqtt": "xiaoxishu/exercise/canary", "display": "xiaoxishu/exercise/display/canary", "spool": "canary"}},
    }
    path = options.data / "settings.yaml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def _moment(given: str, default: datetime) -> datetime:
    if not given:
        return default
    try:
        return datetime.fromisoformat(given).replace(tzinfo=BEIJING)
    except ValueError as error:
        raise ConfigError(f"{given!r} is no time; write e.g. 2024-09-19T20:00 (Beijing time)") from error


def _print(options: DemoOptions, summary: Summary) -> None:
    if options.as_json:
        typer.echo(json.dumps(summary.document, ensure_ascii=False, indent=2))
        return
    typer.echo(render(summary.history))
    typer.echo(json.dumps({key: value for key, value in summary.document.items() if key not in ("alerts", "against_history")}, ensure_ascii=False, indent=2))


def _say(sentence: str) -> None:
    typer.secho(f"[{time.strftime('%H:%M:%S')}] {sentence}", err=True)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total or done % 50 == 0:
        typer.secho(f"\r  {done}/{total}", err=True, nl=done == total)
