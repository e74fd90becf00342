"""aiosmpplib on the SMS workload, held to the same window, as shipped and without its slow delivery map."""

import asyncio
import time

from aiosmpplib import ESME, AbstractHook, PhoneNumber, SmppMessage, SubmitSm, SubmitSmResp
from aiosmpplib.broker import SimpleBroker
from aiosmpplib.correlator import SimpleCorrelator
from aiosmpplib.log import ERROR

from tests.bench.sms import WINDOW
from tests.bench.sms_text import SOURCE, TEXT, number_of


class _Window(SimpleBroker):  # type: ignore[misc]  # aiosmpplib ships no types
    """It has no window of its own: a message leaves the queue when fewer than ten are unanswered."""

    def __init__(self, messages: int) -> None:
        super().__init__(maxsize=messages)
        self.free = asyncio.Semaphore(WINDOW)

    async def dequeue(self) -> SmppMessage:
        await self.free.acquire()
        return await super().dequeue()


class _Responses(AbstractHook):  # type: ignore[misc]  # aiosmpplib ships no types
    """Opens the window again with each response, and tells when all have come."""

    def __init__(self, window: _Window, messages: int) -> None:
        self._window, self._left = window, messages
        self.all = asyncio.Event()

    async def sending(self, smpp_message: SmppMessage, pdu: bytes, client_id: str) -> None:
        """Nothing to see."""

    async def received(self, smpp_message: SmppMessage | None, pdu: bytes, client_id: str) -> None:  # noqa: ARG002 - their signature
        if isinstance(smpp_message, SubmitSmResp):
            self._left -= 1
            self._window.free.release()
            if not self._left:
                self.all.set()

    async def send_error(self, smpp_message: SmppMessage, error: Exception, client_id: str) -> None:  # noqa: ARG002 - their signature
        raise error


class _NoMap(SimpleCorrelator):  # type: ignore[misc]  # aiosmpplib ships no types
    """Does not keep what waits for a report: the map it keeps is searched through for every message."""

    async def put_delivery(self, smsc_message_id: str, submit_sm: SubmitSm) -> None:
        """Nothing is kept."""


def as_shipped(port: int, messages: int) -> float:
    """Messages per second."""
    return asyncio.run(_rate(port, messages, SimpleCorrelator("bench")))


def without_map(port: int, messages: int) -> float:
    """Messages per second, at its best."""
    return asyncio.run(_rate(port, messages, _NoMap("bench")))


async def _rate(port: int, messages: int, correlator: SimpleCorrelator) -> float:
    window = _Window(messages)
    responses = _Responses(window, messages)
    esme = ESME("127.0.0.1", port, "bench", "bench", hook=responses, broker=window, correlator=correlator, log_level=ERROR)
    ready = [SubmitSm(short_message=TEXT, source=PhoneNumber(SOURCE), destination=PhoneNumber(number_of(number)), encoding="ucs2",
                      registered_delivery=0, log_id=str(number)) for number in range(messages)]
    session = asyncio.create_task(esme.start())
    try:
        await esme._bound.wait()
        started = time.perf_counter()
        for message in ready:
            await window.enqueue(message)
        async with asyncio.timeout(120):
            await responses.all.wait()
        return messages / (time.perf_counter() - started)
    finally:
        writer = esme._writer  # the library half-closes its connection and leaves the rest to the collector
        await esme.stop()
        session.cancel()
        await asyncio.wait((session,))
        if writer is not None:
            writer.transport.abort()
            await asyncio.sleep(0)
