"""WIS2: tells the world's weather services of an alert, by a notification on a broker that a WIS2 Global Broker subscribes to."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from channels.message import Limits, Message, Receipt
from channels.port import Doors
from channels.wire.mqtt_line import BrokerOptions, MqttLine, Publication
from channels.wire.wis2_notice import notification


class Options(BrokerOptions):
    """One WIS2 node's broker and topic."""

    topic: str = Field(pattern=r"^origin/a/wis2/[a-z0-9-]+(/[a-z0-9-]+)+$",
                       description="such as origin/a/wis2/cn-cma-shanghai/data/core/weather/advisories-warnings")
    url: str = Field(pattern=r"^https?://[^\s]*\{identifier\}[^\s]*$",
                     description="where the CAP document lies, such as https://warnings.example/api/alerts/{identifier}.xml")
    metadata_id: str = Field(pattern=r"^urn:wmo:md:[a-z0-9-]+:\S+$", description="of the discovery metadata record that describes these warnings, such as urn:wmo:md:cn-cma-shanghai:warnings; "
                             "Global Brokers pass nothing on without it")


class Sender:
    """Published with QoS 1, not retained: a notification is news, the catalogue and the document's address last."""

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options, self._doors = options, doors
        self._line = MqttLine(options, now=doors.now, publications=self._publications)

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=None)

    async def open(self) -> None:
        await self._line.open()

    async def close(self) -> None:
        await self._line.close()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """The address is a plain name; all go out on the one topic."""
        return await self._line.send([replace(one, address=self._options.topic) if "/" not in one.address else one for one in messages])

    def _publications(self, message: Message) -> Sequence[Publication]:
        local = self._options.topic.removeprefix("origin/a/wis2/")
        return [(notification(
            message.body or message.text.encode(), data_id=f"{local}/{message.identifier}", metadata_id=self._options.metadata_id,
            href=self._options.url.replace("{identifier}", message.identifier), published=self._doors.now(), sent=message.sent), False)]
