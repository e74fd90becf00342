"""SMS over SMPP 3.4: accepted when the gateway answered every part, delivered when it reported every part from the handset."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from channels.port import Doors
from channels.wire.smpp import SmppDialect
from channels.wire.sms_channel import SmsChannel, SmsOptions


class Options(SmsOptions):
    """One account at one SMPP gateway."""

    port: int = Field(ge=1, le=65535, description="its TCP port; by agreement, often 2775")
    system_id: str = Field(min_length=1, max_length=15, description="the account's name at the gateway")
    password: SecretStr = Field(description="the account's password")
    source: str = Field(min_length=1, max_length=20, description="the sender that handsets show: digits of a number or short code, or a name")
    registered_delivery: bool = Field(default=True, description="ask the gateway for a delivery report of each part")
    enquire_link_s: float = Field(default=30.0, gt=0, description="ask whether the gateway still lives after so many seconds of silence")

    @model_validator(mode="after")
    def _a_name_is_short(self) -> Self:
        if not self.source.isdigit() and (len(self.source) > 11 or not self.source.isascii()):
            raise ValueError("source: a name has at most 11 ASCII characters (a number may have 20 digits)")
        return self


class Sender(SmsChannel):
    """One bound SMPP session."""

    def __init__(self, options: Options, doors: Doors) -> None:
        super().__init__(
            options, doors,
            SmppDialect(system_id=options.system_id, password=options.password.get_secret_value(), source=options.source,
                        reports=options.registered_delivery),
            port=options.port, probe_after_s=options.enquire_link_s, reports=options.registered_delivery)
