"""The signature on a webhook: HMAC-SHA256 or Ed25519 over ``timestamp.body``, and how a receiver checks it."""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

REPLAY_WINDOW = timedelta(minutes=5)
TIMESTAMP_HEADER = "X-Xiaoxishu-Timestamp"
SIGNATURE_HEADER = "X-Xiaoxishu-Signature"


class BadSignature(ValueError):
    """The request is not ours, was changed, or is a replay; the receiver answers 401 and does nothing with it."""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """One signature of ``X-Xiaoxishu-Signature``: ``sha256=<hex>``; ``timestamp`` is Unix seconds as sent in ``X-Xiaoxishu-Timestamp``.

    The header may hold several, by comma: while a secret or a key is being changed, both the old and the new one sign.
    """
    return "sha256=" + hmac.digest(secret.encode(), timestamp.encode() + b"." + body, "sha256").hex()


def sign_ed25519(key: Ed25519PrivateKey, timestamp: str, body: bytes) -> str:
    """The same by a key of the deployment's: ``ed25519=<base64>``. Receivers share no secret, they know the public key."""
    return "ed25519=" + base64.b64encode(key.sign(timestamp.encode() + b"." + body)).decode()


def verify(
    secret: str, timestamp: str, body: bytes, signature: str, now: datetime, window: timedelta = REPLAY_WINDOW
) -> None:
    """For receivers: return when the request is genuine and fresh, else raise BadSignature.

    ``body`` is the bytes as received, before any decoding. It raises and gives no bool, so that a forgotten ``if`` fails closed.
    The signature is compared in constant time, before the time is judged. Store Idempotency-Key for ``window`` to refuse replays in it.
    """
    if not secret:
        raise BadSignature("there is no secret to check with; register the endpoint with one")
    expected = sign(secret, timestamp, body).encode()
    _one_fits(signature, lambda one: hmac.compare_digest(expected, one.encode(errors="replace")),
              "the signature does not fit; use the secret given at registration and the body's raw bytes")
    _fresh(timestamp, now, window)


def verify_ed25519(
    public_keys: Sequence[str], timestamp: str, body: bytes, signature: str, now: datetime, window: timedelta = REPLAY_WINDOW
) -> None:
    """The same with the deployment's public keys (32 bytes as base64, ``GET /api/webhook-keys``): one of them must fit."""
    keys = [Ed25519PublicKey.from_public_bytes(base64.b64decode(key)) for key in public_keys]

    def fits(one: str) -> bool:
        name, _, value = one.partition("=")
        return name == "ed25519" and any(_signed_by(key, value, timestamp.encode() + b"." + body) for key in keys)

    _one_fits(signature, fits, "the signature does not fit; fetch the public keys again and use the body's raw bytes")
    _fresh(timestamp, now, window)


def ed25519_key(pem: str) -> Ed25519PrivateKey:
    """A private key from PEM; raises ValueError that says how to make one."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ValueError("is no private key in PEM; make one with: openssl genpkey -algorithm ed25519") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("is no Ed25519 key; make one with: openssl genpkey -algorithm ed25519")
    return key


def public_text(key: Ed25519PrivateKey) -> str:
    """What receivers check with: 32 bytes as base64."""
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def _one_fits(signature: str, fits: Callable[[str], bool], told: str) -> None:
    # Every one is looked at, whichever fits first. Nobody needs more than a few, and an attacker must not choose how much is computed.
    if sum(fits(one.strip()) for one in signature.split(",")[:8]) == 0:
        raise BadSignature(told)


def _signed_by(key: Ed25519PublicKey, value: str, signed: bytes) -> bool:
    try:
        key.verify(base64.b64decode(value, validate=True), signed)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _fresh(timestamp: str, now: datetime, window: timedelta) -> None:
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise BadSignature("the timestamp is not Unix seconds")
    if abs(now.timestamp() - int(timestamp)) > window.total_seconds():
        raise BadSignature("the timestamp is outside the replay window; compare the two clocks")
