"""The bench of CMPP: our SMS centre speaking CMPP 2.0, which refuses numbers that start with 86199."""

from pydantic import SecretStr

from channels.cmpp import Options
from channels.wire.cmpp_pdu import V20
from channels.wire.cmpp_speech import CmppSpeech
from tests.contract.on_port import AtCentre


class Bench(AtCentre):
    account = "901234"

    def speech(self) -> CmppSpeech:
        return CmppSpeech(V20)

    def at(self, port: int) -> Options:
        return Options(lane="exercise", timeout_s=30, host="127.0.0.1", port=port, sp_id=self.account, secret=SecretStr("pa55"), source="10690001")
