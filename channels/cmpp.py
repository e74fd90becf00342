"""SMS over CMPP 2.0 or 3.0 (China Mobile): accepted when the gateway answered every part, delivered when it reported every part."""

from typing import Literal

from pydantic import Field, SecretStr

from channels.port import Doors
from channels.wire.china_options import ChinaOptions
from channels.wire.cmpp import CmppDialect
from channels.wire.cmpp_pdu import V20, V30
from channels.wire.sms_channel import SmsChannel


class Options(ChinaOptions):
    """One account at one gateway (ISMG) of China Mobile."""

    port: int = Field(default=7890, ge=1, le=65535, description="its TCP port; 7890 for a long connection")
    version: Literal["2.0", "3.0"] = Field(default="2.0", description="protocol version of the contract")
    sp_id: str = Field(pattern=r"^[!-~]{6}$", description="provider id of the contract, six characters; logs in and stands in every message")
    secret: SecretStr = Field(description="the shared secret of the contract")
    fee_type: str = Field(default="01", pattern=r"^[0-9]{2}$", description="fee type: 01 = free for the one who gets it")
    fee_code: str = Field(default="0", pattern=r"^[0-9]{1,6}$", description="fee in cents")
    prefix86: bool = Field(default=False, description="write numbers with 86 in front (a few gateways ask for it)")
    active_test_s: float = Field(default=60.0, gt=0, description="ask whether the gateway still lives after so many seconds of silence (at most 180)")


class Sender(SmsChannel):
    """One logged-in session; reports and replies come by it too."""

    def __init__(self, options: Options, doors: Doors) -> None:
        super().__init__(
            options, doors,
            CmppDialect(layout=V30 if options.version == "3.0" else V20, sp_id=options.sp_id, secret=options.secret.get_secret_value(),
                        source=options.source, service=options.service, fee_type=options.fee_type, fee_code=options.fee_code,
                        reports=options.reports, gbk=options.coding == "gbk", prefix86=options.prefix86, now=doors.now),
            port=options.port, probe_after_s=options.active_test_s, reports=options.reports)
