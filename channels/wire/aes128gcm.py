"""Web Push message encryption: RFC 8291 over RFC 8188 ``aes128gcm``, one record."""

import base64
import binascii
import os
import struct
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_SIZE = 4096
MAX_PLAINTEXT = 3993
"""RFC 8291 §4: 4096 bytes that a push service must take, less header (86), tag (16), and the delimiter, rounded as the RFC does."""

_Pair = tuple[ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey]
"""Of the browser and of this message."""

_CURVE = ec.SECP256R1()
_ECDH = ec.ECDH()
_KEY_FOLLOWS = struct.pack("!IB", RECORD_SIZE, 65)
_STANDARD = bytes.maketrans(b"-_", b"+/")
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class BadPushMessage(ValueError):
    """The bytes are no aes128gcm message for this key, or the keys of a subscription are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushKeys:
    """What a browser gives: its public key (65 bytes, uncompressed P-256 point) and its 16-byte authentication secret."""

    p256dh: bytes
    auth: bytes


def encrypt(plaintext: bytes, keys: PushKeys, *, ephemeral: ec.EllipticCurvePrivateKey | None = None, salt: bytes | None = None) -> bytes:
    """The body of the push request. A fresh key pair and salt each time; they are passed in only by tests of the RFC's own example.

    Raises BadPushMessage when the subscription's keys are unusable or the plaintext is longer than MAX_PLAINTEXT.
    """
    _fits(plaintext)
    receiver = _receiver(keys)
    sender = ephemeral or ec.generate_private_key(_CURVE)
    return _body(plaintext, keys, sender, sender.exchange(_ECDH, receiver), salt or os.urandom(16))


def encrypt_all(plaintext: bytes, receivers: Sequence[PushKeys], *, helper: Executor) -> list[bytes | BadPushMessage]:
    """A body for each as of ``encrypt``, or why there is none; a fresh key pair and salt for every one.

    In three passes, because only the exchange of keys, nearly half of it all, lets another thread run: the middle pass is done by this thread
    and one of ``helper`` side by side, and nobody waits for the interpreter before and after each message.
    Raises BadPushMessage when the plaintext is longer than MAX_PLAINTEXT.
    """
    _fits(plaintext)
    found: dict[int, bytes | BadPushMessage] = {}
    pairs: dict[int, _Pair] = {}
    for place, keys in enumerate(receivers):
        try:
            pairs[place] = _receiver(keys), ec.generate_private_key(_CURVE)
        except BadPushMessage as wrong:
            found[place] = wrong
    every = list(pairs.values())
    first = helper.submit(_exchanged, every[: len(every) // 2])
    second = _exchanged(every[len(every) // 2 :])
    for (place, (_, sender)), shared in zip(pairs.items(), (*first.result(), *second), strict=True):
        found[place] = _body(plaintext, receivers[place], sender, shared, os.urandom(16))
    return [found[place] for place in range(len(receivers))]


def decrypt(body: bytes, private: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What the browser does with a push body; raises BadPushMessage. One record only, as RFC 8291 §4 demands."""
    if len(body) < 21 + 65 + 17 or body[20] != 65:
        raise BadPushMessage("the body is too short for a header, a sender's key and one record")
    salt, sender_public, record = body[:16], body[21:86], body[86:]
    keys = PushKeys(p256dh=public_bytes(private), auth=auth)
    key, nonce = _derive(private.exchange(_ECDH, _point(sender_public)), keys, sender_public, salt)
    try:
        padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
    except InvalidTag as wrong:
        raise BadPushMessage("the message was made for other keys or changed on its way") from wrong
    if not padded.endswith(b"\x02"):
        raise BadPushMessage("the record does not end in the delimiter of a last record")
    return padded[:-1]


def public_bytes(private: ec.EllipticCurvePrivateKey) -> bytes:
    """The 65-byte uncompressed point of a private key."""
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text: str) -> bytes:
    """The reverse, also for the standard alphabet and with padding, as browsers' libraries differ; raises BadPushMessage."""
    try:
        plain = text.encode("ascii").rstrip(b"=").translate(_STANDARD)
        return binascii.a2b_base64(plain + b"=" * (-len(plain) % 4), strict_mode=True)
    except (binascii.Error, ValueError) as wrong:
        raise BadPushMessage("a key is not base64url") from wrong


def _fits(plaintext: bytes) -> None:
    if len(plaintext) > MAX_PLAINTEXT:
        raise BadPushMessage(f"{len(plaintext)} bytes are more than the {MAX_PLAINTEXT} a push service takes")


def _receiver(keys: PushKeys) -> ec.EllipticCurvePublicKey:
    if len(keys.auth) != 16:
        raise BadPushMessage("the subscription's auth secret is not 16 bytes; subscribe again in the browser")
    return _point(keys.p256dh)


def _exchanged(pairs: Sequence[_Pair]) -> list[bytes]:
    return [sender.exchange(_ECDH, receiver) for receiver, sender in pairs]


def _body(plaintext: bytes, keys: PushKeys, sender: ec.EllipticCurvePrivateKey, shared: bytes, salt: bytes) -> bytes:
    sender_public = public_bytes(sender)
    key, nonce = _derive(shared, keys, sender_public, salt)
    return b"".join((salt, _KEY_FOLLOWS, sender_public, AESGCM(key).encrypt(nonce, plaintext + b"\x02", None)))


def _point(data: bytes) -> ec.EllipticCurvePublicKey:
    if len(data) != 65:
        raise BadPushMessage("a public key is not the 65 bytes of an uncompressed P-256 point")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, data)
    except ValueError as wrong:
        raise BadPushMessage("a public key is no point of the curve P-256") from wrong


def _derive(shared: bytes, keys: PushKeys, sender_public: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """RFC 8291 §3.4: the content key (16 bytes) and nonce (12 bytes). Every HKDF-Expand (RFC 5869 §2.3) here is one block."""
    ikm = _hmac(_hmac(keys.auth, shared), b"WebPush: info\0" + keys.p256dh + sender_public + b"\x01")
    prk = _hmac(salt, ikm)
    return _hmac(prk, b"Content-Encoding: aes128gcm\0\x01")[:16], _hmac(prk, b"Content-Encoding: nonce\0\x01")[:12]


def _hmac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) for a key of at most 64 bytes: five in each push, and ``hmac.digest`` takes twice as long for so little."""
    block = key.ljust(64, b"\0")
    return sha256(block.translate(_OUTER) + sha256(block.translate(_INNER) + message).digest()).digest()
