"""MQTT line: one kept connection to a broker, and batches of messages published on it with QoS 1, one receipt each.

MQTT 5 is offered first, for there a retained message carries its own expiry; a broker that refuses it is spoken to in 3.1.1. In both a
sweep empties the topics on which this process left something that holds no longer.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable, Sequence
from datetime import datetime

import aiomqtt
import httpx
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import Field, SecretStr

from channels.message import Message, Outcome, Reason, Receipt
from channels.port import ChannelOptions, refusal
from channels.wire.mqtt_kept import Kept

_ATTEMPTS = 3
_FIRST_PAUSE_S = 0.1
_SWEEP_S = 5.0
_LONGEST_EXPIRY_S = 2**32 - 1
V5, V311 = aiomqtt.ProtocolVersion.V5, aiomqtt.ProtocolVersion.V311
_UNSUPPORTED = frozenset({1, 132})
"""CONNACK of a broker that does not speak MQTT 5, by its own and by the newer table."""


class BrokerOptions(ChannelOptions):
    """One broker. ``timeout_s`` bounds the connecting and each wait for a PUBACK."""

    host: str = Field(min_length=1, description="the broker's name or address")
    port: int = Field(default=1883, ge=1, le=65535, description="the broker's port; 8883 is usual with tls")
    tls: bool = Field(default=False, description="speak TLS and check the broker's certificate")
    username: str = Field(default="", description="user name, empty for none")
    password: SecretStr = Field(default=SecretStr(""), description="password, used with the user name only")
    client_id: str = Field(default="", description="fixed client id, one for each process; empty lets every connection have its own")
    in_flight: int = Field(default=20, ge=1, le=1000, description="messages that may wait for their PUBACK at once")


class _Refused(Exception):
    """The broker answered, and would not have it; the text is the broker's reason."""


def _code(rc: object) -> object:
    return rc.value if isinstance(rc, ReasonCode) else rc


Publication = tuple[bytes, bool]
"""A payload, and whether the broker keeps it for those who subscribe later. An empty one that is kept clears the topic."""


