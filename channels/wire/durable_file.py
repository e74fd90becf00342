"""Durable file: octets under a name on a disk, there whole or not at all, also after a power cut."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def put(path: Path, octets: bytes) -> str:
    """Write ``octets`` to ``path``, replacing what is there; returns "" or why it failed. The name is safe only after ``synced`` of its folder."""
    half = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        _make_folder(path.parent)
        with half.open("wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except OSError as error:
        with suppress(OSError):
            half.unlink()
        return f"{type(error).__name__}: {os.strerror(error.errno or 0)}"
    return ""


def unsynced(folders: Iterable[Path]) -> set[Path]:
    """Bring the names in ``folders`` to the disk, and give back those of which it could not be done."""
    return {folder for folder in folders if not _sync_folder(folder)}


def _make_folder(folder: Path) -> None:
    """Make the folder and the missing ones above it, each one's name brought to the disk."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> bool:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        os.fsync(handle)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
