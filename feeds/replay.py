"""Replay: a recorded folder as a feed, in the order of its runs; the drill mode and the demo."""

import asyncio
import fnmatch
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from feeds.checksum import checksum_of, is_store
from feeds.errors import FeedError, SourceUnavailable
from feeds.payload import Payload
from feeds.run_time import TimePattern, run_time_of
from feeds.zone_name import ZoneName


class Options(BaseModel):
    """What a replay can be told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="the recording; subfolders are not looked into, but a Zarr store (*.zarr) counts as a file")
    pattern: str = Field(default="*", min_length=1, description="file names wanted, with * and ?")
    start: AwareDatetime | None = Field(default=None, description="first run time wanted; empty = from the beginning")
    end: AwareDatetime | None = Field(default=None, description="last run time wanted, itself included; empty = to the end")
    paced: bool = Field(default=False, description="wait with each file until the (virtual) clock has reached its run time")
    poll_s: float = Field(default=0.2, gt=0, description="seconds between two looks at the clock when paced")
    time_pattern: TimePattern = Field(default="", description="regular expression whose groups are the digits of the run time in the name; "
                              "empty = the content tells it")
    time_zone: ZoneName = Field(default="UTC", description="time zone of the digits in the name, such as Asia/Shanghai")

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"start {self.start.isoformat()} is after end {self.end.isoformat()}; swap them")
        return self


class Source:
    """``payloads()`` ends by itself after the last file."""

    def __init__(
        self, options: Options, *, name: str, now: Callable[[], datetime], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._options, self._name, self._now, self._sleep = options, name, now, sleep

    async def payloads(self) -> AsyncGenerator[Payload]:
        """Each file in order of run time, then name.

        Raises SourceUnavailable when the folder is not there, FeedError for a file whose time nobody can tell (before
        anything is yielded: a recording with a gap in it would be a false drill).
        """
        for run_time, path in await asyncio.to_thread(self._recorded):
            while self._options.paced and self._now() < run_time:
                await self._sleep(self._options.poll_s)
            checksum = await asyncio.to_thread(checksum_of, path)
            yield Payload(source=self._name, path=path, fetched_at=self._now(), checksum=checksum, run_time=run_time)

    def _recorded(self) -> list[tuple[datetime, Path]]:
        options = self._options
        try:
            paths = [path for path in options.folder.iterdir()
                     if (path.is_file() or is_store(path)) and not path.name.startswith(".") and fnmatch.fnmatchcase(path.name, options.pattern)]  # fmt: skip
        except OSError as fault:
            raise SourceUnavailable(f"replay {self._name!r}: folder {options.folder} cannot be read ({fault.strerror}); "
                                    f"name an existing one") from fault
        dated = []
        for path in paths:
            run_time = run_time_of(path, pattern=options.time_pattern, zone=options.time_zone)
            if run_time is None:
                raise FeedError(f"replay {self._name!r}: neither name nor content of {path.name} tells its run time; "
                                f"set time_pattern, or a pattern that leaves it out")
            if (options.start is None or run_time >= options.start) and (options.end is None or run_time <= options.end):
                dated.append((run_time, path))
        return sorted(dated)
