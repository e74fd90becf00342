"""The bench of SMGP: our SMS centre speaking SMGP 3.0.3, which refuses numbers that start with 86199."""

from datetime import UTC, datetime

from pydantic import SecretStr

from channels.smgp import Options
from channels.wire.smgp_speech import SmgpSpeech
from tests.contract.on_port import AtCentre


class Bench(AtCentre):
    account = "telecom1"

    def speech(self) -> SmgpSpeech:
        return SmgpSpeech(lambda: datetime.now(UTC))

    def at(self, port: int) -> Options:
        return Options(lane="exercise", timeout_s=30, host="127.0.0.1", port=port, client_id=self.account, secret=SecretStr("pa55"), source="10690001")
