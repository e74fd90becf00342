"""SMS over SMGP 3.0.3 (China Telecom): accepted when the gateway answered every part, delivered when it reported every part."""

from pydantic import Field, SecretStr

from channels.port import Doors
from channels.wire.china_options import ChinaOptions
from channels.wire.smgp import SmgpDialect
from channels.wire.sms_channel import SmsChannel


class Options(ChinaOptions):
    """One account at one gateway of China Telecom."""

    port: int = Field(default=8890, ge=1, le=65535, description="its TCP port")
    client_id: str = Field(pattern=r"^[!-~]{1,8}$", description="client id of the contract, up to eight characters")
    secret: SecretStr = Field(description="the shared secret of the contract (at most 15 octets)")
    fee_type: str = Field(default="00", pattern=r"^[0-9]{2}$", description="fee type: 00 = free for the one who gets it")
    fee_code: str = Field(default="0", pattern=r"^[0-9]{1,6}$", description="fee in cents")
    prefix86: bool = Field(default=False, description="write numbers with 86 in front (a few gateways ask for it)")
    active_test_s: float = Field(default=60.0, gt=0, description="ask whether the gateway still lives after so many seconds of silence (at most 180)")


class Sender(SmsChannel):
    """One logged-in session; reports and replies come by it too."""

    def __init__(self, options: Options, doors: Doors) -> None:
        super().__init__(
            options, doors,
            SmgpDialect(client_id=options.client_id, secret=options.secret.get_secret_value(), source=options.source, service=options.service,
                        fee_type=options.fee_type, fee_code=options.fee_code, reports=options.reports, gbk=options.coding == "gbk",
                        prefix86=options.prefix86, now=doors.now),
            port=options.port, probe_after_s=options.active_test_s, reports=options.reports)