class MqttLine:
    """Opened once, used by many batches. ``publications`` gives what one message becomes on its topic, in order."""

    def __init__(
        self, options: BrokerOptions, *, now: Callable[[], datetime], publications: Callable[[Message], Sequence[Publication]]
    ) -> None:
        self._options = options
        self._now = now
        self._publications = publications
        self._client: aiomqtt.Client | None = None
        self._connecting = asyncio.Lock()
        self._failures = 0
        self._speaks = V5
        self._old_broker = False
        self._codes: dict[int, str] = {}
        self._kept = Kept()
        self._sweeping: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Try the broker once, so that the first warning need not wait; a dead one is found again by ``send``."""
        await self._connected(attempts=2)
        self._sweeping = asyncio.create_task(self._keep_sweeping(), name="retained messages")

    async def close(self) -> None:
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
        if self._client is not None:
            await self._forget(self._client)

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        receipts = [self._fence(message) for message in messages]
        left = [index for index, receipt in enumerate(receipts) if receipt is None]
        # Twice: a connection that died while idle shows itself only when it is used.
        for _ in range(2):
            if not left:
                break
            client = await self._connected(attempts=_ATTEMPTS)
            if client is None:
                break
            for index, receipt in zip(left, await self._publish_all(client, [messages[index] for index in left]), strict=True):
                receipts[index] = receipt
            left = [index for index in left if receipts[index] is None]
            if left or any(receipt and receipt.reason is Reason.TIMEOUT for receipt in receipts):
                await self._forget(client)
        return [
            receipt or self._receipt(message, Outcome.RETRY, "no connection to the broker", Reason.UNREACHABLE)
            for message, receipt in zip(messages, receipts, strict=True)
        ]

    def _fence(self, message: Message) -> Receipt | None:
        refused = refusal(message, lane=self._options.lane, now=self._now())
        wrong = "" if refused else topic_fault(message.address)
        return self._receipt(message, Outcome.REJECTED, wrong, Reason.BAD_ADDRESS) if wrong else refused

    async def _publish_all(self, client: aiomqtt.Client, messages: Sequence[Message]) -> list[Receipt | None]:
        """A receipt for each, or None where the connection was gone before the message could be written."""
        slots = asyncio.Semaphore(self._options.in_flight)  # first come, first served: the order on a topic is the batch's order
        lost = False

        async def one(message: Message) -> Receipt | None:
            nonlocal lost
            async with slots:
                if lost:
                    return None
                try:
                    async with asyncio.timeout(self._options.timeout_s):
                        await self._publish(client, message)
                except TimeoutError:
                    lost = True
                    return self._receipt(message, Outcome.RETRY, "no PUBACK in time", Reason.TIMEOUT)
                except aiomqtt.MqttError:
                    lost = True
                    return None
                except _Refused as said:
                    return self._receipt(message, Outcome.REJECTED, f"PUBACK: {said}; see what the broker lets this user publish", Reason.REFUSED)
                except ValueError:  # paho: longer than a topic or a packet may be
                    return self._receipt(message, Outcome.REJECTED, "the broker's protocol cannot carry this message", Reason.TOO_LONG)
                return self._receipt(message, Outcome.ACCEPTED, "PUBACK", None)

        return list(await asyncio.gather(*(one(message) for message in messages)))

    async def _publish(self, client: aiomqtt.Client, message: Message) -> None:
        """Returns at the last PUBACK; the caller sets the time limit (the client's own would look like a lost connection)."""
        for payload, retain in self._publications(message):
            mid = client._client._last_mid % 65535 + 1  # what paho gives the next packet; nothing else runs before it does
            await client.publish(message.address, payload, qos=1, retain=retain, timeout=math.inf, properties=self._properties(message, retain and payload))
            code = self._codes.pop(mid, "")
            if code:
                raise _Refused(code)
            if retain:
                self._kept.note(message.address, payload, message.expires)

    def _properties(self, message: Message, kept: bool | bytes) -> Properties | None:
        """MQTT 5 §3.3.2.3.3: for how many seconds the broker may hand it to whoever comes later."""
        if self._speaks is not V5 or not kept:
            return None
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho types it in part
        properties.MessageExpiryInterval = max(1, min(_LONGEST_EXPIRY_S, math.ceil((message.expires - self._now()).total_seconds())))
        return properties

    async def sweep(self) -> int:
        """Empty the topics on which what we left has expired; how many were emptied. What the broker does not answer to stays for the next time."""
        due = self._kept.due(self._now())
        client = await self._connected(attempts=1) if due else None
        cleared = 0
        for topic in due if client is not None else ():
            assert client is not None
            try:
                cleared += await self._kept.clear(client, topic)
            except aiomqtt.MqttError:
                await self._forget(client)
                break
        return cleared

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            await self.sweep()

    def _heard(self, on_publish: Callable[..., object] | None) -> Callable[..., None]:
        """Keeps the reason of a PUBACK that refuses (MQTT 5 §3.4.2.1), then goes on."""

        def heard(client: object, userdata: object, mid: int, code: ReasonCode, properties: object) -> None:
            if code.is_failure:
                self._codes[mid] = str(code)
            if on_publish is not None:
                on_publish(client, userdata, mid, code, properties)

        return heard

    async def _connected(self, *, attempts: int) -> aiomqtt.Client | None:
        """The connection, made anew with growing pauses within ``timeout_s``; None when the broker does not answer."""
        failures = self._failures
        async with self._connecting:
            if self._client is not None:
                return self._client
            if self._failures != failures:
                return None  # another batch has just found it dead while this one waited: it need not wait again
            deadline = asyncio.get_running_loop().time() + self._options.timeout_s
            for attempt in range(attempts):
                # A broker that does not know MQTT 5 may say so, or only hang up.
                self._speaks = V311 if self._old_broker or attempt % 2 else V5
                client = self._new_client(share_s=max(0.05, (deadline - asyncio.get_running_loop().time()) / 2))
                try:
                    self._client = await client.__aenter__()
                except aiomqtt.MqttError as error:
                    if isinstance(error, aiomqtt.MqttCodeError) and _code(error.rc) in _UNSUPPORTED:
                        self._old_broker = True
                    pause = _FIRST_PAUSE_S * 2**attempt
                    if attempt + 1 == attempts or asyncio.get_running_loop().time() + pause >= deadline:
                        break
                    await asyncio.sleep(pause)
                else:
                    return self._client
            self._failures += 1
            return None

    def _new_client(self, *, share_s: float) -> aiomqtt.Client:
        options = self._options
        client = aiomqtt.Client(
            options.host,
            options.port,
            identifier=options.client_id or None,
            username=options.username or None,
            password=options.password.get_secret_value() if options.username else None,
            tls_context=httpx.create_ssl_context() if options.tls else None,
            timeout=share_s,
            max_inflight_messages=options.in_flight,
            protocol=self._speaks,
        )
        client._client.on_publish = self._heard(client._client.on_publish)  # aiomqtt throws away what a PUBACK says
        client.pending_calls_threshold = 2 * options.in_flight  # it warns above this; our own window is the limit
        client._client.connect_timeout = share_s  # aiomqtt has no door to paho's setting, which is 5 s
        return client

    async def _forget(self, client: aiomqtt.Client) -> None:
        if self._client is client:
            self._client = None
        with contextlib.suppress(aiomqtt.MqttError):  # it is gone either way
            await client.__aexit__(None, None, None)

    def _receipt(self, message: Message, outcome: Outcome, evidence: str, reason: Reason | None) -> Receipt:
        return Receipt(key=message.key, outcome=outcome, at=self._now(), evidence=evidence, reason=reason)


def topic_fault(topic: str) -> str:
    """Why a topic cannot be published on (MQTT 3.1.1 §4.7, §1.5.3), or an empty text; it never quotes the topic."""
    if not topic:
        return "the topic is empty; write it as province/city/district"
    if "+" in topic or "#" in topic:
        return "the topic holds a wildcard (+ or #); a message is published on one topic"
    if topic.startswith("$"):
        return "topics that begin with $ belong to the broker; choose another"
    if any(c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff" for c in topic):
        return "the topic holds a control character; write plain text"
    if len(topic.encode()) > 65535:
        return "the topic is longer than 65,535 bytes"
    return ""
