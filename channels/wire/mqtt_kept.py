"""Kept: what a worker has left on the topics of a broker, and until when it holds: nothing retained outlives its warning."""

import asyncio
from datetime import datetime
from hashlib import sha256
from typing import Final

import aiomqtt

_LOOK_S: Final = 1.0
"""A broker sends what it retains right behind its SUBACK; who hears nothing for so long hears nothing."""


class Kept:
    """Of each topic the newest publication of this process. Another worker's newer one on the same topic is never cleared."""

    def __init__(self) -> None:
        self._topics: dict[str, tuple[bytes, datetime]] = {}

    def __len__(self) -> int:
        return len(self._topics)

    def note(self, topic: str, payload: bytes, until: datetime) -> None:
        """What was just published there, to be retained; an empty payload has cleared it."""
        if payload:
            self._topics[topic] = sha256(payload).digest(), until
        else:
            self._topics.pop(topic, None)

    def due(self, now: datetime) -> list[str]:
        return [topic for topic, (_, until) in self._topics.items() if until <= now]

    async def clear(self, client: aiomqtt.Client, topic: str) -> bool:
        """Empty a topic that is due, if what stands there is still ours; says whether it was. Raises aiomqtt.MqttError, then it stays due."""
        mine, _ = self._topics[topic]
        await client.subscribe(topic, qos=1)
        try:
            ours = await _standing(client, topic) == mine
            if ours and self._topics.get(topic, (b"",))[0] == mine:
                await client.publish(topic, b"", qos=1, retain=True)
        finally:
            await client.unsubscribe(topic)
        if self._topics.get(topic, (b"",))[0] == mine:
            del self._topics[topic]
        return ours


async def _standing(client: aiomqtt.Client, topic: str) -> bytes:
    """The sum of what the broker retains on a topic; empty when it is nothing."""
    try:
        async with asyncio.timeout(_LOOK_S):
            async for message in client.messages:
                if str(message.topic) == topic and message.retain:
                    return sha256(bytes(message.payload)).digest() if isinstance(message.payload, bytes | bytearray) else b""
    except TimeoutError:
        pass
    return b""
