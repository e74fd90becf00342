"""The national platform (国突): each alert a zipped XML in an outbox, from where its own transfer (FTP) takes it; its answers come back as files.

``accepted`` is the zip on the disk; ``delivered`` is the platform's answer with status 0, and an answer with another status is a failure that
names its code. Answers are found by the identifier, also by a process that did not write the file. An answer's file is put aside only when
what it says stands in the ledger: read again after a crash it says the same, and changes nothing.
"""

import asyncio
import io
import re
import time
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import structlog
from pydantic import Field

from channels.message import Limits, Message, Outcome, Reason, Receipt
from channels.port import ChannelOptions, Doors, refusal
from channels.wire.durable_file import put, unsynced
from channels.wire.national_ack import Ack, read_ack

log = structlog.get_logger()

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,150}$")


class Options(ChannelOptions):
    """Where files are laid, and where the platform's answers are found."""

    folder: Path = Field(description="outbox: gets <name>.zip; the transfer to the platform takes the files from here")
    answers: Path | None = Field(default=None, description="inbox: the platform's answers (*.xml); read ones go to its folder 'read', what is none to 'odd'")
    look_s: float = Field(default=5.0, gt=0, description="seconds between two looks into the inbox")
    patience_s: float = Field(default=60.0, ge=0, description="seconds that a file stays which is no answer yet (half written), or answers nothing that we know of yet")


class Sender:
    """The address is the document's file name, as the platform asks for it."""

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options, self._doors = options, doors
        self._looking: asyncio.Task[None] | None = None
        self._since: dict[tuple[str, int, int], float] = {}
        """Since when a file lies there, by its name, size and time of change: one that still grows begins anew."""

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=None)

    async def open(self) -> None:
        """Begin to look for answers; a folder that cannot be written shows in the receipts."""
        if self._options.answers is not None:
            self._looking = asyncio.create_task(self._look(self._options.answers), name="answers of the national platform")

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """One receipt per message, in order; the disk works in a thread of its own."""
        return await asyncio.to_thread(self._write_all, messages)

    def _write_all(self, messages: Sequence[Message]) -> list[Receipt]:
        receipts = [self._write(message) for message in messages]
        if any(one.outcome is Outcome.ACCEPTED for one in receipts) and unsynced([self._options.folder]):
            return [_failed(one.key, one.at, "folder fsync") if one.outcome is Outcome.ACCEPTED else one for one in receipts]
        return receipts

    def _write(self, message: Message) -> Receipt:
        now = self._doors.now()
        refused = refusal(message, lane=self._options.lane, now=now)
        if refused is not None:
            return refused
        if not _NAME.match(message.address):
            return Receipt(key=message.key, outcome=Outcome.REJECTED, at=now, reason=Reason.BAD_ADDRESS,
                           evidence="the address is the document's file name: letters, digits, '_', '.', '-'")
        octets = zipped(message.address, message.body or message.text.encode("utf-8", "replace"))
        fault = put(self._options.folder / f"{message.address.removesuffix('.xml')}.zip", octets)
        if fault:
            return _failed(message.key, now, fault)
        return Receipt(key=message.key, outcome=Outcome.ACCEPTED, at=now, external_id=_external(message.identifier),
                       evidence=f"fsync {len(octets)} bytes sha256 {sha256(octets).hexdigest()}")

    async def _look(self, inbox: Path) -> None:
        while True:
            try:
                found = await asyncio.to_thread(self._answers, inbox)
                for path, receipts in found:
                    await self._settle(path, receipts)
                self._since = {seen: since for seen, since in self._since.items() if (inbox / seen[0]).exists()}
            except OSError as error:
                log.warning("the national platform's answers cannot be read", error=type(error).__name__)
            await asyncio.sleep(self._options.look_s)

    def _answers(self, inbox: Path) -> list[tuple[Path, list[Receipt] | None]]:
        """Each file with what the platform says in it; None: that is no answer, or not yet."""
        found: list[tuple[Path, list[Receipt] | None]] = []
        for path in sorted(inbox.glob("*.xml")):
            try:
                found.append((path, [self._receipt(ack) for ack in read_ack(path.read_bytes())]))
            except ValueError as error:
                log.info("a file among the national platform's answers is none", file=path.name, why=str(error))
                found.append((path, None))
            except OSError as error:
                log.warning("one of the national platform's answers cannot be read", file=path.name, error=type(error).__name__)
        return found

    def _receipt(self, ack: Ack) -> Receipt:
        well = ack.status == 0
        said = " ".join(filter(None, [f"status {ack.status}", ack.error_code, ack.note]))
        return Receipt(
            key="", external_id=_external(ack.identifier), outcome=Outcome.DELIVERED if well else Outcome.REJECTED, at=self._doors.now(),
            reason=None if well else Reason.REFUSED, evidence=f"platform: {said}"[:300])

    async def _settle(self, path: Path, receipts: list[Receipt] | None) -> None:
        """Receipts first, then the file. One that answers nothing of ours is left a while: its message may be written down a moment later."""
        if receipts is not None:
            proved = await self._doors.prove(receipts)
            if proved is None:
                return
            if {receipt.external_id for receipt in receipts} <= set(proved):
                await asyncio.to_thread(_aside, path, "read")
                return
        if await asyncio.to_thread(self._lies, path) >= self._options.patience_s:
            log.warning("a file among the national platform's answers is put aside: it is none, or answers nothing of ours", file=path.name)
            await asyncio.to_thread(_aside, path, "odd")

    def _lies(self, path: Path) -> float:
        """Seconds since it was seen first as it is now."""
        stat = path.stat()
        now = time.monotonic()
        return now - self._since.setdefault((path.name, stat.st_size, stat.st_mtime_ns), now)


def _external(identifier: str) -> str:
    return f"national-{identifier}"


def zipped(name: str, document: bytes) -> bytes:
    """The same document gives the same octets."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name if name.endswith(".xml") else f"{name}.xml", date_time=(2000, 1, 1, 0, 0, 0)), document)
    return out.getvalue()


def _aside(path: Path, folder: str) -> None:
    """Into a folder beside it; one that is there by the same name stays, unless it says the same."""
    to = path.parent / folder / path.name
    to.parent.mkdir(exist_ok=True)
    number = 1
    while to.exists() and to.read_bytes() != path.read_bytes():
        to = to.with_name(f"{path.stem}.{number}{path.suffix}")
        number += 1
    path.replace(to)


def _failed(key: str, at: datetime, why: str) -> Receipt:
    return Receipt(key=key, outcome=Outcome.RETRY, at=at, reason=Reason.UNREACHABLE, evidence=f"not written: {why}")
