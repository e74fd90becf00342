"""SMS over SGIP 1.2 (China Unicom): we connect to send, the gateway connects to us with reports and replies."""

from typing import Self

from pydantic import Field, SecretStr, model_validator

from channels.port import Doors
from channels.wire.china_options import ChinaOptions
from channels.wire.sgip import SgipDialect
from channels.wire.sgip_listener import Listener
from channels.wire.sms_channel import SmsChannel


class Options(ChinaOptions):
    """One account at one gateway (SMG) of China Unicom, and where we listen for it."""

    port: int = Field(default=8801, ge=1, le=65535, description="its TCP port")
    node: int = Field(ge=0, le=0xFFFFFFFF, description="our node number of the contract, ten digits beginning with 3")
    name: str = Field(pattern=r"^[!-~]{1,16}$", description="the account's name at the gateway")
    password: SecretStr = Field(description="the account's password")
    corp: str = Field(pattern=r"^[0-9]{1,5}$", description="corporation id of the contract")
    fee_type: int = Field(default=1, ge=0, le=9, description="fee type: 1 = free for the one who gets it")
    fee_value: str = Field(default="0", pattern=r"^[0-9]{1,6}$", description="fee in cents")
    listen_host: str = Field(min_length=1, description="address on which reports are awaited; name one that only the gateway reaches")
    listen_port: int = Field(default=8801, ge=0, le=65535, description="TCP port on which reports are awaited, as told to the operator")
    listen_name: str = Field(pattern=r"^[!-~]{1,16}$", description="the name with which the gateway logs in at our listener")
    listen_password: SecretStr = Field(min_length=1, description="the password with which it does")

    @model_validator(mode="after")
    def _passwords_fit(self) -> Self:
        for name, secret in (("password", self.password), ("listen_password", self.listen_password)):
            if len(secret.get_secret_value()) > 16 or not secret.get_secret_value().isascii():
                raise ValueError(f"{name}: at most 16 ASCII characters fit into the protocol's field")
        return self


class Sender(SmsChannel):
    """One session to send, one listener for what comes back."""

    def __init__(self, options: Options, doors: Doors) -> None:
        dialect = SgipDialect(
            node=options.node, name=options.name, password=options.password.get_secret_value(), corp=options.corp, source=options.source,
            service=options.service, fee_type=options.fee_type, fee_value=options.fee_value, reports=options.reports,
            gbk=options.coding == "gbk", now=doors.now)
        super().__init__(options, doors, dialect, port=options.port, probe_after_s=options.timeout_s, reports=options.reports)
        self._listener = Listener(
            dialect, host=options.listen_host, port=options.listen_port, name=options.listen_name,
            password=options.listen_password.get_secret_value(), timeout_s=options.timeout_s, hear=self._session.heard)

    @property
    def listen_port(self) -> int:
        """Where it listens while it is open (a free one was taken for 0)."""
        return self._listener.bound_port

    @property
    def trouble(self) -> str:
        return super().trouble or self._listener.trouble

    async def open(self) -> None:
        """Listen, then connect and log in; what fails is tried again in the background."""
        await self._listener.start()
        await super().open()

    async def close(self) -> None:
        """Log out and stop listening; a second call does nothing."""
        await super().close()
        await self._listener.stop()
