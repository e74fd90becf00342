"""Work for other processes: procrastinate jobs, deferred inside our own transaction."""

from collections.abc import Awaitable, Callable, Sequence

import procrastinate
from procrastinate.exceptions import ConnectorException
from procrastinate.types import JSONDict
from sqlalchemy.ext.asyncio import AsyncConnection

from warning.store.database import raw

QUEUE = "dispatch"
EXPAND = "xiaoxishu.expand"
SEND = "xiaoxishu.send"
CROWD = "xiaoxishu.crowd"


class Jobs:
    """procrastinate behind one door. Jobs are hints: what is due is always read again from the ledger."""

    def __init__(self, url: str) -> None:
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=6))

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

    async def work(self, *, concurrency: int, name: str) -> None:
        """Run jobs until cancelled (or a signal, when this is the main task of a worker process)."""
        while True:
            try:
                await self._app.run_worker_async(
                    queues=[QUEUE], concurrency=concurrency, name=name, wait=True, delete_jobs="successful",
                    install_signal_handlers=False, fetch_job_polling_interval=0.5, shutdown_graceful_timeout=30,
                )
            except ConnectorException:
                # The database went away: the pool reconnects by itself, the worker starts again and nothing is lost.
                continue
            return


def _argument(crowd_id: int) -> JSONDict:
    return {"crowd_id": crowd_id}
