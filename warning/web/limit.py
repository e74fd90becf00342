"""Rate limits: a token bucket for each peer, a small one for addresses that cost or that strangers may write to."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from warning.web.problem import problem

_PEERS = 50_000
"""Buckets kept; the one that was used longest ago makes room, so that many peers cannot fill the memory."""

COSTLY = ("/login", "/api/registrations", "/register", "/en/register", "/me", "/office")
"""Writes here are counted in the small bucket. Answers are not: a hundred offices behind one proxy answer in the same second, and a link cannot be guessed."""

CODES = ("/api/registrations", "/register", "/en/register")
"""Each write here may cost a text message to somebody's number; exactly these, not what stands below them."""

INTAKE = "/api/intake"
"""Documents of partners: each is parsed and its signature verified, which costs more than any other request."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """Pure ASGI. ``per_s`` requests a second with bursts of ``burst``; of writes to COSTLY addresses ``costly_per_min`` a minute, to CODES ``codes_per_h`` an hour, to INTAKE ``intake_per_min`` a minute."""

    def __init__(self, app: ASGIApp, *, per_s: float, burst: int, costly_per_min: float, codes_per_h: float = 0.0,
                 intake_per_min: float = 0.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._rates = {"all": (per_s, float(burst)), "costly": (costly_per_min / 60.0, max(costly_per_min / 3.0, 5.0)),
                       "codes": (codes_per_h / 3600.0, max(codes_per_h / 3.0, 5.0)),
                       "intake": (intake_per_min / 60.0, max(intake_per_min / 3.0, 5.0))}
        self._monotonic = monotonic
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            client = scope.get("client")
            peer = client[0] if client else ""
            kinds = ["all"]
            if scope["method"] == "POST" and scope["path"].startswith(INTAKE):
                kinds.append("intake")
            if scope["method"] not in ("GET", "HEAD") and scope["path"].startswith(COSTLY):
                kinds.append("costly")
                if scope["path"] in CODES:
                    kinds.append("codes")
            wait = max(self._wait(peer, kind) for kind in kinds)
            if wait > 0:
                answer = problem(429, f"too many requests from here: wait {math.ceil(wait)} s", "slow down; Retry-After says for how long")
                answer.headers["Retry-After"] = str(math.ceil(wait))
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _wait(self, peer: str, kind: str) -> float:
        """Seconds until a token is there; 0 takes one."""
        rate, most = self._rates[kind]
        if rate <= 0:
            return 0.0
        now = self._monotonic()
        bucket = self._buckets.pop((peer, kind), None) or _Bucket(tokens=most, at=now)
        self._buckets[peer, kind] = bucket
        if len(self._buckets) > _PEERS:
            self._buckets.popitem(last=False)
        bucket.tokens = min(most, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.tokens < 1.0:
            return (1.0 - bucket.tokens) / rate
        bucket.tokens -= 1.0
        return 0.0
