"""MQTT: publish a warning, retained and with QoS 1, on the topic of a zone (other systems, and whoever subscribes)."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from channels.message import Limits, Message, Receipt
from channels.port import Doors
from channels.wire.envelope import envelope
from channels.wire.mqtt_line import BrokerOptions, MqttLine, Publication, topic_fault

__all__ = ["Options", "Sender", "topic_fault"]


class Options(BrokerOptions):
    """One broker, and what stays on a topic."""

    on_cancel: Literal["replace", "clear"] = Field(
        default="replace",
        description="what a Cancel leaves on its topic: replace = the Cancel itself is retained; clear = the Cancel is published"
        " unretained, then the topic is emptied",
    )


class Sender:
    """The address is a topic without wildcards. One topic keeps one message, so a topic names a zone *and* a hazard or event."""

    def __init__(self, options: Options, doors: Doors) -> None:
        self._clear = options.on_cancel == "clear"
        self._line = MqttLine(options, now=doors.now, publications=self._publications)

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=None)

    async def open(self) -> None:
        await self._line.open()

    async def close(self) -> None:
        await self._line.close()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        return await self._line.send(messages)

    def _publications(self, message: Message) -> Sequence[Publication]:
        body, _ = envelope(message)
        if message.msg_type == "Cancel" and self._clear:
            return [(body, False), (b"", True)]
        return [(body, True)]
