"""The second factor: one-time codes by time (TOTP, RFC 6238), six digits, thirty seconds, a code once only."""

import io
from datetime import datetime

import pyotp
import segno

PERIOD_S = 30
_DRIFT = 1
"""Steps a phone's clock may be off, either way."""


def new_factor() -> str:
    """A fresh shared secret, base32, 160 bits."""
    return pyotp.random_base32(32)


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The time step that ``code`` belongs to, within a step of now, or None. The caller refuses a step that was used before."""
    digits = code.replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6):
        return None
    made = pyotp.TOTP(secret)
    now = int(at.timestamp()) // PERIOD_S
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        if pyotp.utils.strings_equal(digits, made.generate_otp(step)):
            return step
    return None


def address(secret: str, *, name: str) -> str:
    """The ``otpauth:`` address that an authenticator app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Xiaoxishu")


def picture(secret: str, *, name: str) -> str:
    """The address as an SVG code to be photographed."""
    drawn = io.BytesIO()
    segno.make(address(secret, name=name), error="m").save(drawn, kind="svg", scale=4, border=2, xmldecl=False, svgns=True)
    return drawn.getvalue().decode()
