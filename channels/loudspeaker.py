"""Community loudspeakers: an emergency-broadcast package (EBD/EBM) per town, over MQTT with retained state or by HTTP to the platform."""

from collections.abc import Sequence

from pydantic import Field

from channels.message import Limits, Message, Outcome, Reason, Receipt
from channels.port import Doors
from channels.wire.crew import BadAddress, Crew
from channels.wire.ebd import Origin, area_code, write
from channels.wire.http_post import Letter
from channels.wire.http_verdict import verdict
from channels.wire.mqtt_line import BrokerOptions, MqttLine, Publication


class Options(BrokerOptions):
    """One broker, or none where every address is a URL of the platform's REST interface."""

    host: str = Field(default="", description="the broker's name or address; empty when loudspeakers are reached by HTTP only")
    ebeid: str = Field(pattern=r"^\d{8,23}$", description="our identifier at the emergency-broadcast platform (EBEID), digits")
    sender_name: str = Field(min_length=1, max_length=60, description="who speaks, as the platform shows it")
    event_type: str = Field(default="11000", pattern=r"^[0-9A-Z]{5}$", description="the platform's own code of the event: 11000 natural disaster")
    max_chars: int = Field(default=500, ge=50, le=2000, description="characters that are read out; 500 take about two minutes")
    allow_private: bool = Field(default=False, description="let HTTP go to loopback and private networks (deployment setting allow_private_targets)")


class Sender:
    """The address is a topic (``…/310115000000/<issuer>/<hazard>``) or a URL; one of its parts is the area code of 6, 9 or 12 digits.

    Over MQTT what plays is retained, so that a loudspeaker that was off hears it until its end; a Cancel is published and the topic emptied.
    """

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options = options
        self._now = doors.now
        self._origin = Origin(ebeid=options.ebeid, name=options.sender_name, event_type=options.event_type)
        self._line = MqttLine(options, now=doors.now, publications=self._publications)
        self._crew = Crew(lane=options.lane, parallel=8, timeout_s=options.timeout_s, allow_private=options.allow_private, now=doors.now)

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=self._options.max_chars)

    async def open(self) -> None:
        self._crew.open()
        if self._options.host:
            await self._line.open()

    async def close(self) -> None:
        await self._crew.close()
        await self._line.close()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        receipts: list[Receipt | None] = [self._fault(message) for message in messages]
        for by_http in (False, True):
            chosen = [index for index, message in enumerate(messages) if receipts[index] is None and _is_url(message.address) is by_http]
            some = [messages[index] for index in chosen]
            said = await (self._crew.carry(some, letter=self._letter, verdict=verdict) if by_http else self._line.send(some))
            for index, receipt in zip(chosen, said, strict=True):
                receipts[index] = receipt
        return [receipt for receipt in receipts if receipt is not None]

    def _fault(self, message: Message) -> Receipt | None:
        fault = ""
        if not area_code(message.address):
            fault = "the address names no area: one part of the topic or URL is a code of 6, 9 or 12 digits"
        elif not self._options.host and not _is_url(message.address):
            fault = "the address is a topic and no broker is set; set host, or write the platform's URL"
        return Receipt(key=message.key, outcome=Outcome.REJECTED, at=self._now(), reason=Reason.BAD_ADDRESS, evidence=fault) if fault else None

    def _publications(self, message: Message) -> Sequence[Publication]:
        package = self._package(message)
        return [(package, False), (b"", True)] if message.msg_type == "Cancel" else [(package, True)]

    def _letter(self, message: Message) -> Letter:
        return Letter(url=message.address, headers=(("Content-Type", "application/xml; charset=utf-8"),), body=self._package(message))

    def _package(self, message: Message) -> bytes:
        code = area_code(message.address)
        if not code:
            raise BadAddress("the address names no area")
        return write(message, area_code=code, origin=self._origin)


def _is_url(address: str) -> bool:
    return address.startswith(("http://", "https://"))
