"""Web Push (RFC 8030, 8291, 8292): a small encrypted note to a browser; the phone fetches the full text."""

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator

from channels.crowd import Crowd, CrowdReceipt
from channels.message import Limits, Message, Receipt
from channels.port import ChannelOptions, Doors
from channels.wire.aes128gcm import MAX_PLAINTEXT, BadPushMessage, PushKeys, b64url, encrypt, encrypt_all, from_b64url
from channels.wire.crew import BadAddress, Crew, Parcel, Said, together
from channels.wire.http_verdict import verdict
from channels.wire.portions import Portions
from channels.wire.ssrf import Target, Targets
from channels.wire.vapid import Vapid, private_key

MAX_TTL_S = 28 * 24 * 3600
"""What the large push services keep at most; more is refused by some."""


class Options(ChannelOptions):
    """How pushes are signed and sent."""

    vapid_private_key: SecretStr = Field(description="P-256 private key: PEM, or 32 bytes in base64url; subscriptions are bound to it")
    vapid_subject: str = Field(pattern=r"^(mailto:.+@.+|https://.+)$", description="whom a push service may write to: mailto: or https:")
    allow_private: bool = Field(
        default=False, description="let pushes go to loopback and private networks, and over http (deployment setting allow_private_targets)"
    )
    parallel: int = Field(default=64, ge=1, le=1024, description="connections in use at once, over all batches; each is kept alive")

    @field_validator("vapid_private_key")
    @classmethod
    def _readable(cls, value: SecretStr) -> SecretStr:
        private_key(value.get_secret_value())
        return value


class _Keys(BaseModel):
    p256dh: str
    auth: str


class _Subscription(BaseModel):
    """A browser's ``PushSubscription.toJSON()``; other members (expirationTime) are let pass."""

    endpoint: str
    keys: _Keys


_Sealed = tuple[str, bytes]
"""Where a push goes, and its encrypted body."""


class Sender:
    """The address is the browser's PushSubscription as JSON. ACCEPTED means that the push service took the note, no more."""

    def __init__(self, options: Options, doors: Doors) -> None:
        self._options = options
        self._now: Callable[[], datetime] = doors.now
        self._vapid = Vapid(private_key(options.vapid_private_key.get_secret_value()), options.vapid_subject)
        self._targets = Targets(allow_private=options.allow_private)
        self._crew = Crew(lane=options.lane, parallel=options.parallel, timeout_s=options.timeout_s,
                          allow_private=options.allow_private, now=doors.now)
        # Two pools of one: whoever seals a portion waits for the helper, so they must never stand in one queue.
        self._sealer = ThreadPoolExecutor(1, thread_name_prefix="seal")
        self._helper = ThreadPoolExecutor(1, thread_name_prefix="exchange keys")

    @property
    def limits(self) -> Limits:
        return Limits(max_chars=None)

    @property
    def public_key(self) -> str:
        """The ``applicationServerKey`` with which a page subscribes."""
        return self._vapid.public_key

    async def open(self) -> None:
        self._crew.open()

    async def close(self) -> None:
        await self._crew.close()
        self._sealer.shutdown()
        self._helper.shutdown()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        def parcel(index: int) -> Parcel | Said:
            message = messages[index]
            return self._crew.fence(message) or self._parcel(message, _sealed(message.address, note(message)), {})

        return self._crew.receipts(messages, await self._crew.deliver(len(messages), parcel=parcel, verdict=verdict))

    async def send_crowd(self, crowd: Crowd) -> CrowdReceipt:
        """One note, written once and encrypted for each browser by itself."""
        message = crowd.message
        plaintext = note(message)
        heads: dict[Target, bytes] = {}

        def sealed(first: int, last: int) -> list[_Sealed | BadAddress]:
            return _all_sealed(crowd.addresses[first:last], plaintext, self._helper)

        portions = Portions(self._sealer, sealed, len(crowd.addresses))

        async def parcel(index: int) -> Parcel | Said:
            made = await portions.get(index)
            if isinstance(made, BadAddress):
                raise made
            return self._crew.fence(message) or self._parcel(message, made, heads)

        return together(await self._crew.deliver(len(crowd.addresses), parcel=parcel, verdict=verdict))

    def _parcel(self, message: Message, sealed: _Sealed, heads: dict[Target, bytes]) -> Parcel:
        """A whole request. ``heads`` keeps what all requests to one origin share; raises BadAddress and BadTarget."""
        endpoint, body = sealed
        if not self._options.allow_private and not endpoint[:8].lower() == "https://":
            raise BadAddress("the push endpoint is not https; subscribe again in the browser")
        target, path = self._targets.of(endpoint)
        head = heads.get(target)
        if head is None:
            head = heads[target] = self._head(message, target, len(body))
        return target, b"POST " + path.encode("ascii") + head + body

    def _head(self, message: Message, target: Target, length: int) -> bytes:
        """From the end of the path to the body: the same for everybody at this push service, for the seconds that a batch takes."""
        now = self._now()
        lines = (
            " HTTP/1.1", f"Host: {target.authority}", "User-Agent: xiaoxishu", f"Content-Length: {length}",
            f"Authorization: {self._vapid.authorization(f'{target.scheme}://{target.authority}', now)}",
            "Content-Type: application/octet-stream", "Content-Encoding: aes128gcm",
            f"TTL: {max(0, min(MAX_TTL_S, int((message.expires - now).total_seconds())))}",
            f"Urgency: {'high' if message.priority >= 3 else 'normal'}", f"Topic: {topic(message.event)}",
        )
        return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n"


