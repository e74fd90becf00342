"""The drill's sinks: an SMS centre, a mail server, an MQTT broker and an HTTP sink, real protocols on the loopback."""

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack

from channels.wire.http_sink import HttpSink
from channels.wire.mail_sink import MailSink
from channels.wire.mqtt_sink import MqttSink
from channels.wire.smsc import Smsc
from warning.demo.scenario import SILENT, offices
from warning.store.database import Database
from warning.store.drill import DrillClock


async def serve_sinks(database_url: str) -> None:
    """Start all sinks, print their ports as one line of JSON, run until standard input ends (the demo lives no longer)."""
    database = Database(database_url, pool_size=1)
    clock = DrillClock(database)
    await clock.refresh()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        smsc, mail, broker = Smsc(now=clock.now, keep=50), MailSink(), MqttSink()
        http = HttpSink(now=clock.now, ack_after_s=0.2)
        ports = {"sms": await smsc.start(), "email": await mail.start(), "mqtt": await broker.start(), "http": await http.start()}
        for sink in (smsc, mail, broker, http):
            stack.push_async_callback(sink.stop)
        for office in offices():
            http.secrets[office.path] = office.secret
        http.silent.add(SILENT.path)
        sys.stdout.write(json.dumps(ports) + "\n")
        sys.stdout.flush()
        follower = asyncio.create_task(_follow(clock))
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _on_input, ended)
        await ended.wait()
        follower.cancel()


def _on_input(ended: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1024):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        ended.set()


async def _follow(clock: DrillClock) -> None:
    while True:
        await asyncio.sleep(0.2)
        await clock.refresh()
