"""Ed25519 beside or instead of a shared secret: what is signed, and what a receiver refuses."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from channels.webhook import Options
from channels.wire.signature import BadSignature, public_text, sign, sign_ed25519, verify, verify_ed25519
from warning.errors import ConfigError
from warning.keyring import webhook_keys
from warning.settings import ChannelSettings, Settings

NOW = datetime(2024, 9, 20, 1, 2, 3, tzinfo=UTC)
STAMP = "1726794123"
OLD, NEW, OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32), Ed25519PrivateKey.from_private_bytes(b"n" * 32), Ed25519PrivateKey.from_private_bytes(b"x" * 32)


def pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def test_one_fitting_signature_of_several_is_enough_for_either_kind_of_receiver() -> None:
    header = ",".join([sign("fresh", STAMP, b"body"), sign("former", STAMP, b"body"), sign_ed25519(OLD, STAMP, b"body"), sign_ed25519(NEW, STAMP, b"body")])
    for secret in ("fresh", "former"):
        verify(secret, STAMP, b"body", header, NOW)
    for key in (OLD, NEW):
        verify_ed25519([public_text(key)], STAMP, b"body", header, NOW)
    verify_ed25519([public_text(OTHER), public_text(NEW)], STAMP, b"body", header, NOW)


@pytest.mark.parametrize(("body", "stamp", "header", "later"), [
    (b"changed", STAMP, sign_ed25519(OLD, STAMP, b"body"), timedelta()),
    (b"body", "1726794124", sign_ed25519(OLD, STAMP, b"body"), timedelta()),  # the time is under the signature too
    (b"body", STAMP, sign_ed25519(OTHER, STAMP, b"body"), timedelta()),
    (b"body", STAMP, sign("OLD", STAMP, b"body"), timedelta()),
    (b"body", STAMP, "ed25519=AAAA", timedelta()),
    (b"body", STAMP, "ed25519=not base64!", timedelta()),
    (b"body", STAMP, "", timedelta()),
    (b"body", STAMP, sign_ed25519(OLD, STAMP, b"body").replace("=", "=!", 1), timedelta()),  # letters that base64 would pass over
    (b"body", STAMP, sign_ed25519(OLD, STAMP, b"body").replace("ed25519", "rsa"), timedelta()),
    (b"body", "１７２６７９４１２３", sign_ed25519(OLD, "１７２６７９４１２３", b"body"), timedelta()),
    (b"body", STAMP, sign_ed25519(OLD, STAMP, b"body"), timedelta(seconds=301)),  # replayed after the window
    (b"body", STAMP, sign_ed25519(OLD, STAMP, b"body"), timedelta(seconds=-301)),
    (b"body", STAMP, "ed25519=AAAA," * 9 + sign_ed25519(OLD, STAMP, b"body"), timedelta()),  # nobody needs ten
])
def test_what_is_forged_changed_or_replayed_is_refused(body: bytes, stamp: str, header: str, later: timedelta) -> None:
    with pytest.raises(BadSignature):
        verify_ed25519([public_text(OLD)], stamp, body, header, NOW + later)


@pytest.mark.parametrize("named", ["no key at all", pem(ec.generate_private_key(ec.SECP256R1()))])
def test_a_key_that_is_none_is_refused_at_the_start_with_the_command_that_makes_one(named: str) -> None:
    with pytest.raises(ValidationError, match="openssl genpkey -algorithm ed25519"):
        Options.model_validate({"lane": "exercise", "ed25519_keys": [named]})
    with pytest.raises(ConfigError, match="channels: hook: ed25519_keys: .*openssl genpkey -algorithm ed25519"):
        webhook_keys(Settings(channels=(ChannelSettings(name="hook", kind="webhook", options={"lane": "exercise", "ed25519_keys": [named]}),)))


def test_the_public_halves_are_published_the_old_and_the_next_one() -> None:
    channels = (ChannelSettings(name="hook", kind="webhook", options={"lane": "exercise", "ed25519_keys": [pem(OLD), pem(NEW)]}),
                ChannelSettings(name="sms", kind="sms"))
    assert webhook_keys(Settings(channels=channels)) == [public_text(OLD), public_text(NEW)]
