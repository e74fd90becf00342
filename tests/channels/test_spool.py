"""The spool folder: names that stay inside, octets on the disk, receipts that say so."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from channels.message import Message, Outcome, Reason, Receipt, Reply
from channels.port import Doors
from channels.spool import Options, Sender, place, plain_name

_NOW = datetime(2024, 9, 19, 4, 0, tzinfo=UTC)
_MESSAGE = Message(
    key="key-0", address="archive", subject="", text="暴雨", language="zh-CN", identifier="31000041600000_20240919040000", event="event",
    version=1, msg_type="Alert", status="Exercise", priority=4, sent=_NOW, expires=_NOW + timedelta(hours=8))


async def _nothing(_: Receipt | Reply) -> None:
    """A folder has no late receipts."""


async def _send(folder: Path, *messages: Message) -> list[Receipt]:
    async with httpx.AsyncClient(trust_env=False) as http:
        sender = Sender(Options(lane="exercise", folder=folder), Doors(now=lambda: _NOW, http=http, on_receipt=_nothing, on_reply=_nothing))
        await sender.open()
        receipts = await sender.send(messages)
        await sender.close()
        return receipts


def _files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


async def test_a_text_becomes_a_file_by_lane_identifier_and_key(tmp_path: Path) -> None:
    (receipt,) = await _send(tmp_path / "deep" / "spool", _MESSAGE)
    octets = "暴雨".encode()
    assert (tmp_path / "deep/spool/exercise/31000041600000_20240919040000/key-0.txt").read_bytes() == octets
    assert receipt == Receipt(key="key-0", outcome=Outcome.ACCEPTED, at=_NOW, external_id="key-0.txt",
                              evidence=f"fsync 6 bytes sha256 {sha256(octets).hexdigest()}")


@pytest.mark.parametrize(("content_type", "ending"), [
    ("application/cap+xml", ".xml"), ("application/cap+xml; charset=utf-8", ".xml"), ("Application/XML", ".xml"), ("text/xml", ".xml"),
    ("application/json", ".json"), ("image/png", ".bin"), ("text/plain", ".txt"), ("", ".txt"),
])
async def test_a_body_is_kept_octet_by_octet_with_an_ending_for_its_kind(tmp_path: Path, content_type: str, ending: str) -> None:
    body = b"<alert>\r\n\xff</alert>"
    await _send(tmp_path, replace(_MESSAGE, body=body, content_type=content_type))
    assert _files(tmp_path) == [f"exercise/31000041600000_20240919040000/key-0{ending}"]
    assert place(tmp_path, replace(_MESSAGE, body=body, content_type=content_type)).read_bytes() == body


async def test_a_second_attempt_writes_the_same_file_again(tmp_path: Path) -> None:
    first = await _send(tmp_path, _MESSAGE)
    assert await _send(tmp_path, _MESSAGE) == first
    assert len(_files(tmp_path)) == 1


async def test_nothing_half_written_stays_behind(tmp_path: Path) -> None:
    await _send(tmp_path, *(replace(_MESSAGE, key=f"key-{n}") for n in range(20)))
    assert _files(tmp_path) == sorted(f"exercise/31000041600000_20240919040000/key-{n}.txt" for n in range(20))


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", ".", "", ".hidden", "a/b", "a\\b", "a\x00b", "a\nb", "C:x", "x" * 5000, "雨" * 500, "~", "a b",
                                  "\ud800", "-rf"])
async def test_a_key_or_identifier_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "spool"
    receipts = await _send(folder, replace(_MESSAGE, key=name), replace(_MESSAGE, identifier=name))
    assert {r.outcome for r in receipts} == {Outcome.ACCEPTED}
    files = _files(folder)
    assert len(files) == 2
    assert _files(tmp_path) == [f"spool/{f}" for f in files]
    assert all(len(f.split("/")) == 3 for f in files)


def test_two_names_that_look_alike_after_cleaning_stay_two() -> None:
    assert plain_name("a/b") != plain_name("a_b")
    assert plain_name("a/b") != plain_name("a\\b")
    assert plain_name("a_b") == "a_b"
    assert plain_name("暴雨-2024.09") == "暴雨-2024.09"
    assert plain_name("x" * 100) != plain_name("x" * 101)


@pytest.mark.parametrize("address", ["", ".", "..", "../x", "/tmp/x", "a b", "a\nb"])
async def test_an_address_that_is_no_plain_name_is_refused(tmp_path: Path, address: str) -> None:
    (receipt,) = await _send(tmp_path, replace(_MESSAGE, address=address))
    assert (receipt.outcome, receipt.reason) == (Outcome.REJECTED, Reason.BAD_ADDRESS)
    assert _files(tmp_path) == []


async def test_a_folder_that_cannot_be_made_is_retry_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "spool").write_bytes(b"")
    (receipt,) = await _send(tmp_path / "spool", _MESSAGE)
    assert (receipt.outcome, receipt.reason) == (Outcome.RETRY, Reason.UNREACHABLE)
    assert receipt.evidence == "not written: FileExistsError: File exists"


async def test_one_file_in_the_way_does_not_stop_the_others(tmp_path: Path) -> None:
    place(tmp_path, _MESSAGE).mkdir(parents=True)
    receipts = await _send(tmp_path, _MESSAGE, replace(_MESSAGE, key="key-1"))
    assert [r.outcome for r in receipts] == [Outcome.RETRY, Outcome.ACCEPTED]
    assert _files(tmp_path) == ["exercise/31000041600000_20240919040000/key-1.txt"]


async def test_file_and_folder_are_brought_to_the_disk_before_the_receipt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    fsync: Callable[[int], None] = os.fsync
    rename = Path.replace

    def watched_fsync(handle: int) -> None:
        order.append("fsync " + Path(os.readlink(f"/proc/self/fd/{handle}")).name.split(".")[0])
        fsync(handle)

    def watched_replace(self: Path, target: Path) -> Path:
        order.append("rename")
        return rename(self, target)

    place(tmp_path, _MESSAGE).parent.mkdir(parents=True)
    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    await _send(tmp_path, _MESSAGE)
    assert order == ["fsync ", "rename", "fsync 31000041600000_20240919040000"]


async def test_a_disk_that_cannot_sync_the_folder_gives_no_acceptance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync: Callable[[int], None] = os.fsync

    def failing_for_folders(handle: int) -> None:
        if Path(os.readlink(f"/proc/self/fd/{handle}")).is_dir():
            raise OSError(5, "Input/output error")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", failing_for_folders)
    receipts = await _send(tmp_path, _MESSAGE, replace(_MESSAGE, key="key-1", address="../x"))
    assert [(r.outcome, r.reason) for r in receipts] == [(Outcome.RETRY, Reason.UNREACHABLE), (Outcome.REJECTED, Reason.BAD_ADDRESS)]
    assert receipts[0].evidence == "not written: folder fsync"
