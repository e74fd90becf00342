"""The bench of SGIP: our SMS centre speaking SGIP 1.2, which refuses numbers that start with 86199."""

from datetime import UTC, datetime

from pydantic import SecretStr

from channels.sgip import Options
from channels.wire.sgip_speech import SgipSpeech
from tests.contract.on_port import AtCentre


class Bench(AtCentre):
    account = "unicom"

    def speech(self) -> SgipSpeech:
        return SgipSpeech(lambda: datetime.now(UTC))

    def at(self, port: int) -> Options:
        return Options(lane="exercise", timeout_s=30, host="127.0.0.1", port=port, node=3021000001, name=self.account, password=SecretStr("pa55"), corp="12345",
                       source="10655001", listen_host="127.0.0.1", listen_port=0, listen_name="smg", listen_password=SecretStr("5ecret"))
