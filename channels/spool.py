"""A folder as a channel: each message a file, accepted when its octets and its name are on the disk."""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pydantic import Field

from channels.message import Limits, Message, Outcome, Reason, Receipt
from channels.port import ChannelOptions, Doors, refusal
from channels.wire.durable_file import put, unsynced

_PLAIN = re.compile(r"[^\w.-]")
_LONGEST = 80  # characters; in UTF-8 at most 240 octets with room for the ending, below the usual limit of 255
_ENDINGS = {"application/cap+xml": ".xml", "application/xml": ".xml", "text/xml": ".xml", "application/json": ".json",
            "text/plain": ".txt", "": ".txt"}


class Options(ChannelOptions):
    """Where the files go."""

    folder: Path = Field(description="folder that gets <lane>/<identifier>/<key>.<ending>; made when it is missing")


class Sender:
    """Holds nothing open; the disk is the state."""

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options, self._doors = options, doors

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=None)

    async def open(self) -> None:
        """Nothing: a folder that cannot be written shows in the receipts."""

    async def close(self) -> None:
        """Nothing is held."""

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """One receipt per message, in order; the disk works in a thread of its own."""
        return await asyncio.to_thread(self._write_all, messages)

    def _write_all(self, messages: Sequence[Message]) -> list[Receipt]:
        receipts: list[Receipt] = []
        folders: set[Path] = set()
        for message in messages:
            now = self._doors.now()
            receipt = refusal(message, lane=self._options.lane, now=now) or _refuse_address(message, now)
            if receipt is None:
                receipt = self._write(message, now, folders)
            receipts.append(receipt)
        # A renamed file is only there after a power cut when its folder is on the disk too: once for each folder, before any receipt leaves.
        failed = unsynced(folders)
        if not failed:
            return receipts
        return [_failed(r.key, r.at, "folder fsync") if r.outcome is Outcome.ACCEPTED and place(self._options.folder, m).parent in failed else r
                for m, r in zip(messages, receipts, strict=True)]

    def _write(self, message: Message, now: datetime, folders: set[Path]) -> Receipt:
        octets = message.body or message.text.encode("utf-8", "replace")
        path = place(self._options.folder, message)
        fault = put(path, octets)
        if fault:
            return _failed(message.key, now, fault)
        folders.add(path.parent)
        return Receipt(key=message.key, outcome=Outcome.ACCEPTED, at=now, external_id=path.name,
                       evidence=f"fsync {len(octets)} bytes sha256 {sha256(octets).hexdigest()}")


def place(folder: Path, message: Message) -> Path:
    """Where a message goes below ``folder``: the same place on every attempt."""
    ending = _ENDINGS.get(message.content_type.partition(";")[0].strip().lower(), ".bin") if message.body else ".txt"
    return folder / message.lane / plain_name(message.identifier) / (plain_name(message.key) + ending)


def plain_name(name: str) -> str:
    """A file name that stays in its folder: letters, digits, ``_ . -``; a changed name carries a hash, so that no two become one."""
    plain = _PLAIN.sub("_", name).lstrip(".")[:_LONGEST]
    while len(plain.encode()) > 200:
        plain = plain[:-1]
    return plain if plain == name and plain else f"{plain}-{sha256(name.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _refuse_address(message: Message, now: datetime) -> Receipt | None:
    """The address is the name of the box in somebody's list; the file is named by key. A path in it is a mistake worth hearing of."""
    if message.address and not _PLAIN.search(message.address) and message.address.strip("."):
        return None
    return Receipt(key=message.key, outcome=Outcome.REJECTED, at=now, reason=Reason.BAD_ADDRESS,
                   evidence="the address of a spool is a plain name: letters, digits, '_', '.', '-'")


def _failed(key: str, at: datetime, why: str) -> Receipt:
    return Receipt(key=key, outcome=Outcome.RETRY, at=at, reason=Reason.UNREACHABLE, evidence=f"not written: {why}")
