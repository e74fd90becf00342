"""HTTP sink of a drill: offices that take signed webhooks and acknowledge, and a push service with phones that can decrypt.

Answers are what a real receiver says (401 to a wrong signature, 201 to a good push), so receipts in a drill are real protocol answers.
"""

import asyncio
import contextlib
import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

import httpx
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.types import Receive, Scope, Send

from channels.wire.aes128gcm import BadPushMessage, b64url, decrypt, public_bytes
from channels.wire.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, BadSignature, verify
from channels.wire.vapid import BadVapid, check_authorization

_MAX_BODY = 1024 * 1024
_ACK_ATTEMPTS = 3
_TRUSTED = timedelta(minutes=1)
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class HttpFault(StrEnum):
    """What a path does instead of answering well."""

    DEAD = "dead"
    SLOW = "slow"
    ERROR = "error"
    BUSY = "busy"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A simulated browser's side of a push subscription."""

    private: ec.EllipticCurvePrivateKey
    auth: bytes


class HttpSink:
    """One server on the loopback for any number of paths. ``now`` is the drill's clock: signatures and tokens are judged by it.

    ``received`` counts accepted requests by path (a repeated Idempotency-Key is counted in ``repeated`` instead), ``refused`` counts
    refusals by cause, ``latest`` holds the last accepted body of a path (decrypted, where the path has a phone). ``faults``, ``secrets``,
    ``phones`` and ``silent`` may be changed while it runs.
    """

    def __init__(self, *, now: Callable[[], datetime], slow_s: float = 5.0, ack_after_s: float = 0.0, check_vapid: bool = True) -> None:
        self.received: Counter[str] = Counter()
        self.repeated: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.acknowledged: Counter[str] = Counter()
        self.latest: dict[str, bytes] = {}
        self.faults: dict[str, HttpFault] = {}
        self.secrets: dict[str, str] = {}
        self.phones: dict[str, Phone] = {}
        self.silent: set[str] = set()
        self._now = now
        self._slow_s = slow_s
        self._ack_after_s = ack_after_s
        self._check_vapid = check_vapid
        self._seen: dict[str, set[str]] = {}
        self._passed, self._passed_at = ("", ""), now()
        self._acks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._server: _QuietServer | None = None
        self._serving: asyncio.Task[None] | None = None
        self._client: httpx.AsyncClient | None = None
        self._url = ""

    async def start(self, port: int = 0) -> int:
        """Listen on 127.0.0.1 and give back the port; raises OSError when it is taken."""
        listening = socket.create_server(("127.0.0.1", port))
        self._stopping.clear()
        # Only this machine is called: no certificate is looked at, and none is read.
        self._client = httpx.AsyncClient(timeout=10, trust_env=False, verify=False)
        config = uvicorn.Config(self.app, log_config=None, access_log=False, lifespan="off", ws="none",
                                interface="asgi3", proxy_headers=False, timeout_graceful_shutdown=1)
        self._server = _QuietServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        while not self._server.started:
            if self._serving.done():
                listening.close()
                await self._serving
                raise OSError("the HTTP sink ended before it listened")
            await asyncio.sleep(0.01)
        bound = int(listening.getsockname()[1])
        self._url = f"http://127.0.0.1:{bound}"
        return bound

    async def stop(self) -> None:
        """Close every connection and wait for acknowledgements under way to end."""
        self._stopping.set()
        if self._server is not None and self._serving is not None:
            self._server.ending.set()
            await self._serving
            self._server = self._serving = None
        for task in self._acks:
            task.cancel()
        await asyncio.gather(*self._acks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def url(self, path: str) -> str:
        """The URL of a path, once started."""
        return self._url + path

    def subscribe_phone(self, path: str) -> str:
        """Make a phone behind a path and give back its PushSubscription as JSON, the address of the Web Push channel."""
        phone = Phone(private=ec.generate_private_key(ec.SECP256R1()), auth=public_bytes(ec.generate_private_key(ec.SECP256R1()))[1:17])
        self.phones[path] = phone
        keys = {"p256dh": b64url(public_bytes(phone.private)), "auth": b64url(phone.auth)}
        return json.dumps({"endpoint": self.url(path), "keys": keys})

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application, for those who serve it themselves."""
        if scope["type"] != "http":
            return
        path = str(scope["path"])
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        status = await self._judge(path, headers, await _body(receive))
        extra = [(b"retry-after", b"1")] if status == 429 else [(b"location", path.encode())] if status == 201 else []
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0"), *extra]})
        await send({"type": "http.response.body", "body": b""})

    async def _judge(self, path: str, headers: dict[str, str], body: bytes) -> int:
        match self.faults.get(path):
            case HttpFault.DEAD:
                await self._stopping.wait()  # never answers; whoever waits gives up by itself
                return 503
            case HttpFault.SLOW:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._slow_s)
            case HttpFault.ERROR:
                return self._refuse("error", 500)
            case HttpFault.BUSY:
                return self._refuse("busy", 429)
            case HttpFault.GONE:
                return self._refuse("gone", 410)
            case None:
                pass
        if headers.get("content-encoding") == "aes128gcm":
            return self._push(path, headers, body)
        return self._webhook(path, headers, body)

    def _push(self, path: str, headers: dict[str, str], body: bytes) -> int:
        if self._check_vapid and not self._authorised(headers.get("authorization", ""), f"http://{headers.get('host', '')}"):
            return self._refuse("vapid", 403)
        if not headers.get("ttl", "").isdigit():
            return self._refuse("no TTL", 400)
        if len(body) > 4096:
            return self._refuse("too long", 413)
        phone = self.phones.get(path)
        if phone is not None:
            try:
                body = decrypt(body, phone.private, phone.auth)
            except BadPushMessage:
                return self._refuse("not decryptable", 400)
        self.received[path] += 1
        self.latest[path] = body
        return 201

    def _authorised(self, header: str, audience: str) -> bool:
        """A token serves a whole batch: one that was good for this audience is good for a minute, as at real push services."""
        now = self._now()
        if (header, audience) == self._passed and timedelta() <= now - self._passed_at < _TRUSTED:
            return True
        try:
            check_authorization(header, audience=audience, now=now)
        except BadVapid:
            return False
        self._passed, self._passed_at = (header, audience), now
        return True

    def _webhook(self, path: str, headers: dict[str, str], body: bytes) -> int:
        secret = self.secrets.get(path)
        if secret is not None:
            try:
                verify(secret, headers.get(TIMESTAMP_HEADER.lower(), ""), body, headers.get(SIGNATURE_HEADER.lower(), ""), self._now())
            except BadSignature:
                return self._refuse("signature", 401)
        key = headers.get("idempotency-key", "")
        seen = self._seen.setdefault(path, set())
        if key and key in seen:
            self.repeated[path] += 1
            return 204
        seen.add(key)
        self.received[path] += 1
        self.latest[path] = body
        if path not in self.silent:
            self._acknowledge(path, body)
        return 204

    def _refuse(self, cause: str, status: int) -> int:
        self.refused[cause] += 1
        return status

    def _acknowledge(self, path: str, body: bytes) -> None:
        """The office's script: a body of JSON with ``ack_url`` on this machine is acknowledged there."""
        try:
            said = json.loads(body)
        except ValueError:
            return
        url = said.get("ack_url") if isinstance(said, dict) else None
        if isinstance(url, str) and urlsplit(url).hostname in _LOOPBACK:
            task = asyncio.create_task(self._post_ack(path, url, str(said.get("identifier", ""))))
            self._acks.add(task)
            task.add_done_callback(self._acks.discard)

    async def _post_ack(self, path: str, url: str, identifier: str) -> None:
        await asyncio.sleep(self._ack_after_s)
        for attempt in range(_ACK_ATTEMPTS):
            if self._client is None:
                return
            try:
                answer = await self._client.post(url, json={"by": f"scripted {path}", "identifier": identifier})
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.is_success:
                self.acknowledged[path] += 1
                return
            await asyncio.sleep(0.2 * 2**attempt)
        self.refused["acknowledgement"] += 1


class _QuietServer(uvicorn.Server):
    """A server inside another program: Ctrl-C belongs to that program, and it ends when it is told to, not at its next tenth of a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ending = asyncio.Event()

    async def main_loop(self) -> None:
        await self.ending.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in (*self.servers, *(sockets or ())):
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110  # uvicorn tells nobody when they end
                    await asyncio.sleep(0.005)
        for task in self.server_state.tasks:
            task.cancel()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] != "http.request":
            return bytes(body)
        body += event.get("body", b"")
        if not event.get("more_body") or len(body) > _MAX_BODY:
            return bytes(body)
