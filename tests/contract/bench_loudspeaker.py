"""The bench of loudspeaker: the drill's broker."""

from channels.loudspeaker import Options
from tests.contract.on_port import AtBroker


class Bench(AtBroker):
    def at(self, port: int) -> Options:
        return Options(lane="exercise", timeout_s=30, host="127.0.0.1", port=port, ebeid="31000041600000", sender_name="上海气象")

    def address(self, n: int) -> str:
        return f"warnings/31010{n}000000/11B03"

    def bad_address(self) -> str:
        return "warnings/pudong/11B03"
