"""Behind a proxy: whoever comes through one that is trusted is known by their own address, and nobody else can say that they are somebody else."""

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from warning.settings import Settings
from warning.web.listen import described


@pytest.mark.parametrize(("peer", "trusted", "known_as", "scheme"), [
    ("10.0.0.2", "10.0.0.2", "203.0.113.9", "https"),  # the proxy itself
    ("10.0.0.2", "10.0.0.1,10.0.0.2", "203.0.113.9", "https"),
    ("198.51.100.7", "10.0.0.2", "198.51.100.7", "http"),  # a stranger who writes the proxy's header
    ("198.51.100.7", Settings().trusted_proxies, "198.51.100.7", "http"),
    ("127.0.0.1", Settings().trusted_proxies, "203.0.113.9", "https"),
])
async def test_who_a_caller_is_said_to_be_counts_from_a_trusted_proxy_alone(peer: str, trusted: str, known_as: str, scheme: str) -> None:
    seen: list[Scope] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope)

    config = described(app, Settings(trusted_proxies=trusted))
    config.load()
    asked: dict[str, Any] = {"type": "http", "scheme": "http", "client": (peer, 4711), "headers": [  # ASGI's own form
        (b"x-forwarded-for", b"203.0.113.9"), (b"x-forwarded-proto", b"https")]}
    await config.loaded_app(asked, None, None)  # nothing is received or sent
    assert (seen[0]["client"][0], seen[0]["scheme"]) == (known_as, scheme)
