"""Cell broadcast by a cell broadcast centre (CBC): the CAP document POSTed to its REST interface, with what the radio side needs in headers."""

from collections.abc import Sequence

from lxml import etree
from pydantic import Field

from channels.message import Limits, Message, Outcome, Reason, Receipt
from channels.port import ChannelOptions, Doors
from channels.wire.crew import Crew, Parcel, Said
from channels.wire.http_post import Letter, written
from channels.wire.http_verdict import verdict
from channels.wire.pages import MAX_CHARS_UCS2, is_gsm7, pages_of

_CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"


class Options(ChannelOptions):
    """Message identifiers are those of 3GPP TS 23.041 §9.4.1.2.2; which of them phones show is the operator's to say."""

    red: int = Field(default=4370, ge=4352, le=6399, description="message identifier of red: 4370 is shown by every phone and cannot be switched off")
    orange: int = Field(default=4371, ge=4352, le=6399, description="message identifier of orange")
    yellow: int = Field(default=4373, ge=4352, le=6399, description="message identifier of yellow")
    blue: int = Field(default=4378, ge=4352, le=6399, description="message identifier of blue")
    exercise: int = Field(default=4381, ge=4352, le=6399, description="message identifier of every exercise: 4381 is shown only by phones set to see exercises")
    needs_geometry: bool = Field(default=True, description="refuse a CAP without polygon or circle, because a CBC that gets codes only broadcasts nowhere")
    allow_private: bool = Field(default=False, description="let requests go to loopback and private networks (deployment setting allow_private_targets)")


class Sender:
    """The address is the URL of the CBC's interface. ACCEPTED means that the CBC took it: no phone says that it has shown a broadcast."""

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options = options
        self._crew = Crew(lane=options.lane, parallel=4, timeout_s=options.timeout_s, allow_private=options.allow_private, now=doors.now)

    @property
    def limits(self) -> Limits:
        """Fifteen pages: 615 Chinese characters. Latin text has room for 1,395, but a warning is bilingual."""
        return Limits(max_chars=MAX_CHARS_UCS2)

    async def open(self) -> None:
        self._crew.open()

    async def close(self) -> None:
        await self._crew.close()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        def parcel(index: int) -> Parcel | Said:
            message = messages[index]
            return self._crew.fence(message) or self._fault(message) or written(self._letter(message), allow_private=self._options.allow_private)

        return self._crew.receipts(messages, await self._crew.deliver(len(messages), parcel=parcel, verdict=verdict))

    def _fault(self, message: Message) -> Said | None:
        areas = area_kinds(message.body)
        if areas is None:
            return Said(outcome=Outcome.REJECTED, reason=Reason.REFUSED, evidence="the message holds no CAP document; this channel's kind must be cbc")
        if self._options.needs_geometry and message.msg_type != "Cancel" and not areas & {"polygon", "circle"}:
            return Said(outcome=Outcome.REJECTED, reason=Reason.REFUSED,
                        evidence="the CAP has no polygon or circle; draw the area, or set needs_geometry: false if the CBC knows the codes")
        return None

    def _letter(self, message: Message) -> Letter:
        return Letter(url=message.address, body=message.body, headers=(
            ("Content-Type", "application/cap+xml"),
            ("X-CB-Message-Identifier", str(self.message_identifier(message))),
            ("X-CB-Data-Coding", "gsm7" if is_gsm7(message.text) else "ucs2"),
            ("X-CB-Pages", str(len(pages_of(message.text)))),
            ("X-CB-Action", "kill" if message.msg_type == "Cancel" else "write-replace"),
        ))

    def message_identifier(self, message: Message) -> int:
        """By level; an exercise has its own whatever its level, so that no phone shows it which was not set to."""
        if message.lane == "exercise":
            return self._options.exercise
        return {1: self._options.blue, 2: self._options.yellow, 3: self._options.orange}.get(message.priority, self._options.red)


def area_kinds(cap: bytes) -> frozenset[str] | None:
    """Which of polygon, circle and geocode the areas of a CAP document have; None when it is none."""
    try:
        root = etree.fromstring(cap, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root.tag != f"{_CAP}alert":
        return None
    return frozenset(kind for kind in ("polygon", "circle", "geocode") if root.find(f".//{_CAP}area/{_CAP}{kind}") is not None)
