"""Folder: a watched folder; every file that has come to rest is handed on once."""

import asyncio
import fnmatch
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from feeds.checksum import checksum_of, is_store
from feeds.errors import SourceUnavailable
from feeds.payload import Payload
from feeds.run_time import TimePattern, run_time_of
from feeds.zone_name import ZoneName

PARTIAL = ("*.part", "*.partial", "*.filepart", "*.tmp", "*.crdownload", "*~", ".*")


class Options(BaseModel):
    """What a watched folder can be told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path = Field(description="the folder; subfolders are not looked into, but a Zarr store (*.zarr) counts as a file")
    pattern: str = Field(default="*", min_length=1, description="file names wanted, with * and ?")
    poll_s: float = Field(default=5.0, gt=0, description="seconds between two looks")
    settle_s: float = Field(default=2.0, ge=0, description="seconds that size and time of change must stand still; 0 = take at once "
                            "(only where files are moved in whole)")
    time_pattern: TimePattern = Field(default="", description="regular expression whose groups are the digits of the run time in the name; "
                              "empty = the content tells it")
    time_zone: ZoneName = Field(default="UTC", description="time zone of the digits in the name, such as Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class _Stamp:
    size: int
    changed_ns: int
    inode: int


class Source:
    """``payloads()`` runs until it is closed. ``seen`` are (file name, checksum) handed on before, from the ledger."""

    def __init__(
        self, options: Options, *, name: str, now: Callable[[], datetime], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        seen: Iterable[tuple[str, str]] = (),
    ) -> None:  # fmt: skip
        self._options, self._name, self._now, self._sleep = options, name, now, sleep
        self._seen = set(seen)
        self._waiting: dict[str, tuple[_Stamp, datetime]] = {}
        self._done: dict[str, _Stamp] = {}

    async def payloads(self) -> AsyncGenerator[Payload]:
        """Each file once by name and checksum: a changed file of the same name comes again, an untouched one never.

        Raises SourceUnavailable (retry) when the folder is not there.
        """
        while True:
            for path in await asyncio.to_thread(self._at_rest):
                payload = await asyncio.to_thread(self._payload, path)
                if payload is not None:
                    yield payload
            await self._sleep(self._options.poll_s)

    def _at_rest(self) -> list[Path]:
        """Files that are whole and new, oldest first."""
        now, ready, there = self._now(), [], set()
        for path, stamp in self._look():
            name = path.name
            there.add(name)
            if self._done.get(name) == stamp:
                continue
            before, since = self._waiting.get(name, (None, now))
            if before != stamp:
                since = now
            self._waiting[name] = (stamp, since)
            if now - since >= timedelta(seconds=self._options.settle_s):
                ready.append((stamp.changed_ns, path))
        for gone in (self._waiting.keys() | self._done.keys()) - there:
            self._waiting.pop(gone, None)
            self._done.pop(gone, None)
        return [path for _, path in sorted(ready)]

    def _look(self) -> list[tuple[Path, _Stamp]]:
        found = []
        try:
            with os.scandir(self._options.path) as entries:
                for entry in entries:
                    unfinished = any(fnmatch.fnmatchcase(entry.name, name) for name in PARTIAL)
                    stamp = None if unfinished else _stamp(Path(entry.path))
                    if stamp is not None and fnmatch.fnmatchcase(entry.name, self._options.pattern):
                        found.append((Path(entry.path), stamp))
        except OSError as fault:
            raise SourceUnavailable(f"source {self._name!r}: folder {self._options.path} cannot be read ({fault.strerror}); "
                                    f"create it or mount it, it is looked for again") from fault
        return found

    def _payload(self, path: Path) -> Payload | None:
        """None when the file has gone, is changing after all, or was handed on before."""
        stamp, _ = self._waiting[path.name]
        try:
            checksum = checksum_of(path)
            after = _stamp(path)
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise SourceUnavailable(f"source {self._name!r}: {path.name} cannot be read ({fault.strerror}); give this user the right to") from fault
        if after != stamp:
            return None
        self._done[path.name] = stamp
        self._waiting.pop(path.name)
        if (path.name, checksum) in self._seen:
            return None
        self._seen.add((path.name, checksum))
        run_time = run_time_of(path, pattern=self._options.time_pattern, zone=self._options.time_zone)
        return Payload(source=self._name, path=path, fetched_at=self._now(), checksum=checksum, run_time=run_time)


def _stamp(path: Path) -> _Stamp | None:
    """None for what is neither file nor Zarr store, or has gone between the listing and the look. A store changes with any of its members."""
    try:
        if is_store(path):
            members = [member.stat() for member in path.rglob("*") if member.is_file()]
            return _Stamp(sum(one.st_size for one in members), max((one.st_mtime_ns for one in members), default=0), len(members))
        if not path.is_file():
            return None
        status = path.stat()
    except FileNotFoundError:
        return None
    return _Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
