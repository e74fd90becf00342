"""The drill's sinks: an SMS centre, a mail server, an MQTT broker and an HTTP sink, real protocols on the loopback."""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from channels.wire.http_sink import HttpSink
from channels.wire.mail_sink import MailSink
from channels.wire.mqtt_sink import MqttSink
from channels.wire.smsc import Smsc
from warning.demo.scenario import SILENT, offices
from warning.store.database import Database
from warning.store.drill import DrillClock
from warning.store.server import EmbeddedServer


async def serve_sinks(database_url: str, folder: Path) -> None:
    """Start all sinks, print their ports as one line of JSON, run until cancelled. The PostgreSQL in ``folder`` is held as long."""
    server = EmbeddedServer(folder)
    await asyncio.to_thread(server.open)
    database = Database(database_url, pool_size=1)
    clock = DrillClock(database)
    await clock.refresh()
    async with AsyncExitStack() as stack:
        stack.callback(server.close)
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
        stack.callback(asyncio.create_task(_follow(clock)).cancel)
        await asyncio.Event().wait()


async def _follow(clock: DrillClock) -> None:
    while True:
        await asyncio.sleep(0.2)
        await clock.refresh()
