"""The bench of CBSP: the drill's base station controller; location area 9999 does not exist."""

from pathlib import Path

from channels.cbsp import Options
from channels.wire import cbsp
from channels.wire.bsc_sink import BscSink
from tests.contract.on_port import OnPort


class Bench(OnPort):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._bsc = BscSink()

    @property
    def sink(self) -> BscSink:
        return self._bsc

    def at(self, port: int) -> Options:
        return Options(lane="exercise", timeout_s=30, host="127.0.0.1", port=port)

    def address(self, n: int) -> str:
        return f"lac:{4660 + n}"

    def bad_address(self) -> str:
        return "lac:70000"

    async def taken(self) -> list[str]:
        return [pdu.text for pdu in self._bsc.taken if pdu.kind == cbsp.WRITE_REPLACE]
