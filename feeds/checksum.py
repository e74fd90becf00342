"""Checksum: SHA-256 of a file, or of a folder that is one thing (a Zarr store)."""

import hashlib
from pathlib import Path


def checksum_of(path: Path) -> str:
    """In hex. Of a store: of its members' names and checksums, by name. Raises OSError."""
    if path.is_dir():
        members = sorted(member for member in path.rglob("*") if member.is_file())
        told = "".join(f"{member.relative_to(path).as_posix()}\0{checksum_of(member)}\n" for member in members)
        return hashlib.sha256(told.encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_store(path: Path) -> bool:
    """A folder named ``*.zarr``: handed on as if it were one file."""
    return path.suffix == ".zarr" and path.is_dir()
