"""Incoming: where a source keeps what it fetched, each file under its own name in a folder of its own, for a limited time."""

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from feeds.checksum import checksum_of

_LONGEST = 180  # characters of a file name


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """``folder`` is the source's own. Names come from other people's servers: only their last part is used."""

    folder: Path
    keep: timedelta

    def part(self, name: str) -> Path:
        """Where a file is written while it is not whole; the same place at the next try."""
        path = self.folder / ".unfinished" / plain(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def finish(self, part: Path, name: str, *, now: datetime) -> tuple[Path, str]:
        """Move a whole file to its place in one step; (path, checksum). A folder an arrival: the next version takes nothing away."""
        checksum = checksum_of(part)
        path = self.folder / f"{now:%Y%m%dT%H%M%S}-{checksum[:12]}" / plain(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part.replace(path)
        os.utime(path.parent, (now.timestamp(), now.timestamp()))
        return path, checksum

    def sweep(self, *, now: datetime) -> None:
        """What is older than ``keep`` goes."""
        if not self.folder.is_dir():
            return
        for arrival in self.folder.iterdir():
            if arrival.is_dir() and not arrival.name.startswith(".") and arrival.stat().st_mtime < (now - self.keep).timestamp():
                shutil.rmtree(arrival, ignore_errors=True)


def plain(name: str) -> str:
    """The last part of a name without anything that a file system or shell could take for more."""
    last = PurePosixPath(name.replace("\\", "/")).name
    safe = "".join(character if character.isalnum() or character in "._-+=@" else "_" for character in last).lstrip(".")
    return safe[-_LONGEST:] or "file"
