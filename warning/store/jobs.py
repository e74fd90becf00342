"""Work for other processes: procrastinate jobs, deferred inside our own transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import procrastinate
import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.types import JSONDict
from procrastinate.worker import Worker
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.store.database import raw

QUEUE = "dispatch"
EXPAND = "xiaoxishu.expand"
SEND = "xiaoxishu.send"
CROWD = "xiaoxishu.crowd"

_AGAIN_S = 0.5
_LAST_WORDS_S = 3.0

log = structlog.get_logger()


class Jobs:
    """procrastinate behind one door. Jobs are hints: what is due is always read again from the ledger."""

    def __init__(self, url: str) -> None:
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=6))
        self._worker: Worker | None = None

    async def open(self) -> None:
        await self._app.open_async()

    async def close(self) -> None:
        await self._app.close_async()

    def register(
        self, *, expand: Callable[[str], Awaitable[None]], send: Callable[[int], Awaitable[None]],
        crowd: Callable[[int], Awaitable[None]],
    ) -> None:
        """Name the three tasks that workers run."""

        async def run_expand(identifier: str) -> None:
            await expand(identifier)

        async def run_send(batch_id: int) -> None:
            await send(batch_id)

        async def run_crowd(crowd_id: int) -> None:
            await crowd(crowd_id)

        retry = procrastinate.RetryStrategy(max_attempts=20, linear_wait=2)
        self._app.task(name=EXPAND, queue=QUEUE, retry=retry)(run_expand)
        self._app.task(name=SEND, queue=QUEUE, retry=retry)(run_send)
        self._app.task(name=CROWD, queue=QUEUE, retry=retry)(run_crowd)

    async def defer_expand(self, connection: AsyncConnection, identifier: str, *, priority: int) -> None:
        """Ask for an alert's audience to be worked out, as part of the transaction that stores the alert."""
        await self._app.configure_task(
            EXPAND, queue=QUEUE, priority=priority, connection=await raw(connection)
        ).defer_async(identifier=identifier)

    async def defer_send(self, connection: AsyncConnection, batch_id: int, *, priority: int, after_s: float = 0.0) -> None:
        """Ask for a batch to be sent, ``after_s`` real seconds from now at the earliest; ``priority`` by dispatch/rank."""
        await self._app.configure_task(
            SEND, queue=QUEUE, priority=priority, connection=await raw(connection),
            schedule_in={"seconds": after_s} if after_s > 0 else None,
        ).defer_async(batch_id=batch_id)

    async def defer_crowds(
        self, connection: AsyncConnection, crowd_ids: Sequence[int], *, priority: int, after_s: float = 0.0
    ) -> None:
        """Ask for batches of residents to be sent: all of them in one statement."""
        if crowd_ids:
            await self._app.configure_task(
                CROWD, queue=QUEUE, priority=priority, connection=await raw(connection),
                schedule_in={"seconds": after_s} if after_s > 0 else None,
            ).batch_defer_async(*(_argument(crowd_id) for crowd_id in crowd_ids))

    async def work(self, *, concurrency: int, name: str, grace_s: float = 30.0, heartbeat_s: float = 10.0) -> None:
        """Run jobs until cancelled; batches in hand then have ``grace_s`` to end, and the worker ends soon after even if its database never answers.

        A worker that loses its database begins again by itself, for the pool reconnects and nothing is lost.
        """
        while True:
            self._worker = Worker(
                self._app, queues=[QUEUE], concurrency=concurrency, name=name, wait=True, delete_jobs="successful", install_signal_handlers=False,
                fetch_job_polling_interval=0.5, update_heartbeat_interval=heartbeat_s, shutdown_graceful_timeout=grace_s)
            worker = asyncio.create_task(self._worker.run())  # type: ignore[no-untyped-call]  # procrastinate has left its types out
            heart = asyncio.create_task(self._beat(self._worker, heartbeat_s))
            try:
                await asyncio.shield(worker)
                log.warning("the worker stopped by itself and begins again", worker=name)  # nobody asked for it
            except ConnectorException as error:
                log.warning("the worker lost its database and begins again", worker=name, error=str(error.__cause__ or error))
            except asyncio.CancelledError:
                await _ended(worker, within_s=grace_s + _LAST_WORDS_S)
                raise
            finally:
                heart.cancel()
            await asyncio.sleep(_AGAIN_S)

    async def _beat(self, worker: Worker, every_s: float) -> None:
        """procrastinate's own heartbeat ends with the first one that fails, and nothing notices: its worker would work on and be taken for dead."""
        while True:
            await asyncio.sleep(every_s)
            try:
                if worker.worker_id is not None:
                    await self._app.job_manager.update_heartbeat(worker.worker_id)
            except ConnectorException as error:
                log.warning("a heartbeat waits for the database", error=str(error.__cause__ or error))


async def _ended(worker: asyncio.Task[None], *, within_s: float) -> None:
    """Told once, it lets its jobs end and signs off at the database; told twice, it leaves as it stands, and its jobs' leases run out."""
    for patience_s in (within_s, _LAST_WORDS_S):
        worker.cancel()
        done, _ = await asyncio.wait([worker], timeout=patience_s)
        if done:
            break
    else:
        log.error("the worker did not end and is left as it stands")
        return
    if not worker.cancelled() and (fault := worker.exception()) is not None:
        log.warning("the worker ended without its database", error=str(fault.__cause__ or fault))


def _argument(crowd_id: int) -> JSONDict:
    return {"crowd_id": crowd_id}
