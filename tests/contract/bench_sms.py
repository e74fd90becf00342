"""The bench of SMS: our SMS centre, which refuses numbers that start with 999."""

from pydantic import SecretStr

from channels.sms import Options
from tests.contract.on_port import AtCentre


class Bench(AtCentre):
    refused = "999"

    def at(self, port: int) -> Options:
        return Options(lane="exercise", timeout_s=30, host="127.0.0.1", port=port, system_id=self.account, password=SecretStr("pa55"), source="12379")
