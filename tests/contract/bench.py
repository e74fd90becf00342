"""What a bench is: the real local peer against which the contract tests drive one channel adapter.

Every ``channels/<kind>.py`` needs ``tests/contract/bench_<kind>.py`` with one class named ``Bench`` that has the form of the
:class:`ChannelBench` below. The contract test loads the file by its path (no registration); a missing bench is a failure.
A bench needs no import of this file: it has the form, that is enough.

For each test: ``bench = Bench(tmp_path)``, ``await bench.open()``, ..., ``await bench.close()``. Rules:

* the peer is a real server (or folder) on 127.0.0.1, port 0, in this event loop or in a thread; no mock of our own code;
* ``options()`` and ``dead_options()`` give the adapter's own ``Options`` with ``lane="exercise"`` and a ``timeout_s`` that a slow machine needs;
* messages of the contract are ``status="Exercise"``; ``subject``, ``text`` and ``body`` (CAP XML) all hold the same mark.
"""

from collections.abc import Sequence
from typing import Protocol

from channels.message import Message
from channels.port import ChannelOptions


class ChannelBench(Protocol):
    """The form of ``Bench``; the constructor takes one folder of its own: ``Bench(folder: Path)``."""

    async def open(self) -> None:
        """Start the peer."""

    async def close(self) -> None:
        """Stop the peer; called once."""

    def options(self) -> ChannelOptions:
        """Options that reach the running peer (called after ``open``)."""

    def address(self, n: int) -> str:
        """The n-th good address, n = 0, 1, 2 ...; all different, at least six characters long."""

    def bad_address(self) -> str:
        """An address that the adapter or the peer refuses for good: the receipt must be REJECTED, BAD_ADDRESS or GONE."""

    def dead_options(self) -> ChannelOptions:
        """Options that lead to where nothing answers (a closed port; for a folder: a path below a plain file)."""

    def dead_address(self, n: int) -> str:
        """The n-th address to use with ``dead_options`` (for channels whose address is the endpoint, a closed port)."""

    async def expect(self, messages: Sequence[Message]) -> None:
        """Called before each ``send`` that is meant to succeed; only a peer that must hold the message first needs it."""

    async def taken(self) -> list[str]:
        """One string for each message the peer has taken so far, decoded as its reader would see it, with the mark in it."""
