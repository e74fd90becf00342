"""A real MQTT broker for one test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig


@asynccontextmanager
async def brokered() -> AsyncIterator[int]:
    """Up within the block on 127.0.0.1; its port."""
    broker = Broker(BrokerConfig(listeners={"default": ListenerConfig(bind="127.0.0.1:0")},
                                 plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}))
    await broker.start()
    try:
        yield int(next(iter(broker._servers["default"].instance.sockets)).getsockname()[1])
    finally:
        await broker.shutdown()
        for _ in range(100):  # amqtt leaves the closing of its clients' sockets to the next turns of the loop
            if not any(server.conn_count > 0 for server in broker._servers.values()):
                break
            await asyncio.sleep(0.01)
