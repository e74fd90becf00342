"""VAPID (RFC 8292): the token by which a push service knows the sender, one for each audience and half a day."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from channels.wire.aes128gcm import BadPushMessage, b64url, from_b64url, public_bytes

LIFETIME = timedelta(hours=13)
RENEW_AFTER = timedelta(hours=12)
MAX_LIFETIME = timedelta(hours=24)
"""RFC 8292 §2: a token that says more is refused."""

_MAX_AUDIENCES = 1000
_ECDSA = ec.ECDSA(SHA256())


class BadVapid(ValueError):
    """The key is none, or a token does not hold."""


class Vapid:
    """The private key of this deployment and the tokens made with it. ``subject`` is a ``mailto:`` or ``https:`` contact."""

    def __init__(self, private: ec.EllipticCurvePrivateKey, subject: str) -> None:
        self._private = private
        self._subject = subject
        self._public = b64url(public_bytes(private))
        self._made: dict[str, tuple[datetime, str]] = {}

    @property
    def public_key(self) -> str:
        """What the page hands to ``pushManager.subscribe`` as ``applicationServerKey``."""
        return self._public

    def authorization(self, audience: str, now: datetime) -> str:
        """The Authorization header for an origin such as ``https://push.example.org``; made anew every 12 hours."""
        made = self._made.get(audience)
        if made is None or not made[0] <= now < made[0] + RENEW_AFTER:
            if len(self._made) >= _MAX_AUDIENCES:
                self._made.clear()  # endpoints are registered by strangers: the memory stays bounded
            made = (now, self._token(audience, now))
            self._made[audience] = made
        return f"vapid t={made[1]},k={self._public}"

    def _token(self, audience: str, now: datetime) -> str:
        claims: dict[str, str | int] = {"aud": audience, "exp": int((now + LIFETIME).timestamp()), "sub": self._subject}
        signed = _part({"typ": "JWT", "alg": "ES256"}) + "." + _part(claims)
        r, s = decode_dss_signature(self._private.sign(signed.encode(), _ECDSA))
        return signed + "." + b64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Read a VAPID private key: PEM (PKCS 8 or SEC 1), or the 32 raw bytes in base64url as the web-push tools print; raises BadVapid."""
    try:
        if text.lstrip().startswith("-----"):
            key = load_pem_private_key(text.encode(), password=None)
            if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
                raise BadVapid("the VAPID key is not of the curve P-256; make one with `openssl ecparam -genkey -name prime256v1`")
            return key
        raw = from_b64url(text.strip())
        if len(raw) != 32:
            raise BadVapid("the VAPID key is not 32 bytes in base64url; paste the private key, not the public one")
        return ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
    except BadVapid:
        raise
    except (ValueError, TypeError, BadPushMessage) as wrong:
        raise BadVapid("the VAPID key cannot be read; give PEM without a pass phrase, or 32 bytes in base64url") from wrong


def check_authorization(header: str, *, audience: str, now: datetime) -> str:
    """What a push service does with the Authorization header; gives back the sender's public key (base64url), raises BadVapid."""
    fields = dict(part.strip().partition("=")[::2] for part in header.removeprefix("vapid ").split(","))
    token, key = fields.get("t", ""), fields.get("k", "")
    try:
        head, claims, signature = token.split(".")
        raw = from_b64url(signature)
        if len(raw) != 64 or json.loads(from_b64url(head)).get("alg") != "ES256":
            raise BadVapid("the token is not signed with ES256")
        said = json.loads(from_b64url(claims))
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_b64url(key))
        public.verify(
            encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")), f"{head}.{claims}".encode(), _ECDSA)
        aud, exp = said["aud"], float(said["exp"])
    except InvalidSignature as wrong:
        raise BadVapid("the token's signature does not fit its key") from wrong
    except BadVapid:
        raise
    except (ValueError, KeyError, AttributeError, TypeError) as wrong:
        raise BadVapid("the Authorization header holds no readable token") from wrong
    if aud != audience:
        raise BadVapid("the token is for another audience")
    if not now.timestamp() < exp <= (now + MAX_LIFETIME).timestamp():
        raise BadVapid("the token has expired or says more than 24 hours")
    return key


def _part(value: Mapping[str, str | int]) -> str:
    return b64url(json.dumps(value, separators=(",", ":")).encode())
