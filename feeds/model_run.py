"""Model run: fetch the fields wanted of each run of a weather model, all steps together, as soon as the last one is there.

A run is handed on whole: the first steps of a new run alone would take the place of the whole run before, and what that one
foresees for later would be gone.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pydantic import Field

from feeds.backoff import Backoff
from feeds.errors import FeedError
from feeds.fetch import Fetch, FetchOptions
from feeds.incoming import Incoming
from feeds.payload import Payload
from feeds.pieces import Piece, fetch_pieces


class RunOptions(FetchOptions):
    """What every source of model runs can be told."""

    every_h: int = Field(default=6, ge=1, le=24, description="hours between two runs that are wanted")
    steps: tuple[int, ...] = Field(default=tuple(range(0, 73, 3)), min_length=1, description="forecast hours wanted")
    ready_after_h: float = Field(default=3.0, ge=0, description="a run is not asked for before it is so many hours old")
    poll_s: float = Field(default=120, gt=0, description="seconds between two looks for a new run")


class Model(Protocol):
    """What a model's adapter knows: its addresses, and its index."""

    def urls(self, run: datetime, step: int) -> tuple[str, str]:
        """(index, data)."""

    def pieces(self, index: str, run: datetime, step: int) -> Sequence[Piece]:
        """Those wanted; FeedError for an index of another form or run."""


class RunSource:
    """``payloads()`` runs until it is closed: one payload a run, newest first, never an older one after a newer."""

    def __init__(
        self, options: RunOptions, model: Model, *, name: str, now: Callable[[], datetime], sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._options, self._model, self._name, self._now, self._sleep = options, model, name, now, sleep
        self._incoming = Incoming(folder=options.folder / name, keep=timedelta(hours=options.keep_h))
        self._backoff = Backoff(first=min(30.0, options.poll_s), longest=options.longest_wait_s)
        self._last: datetime | None = None

    async def payloads(self) -> AsyncGenerator[Payload]:
        """Raises SourceUnavailable, Truncated (retry) and FeedError, each with a mend."""
        if self._backoff.wait:
            await self._sleep(self._backoff.wait)
        async with Fetch(self._options, name=self._name) as fetch:
            while True:
                try:
                    for run in self._due():
                        payload = await self._fetched(fetch, run)
                        if payload is not None:
                            self._last = run
                            yield payload
                            break
                except FeedError:
                    self._backoff.failed()
                    raise
                self._backoff.succeeded()
                await asyncio.to_thread(self._incoming.sweep, now=self._now())
                await self._sleep(self._options.poll_s)

    def _due(self) -> list[datetime]:
        """The newest run that may be there and the one before it, newest first, without those handed on or passed."""
        ready = self._now().astimezone(UTC) - timedelta(hours=self._options.ready_after_h)
        midnight = ready.replace(hour=0, minute=0, second=0, microsecond=0)
        newest = midnight + timedelta(hours=ready.hour // self._options.every_h * self._options.every_h)
        runs = [newest, newest - timedelta(hours=self._options.every_h)]
        return [run for run in runs if self._last is None or run > self._last]

    async def _fetched(self, fetch: Fetch, run: datetime) -> Payload | None:
        """None while a step of the run is not there; nothing but indexes is fetched before all are."""
        wanted: list[tuple[str, Sequence[Piece]]] = []
        for step in reversed(self._options.steps):  # the last comes last
            index_url, data_url = self._model.urls(run, step)
            index = await fetch.text(index_url)
            if index is None:
                return None
            wanted.append((data_url, self._model.pieces(index, run, step)))
        if not any(pieces for _, pieces in wanted):
            raise FeedError(f"source {self._name!r}: no step of run {run:%Y-%m-%d %H} UTC has any of the fields wanted; mend the names in its options")
        name = f"{self._name}_{run:%Y%m%d%H}.grib2"
        part = self._incoming.part(name)
        with part.open("wb") as file:
            for data_url, pieces in reversed(wanted):
                file.write(await fetch_pieces(fetch, data_url, pieces))
        now = self._now()
        path, checksum = await asyncio.to_thread(self._incoming.finish, part, name, now=now)
        return Payload(source=self._name, path=path, fetched_at=now, checksum=checksum, run_time=run)
