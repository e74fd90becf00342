"""NOAA GFS: inventory file (.idx) first, then only the bytes of the fields wanted."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime

from pydantic import Field, HttpUrl

from feeds.errors import FeedError
from feeds.model_run import RunOptions, RunSource
from feeds.payload import Payload
from feeds.pieces import Piece

# 596.1:508731241:d=2024091912:UGRD:10 m above ground:3 hour fcst:
_LINE = re.compile(r"[\d.]+:(\d+):d=(\d{10}):([^:]+):([^:]+):([^:]*):.*")


class Options(RunOptions):
    """Which of NOAA's fields are wanted."""

    base: HttpUrl = Field(default=HttpUrl("https://noaa-gfs-bdp-pds.s3.amazonaws.com"), description="NOAA's public bucket, or a mirror of the same layout")
    resolution: str = Field(default="0p25", min_length=1, description="as in the addresses")
    fields: tuple[str, ...] = Field(
        default=("APCP:surface", "TMP:2 m above ground", "UGRD:10 m above ground", "VGRD:10 m above ground", "GUST:surface", "VIS:surface"),
        min_length=1, description="NOAA's names and levels; the default is what the shipped rules ask of a global model")
    ready_after_h: float = Field(default=3.5, ge=0, description="a run is not asked for before it is so many hours old")


class Source:
    """See :class:`feeds.model_run.RunSource`."""

    def __init__(
        self, options: Options, *, name: str, now: Callable[[], datetime], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._runs = RunSource(options, _Gfs(options), name=name, now=now, sleep=sleep)

    async def payloads(self) -> AsyncGenerator[Payload]:
        async for payload in self._runs.payloads():
            yield payload


class _Gfs:
    def __init__(self, options: Options) -> None:
        self._options = options

    def urls(self, run: datetime, step: int) -> tuple[str, str]:
        stem = f"{str(self._options.base).rstrip('/')}/gfs.{run:%Y%m%d}/{run:%H}/atmos/gfs.t{run:%H}z.pgrb2.{self._options.resolution}.f{step:03d}"
        return f"{stem}.idx", stem

    def pieces(self, index: str, run: datetime, step: int) -> Sequence[Piece]:
        """Where a message begins stands in each line; it ends where the next one begins (fields of one message share a beginning)."""
        lines = []
        for number, line in enumerate(filter(None, map(str.strip, index.splitlines())), start=1):
            match = _LINE.fullmatch(line)
            if match is None:
                raise FeedError(f"NOAA's index of step {step} has another form in line {number}; look at it before the next run")
            if match[2] != f"{run:%Y%m%d%H}":
                raise FeedError(f"NOAA's index of step {step} speaks of run {match[2]}, not of {run:%Y%m%d%H}; ask the mirror's keeper")
            lines.append((int(match[1]), f"{match[3]}:{match[4]}"))
        starts = sorted({start for start, _ in lines})
        after = dict(zip(starts, [*starts[1:], None], strict=True))
        found = {}
        for start, named in lines:
            if named in self._options.fields:
                end = after[start]
                found[start] = Piece(start=start, length=None if end is None else end - start)
        return list(found.values())
