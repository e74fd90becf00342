"""Ports that belong to one test from the moment it knows their numbers."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_port() -> Iterator[int]:
    """A port of 127.0.0.1: the system gives it to nobody else, a connection to it is refused, and whoever is told its number may listen there
    (a server that sets SO_REUSEADDR, as asyncio's do), as often as it is started."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield int(kept.getsockname()[1])
