"""The bench of display: the drill's broker."""

from channels.display import Options
from tests.contract.on_port import AtBroker


class Bench(AtBroker):
    def at(self, port: int) -> Options:
        return Options(lane="exercise", timeout_s=30, host="127.0.0.1", port=port)
