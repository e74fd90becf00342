"""Display screens over MQTT: what a screen shows now, retained per town, issuer and hazard, and cleared at the end."""

import json
from collections.abc import Sequence
from typing import Final

from pydantic import Field

from channels.message import Limits, Message, Receipt
from channels.port import Doors
from channels.wire.mqtt_line import BrokerOptions, MqttLine, Publication

COLOURS: Final = {1: "#1e6fd9", 2: "#f2c200", 3: "#f08000", 4: "#d7191c"}
"""Background by priority, blue to red."""


class Options(BrokerOptions):
    """One broker; screens subscribe to the topics of their town."""

    max_chars: int = Field(default=120, ge=20, le=2000, description="characters that the smallest screen shows")


class Sender:
    """The address is a topic whose last part names the hazard: ``…/<zone>/<issuer>/<hazard>``; the icon has its name.

    A screen shows every retained message of its topics until ``valid_until``, the highest ``priority`` first. A Cancel empties the topic: a screen that was
    switched off meanwhile shows nothing old when it comes back.
    """

    def __init__(self, options: Options, doors: Doors) -> None:
        self._max_chars = options.max_chars
        self._line = MqttLine(options, now=doors.now, publications=publications)

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=self._max_chars)

    async def open(self) -> None:
        await self._line.open()

    async def close(self) -> None:
        await self._line.close()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        return await self._line.send(messages)


def publications(message: Message) -> Sequence[Publication]:
    """What a message leaves on its topic: the screen's content, or nothing."""
    if message.msg_type == "Cancel":
        return [(b"", True)]
    said = {
        "identifier": message.identifier, "version": message.version, "status": message.status, "title": message.subject, "text": message.text,
        "language": message.language, "priority": message.priority, "colour": COLOURS.get(message.priority, COLOURS[4]),
        "icon": message.address.rpartition("/")[2], "valid_from": message.sent.isoformat(), "valid_until": message.expires.isoformat(),
    }
    return [(json.dumps(said, ensure_ascii=False).encode("utf-8", "replace"), True)]
