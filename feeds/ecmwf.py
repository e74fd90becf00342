"""ECMWF open data: index file first, then only the bytes of the fields wanted (licence CC BY 4.0: name ECMWF as the source)."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field, HttpUrl

from feeds.errors import FeedError
from feeds.model_run import RunOptions, RunSource
from feeds.payload import Payload
from feeds.pieces import Piece


class Options(RunOptions):
    """Which of ECMWF's fields are wanted."""

    base: HttpUrl = Field(default=HttpUrl("https://data.ecmwf.int/forecasts"), description="ECMWF's own server, or a mirror of the same layout")
    model: str = Field(default="ifs", min_length=1, description="ifs or aifs-single")
    resolution: str = Field(default="0p25", min_length=1, description="as in the addresses")
    stream: Literal["oper", "enfo", "scda", "waef"] = Field(default="oper", description="oper = the high-resolution forecast, enfo = the ensemble")
    params: tuple[str, ...] = Field(default=("tp", "2t", "10u", "10v", "10fg"), min_length=1,
                                    description="ECMWF's short names; the default is what the shipped rules ask of a global model")
    ready_after_h: float = Field(default=7.0, ge=0, description="a run is not asked for before it is so many hours old")


class Source:
    """See :class:`feeds.model_run.RunSource`."""

    def __init__(
        self, options: Options, *, name: str, now: Callable[[], datetime], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._runs = RunSource(options, _Ecmwf(options), name=name, now=now, sleep=sleep)

    async def payloads(self) -> AsyncGenerator[Payload]:
        async for payload in self._runs.payloads():
            yield payload


class _Ecmwf:
    def __init__(self, options: Options) -> None:
        self._options = options

    def urls(self, run: datetime, step: int) -> tuple[str, str]:
        options = self._options
        kind = "ef" if options.stream in ("enfo", "waef") else "fc"
        stem = (f"{str(options.base).rstrip('/')}/{run:%Y%m%d}/{run:%H}z/{options.model}/{options.resolution}/{options.stream}/"
                f"{run:%Y%m%d%H}0000-{step}h-{options.stream}-{kind}")
        return f"{stem}.index", f"{stem}.grib2"

    def pieces(self, index: str, run: datetime, step: int) -> Sequence[Piece]:
        """One JSON object a line, with ``_offset`` and ``_length``; surface fields of the parameters wanted."""
        found = []
        for number, line in enumerate(filter(None, map(str.strip, index.splitlines())), start=1):
            try:
                entry = json.loads(line)
                if entry["param"] not in self._options.params or entry["levtype"] != "sfc":
                    continue
                told = (str(entry["date"]), str(entry["time"]).zfill(4)[:2], str(entry["step"]).split("-")[-1])
                piece = Piece(start=int(entry["_offset"]), length=int(entry["_length"]))
            except (ValueError, KeyError, TypeError) as fault:
                raise FeedError(f"ECMWF's index of step {step} has another form in line {number} ({fault!r}); look at it before the next run") from fault
            if told != (f"{run:%Y%m%d}", f"{run:%H}", str(step)):
                raise FeedError(f"ECMWF's index of step {step} speaks of {' '.join(told)}, not of run {run:%Y%m%d %H}; ask the mirror's keeper")
            found.append(piece)
        return found