def topic(event: str) -> str:
    """RFC 8030 §5.4: 32 base64url characters, the same for all versions of one event, so that an Update replaces an unread Alert."""
    return b64url(hashlib.sha256(event.encode()).digest()[:24])


def note(message: Message) -> bytes:
    """The plaintext of a push, JSON of at most 3,993 bytes: id, event, msg_type, version, status, level, lang, ends, expires, title.

    A text that can be fetched by its id is left to the phone, which then shows the newest; title is what it shows when it cannot. Others go
    along as body where they fit, and are left out whole where not, never cut in the middle of an instruction. A title too long alone is cut.
    """
    said: dict[str, str | int | bool] = {
        "id": message.identifier,
        "event": message.event,
        "msg_type": message.msg_type,
        "version": message.version,
        "status": message.status,
        "level": message.priority,
        "lang": message.language,
        "ends": message.ends,
        "expires": message.expires.isoformat(),
        "title": message.subject,
    }
    full = _json(said | {"body": message.text})
    if message.text and not message.fetched and len(full) <= MAX_PLAINTEXT:
        return full
    bare = _json(said)
    while len(bare) > MAX_PLAINTEXT and said["title"]:
        title = str(said["title"])
        # One character is at most 6 bytes of JSON, so this never cuts more than it must by much.
        said["title"] = title[: max(0, len(title) - max(1, (len(bare) - MAX_PLAINTEXT) // 6))]
        bare = _json(said)
    return bare


def _json(value: dict[str, str | int | bool]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _subscription(address: str) -> tuple[str, PushKeys]:
    try:
        said = _Subscription.model_validate_json(address)
        return said.endpoint, PushKeys(p256dh=from_b64url(said.keys.p256dh), auth=from_b64url(said.keys.auth))
    except ValidationError as wrong:
        raise BadAddress('the address is no PushSubscription; store {"endpoint": …, "keys": {"p256dh": …, "auth": …}}') from wrong
    except BadPushMessage as wrong:
        raise BadAddress("a key of the subscription is not base64url; subscribe again in the browser") from wrong


def _all_sealed(addresses: Sequence[str], plaintext: bytes, helper: Executor) -> list[_Sealed | BadAddress]:
    """Of each browser its push, or what is wrong with its address."""
    found: dict[int, _Sealed | BadAddress] = {}
    browsers: dict[int, tuple[str, PushKeys]] = {}
    for place, address in enumerate(addresses):
        try:
            browsers[place] = _subscription(address)
        except BadAddress as wrong:
            found[place] = wrong
    bodies = encrypt_all(plaintext, [keys for _, keys in browsers.values()], helper=helper)
    for (place, (endpoint, _)), body in zip(browsers.items(), bodies, strict=True):
        found[place] = BadAddress(str(body)) if isinstance(body, BadPushMessage) else (endpoint, body)
    return [found[place] for place in range(len(addresses))]


def _sealed(address: str, plaintext: bytes) -> _Sealed:
    """Raises BadAddress."""
    endpoint, keys = _subscription(address)
    try:
        return endpoint, encrypt(plaintext, keys)
    except BadPushMessage as wrong:
        raise BadAddress(str(wrong)) from wrong
