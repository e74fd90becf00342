"""The signature on a webhook: HMAC-SHA256 over ``timestamp.body``, and how a receiver checks it."""

import hmac
from datetime import datetime, timedelta

REPLAY_WINDOW = timedelta(minutes=5)
TIMESTAMP_HEADER = "X-Xiaoxishu-Timestamp"
SIGNATURE_HEADER = "X-Xiaoxishu-Signature"


class BadSignature(ValueError):
    """The request is not ours, was changed, or is a replay; the receiver answers 401 and does nothing with it."""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The value of ``X-Xiaoxishu-Signature``: ``sha256=<hex>``; ``timestamp`` is Unix seconds as sent in ``X-Xiaoxishu-Timestamp``."""
    return "sha256=" + hmac.digest(secret.encode(), timestamp.encode() + b"." + body, "sha256").hex()


def verify(
    secret: str, timestamp: str, body: bytes, signature: str, now: datetime, window: timedelta = REPLAY_WINDOW
) -> None:
    """For receivers: return when the request is genuine and fresh, else raise BadSignature.

    ``body`` is the bytes as received, before any decoding. It raises and gives no bool, so that a forgotten ``if`` fails closed.
    The signature is compared in constant time, before the time is judged. Store Idempotency-Key for ``window`` to refuse replays in it.
    """
    if not secret:
        raise BadSignature("there is no secret to check with; register the endpoint with one")
    if not hmac.compare_digest(sign(secret, timestamp, body).encode(), signature.encode(errors="replace")):
        raise BadSignature("the signature does not fit; use the secret given at registration and the body's raw bytes")
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise BadSignature("the timestamp is not Unix seconds")
    if abs(now.timestamp() - int(timestamp)) > window.total_seconds():
        raise BadSignature("the timestamp is outside the replay window; compare the two clocks")
