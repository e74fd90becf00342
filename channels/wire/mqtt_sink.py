"""MQTT sink of a drill: a real broker (amqtt, of the demo extra) on the loopback that counts what it takes."""

import asyncio
import logging
from collections import Counter

from amqtt.broker import Broker, BrokerContext
from amqtt.contexts import BrokerConfig, ListenerConfig
from amqtt.plugins.base import BasePlugin
from amqtt.session import ApplicationMessage


class CountingPlugin(BasePlugin[BrokerContext]):  # type: ignore[misc]  # amqtt ships no types
    """Counts PUBLISH packets by topic; amqtt finds it by its dotted name and its events by the method's name."""

    def __init__(self, context: BrokerContext) -> None:
        super().__init__(context)
        self.received: Counter[str] = Counter()

    async def on_broker_message_received(self, *, client_id: str, message: ApplicationMessage | None) -> None:  # noqa: ARG002 amqtt passes both by name
        if message is not None:
            self.received[message.topic] += 1


class MqttSink:
    """A broker for anybody on this machine. ``received`` counts by topic, over restarts too; ``retained`` is what a new subscriber gets."""

    def __init__(self) -> None:
        self._broker: Broker | None = None
        self._before: Counter[str] = Counter()

    @property
    def received(self) -> Counter[str]:
        return self._before + self._counter().received if self._broker is not None else Counter(self._before)

    @property
    def retained(self) -> dict[str, bytes]:
        if self._broker is None:
            return {}
        return {topic: bytes(message.data or b"") for topic, message in self._broker.retained_messages.items() if message.data}

    async def start(self, port: int = 0) -> int:
        """Listen on 127.0.0.1 and give back the port; raises amqtt's BrokerError when it is taken. Retained messages start empty."""
        self._broker = Broker(BrokerConfig(
            listeners={"default": ListenerConfig(bind=f"127.0.0.1:{port}")},
            plugins={
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True},
                f"{CountingPlugin.__module__}.{CountingPlugin.__name__}": {},
            },
        ))
        # A client that offers MQTT 5 first is refused as the protocol says; amqtt calls that an error at each connection.
        logging.getLogger("amqtt.mqtt.protocol.broker_handler").setLevel(logging.CRITICAL)
        logging.getLogger("amqtt.broker").setLevel(logging.CRITICAL)
        await self._broker.start()
        # amqtt has no public way to ask which port the system gave.
        listening = self._broker._servers["default"].instance
        return int(next(iter(listening.sockets)).getsockname()[1])

    async def stop(self) -> None:
        """Close every connection; the counts stay."""
        if self._broker is not None:
            self._before = self.received
            broker, self._broker = self._broker, None
            await broker.shutdown()
            # amqtt leaves the closing of its clients' sockets to the next turns of the loop; a caller may end the loop at once.
            for _ in range(100):
                if not any(server.conn_count > 0 for server in broker._servers.values()):
                    break
                await asyncio.sleep(0.01)
            await asyncio.sleep(0)

    def _counter(self) -> CountingPlugin:
        found = self._broker.plugins_manager.get_plugin(CountingPlugin.__name__) if self._broker is not None else None
        if not isinstance(found, CountingPlugin):
            raise TypeError("the broker was started without its counting plugin")
        return found
